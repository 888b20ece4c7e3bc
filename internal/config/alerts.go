package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// Alerts is where alerts are sent, besides the log.
type Alerts struct {
	Webhooks []Webhook `yaml:"webhooks"`
}

// Webhook is a receiver of alerts.
type Webhook struct {
	Name       string            `yaml:"name"` // what logs and lists call it; by default the host of the address
	URL        string            `yaml:"url"`
	SecretFile string            `yaml:"secret_file"` // its first line is what requests are signed with
	Kinds      []string          `yaml:"kinds"`       // of alerts; empty: all
	To         []string          `yaml:"to"`          // only alerts that a rule addresses to one of these; empty: all
	Timeout    yamlfile.Duration `yaml:"timeout"`     // of one try
}

// Bounds of a webhook.
const (
	defaultWebhookTimeout = 10 * time.Second
	maxWebhooks           = 20
	leastWebhookSecret    = 16 // characters
)

var webhookName = regexp.MustCompile(`^[A-Za-z0-9_.:\[\]-]{1,64}$`)

// Secret returns the first line of the secret file. The error names the field and the file, and holds nothing of what is in
// the file.
func (w Webhook) Secret() (string, error) {
	field := "alerts.webhooks " + w.Name + ": secret_file"
	line, err := firstLine(field, w.SecretFile, "secret")
	if err == nil && len(strings.TrimSpace(line)) < leastWebhookSecret {
		return "", fmt.Errorf("%s: the first line of %s must have %d characters or more", field, w.SecretFile, leastWebhookSecret)
	}
	return line, err
}

// check finds what cannot be meant in the webhooks.
func (a Alerts) check(require func(ok bool, field, right string)) {
	require(len(a.Webhooks) <= maxWebhooks, "alerts.webhooks", fmt.Sprintf("must be at most %d", maxWebhooks))
	names := map[string]bool{}
	for i, w := range a.Webhooks {
		at := func(field string) string { return "alerts.webhooks." + strconv.Itoa(i) + "." + field }
		u, err := url.Parse(w.URL)
		given := at("url")
		if w.URL == "" {
			given = "alerts.webhooks." + strconv.Itoa(i)
		}
		require(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.Fragment == "" && isPort(u.Port()),
			given, `must have an http or https address as its url, like "https://alerts.example.com/dialwarden"`)
		require(err != nil || u.User == nil, at("url"), "must not hold a password: requests are signed with secret_file")
		given = at("secret_file")
		if w.SecretFile == "" {
			given = "alerts.webhooks." + strconv.Itoa(i)
		}
		require(w.SecretFile != "", given, "must name in secret_file the file that holds the secret which requests are signed with")
		require(w.Name == "" || webhookName.MatchString(w.Name), at("name"), "must be at most 64 letters, digits and _ . : -")
		require(w.Name == "" || !names[w.Name], at("name"), "is the name of an earlier webhook")
		names[w.Name] = true
		for j, kind := range w.Kinds {
			require(slices.Contains(call.AlertKinds(), call.AlertKind(kind)), at("kinds."+strconv.Itoa(j)),
				"must be a kind of alert: "+kindList())
		}
		require(!slices.Contains(w.To, ""), at("to"), "must not hold an empty text")
		require(w.Timeout == 0 || inRange(time.Duration(w.Timeout), time.Second, time.Minute), at("timeout"), "must be a time from 1s to 1m")
	}
}

// isPort reports whether a port can be connected to; none is that of the scheme.
func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return text == "" || err == nil && n > 0
}

func kindList() string {
	var names []string
	for _, k := range call.AlertKinds() {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

// complete fills in what depends on the address.
func (a Alerts) complete() {
	names := map[string]bool{}
	for _, w := range a.Webhooks {
		names[w.Name] = true
	}
	for i := range a.Webhooks {
		w := &a.Webhooks[i]
		if w.Timeout == 0 {
			w.Timeout = yamlfile.Duration(defaultWebhookTimeout)
		}
		if u, err := url.Parse(w.URL); err == nil && w.Name == "" {
			w.Name = u.Host
			for n := 2; names[w.Name]; n++ {
				w.Name = fmt.Sprintf("%s-%d", u.Host, n)
			}
			names[w.Name] = true
		}
	}
}
