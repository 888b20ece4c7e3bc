package bypass

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
)

// world is a guard with what it asks.
type world struct {
	*Guard
	released map[string]bool // by channel name
	answered bool
	noted    bool // another daemon has decided
	askError error
	now      call.Channel // what a look at a channel finds; none without a name
	cut      []string
	told     []Call
}

func newWorld(mode Mode) *world {
	w := &world{released: map[string]bool{}}
	w.Guard = New(Config{
		Mode: mode, Trunks: []string{"second", "DAHDI/*", "PJSIP/fax"}, Log: zerolog.Nop(),
		Released:  func(ch call.Channel) bool { return w.released[ch.Name] },
		Answered:  func(call.Channel) bool { return w.answered },
		Emergency: func(number string) bool { return number == "110" },
		Leg:       func(channel string) bool { return channel == "leg" },
		Global: func(_ context.Context, name string) (string, error) {
			return map[string]string{"DIALWARDEN_TRUNK": "PJSIP/NUMBER@carrier&SIP/old/NUMBER", "DIALWARDEN_TRUNK_second": "PJSIP/8NUMBER@backup"}[name], nil
		},
		Decision: func(context.Context, string) (bool, error) { return w.noted, w.askError },
		Look: func(context.Context, string) (call.Channel, error) {
			if w.now.Name == "" {
				return w.now, call.ErrGone
			}
			return w.now, nil
		},
		HangUp: func(_ context.Context, channel string, _ int) error { w.cut = append(w.cut, channel); return nil },
		Report: func(c Call) { w.told = append(w.told, c) },
	})
	w.Learn(context.Background())
	return w
}

func TestTrunks(t *testing.T) {
	w := newWorld(Watch)
	if want := []string{"DAHDI/*", "PJSIP/backup", "PJSIP/carrier", "PJSIP/fax", "SIP/old"}; !reflect.DeepEqual(sorted(w.trunks), want) {
		t.Errorf("trunks are %q", sorted(w.trunks))
	}
	for name, want := range map[string]bool{
		"PJSIP/carrier-0000002a": true, "PJSIP/carrier2-00000001": false, "PJSIP/101-00000001": false, "DAHDI/i1/5551212-1": true,
		"Local/5@old-00000001;1": false, "": false, "PJSIP/back-up-00000001": false,
	} {
		if got := w.isTrunk(call.Channel{Name: name}); got != want {
			t.Errorf("%q is a trunk: %v", name, got)
		}
	}
	small := newWorld(Watch)
	small.Trunks = []string{"pjsip/fax", "dahdi/*"}
	small.Global = func(context.Context, string) (string, error) { return "pjsip/NUMBER@carrier&motif/gtalk/NUMBER", nil }
	small.Learn(context.Background())
	for _, name := range []string{"PJSIP/carrier-0000002a", "PJSIP/fax-00000001", "DAHDI/i1/5551212-1", "Motif/gtalk-1"} {
		if !small.isTrunk(call.Channel{Name: name}) {
			t.Errorf("%s is no trunk of %q", name, sorted(small.trunks))
		}
	}
	w.Global = func(context.Context, string) (string, error) { return "", errors.New("away") }
	if w.Learn(context.Background()); len(w.trunks) != 5 {
		t.Errorf("after a failure, trunks are %q", sorted(w.trunks))
	}
}

