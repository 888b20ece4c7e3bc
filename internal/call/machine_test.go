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
// beneath it are the commands that must follow, a line with # is a word to the reader. The line "with …" before the first
// event says what the conversation begins with.
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
	var m interface{ Step(Event) []Command } = NewMachine(Settings{Dialogue: DefaultDialogue()})
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
		if what, ok := strings.CutPrefix(line, "with "); ok {
			m = beginWith(t, what)
			continue
		}
		for _, e := range parseEvents(t, line) {
			for _, c := range m.Step(e) {
				out.WriteString("\t" + describe(c) + "\n")
			}
		}
	}
	return out.String()
}

// beginWith returns the machine of a conversation with: an errand, a grant, an operator.
func beginWith(t *testing.T, what string) interface{ Step(Event) []Command } {
	t.Helper()
	s := Settings{Dialogue: DefaultDialogue()}
	switch what {
	case "a wish to change the PIN":
		return NewErrand(ForChangePIN, s.Dialogue)
	case "a wish to close the phone":
		return NewErrand(ForCloseGrant, s.Dialogue)
	case "an open phone":
		s.Grant = Credential{Valid: true, ID: 7, Holder: "Li Wei"}
	case "an operator":
		s.Operator = "100"
	default:
		t.Fatalf("no such beginning: %q", what)
	}
	return NewMachine(s)
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
		return []Event{parseJudged(f[1:])}
	case "recorded":
		if fault != nil {
			switch fault.Error() {
			case "spent":
				fault = fmt.Errorf("not recorded: %w", ErrTokenSpent)
			case "outrun":
				fault = fmt.Errorf("not recorded: %w", ErrAllowanceSpent)
			}
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
		return []Event{parseVerified(f[1:])}
	case "changed":
		return []Event{Changed{Err: map[string]error{"": nil, "unfit": ErrPINUnfit, "nothing open": ErrNothingOpen}[strings.Join(f[1:], " ")]}}
	case "approved", "refused", "nobody", "unavailable":
		return []Event{parseAnswer(f[0], f[1:])}
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

// parseJudged reads ACTION RULE and then requirements, like pin|token or audit=matter, and what the gate adds.
func parseJudged(f []string) Judged {
	j := Judged{Decision: Decision{Action: Action(f[0]), Rule: f[1]}}
	for _, word := range f[2:] {
		switch word {
		case "locked":
			j.Locked = true
			continue
		case "can-approve":
			j.CanApprove, j.Approvers = true, []string{"104", "101"}
			continue
		case "no-approvers":
			j.CanApprove = true
			continue
		}
		rule, kinds, other := strings.Cut(word, "=")
		if !other {
			rule, kinds = f[1], word
		}
		r := Requirement{Rule: rule}
		for k := range strings.SplitSeq(kinds, "|") {
			r.AnyOf = append(r.AnyOf, CredentialKind(k))
		}
		j.Decision.Requires = append(j.Decision.Requires, r)
	}
	return j
}

// parseVerified reads: right [KIND], wrong, locked, or a fault and the kind.
func parseVerified(f []string) Verified {
	kind := PIN
	if len(f) > 1 {
		kind = CredentialKind(f[1])
	}
	switch f[0] {
	case "right":
		v := Verdict{Kind: kind, Credential: Credential{Valid: true, ID: 7, Holder: "Li Wei"}}
		if kind == Token {
			v.MaxSeconds = 60
		}
		if kind == Matter {
			v.Credential = Credential{Valid: true, Code: "4711"}
		}
		return Verified{Verdict: v}
	case "wrong":
		return Verified{Verdict: Verdict{Fault: FaultUnknown}}
	case "locked":
		return Verified{Locked: true}
	}
	return Verified{Verdict: Verdict{Kind: kind, Fault: Fault(f[0])}}
}

func parseAnswer(outcome string, by []string) ApprovalAnswer {
	a := ApprovalAnswer{Outcome: ApprovalOutcome(outcome)}
	if len(by) > 0 {
		a.Extension, a.Approver.Holder = by[0], strings.Join(by[1:], " ")
		a.Approver.Valid = a.Outcome == Approved
	}
	return a
}

func describe(c Command) string {
	switch c := c.(type) {
	case AskPolicy:
		var with []string
		for _, k := range []CredentialKind{PIN, Token, Approval, Matter} {
			if held := c.Credentials.of(k); held.Valid {
				with = append(with, fmt.Sprintf("%s of %s", k, held.Holder+held.Code))
			}
		}
		return strings.TrimSuffix("ask the policy, with "+strings.Join(with, " and "), ", with ")
	case Announce:
		return "announce " + decisionWords(c.Decision)
	case Answer:
		return "answer"
	case Play:
		return fmt.Sprintf("play %s (%d)", strings.Join(c.Prompts, " "), c.Seq)
	case Silence:
		return fmt.Sprintf("silence (%d)", c.Seq)
	case StartTimer:
		return fmt.Sprintf("start timer %s %v", c.Timer, c.After)
	case StopTimer:
		return "stop timer " + string(c.Timer)
	case Verify:
		return fmt.Sprintf("verify %v of %d digits: %s", c.Kinds, c.Digits.Len(), c.Digits.Reveal())
	case SeekApproval:
		return strings.TrimSpace(fmt.Sprintf("seek approval for %s %s", c.Rule, strings.Join(c.Approvers, " ")))
	case CancelApproval:
		return "cancel approval"
	case ChangePIN:
		return fmt.Sprintf("change PIN %d to %d digits: %s", c.ID, c.Digits.Len(), c.Digits.Reveal())
	case CloseGrant:
		return "close the phone"
	case WriteDown:
		out := "write down " + decisionWords(c.Decision)
		if c.Proved.Approver != "" {
			out += ", answered by " + c.Proved.Approver
		}
		return out
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
	if d.MaxSeconds > 0 {
		out += fmt.Sprintf(" for %d s", d.MaxSeconds)
	}
	if n := len(d.Reasons); n > 0 {
		out += " (" + d.Reasons[n-1].Text + ")"
	}
	return out
}

// TestNothingIsReleasedUnrecorded throws every short sequence of events at the machine: whatever happens, LetGo and
// TurnAway come only after a WriteDown was answered, and only an emergency call goes out without being recorded.
func TestNothingIsReleasedUnrecorded(t *testing.T) {
	events := []Event{
		Judged{Decision: Decision{Action: Allow, Rule: "local"}},
		Judged{Decision: Decision{Action: Challenge, Rule: "long_distance", Requires: []Requirement{{Rule: "long_distance", AnyOf: []CredentialKind{PIN, Approval}}}}, CanApprove: true, Approvers: []string{"104"}},
		Judged{Decision: Decision{Action: "maybe", Rule: "odd"}},
		Recorded{ID: 1},
		Recorded{Err: errors.New("disk full")},
		Answered{}, Digit{'1'}, Digit{'#'}, Digit{'*'},
		Verified{Verdict: Verdict{Kind: PIN, Credential: Credential{Valid: true}}}, Verified{},
		ApprovalAnswer{Outcome: Approved, Approver: Credential{Valid: true}}, ApprovalAnswer{Outcome: ApprovalNobody},
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
	m := NewMachine(Settings{Dialogue: DefaultDialogue()})
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
	m := NewMachine(Settings{Dialogue: DefaultDialogue()})
	m.Step(Arrived{})
	m.Step(Judged{Decision: Decision{Action: Allow, Rule: RuleEmergency}})
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
		fmt.Sprintf("%v %+v %#v", Verify{nil, s}, &Verify{nil, s}, []any{Verify{nil, s}, ChangePIN{1, s}})
	if strings.Contains(shown, "2468") || strings.Contains(shown, fmt.Sprintf("%x", "2468")) {
		t.Errorf("the digits show in %s", shown)
	}
}
