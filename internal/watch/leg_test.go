package watch

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// TestLegs follows a call on the channel that has answered it. The steps are "CHANNEL EVENT …": a dials b, b answers, a ends …
// The caller's channel is c; all happens in one second each, from 1 on.
func TestLegs(t *testing.T) {
	at := func(seconds int) ledger.Time { return ledger.Time{Time: after(seconds)} }
	ended := func(answered, end, cause int) ledger.Call {
		return ledger.Call{
			AnsweredAt: at(answered), EndedAt: at(end), Seconds: end - answered, Cause: cause, EndSource: SourceARI,
		}
	}
	for name, test := range map[string]struct {
		happens string
		want    ledger.Call
	}{
		"the far end hangs up":         {"c dials t, t answers, t ends, c ends", ended(2, 3, 16)},
		"the caller hangs up":          {"c dials t, t answers, c ends, t ends", ended(2, 4, 16)},
		"the caller goes on elsewhere": {"c dials t, t answers, t ends", ended(2, 3, 16)},
		"transferred away":             {"c dials t, t answers, c ends, x dials y, y answers, x ends, y ends, t ends", ended(2, 8, 16)},
		"transferred while it rings":   {"c dials t, c ends, look t, t answers, t ends", ended(4, 5, 16)},
		"transferred, nobody answers":  {"c dials t, c ends, t ends", ledger.Call{EndedAt: at(2), Cause: 16, EndSource: SourceARI}},
		"nobody answers":               {"c dials t, t ends, c ends", ledger.Call{EndedAt: at(3), Cause: 16, EndSource: SourceARI}},
		"one of two answers":           {"c dials t, c dials u, u answers, t ends, u ends, c ends", ended(3, 5, 16)},
		"a leg dials by itself":        {"c dials t, t answers, c ends, t dials x, x answers, x ends, t ends", ended(2, 7, 16)},
		"through a Local channel":      {"c dials L;1, L;2 dials t, t answers, L;1 answers, t ends, L;2 ends, L;1 ends, c ends", ended(3, 7, 16)},
		"a Local channel goes":         {"c dials L;1, L;2 dials t, t answers, L;1 answers, L;1 ends, L;2 ends, t ends, c ends", ended(3, 7, 16)},
		"an answer out of the blue":    {"t answers for c, t ends", ended(1, 2, 16)},
		"somebody else's call":         {"x dials t, t answers, t ends, c ends", ledger.Call{EndedAt: at(4), Cause: 16, EndSource: SourceARI}},
		"restarted, then transferred":  {"c dials t, t answers, restart, c ends, t ends", ended(2, 5, 16)},
		"answered while away":          {"restart, look c t=1, t ends, c ends", ended(1, 3, 16)},
		"transferred while away":       {"restart, look t=1, t ends", ended(1, 3, 16)},
		"ended while away":             {"c dials t, t answers, restart, look x", ledger.Call{AnsweredAt: at(2), EndedAt: at(4), Seconds: 2, EndSource: SourceSweep}},
		"the caller ended while away":  {"c dials t, t answers, restart, look t, t ends", ended(2, 5, 16)},
		"the leg ended while away":     {"c dials t, t answers, restart, look c", ledger.Call{AnsweredAt: at(2), EndedAt: at(4), Seconds: 2, EndSource: SourceSweep}},
		"a phone that a leg has rung":  {"restart, look c y", ledger.Call{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			id := s.decided("c", "101", call.Allow)
			now := 0
			for step := range strings.SplitSeq(test.happens, ", ") {
				now++
				s.happens(id, strings.Fields(step), after(now))
			}
			if got := s.call(id); !reflect.DeepEqual(got, test.want) {
				t.Errorf("the ledger has %+v, want %+v", got, test.want)
			}
			if !test.want.EndedAt.IsZero() {
				s.forgets()
				if len(s.legs)+len(s.halves) != 0 {
					t.Errorf("left over are the legs %v, %v", s.legs, s.halves)
				}
			}
		})
	}
}

// TestEndedBeforeTheFirstLook: of a call that was answered while nobody listened, the first that is heard is its end. What
// the dialplan has noted tells of the answer.
func TestEndedBeforeTheFirstLook(t *testing.T) {
	for name, noted := range map[string]bool{"noted": true, "not noted": false} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			id, heard := s.decided("c", "101", call.Allow), s.decided("d", "102", call.Allow)
			s.Past = func(_ context.Context, _ int64, channel string) (call.End, bool) {
				if channel != "c" {
					t.Errorf("%s is looked up", channel)
				}
				return call.End{AnsweredAt: after(2), EndedAt: after(5), Cause: 17, Source: SourceDialplan}, noted
			}
			s.ended("d", after(4), 16)
			s.Listening()
			s.Ended("c", after(6), 16)
			want := ledger.Call{EndedAt: ledger.Time{Time: after(6)}, Cause: 16, EndSource: SourceSweep}
			if noted {
				want = ledger.Call{
					AnsweredAt: ledger.Time{Time: after(2)}, EndedAt: ledger.Time{Time: after(5)}, Seconds: 3, Cause: 17, EndSource: SourceDialplan,
				}
			}
			if got := s.call(id); !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if got := s.call(heard); got.EndSource != SourceARI {
				t.Errorf("the other call: %+v", got)
			}
		})
	}
}

// named is a channel by the name that a test gives it: L;1 is half of a Local channel.
func named(id string) call.Channel {
	if strings.HasPrefix(id, "L;") {
		return call.Channel{ID: id, Name: "Local/9@x-00000001" + id[1:]}
	}
	return channel(id)
}

func (s *site) happens(id int64, step []string, now time.Time) {
	s.t.Helper()
	switch {
	case step[0] == "restart":
		_ = s.call(id) // what waits is written
		s.restart()
	case step[0] == "look":
		found := map[string]call.Channel{}
		for _, word := range step[1:] {
			name, answered, _ := strings.Cut(word, "=")
			ch := named(name)
			ch.DecisionID = id // whatever the call has dialled has it
			if answered != "" {
				ch.AnsweredAt = after(int(answered[0] - '0'))
			}
			found[name] = ch
		}
		for _, f := range s.calls {
			f.since = moment
		}
		s.Sweep(found, now)
	case step[1] == "dials":
		s.Dialled(named(step[0]), named(step[2]))
	case step[1] == "answers":
		caller := call.Channel{}
		if len(step) > 2 {
			caller = named(step[3])
		}
		s.Answered(caller, named(step[0]), now)
	case step[1] == "ends":
		s.Ended(step[0], now, 16)
	default:
		s.t.Fatalf("nothing happens: %v", step)
	}
}

// TestHasAnswer: a caller whose call was answered, unless the channel tells of another call, or of an emergency that is not
// followed yet.
func TestHasAnswer(t *testing.T) {
	w := &Watch{calls: map[string]*followed{
		"c": {id: 7, answered: after(1)}, "rings": {id: 8}, "e": {id: 9, answered: after(1), callee: call.Number{Class: call.Emergency}},
	}}
	for _, c := range []struct {
		ch   call.Channel
		want bool
	}{
		{call.Channel{ID: "c"}, true}, {call.Channel{ID: "c", DecisionID: 7}, true}, {call.Channel{ID: "c", DecisionID: 8}, false},
		{call.Channel{ID: "c", Emergency: true}, false}, {call.Channel{ID: "e", Emergency: true}, true}, {call.Channel{ID: "rings"}, false},
		{call.Channel{ID: "nobody"}, false},
	} {
		if got := w.HasAnswer(c.ch); got != c.want {
			t.Errorf("%+v: %v", c.ch, got)
		}
	}
}