// Who may dial a trunk: by the channel that dials, and where it is.
func TestDialled(t *testing.T) {
	phone := call.Channel{ID: "1", Name: "PJSIP/101-00000001", Context: "phones", Exten: "6001"}
	in := func(ch call.Channel, context string, decision int64) call.Channel {
		ch.Context, ch.DecisionID = context, decision
		return ch
	}
	for name, c := range map[string]struct {
		caller   call.Channel
		released bool
		answered bool
		noted    bool
		askError error
		told     bool
		cut      bool
		dialled  string
	}{
		"an emergency number from a forgotten path":  {caller: phone, told: true, dialled: "110"},
		"an emergency number past the check":         {caller: in(phone, releasedContext, 0), told: true, dialled: "110"},
		"an emergency number that nobody dialled":    {told: true, dialled: "110"},
		"a forgotten path":                           {caller: phone, told: true, cut: true},
		"an originate":                               {told: true, cut: true},
		"released":                                   {caller: in(phone, releasedContext, 0), released: true},
		"released, by the variable":                  {caller: in(phone, releasedContext, 7)},
		"within a call that was answered":            {caller: in(phone, releasedContext, 7), released: true, answered: true, noted: true, told: true, cut: true},
		"released by another daemon":                 {caller: in(phone, releasedContext, 0), noted: true},
		"past the check":                             {caller: in(phone, releasedContext, 0), told: true, cut: true},
		"past the check, and Asterisk is silent":     {caller: in(phone, releasedContext, 0), askError: errors.New("late"), told: true},
		"an emergency call":                          {caller: in(phone, emergencyContext, 0)},
		"within an emergency call that was answered": {caller: in(phone, emergencyContext, 0), answered: true, told: true},
		"an approver's phone":                        {caller: in(phone, approverContext, 0)},
		"a decided call that was sent elsewhere":     {caller: in(phone, "phones", 7), released: true, told: true, cut: true},
		"a transferred trunk, with its variable":     {caller: call.Channel{ID: "leg", Name: "PJSIP/carrier-00000009", Context: "old", DecisionID: 7}, told: true, cut: true},
		"a Local half of a decided call":             {caller: call.Channel{ID: "2", Name: "Local/5@trunks-00000001;2", Context: "trunks"}, released: true},
		"a Local half of nobody":                     {caller: call.Channel{ID: "2", Name: "Local/5@old-00000001;2", Context: "old"}, told: true, cut: true},
		"a Local half that has inherited a number":   {caller: call.Channel{ID: "2", Name: "Local/5@old-00000001;2", Context: "old", DecisionID: 7}, told: true},
	} {
		for _, mode := range []Mode{Enforce, Watch, Off} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(mode)
				w.released[c.caller.Name], w.answered, w.noted, w.askError = c.released, c.answered, c.noted, c.askError
				trunk := call.Channel{ID: "t", Name: "PJSIP/carrier-00000010", Dialled: c.dialled}
				w.Made(trunk)
				w.Dialled(c.caller, trunk)
				w.Dialled(c.caller, trunk)
				synctest.Wait()
				if got, want := len(w.told) == 1, c.told && mode != Off; got != want || len(w.told) > 1 {
					t.Errorf("%s, %s: told %+v", name, mode, w.told)
				}
				if len(w.told) == 1 && w.told[0].Emergency != (c.dialled != "") {
					t.Errorf("%s, %s: told %+v", name, mode, w.told)
				}
				if got, want := len(w.cut) == 1, c.cut && mode == Enforce; got != want || want && !w.told[0].Cut {
					t.Errorf("%s, %s: cut %q", name, mode, w.cut)
				}
			})
		}
	}
}

// What no Dial event tells of is asked for, and hung up where no application dials it.
func TestUndialled(t *testing.T) {
	trunk := call.Channel{ID: "t", Name: "PJSIP/carrier-00000010"}
	with := func(change func(*call.Channel)) call.Channel {
		ch := trunk
		change(&ch)
		return ch
	}
	for name, c := range map[string]struct {
		now  call.Channel
		dial bool
		cut  int
	}{
		"nobody's":                          {now: trunk, cut: 1},
		"dialled meanwhile":                 {now: trunk, dial: true},
		"gone":                              {},
		"about to be dialled":               {now: with(func(ch *call.Channel) { ch.App = "AppDial" })},
		"a line that begins to ring for us": {now: with(func(ch *call.Channel) { ch.Incoming = true })},
		"ours":                              {now: with(func(ch *call.Channel) { ch.Ours = true })},
		"decided":                           {now: with(func(ch *call.Channel) { ch.DecisionID = 7 })},
		"an emergency":                      {now: with(func(ch *call.Channel) { ch.Emergency = true })},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(Enforce)
			w.now = c.now
			w.Made(trunk)
			if c.dial {
				w.Dialled(call.Channel{Context: emergencyContext}, trunk)
			}
			time.Sleep(2 * dialTime)
			w.Dialled(call.Channel{Context: emergencyContext}, trunk)
			synctest.Wait()
			if len(w.cut) != c.cut || len(w.told) != c.cut {
				t.Errorf("%s: cut %q, told %+v", name, w.cut, w.told)
			}
		})
	}
}

// A Local channel that an emergency call goes through may dial, as may the next one behind it; once gone, its name may not.
func TestHalves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(Enforce)
		w.Dialled(call.Channel{ID: "1", Name: "PJSIP/101-00000001", Context: emergencyContext}, call.Channel{ID: "2", Name: "Local/110@trunks-00000001;1"})
		w.Dialled(call.Channel{ID: "3", Name: "Local/110@trunks-00000001;2", Context: "trunks"}, call.Channel{ID: "4", Name: "Local/110@more-00000002;1"})
		w.Dialled(call.Channel{ID: "5", Name: "Local/110@more-00000002;2", Context: "more"}, call.Channel{ID: "6", Name: "PJSIP/carrier-00000001"})
		if synctest.Wait(); len(w.told) > 0 {
			t.Errorf("told %+v", w.told)
		}
		time.Sleep(time.Second)
		w.Sweep(map[string]call.Channel{}, time.Now())
		if len(w.halves)+len(w.known)+len(w.made) > 0 {
			t.Errorf("left over are %v, %v, %v", w.halves, w.known, w.made)
		}
	})
}

