package app

import (
	"context"
	"fmt"
	"time"

	"github.com/dialwarden/dialwarden/internal/alert"
	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/config"
)

// openAlerts makes the room that tells people of what they should hear of soon.
func (a *App) openAlerts(ctx context.Context) error {
	hooks, err := webhooks(a.cfg)
	if err != nil {
		return err
	}
	a.alerts, err = alert.New(ctx, alert.Config{Site: a.cfg.Site.Name, Webhooks: hooks, Ledger: a.ledger, Log: a.log})
	return err
}

// webhooks are those of the configuration, with their secrets. The error names the field and the file.
func webhooks(cfg config.Config) ([]alert.Webhook, error) {
	var hooks []alert.Webhook
	for _, w := range cfg.Alerts.Webhooks {
		secret, err := w.Secret()
		if err != nil {
			return nil, err
		}
		hook := alert.Webhook{Name: w.Name, URL: w.URL, Secret: secret, To: w.To, Timeout: time.Duration(w.Timeout)}
		for _, k := range w.Kinds {
			hook.Kinds = append(hook.Kinds, call.AlertKind(k))
		}
		hooks = append(hooks, hook)
	}
	return hooks, nil
}

// TestAlerts sends a test to every webhook of the configuration, and tells what came back. It needs no daemon. The error
// is one of the configuration.
func TestAlerts(ctx context.Context, cfg config.Config) ([]call.Delivery, error) {
	hooks, err := webhooks(cfg)
	if err != nil {
		return nil, fmt.Errorf("no test was sent: %w", err)
	}
	return alert.Test(ctx, cfg.Site.Name, hooks), nil
}
