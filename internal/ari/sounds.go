package ari

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// soundsEvery is how often we look which sounds Asterisk has: somebody may be copying ours.
const soundsEvery = time.Minute

// fallback is the language whose files Asterisk plays where that of the channel has none.
const fallback = "en"

// sounds knows which sound files Asterisk has. A file that it has not is silence for the caller, and not even an error.
type sounds struct {
	inPlaceOf func(file string) []string
	there     atomic.Pointer[map[string][]string] // the languages of each file; nil as long as nothing is known
}

// playable returns what to play on a channel of the language so that all of it is heard.
func (s *sounds) playable(files []string, language string) []string {
	if s == nil || s.inPlaceOf == nil || s.there.Load() == nil {
		return files
	}
	var out []string
	for _, file := range files {
		if s.has(file, language) {
			out = append(out, file)
		} else {
			out = append(out, s.inPlaceOf(file)...)
		}
	}
	return out
}

// sure reports whether it is known that Asterisk finds the file for a channel of the language.
func (s *sounds) sure(file, language string) bool {
	return s != nil && s.there.Load() != nil && s.has(file, language)
}

// Plays reports whether it is known that Asterisk has a sound file for a channel of the language.
func (c *Client) Plays(file, language string) bool { return c.sounds.sure(file, language) }

// has reports whether Asterisk finds the file for a channel of the language: "zh_CN", else "zh", else "en".
func (s *sounds) has(file, language string) bool {
	general, _, _ := strings.Cut(language, "_")
	for _, l := range (*s.there.Load())[file] {
		if l == language || l == general || l == fallback {
			return true
		}
	}
	return false
}

// look asks Asterisk which sounds it has. What cannot be known counts as missing: what is played in place of a file is
// a part of Asterisk.
func (c *Client) look(ctx context.Context) error {
	var list []struct {
		ID      string `json:"id"`
		Formats []struct {
			Language string `json:"language"`
		} `json:"formats"`
	}
	err := c.rest.do(ctx, http.MethodGet, "/sounds", nil, nil, &list)
	if err != nil && !errors.Is(err, call.ErrGone) {
		return err
	}
	there := make(map[string][]string, len(list))
	for _, sound := range list {
		for _, f := range sound.Formats {
			there[sound.ID] = append(there[sound.ID], f.Language)
		}
	}
	c.sounds.there.Store(&there)
	if err != nil {
		return errors.New("it does not tell: load res_ari_sounds")
	}
	return nil
}

// keepSounds looks which sounds there are, until ctx ends. It says what is missing when that changes.
func (c *Client) keepSounds(ctx context.Context, missing int) {
	tick := time.NewTicker(soundsEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			missing = c.lookAgain(ctx, missing)
		case <-ctx.Done():
			return
		}
	}
}

// lookAgain looks once, and returns how many of our sounds are missing; -1 if that is not known.
func (c *Client) lookAgain(ctx context.Context, before int) int {
	if err := c.look(ctx); err != nil {
		if before != -1 && ctx.Err() == nil {
			c.log.Warn().Err(err).Msg("it is not known which sounds Asterisk has; its own are played in place of Dialwarden's that were not there")
		}
		return -1
	}
	var missing []string
	for _, file := range c.cfg.Sounds {
		if !c.sounds.has(file, fallback) {
			missing = append(missing, file)
		}
	}
	switch {
	case len(missing) == before:
	case len(missing) > 0:
		c.sayMissing(ctx, missing)
	case before > 0:
		c.log.Info().Msg("Asterisk has all prompts of Dialwarden now")
	}
	return len(missing)
}

// sayMissing says what to copy where.
func (c *Client) sayMissing(ctx context.Context, missing []string) {
	dir := c.dataDir(ctx)
	some := missing[:min(len(missing), 3)]
	c.log.Warn().Int("missing", len(missing)).Int("of", len(c.cfg.Sounds)).Strs("such_as", some).
		Msgf("Asterisk lacks prompts of Dialwarden; callers hear its own English ones, and a beep where it has none. "+
			"Copy dialplan/sounds/en/dialwarden of the site's directory to %[1]s/sounds/en/, and zh/dialwarden to %[1]s/sounds/zh/; "+
			"they are played from then on", dir)
}

// dataDir asks Asterisk where its data is.
func (c *Client) dataDir(ctx context.Context) string {
	var variable struct {
		Value string `json:"value"`
	}
	err := c.rest.do(ctx, http.MethodGet, "/asterisk/variable", url.Values{"variable": {"ASTDATADIR"}}, nil, &variable)
	if err != nil || variable.Value == "" {
		return "Asterisk's data directory (`asterisk -rx 'core show settings'`)"
	}
	return variable.Value
}