// A daemon that starts while an emergency or a decided call tries one trunk behind a Local channel lets it try the next one,
// also before the first look at all channels.
func TestHalvesSinceBefore(t *testing.T) {
	decided := call.Channel{ID: "3", Name: "Local/5@trunks-00000001;2", Context: "trunks", DecisionID: 7}
	emergency := call.Channel{ID: "4", Name: "Local/110@trunks-00000002;2", Context: "trunks", Emergency: true}
	for _, looked := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(Enforce)
			if looked {
				w.Sweep(map[string]call.Channel{"3": decided, "4": emergency}, time.Now())
			}
			w.Dialled(decided, call.Channel{ID: "5", Name: "PJSIP/carrier-00000005"})
			synctest.Wait()
			w.Dialled(emergency, call.Channel{ID: "6", Name: "PJSIP/carrier-00000006"})
			if synctest.Wait(); len(w.cut) > 0 || looked && len(w.told) > 0 {
				t.Errorf("looked: %v; cut %q, told %+v", looked, w.cut, w.told)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(Enforce)
		w.Sweep(nil, time.Now())
		w.Dialled(decided, call.Channel{ID: "5", Name: "PJSIP/carrier-00000005"})
		synctest.Wait()
		w.Dialled(emergency, call.Channel{ID: "6", Name: "PJSIP/carrier-00000006"})
		if synctest.Wait(); len(w.cut) != 1 || w.cut[0] != "5" || len(w.told) != 2 {
			t.Errorf("cut %q, told %+v", w.cut, w.told)
		}
	})
}

// What no event has told of is reported after two looks, and never cut; whatever may be legal is left alone.
func TestSweep(t *testing.T) {
	outgoing := func(id string) call.Channel {
		return call.Channel{ID: id, Name: "PJSIP/carrier-0000000" + id, App: "AppDial"}
	}
	all := func(list ...call.Channel) map[string]call.Channel {
		found := map[string]call.Channel{}
		for _, ch := range list {
			found[ch.ID] = ch
		}
		return found
	}
	decided := outgoing("2")
	decided.DecisionID = 7
	incoming := call.Channel{ID: "3", Name: "PJSIP/carrier-00000003", App: "Dial", Context: "from-carrier"}
	emergency := call.Channel{ID: "4", Name: "PJSIP/101-00000004", Context: emergencyContext, App: "Dial"}
	rung := outgoing("8")
	rung.Ours = true
	emergencyTrunk := outgoing("9")
	emergencyTrunk.Emergency = true
	for name, c := range map[string]struct {
		channels map[string]call.Channel
		told     int
	}{
		"a phone behind a trunk that we ring": {all(rung), 0}, "an emergency call that was transferred": {all(emergencyTrunk), 0},
		"one that nobody knows": {all(outgoing("1")), 1}, "decided": {all(decided), 0}, "incoming": {all(incoming), 0},
		"a leg": {all(outgoing("leg")), 0}, "while an emergency call goes on": {all(outgoing("1"), emergency), 0}, "a phone": {all(call.Channel{ID: "5", Name: "PJSIP/101-1", App: "AppDial"}), 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(Enforce)
			for range strikes + 2 {
				if len(w.told) > 0 && w.missed["1"] < strikes {
					t.Error("told too early")
				}
				w.Sweep(c.channels, time.Now())
				synctest.Wait()
			}
			if len(w.told) != c.told || len(w.cut) > 0 {
				t.Errorf("%s: told %+v, cut %q", name, w.told, w.cut)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) { // an incoming call that we have seen is none of our business, nor one about to be dialled
		w := newWorld(Enforce)
		seen := outgoing("1")
		seen.Incoming = true
		w.Made(seen)
		w.Made(outgoing("6"))
		w.Sweep(all(outgoing("1"), outgoing("6")), time.Now())
		w.Dialled(call.Channel{Context: emergencyContext}, outgoing("6"))
		for range strikes + 1 {
			w.Sweep(all(outgoing("1"), outgoing("6")), time.Now())
		}
		if synctest.Wait(); len(w.told) > 0 {
			t.Errorf("told %+v", w.told)
		}
		w.Ended("1")
	})
}
