package app

import (
	"context"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/guard"
)

// openGuard makes the room that keeps lines and channels free. It acts once there is a connection to Asterisk.
func (a *App) openGuard(ctx context.Context) error {
	open, err := a.ledger.OpenCalls(ctx)
	if err != nil {
		return err
	}
	a.guard = guard.New(guard.Config{
		Lines:     func() *call.Lines { return a.policy.Edition().Book.Lines },
		Directory: func() call.Directory { return a.policy.Edition().Book.Directory },
		Clock:     func() call.Clock { return call.ClockAt(time.Now(), a.cfg.Site.Location()) },
		Asterisk:  whisperer{a}, Phones: lineRinger{a}, Alert: a.raise, Log: a.log,
	})
	for _, o := range open {
		a.guard.Recover(o)
	}
	return nil
}

// whisperer connects the guard to the adapter, which is made after it. It satisfies guard.Asterisk.
type whisperer struct{ app *App }

func (w whisperer) Partner(ctx context.Context, channel string) (string, error) {
	return w.app.ari.Partner(ctx, channel)
}

func (w whisperer) Whisper(ctx context.Context, channel string, sounds []string) error {
	return w.app.ari.Whisper(ctx, channel, sounds)
}

func (w whisperer) Cut(ctx context.Context, channel string, cause int) error {
	return w.app.ari.HangUp(ctx, channel, cause)
}

// lineRinger rings phones for the guard. It satisfies guard.Phones.
type lineRinger struct{ app *App }

func (r lineRinger) Ring(ctx context.Context, wanted call.Ringing) (guard.Phone, error) {
	p, err := r.app.ari.Ring(ctx, wanted)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// LinesStatus satisfies control.Lines.
func (a *App) LinesStatus() call.LinesStatus {
	s := a.guard.Status()
	s.Connected = a.ari.Connected()
	return s
}
