package call

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the transcripts in testdata with what the machine does now")

// TestTranscripts plays each conversation of testdata/machine: a line at the margin is an event, the indented lines
// beneath it are the commands that must follow, a line with # is a word to the reader.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/machine/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := replay(t, string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(want) {
				t.Errorf("%s: the conversation went otherwise:\n%s\nwanted:\n%s", file, got, want)
			}
		})
	}
}

func replay(t *testing.T, transcript string) string {
	t.Helper()
	var out strings.Builder
	m := NewMachine(DefaultDialogue())
	for line := range strings.Lines(transcript) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "\t"):
			continue
		case line == "", strings.HasPrefix(line, "#"):
			out.WriteString(line + "\n")
			continue
		}
		out.WriteString(line + "\n")
		for _, e := range parseEvents(t, line) {
			for _, c := range m.Step(e) {
				out.WriteString("\t" + describe(c) + "\n")
			}
		}
	}
	return out.String()
}

func parseEvents(t *testing.T, line string) []Event {
	t.Helper()
	f := strings.Fields(line)
	var fault error
	if i := strings.Index(line, "error="); i >= 0 {
		fault = errors.New(line[i+len("error="):])
	}
	switch f[0] {
	case "arrived":
		return []Event{Arrived{}}
	case "judged":
		return []Event{Judged{parseDecision(f[1:])}}
	case "recorded":
		if fault != nil {
			return []Event{Recorded{Err: fault}}
		}
		id := 0
		if len(f) > 1 {
			id, _ = strconv.Atoi(f[1])
		}
		return []Event{Recorded{ID: int64(id)}}
	case "answered":
		return []Event{Answered{}}
	case "keys":
		var out []Event
		for _, k := range []byte(f[1]) {
			out = append(out, Digit{k})
		}
		return out
	case "prompt-ended":
		seq, _ := strconv.Atoi(f[1])
		return []Event{PromptEnded{seq}}
	case "verified":
		if fault != nil {
			return []Event{Verified{Err: fault}}
		}
		return []Event{Verified{Credential: Credential{Valid: f[1] == "right", ID: 7, Holder: "Li Wei"}}}
	case "expired":
		return []Event{Expired{Timer(f[1])}}
	case "hung-up":
		return []Event{HungUp{}}
	case "line-failed":
		return []Event{LineFailed{errors.New("no answer from Asterisk")}}
	case "handed-over":
		return []Event{HandedOver{}}
	case "stopping":
		return []Event{Stopping{}}
	}
	t.Fatalf("no such event: %q", line)
	return nil
}

func parseDecision(f []string) Decision {
	d := Decision{Action: Action(f[0]), Rule: f[1]}
	for _, kinds := range f[2:] {
		r := Requirement{Rule: f[1]}
		for k := range strings.SplitSeq(kinds, "|") {
			r.AnyOf = append(r.AnyOf, CredentialKind(k))
		}
		d.Requires = append(d.Requires, r)
	}
	return d
}

func describe(c Command) string {
	switch c := c.(type) {
	case AskPolicy:
		if c.Credentials.PIN.Valid {
			return "ask the policy, with the PIN of " + c.Credentials.PIN.Holder
		}
		return "ask the policy"
	case Announce:
		return "announce " + decisionWords(c.Decision)
	case Answer:
		return "answer"
	case Play:
		return fmt.Sprintf("play %s (%d)", c.Prompt, c.Seq)
	case Silence:
		return fmt.Sprintf("silence (%d)", c.Seq)
	case StartTimer:
		return fmt.Sprintf("start timer %s %v", c.Timer, c.After)
	case StopTimer:
		return "stop timer " + string(c.Timer)
	case Verify:
		return fmt.Sprintf("verify %s of %d digits: %s", c.Kind, c.Secret.Len(), c.Secret.Reveal())
	case WriteDown:
		return "write down " + decisionWords(c.Decision)
	case LetGo:
		return fmt.Sprintf("let go %d: %s", c.ID, decisionWords(c.Decision))
	case TurnAway:
		return fmt.Sprintf("turn away %d: %s, prompt %s, cause %d", c.ID, decisionWords(c.Decision), c.Decision.Prompt, c.Decision.Cause)
	case Drop:
		return "drop"
	case Finish:
		return "finish"
	}
	return fmt.Sprintf("%#v", c)
}

