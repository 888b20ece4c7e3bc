package approval

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/dialwarden/dialwarden/internal/call"
)

var update = flag.Bool("update", false, "rewrite the transcripts in testdata with what the machine does now")

// TestTranscripts plays each search of testdata/machine: a line at the margin is an event, the indented lines beneath it
// are the commands that must follow, a line with # is a word to the reader. 101 is Li Wei's, who wants to call.
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
				t.Errorf("%s: the search went otherwise:\n%s\nwanted:\n%s", file, got, want)
			}
		})
	}
}

var holders = map[string]string{"101": "Li Wei", "104": "Zhang Min", "105": "Wang Fang", "106": " li  WEI"}

func holder(extension string) call.Caller {
	return call.Caller{Extension: extension, Holder: holders[extension]}
}

func replay(t *testing.T, transcript string) string {
	t.Helper()
	var out strings.Builder
	m := NewMachine(DefaultDialogue(), call.ApprovalRequest{}, holder)
	for line := range strings.Lines(transcript) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "\t") {
			continue
		}
		out.WriteString(line + "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if approvers, ok := strings.CutPrefix(line, "begun "); ok {
			m = NewMachine(DefaultDialogue(), request(strings.Fields(approvers)), holder)
			line = "begun"
		}
		for _, e := range parseEvents(t, line) {
			for _, c := range m.Step(e) {
				out.WriteString("\t" + describe(c) + "\n")
			}
		}
	}
	return out.String()
}

// request is Li Wei's, to approvers; pin=LEVEL among them wants a PIN.
func request(words []string) call.ApprovalRequest {
	r := call.ApprovalRequest{Caller: holder("101")}
	for _, w := range words {
		if level, ok := strings.CutPrefix(w, "pin="); ok {
			r.PIN = true
			r.Level, _ = strconv.Atoi(level)
			continue
		}
		r.Approvers = append(r.Approvers, w)
	}
	return r
}

func parseEvents(t *testing.T, line string) []Event {
	t.Helper()
	f := strings.Fields(line)
	switch f[0] {
	case "begun":
		return []Event{Begun{}}
	case "not-rung":
		return []Event{NotRung{Hindrance(f[1])}}
	case "answered":
		return []Event{call.Answered{}}
	case "keys":
		var out []Event
		for _, k := range []byte(f[1]) {
			out = append(out, call.Digit{Key: k})
		}
		return out
	case "prompt-ended":
		seq, _ := strconv.Atoi(f[1])
		return []Event{call.PromptEnded{Seq: seq}}
	case "verified":
		switch f[1] {
		case "wrong":
			return []Event{Verified{}}
		case "error":
			return []Event{Verified{Err: errors.New("disk full")}}
		}
		level, _ := strconv.Atoi(f[1])
		return []Event{Verified{Credential: call.Credential{Valid: true, ID: 7, Level: level, Holder: strings.Join(f[2:], " ")}}}
	case "settled":
		return []Event{Settled{}}
	case "outside":
		return []Event{Outside{call.ApprovalOutcome(f[1])}}
	case "given-up":
		return []Event{GivenUp{}}
	case "freed":
		return []Event{Freed{}}
	case "expired":
		return []Event{Expired{Timer(f[1])}}
	case "phone-ended":
		return []Event{call.PhoneEnded{Cause: 17}}
	case "stopping":
		return []Event{Stopping{}}
	}
	t.Fatalf("no such event: %q", line)
	return nil
}

func describe(c Command) string {
	switch c := c.(type) {
	case Ring:
		return "ring " + c.Extension
	case Play:
		return fmt.Sprintf("play %s (%d)", c.Prompt, c.Seq)
	case Silence:
		return fmt.Sprintf("silence (%d)", c.Seq)
	case HangUp:
		return "hang up"
	case Verify:
		return fmt.Sprintf("verify a PIN of %d digits: %s", c.Secret.Len(), c.Secret.Reveal())
	case Settle:
		a := c.Answer
		out := "settle " + string(a.Outcome)
		if a.Approver.Valid {
			out += fmt.Sprintf(" by %s (%s, PIN %d)", a.Name(), a.Via, a.Approver.ID)
		}
		return out
	case StartTimer:
		return fmt.Sprintf("start timer %s %v", c.Timer, c.After)
	case StopTimer:
		return "stop timer " + string(c.Timer)
	case Finish:
		return "finish"
	}
	return fmt.Sprintf("%#v", c)
}

// TestWhateverHappens throws every short sequence of events at a machine on an approver's phone: it settles at most once
// unless that was not answered, allows only after a 1 (and a good PIN, where one is wanted), never rings a second phone
// before the first is hung up or has ended, and leaves no phone off the hook when it is finished.
func TestWhateverHappens(t *testing.T) {
	good := Verified{Credential: call.Credential{Valid: true, ID: 7, Level: 2, Holder: "Zhang Min"}}
	events := []Event{
		NotRung{Engaged}, NotRung{Unreachable}, NotRung{Away}, call.Answered{}, call.Digit{Key: '1'}, call.Digit{Key: '2'},
		call.Digit{Key: '#'}, call.Digit{Key: '*'}, call.PromptEnded{Seq: 1}, call.PhoneEnded{}, good,
		Verified{Credential: call.Credential{Valid: true, Level: 2, Holder: "Li Wei"}}, Verified{Credential: call.Credential{Valid: true, Level: 1}},
		Settled{}, Outside{call.Approved}, GivenUp{}, Freed{}, Expired{TimerStep}, Expired{TimerPhone}, Expired{TimerWait}, Stopping{},
	}
	for _, approvers := range [][]string{{"104", "105"}, {"104", "105", "pin=2"}} {
		var walk func(path []Event)
		walk = func(path []Event) {
			checkPath(t, request(approvers), path)
			if len(path) < 4 && !t.Failed() {
				for _, e := range events {
					walk(append(path[:len(path):len(path)], e))
				}
			}
		}
		walk([]Event{Begun{}})
		for _, e := range events {
			for _, f := range events {
				for _, g := range events {
					checkPath(t, request(approvers), []Event{Begun{}, call.Answered{}, call.Digit{Key: '1'}, e, f, g})
					checkPath(t, request(approvers), []Event{Begun{}, call.Answered{}, call.Digit{Key: '1'}, call.Digit{Key: '5'}, call.Digit{Key: '#'}, e, f, g})
				}
			}
		}
	}
}

func checkPath(t *testing.T, r call.ApprovalRequest, path []Event) {
	t.Helper()
	m := NewMachine(DefaultDialogue(), r, holder)
	up := false // a phone rings or talks
	for i, e := range path {
		switch e.(type) {
		case call.PhoneEnded, NotRung:
			if m.state != ringing {
				if _, ended := e.(call.PhoneEnded); !ended {
					continue // it answers Ring, and nothing else
				}
			}
			up = false
		case Settled:
			if m.state != settling {
				continue
			}
		}
		fail := func(what string) { t.Fatalf("%s, after %#v of %+v", what, path[:i+1], r) }
		for _, c := range m.Step(e) {
			switch c := c.(type) {
			case Ring:
				if up {
					fail("a second phone rings")
				}
				up = true
			case HangUp:
				up = false
			case Play:
				if !up {
					fail("a prompt to nobody")
				}
			case Settle:
				_, verified := e.(Verified)
				_, pressed := e.(call.Digit)
				if c.Answer.Outcome == call.Approved && (r.PIN && (!verified || c.Answer.Approver.ID != 7) || !r.PIN && !pressed) {
					fail("approved")
				}
			case Finish:
				if up {
					fail("a phone is left off the hook")
				}
			}
		}
	}
}
