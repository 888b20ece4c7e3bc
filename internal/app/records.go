package app

import (
	"context"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/cdr"
	"github.com/dialwarden/dialwarden/internal/watch"
)

// What Asterisk's call detail records tell of the time when nobody listened is read after each connection; and again, as
// Asterisk may write them late.
var readAfter = []time.Duration{0, 15 * time.Second, 2 * time.Minute}

const (
	overlap     = 5 * time.Minute // what is read again of the time when somebody listened
	longestCall = call.LongestCall * time.Second
)

// past looks up how a call has ended whose channel is gone: in the dialplan's note, to the millisecond, or else in the call
// detail record, to the second.
func (a *App) past(ctx context.Context, decisionID int64, channel string) (call.End, bool) {
	if e, ok := a.ari.Past(ctx, channel); ok {
		e.Source = watch.SourceDialplan
		return e, true
	}
	if a.cfg.Asterisk.CDRFile == "" {
		return call.End{}, false
	}
	span, ok, err := a.ends.Of(channel, strconv.FormatInt(decisionID, 10), cdr.Emergency)
	if err != nil {
		a.complainOfRecords(err)
	}
	return call.End{AnsweredAt: span.AnsweredAt, EndedAt: span.EndedAt, Source: watch.SourceCDR}, ok
}

// swept notes that Asterisk is being listened to; first, that it was not before.
func (a *App) swept(taken time.Time, first bool) {
	if first && !a.heard.IsZero() {
		select {
		case a.missed <- a.heard:
		default: // an earlier moment waits
		}
	}
	a.heard = taken
}

// catchUp records the calls that began and ended while nobody listened: emergency calls, and those that the dialplan refused
// because no daemon was there. It goes on until ctx ends.
func (a *App) catchUp(ctx context.Context) {
	if a.cfg.Asterisk.CDRFile == "" {
		return
	}
	for {
		select {
		case since := <-a.missed:
			a.catchUpFrom(ctx, since)
		case <-ctx.Done():
			return
		}
	}
}

// catchUpFrom reads the records since that moment, now and again later.
func (a *App) catchUpFrom(ctx context.Context, since time.Time) {
	begun := time.Now()
	for _, after := range readAfter {
		select {
		case <-time.After(after - time.Since(begun)):
		case <-ctx.Done():
			return
		}
		if err := a.readRecords(ctx, since.Add(-overlap)); err != nil {
			a.complainOfRecords(err)
			return
		}
	}
}

func (a *App) readRecords(ctx context.Context, since time.Time) error {
	records, err := cdr.Since(a.cfg.Asterisk.CDRFile, since)
	if err != nil {
		return err
	}
	known := map[string]map[string]bool{} // channels, by rule
	for _, r := range cdr.Undecided(records) {
		// A caller whom somebody transferred to an emergency number may have been in a call before that was decided.
		rule, follows := call.RuleEmergency, a.watch.FollowsEmergency
		if r.UserField != cdr.Emergency {
			rule, follows = "", a.watch.Follows
		}
		if known[rule] == nil {
			if known[rule], err = a.ledger.Channels(ctx, rule, since.Add(-longestCall)); err != nil {
				return err
			}
		}
		if !known[rule][r.UniqueID] && !follows(r.UniqueID) {
			known[rule][r.UniqueID] = true
			a.recordMissed(r)
		}
	}
	return nil
}

// recordMissed records a call that is over.
func (a *App) recordMissed(r cdr.Record) {
	attempt := call.Attempt{
		Source: call.SourceCDR, Channel: r.UniqueID, Extension: call.EndpointNumber(r.Channel), Dialled: r.Dialled,
		At: r.StartedAt, Adopted: true,
	}
	if attempt.Extension == "" {
		attempt.Extension = r.Source
	}
	if dialled, refused := strings.CutPrefix(r.UserField, cdr.Unavailable); refused {
		attempt.Dialled = dialled
		a.gate.Unavailable(attempt)
	} else {
		a.gate.Emergency(attempt)
	}
	a.watch.Over(r.UniqueID, call.End{AnsweredAt: r.AnsweredAt, EndedAt: r.EndedAt, Source: watch.SourceCDR})
}

// complainOfRecords says what is wrong with the file, once.
func (a *App) complainOfRecords(err error) {
	if a.complained.Swap(true) {
		return
	}
	entry := a.log.Warn().Err(err)
	if errors.Is(err, fs.ErrNotExist) {
		entry.Msg("asterisk.cdr_file: there is no such file; calls that nobody saw end are noted to have ended when that was found out")
		return
	}
	entry.Msg("asterisk.cdr_file cannot be read; calls that nobody saw end are noted to have ended when that was found out")
}