func decisionWords(d Decision) string {
	out := string(d.Action) + " by " + d.Rule
	if n := len(d.Reasons); n > 0 {
		out += " (" + d.Reasons[n-1].Text + ")"
	}
	return out
}

// TestNothingIsReleasedUnrecorded throws every short sequence of events at the machine: whatever happens, LetGo and
// TurnAway come only after a WriteDown was answered, and only an emergency call goes out without being recorded.
func TestNothingIsReleasedUnrecorded(t *testing.T) {
	events := []Event{
		Judged{Decision{Action: Allow, Rule: "local"}},
		Judged{Decision{Action: Challenge, Rule: "long_distance", Requires: []Requirement{{AnyOf: []CredentialKind{PIN}}}}},
		Judged{Decision{Action: "maybe", Rule: "odd"}},
		Recorded{ID: 1},
		Recorded{Err: errors.New("disk full")},
		Answered{}, Digit{'1'}, Digit{'#'}, Digit{'*'},
		Verified{Credential: Credential{Valid: true}}, Verified{},
		Expired{TimerKey}, Expired{TimerTotal}, HungUp{}, LineFailed{}, HandedOver{}, Stopping{}, PromptEnded{1},
	}
	var walk func(path []Event)
	walk = func(path []Event) {
		checkPath(t, path)
		if len(path) < 4 && !t.Failed() {
			for _, e := range events {
				walk(append(path[:len(path):len(path)], e))
			}
		}
	}
	walk([]Event{Arrived{}})
	challenged := []Event{Arrived{}, events[1], Recorded{}, Answered{}}
	for _, a := range events {
		for _, b := range events {
			walk(append(challenged[:4:4], a, b))
			checkPath(t, append(challenged[:4:4], Digit{'1'}, Digit{'#'}, a, b, Recorded{ID: 2}, HandedOver{}))
		}
	}
}

func checkPath(t *testing.T, path []Event) {
	t.Helper()
	m := NewMachine(DefaultDialogue())
	var writing *Decision
	durable := map[string]bool{}
	for i, e := range path {
		if r, ok := e.(Recorded); ok && writing != nil {
			if r.Err == nil {
				durable[writing.Rule+string(writing.Action)] = true
			}
			writing = nil
		}
		for _, c := range m.Step(e) {
			switch c := c.(type) {
			case WriteDown:
				writing = &c.Decision
			case LetGo:
				if !durable[c.Decision.Rule+string(Allow)] || c.Decision.Action != Allow {
					t.Fatalf("after %v: let go %v without a durable allow", path[:i+1], c.Decision)
				}
			case Play:
				if m.gone {
					t.Fatalf("after %v: a prompt to nobody", path[:i+1])
				}
			}
		}
	}
}

func TestEmergencyGoesOutUnrecorded(t *testing.T) {
	m := NewMachine(DefaultDialogue())
	m.Step(Arrived{})
	m.Step(Judged{Decision{Action: Allow, Rule: RuleEmergency}})
	cmds := m.Step(Recorded{Err: errors.New("disk full")})
	if _, ok := cmds[0].(LetGo); !ok {
		t.Fatalf("got %v, want LetGo", cmds)
	}
}

func TestSecretNeverShows(t *testing.T) {
	s := NewSecret("2468")
	b, err := s.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	shown := fmt.Sprintf("%v %s %q %+v %#v %x %d", s, s, s, s, s, s, s) + string(b) + s.LogValue().String() +
		fmt.Sprintf("%v %+v %#v", Verify{PIN, s}, &Verify{PIN, s}, []any{Verify{PIN, s}})
	if strings.Contains(shown, "2468") || strings.Contains(shown, fmt.Sprintf("%x", "2468")) {
		t.Errorf("the digits show in %s", shown)
	}
}
