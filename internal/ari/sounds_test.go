package ari

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

// listSounds makes Asterisk answer with the sounds it has: a name and the languages it is there in.
func (a *asterisk) listSounds(there map[string]string) {
	a.answer = func(w http.ResponseWriter, r *http.Request) bool {
		switch r.URL.Path {
		case "/ari/asterisk/variable":
			_, _ = w.Write([]byte(`{"value":"/srv/asterisk"}`))
			return true
		case "/ari/sounds":
			if there == nil {
				w.WriteHeader(http.StatusNotFound)
				return true
			}
			list := []map[string]any{}
			for name, languages := range there {
				var formats []map[string]string
				for _, l := range strings.Fields(languages) {
					formats = append(formats, map[string]string{"language": l, "format": "gsm"})
				}
				list = append(list, map[string]any{"id": name, "text": "", "formats": formats})
			}
			_ = json.NewEncoder(w).Encode(list)
			return true
		}
		return false
	}
}

// speaking returns a client that replaces what is missing.
func (a *asterisk) speaking() (*Client, *logged) {
	a.t.Helper()
	log := &logged{lines: make(chan string, 100)}
	c, err := New(Config{
		URL: a.server.URL + "/ari", Username: user, Password: password, Application: "dialwarden",
		Sounds:    []string{"dialwarden/ask", "dialwarden/wrong", "dialwarden/own"},
		InPlaceOf: func(file string) []string { return []string{"core-" + strings.TrimPrefix(file, "dialwarden/")} },
		Log:       zerolog.New(log),
	}, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	return c, log
}

// A file is played where Asterisk finds it for the channel's language; else something in its place.
func TestPlayable(t *testing.T) {
	a := newAsterisk(t)
	c, log := a.speaking()
	files := []string{"dialwarden/ask", "dialwarden/wrong", "dialwarden/own"}
	if got := strings.Join(c.sounds.playable(files, "zh"), " "); got != strings.Join(files, " ") {
		t.Errorf("before anything is known: %s", got)
	}
	a.listSounds(map[string]string{"dialwarden/ask": "en zh", "dialwarden/wrong": "en", "dialwarden/own": "zh fr_CA"})
	if missing := c.lookAgain(t.Context(), 0); missing != 1 {
		t.Errorf("%d missing, want 1: what is not there in English", missing)
	}
	log.until(t, "to /srv/asterisk/sounds/en/")
	for language, want := range map[string]string{
		"en":    "dialwarden/ask dialwarden/wrong core-own",
		"":      "dialwarden/ask dialwarden/wrong core-own",
		"zh":    "dialwarden/ask dialwarden/wrong dialwarden/own",
		"zh_CN": "dialwarden/ask dialwarden/wrong dialwarden/own",
		"fr_CA": "dialwarden/ask dialwarden/wrong dialwarden/own",
		"fr":    "dialwarden/ask dialwarden/wrong core-own",
	} {
		l := &Line{sounds: c.sounds, language: language}
		if got := strings.Join(l.sounds.playable(files, l.language), " "); got != want {
			t.Errorf("%q: %s, want %s", language, got, want)
		}
	}
	if missing := c.lookAgain(t.Context(), 1); missing != 1 || len(log.lines) > 0 {
		t.Errorf("%d missing; said %d times again", missing, len(log.lines))
	}
	a.listSounds(map[string]string{"dialwarden/ask": "en", "dialwarden/wrong": "en", "dialwarden/own": "en"})
	if missing := c.lookAgain(t.Context(), 1); missing != 0 {
		t.Errorf("%d missing", missing)
	}
	log.until(t, "has all prompts")
}

// Where Asterisk does not tell, its own sounds are played; where it does not answer, what was known counts.
func TestSoundsUnknown(t *testing.T) {
	a := newAsterisk(t)
	c, log := a.speaking()
	a.listSounds(nil)
	if missing := c.lookAgain(t.Context(), 0); missing != -1 {
		t.Errorf("got %d", missing)
	}
	log.until(t, "load res_ari_sounds")
	if got := c.sounds.playable([]string{"dialwarden/ask"}, "en"); got[0] != "core-ask" {
		t.Errorf("got %s", got)
	}
	a.listSounds(map[string]string{"dialwarden/ask": "en"})
	c.lookAgain(t.Context(), -1)
	log.until(t, "lacks prompts")
	a.answer = func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusInternalServerError)
		return true
	}
	c.lookAgain(t.Context(), 0)
	if got := c.sounds.playable([]string{"dialwarden/ask"}, "en"); got[0] != "dialwarden/ask" {
		t.Errorf("got %s", got)
	}
}
