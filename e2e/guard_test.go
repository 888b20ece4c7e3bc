package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// guardedDirectory has ordinary phones, the alarm phone at the gate and that of the duty room.
const guardedDirectory = `extensions:
  "101": {holder: Chen Wei, department: management, grade: director}
  "102": {holder: Li Na, department: administration}
  "103": {holder: Wang Fang, department: administration}
  "104": {holder: Zhang Min, department: sales}
  "105": {holder: Liu Yang, department: sales}
  "106": {holder: Zhao Lei, department: sales}
  "107": {holder: Meeting room, department: administration, line: conference}
  "108": {holder: Gate, department: security, line: alarm}
  "109": {holder: Duty room, department: security, line: duty}
  "130": {holder: Reception, department: administration}
`

// guardedLines guards the two, and counts a trunk of seven channels, one of which is kept free.
const guardedLines = `guarded:
  "108": {calls: {extensions: ["109"], numbers: ["+861062340000"]}, callers: {}}
  "109": {callers: {departments: [security], extensions: ["101"]}, off_hook_seconds: 1, ring: "130"}
trunks: {default: {endpoint: PJSIP/carrier, channels: 7, reserve: 1}}
reserve_for: []
priority: {grade: {director: 80}}
`

// TestGuard keeps lines and channels free on a trunk that carries six calls.
func TestGuard(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{Extensions: strings.Fields("101 102 103 104 105 106 107 108 109 130")})
	l.Carrier.Carry(6)
	s := newSite(t, l, "")
	s.write("dialwarden.yaml", fmt.Sprintf("asterisk: {url: %q}\nsite: {timezone: UTC}\n", l.ARIURL()))
	s.write("policy/data/directory.yaml", guardedDirectory)
	s.write("policy/data/lines.yaml", guardedLines)
	s.write("policy/data/allow_list.yaml", "only: {}\nalso: {}\nexempt_classes: [internal]\n")
	d := s.serve()
	g := &guarded{t, l, s}
	g.lines()
	g.offHook()
	calls := g.fill()
	emergencies := g.fiveEmergencies(calls)
	d = g.restart(d, emergencies)
	g.alarm()
	g.booking()
	g.daemonDead(d)
}

// TestGuardBehindLocal: DIALWARDEN_TRUNK is a Local channel, and nothing says which trunk stands behind it.
func TestGuardBehindLocal(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{
		Globals:       map[string]string{"DIALWARDEN_TRUNK": "Local/NUMBER@lcr"},
		ExtraDialplan: "[lcr]\nexten => _X.,1,Dial(PJSIP/${EXTEN}@carrier,,i)\n same => n,Hangup(${HANGUPCAUSE})\n",
	})
	l.Carrier.Carry(1)
	s := newSite(t, l, "")
	s.serve()
	g := &guarded{t, l, s}
	c := g.answered("101", "962341400")
	must(t, c.WaitAudio(within(t, 5*time.Second)))
	e := g.answered("102", "119")
	if end := endOf(t, c); end.Cause != call.CausePreempted {
		t.Errorf("the call ended with cause %d", end.Cause)
	}
	if d := s.once("962341400"); d.Call.Cause != call.CausePreempted {
		t.Errorf("the ledger has cause %d", d.Call.Cause)
	}
	hangup(t, e)
}

// guarded is the house under test.
type guarded struct {
	t *testing.T
	l *lab.Lab
	s *site
}

func (g *guarded) answered(from, digits string) *lab.Call {
	g.t.Helper()
	c := dial(g.t, g.l, from, digits)
	must(g.t, c.WaitAnswered(within(g.t, 20*time.Second)))
	return c
}

// turnedAway: a call is refused by a rule, which is spoken; the caller does not listen to the end.
func (g *guarded) turnedAway(from, digits, rule string) {
	g.t.Helper()
	c := dial(g.t, g.l, from, digits)
	must(g.t, c.WaitProgress(within(g.t, 10*time.Second)))
	d := g.s.decision(func(d ledger.Decision) bool { return d.Extension == from && d.Dialled == digits })
	if d.Action != call.Deny || d.Rule != rule {
		g.t.Errorf("%s to %s: %s by %s, want a refusal by %s", from, digits, d.Action, d.Rule, rule)
	}
	hangup(g.t, c)
}

func (g *guarded) trunk() call.TrunkStatus {
	g.t.Helper()
	out, errs, status := g.s.run("", "line", "list", "--json")
	var all call.LinesStatus
	if status != 0 || json.Unmarshal([]byte(out), &all) != nil || len(all.Trunks) != 1 || !all.Connected {
		g.t.Fatalf("line list: status %d\n%s%s", status, out, errs)
	}
	return all.Trunks[0]
}

// inUse waits until the trunk has so many channels in use.
func (g *guarded) inUse(want int) {
	g.t.Helper()
	eventually(g.t, fmt.Sprintf("%d channels are in use", want), func() bool { return g.trunk().InUse == want })
}

// lines: who may call whom.
func (g *guarded) lines() {
	g.t.Helper()
	g.turnedAway("108", "962340001", "line_guard")
	g.turnedAway("102", "109", "line_guard")
	g.turnedAway("101", "108", "line_guard")
	hangup(g.t, g.answered("108", "962340000"))
}

// offHook: the duty room's line is busy for longer than a second; the reception's phone rings and tells it, once.
func (g *guarded) offHook() {
	g.t.Helper()
	c := g.answered("101", "109")
	_, err := g.l.Phone("109").WaitCall(within(g.t, 5*time.Second))
	must(g.t, err)
	ring, err := g.l.Phone("130").WaitCall(within(g.t, 10*time.Second))
	must(g.t, err)
	must(g.t, ring.WaitAnswered(within(g.t, 5*time.Second)))
	must(g.t, g.l.WaitLog(within(g.t, 10*time.Second), "Playing 'dialwarden/line_busy.gsm'"))
	hangup(g.t, ring)
	hangup(g.t, c)
	if n := g.s.log.count(`"kind":"line"`); n != 1 {
		g.t.Errorf("%d alerts about the line", n)
	}
}

// fill takes all channels that ordinary calls may take; one more is refused.
func (g *guarded) fill() []*lab.Call {
	g.t.Helper()
	var calls []*lab.Call
	for n := range 6 {
		calls = append(calls, g.answered(fmt.Sprint(101+n), fmt.Sprint("96234100", n)))
	}
	refused(g.t, dial(g.t, g.l, "130", "962341009"), call.CauseNoChannel)
	if got := g.trunk(); got.InUse != 6 || got.Reserved != 1 || got.Free != 0 {
		g.t.Errorf("the trunk: %+v", got)
	}
	return calls
}

// fiveEmergencies at one moment find no channel: five calls hear a word and end with cause 8, and one goes on, the
// director's.
func (g *guarded) fiveEmergencies(calls []*lab.Call) []*lab.Call {
	g.t.Helper()
	var emergencies []*lab.Call
	for n := range 5 {
		emergencies = append(emergencies, dial(g.t, g.l, fmt.Sprint(102+n), "119"))
	}
	for _, c := range emergencies {
		must(g.t, c.WaitAnswered(within(g.t, 15*time.Second)))
	}
	for _, c := range calls[1:] {
		if end := endOf(g.t, c); end.Cause != call.CausePreempted {
			g.t.Errorf("the call to %s ended with cause %d", c.Number, end.Cause)
		}
	}
	if n := strings.Count(g.l.AsteriskLog(), "Playing 'dialwarden/preempted.gsm'"); n != 10 {
		g.t.Errorf("the word was spoken %d times, want it on both sides of five calls", n)
	}
	for n := 1; n < 6; n++ {
		dialled := fmt.Sprint("96234100", n)
		ended := g.s.decision(func(d ledger.Decision) bool { return d.Dialled == dialled && !d.Call.EndedAt.IsZero() })
		if ended.Call.Cause != call.CausePreempted {
			g.t.Errorf("the ledger has cause %d for %s", ended.Call.Cause, dialled)
		}
	}
	eventually(g.t, "five alerts are raised", func() bool { return g.s.log.count(`"kind":"preemption"`) == 5 })
	if g.l.Carrier.Carried() != 6 {
		g.t.Errorf("the carrier carries %d calls", g.l.Carrier.Carried())
	}
	return emergencies
}

// restart: the daemon is killed and started; the channels that exist are counted, and those that end are free again.
func (g *guarded) restart(d *daemon, emergencies []*lab.Call) *daemon {
	g.t.Helper()
	d.kill()
	d = g.s.serve()
	g.inUse(6)
	g.turnedAway("130", "962341010", "reserve")
	for _, c := range emergencies {
		hangup(g.t, c)
	}
	g.inUse(1)
	return d
}

// alarm: the alarm phone's own call finds no channel, and another call gives way. The calls were let out by this daemon but
// for one.
func (g *guarded) alarm() {
	g.t.Helper()
	var calls []*lab.Call
	for n := range 5 {
		calls = append(calls, g.answered("102", fmt.Sprint("96234110", n)))
	}
	c := g.answered("108", "962340000")
	if end := endOf(g.t, calls[4]); end.Cause != call.CausePreempted {
		g.t.Errorf("the newest call ended with cause %d", end.Cause)
	}
	g.inUse(6)
	for _, c := range append(calls[:4], c) {
		hangup(g.t, c)
	}
	g.inUse(1)
}

// booking: five channels are booked for the meeting room.
func (g *guarded) booking() {
	g.t.Helper()
	now := time.Now().UTC()
	g.s.write("policy/data/bookings.yaml", fmt.Sprintf(
		"bookings: [{title: Board, start: %q, end: %q, channels: 5, extensions: [\"107\"]}]\n",
		now.Add(-time.Hour).Format("2006-01-02 15:04"), now.Add(time.Hour).Format("2006-01-02 15:04")))
	eventually(g.t, "the booking is in force", func() bool { return g.s.log.count("policy in force") == 2 })
	g.turnedAway("102", "962341200", "reserve")
	c := g.answered("107", "962341201")
	if got := g.trunk(); got.InUse != 2 || got.Reserved != 5 || got.Free != 0 {
		g.t.Errorf("the trunk: %+v", got)
	}
	hangup(g.t, c)
	g.inUse(1)
}

// daemonDead: with the daemon dead an emergency that finds no channel tries again until one becomes free by itself.
func (g *guarded) daemonDead(d *daemon) {
	g.t.Helper()
	var calls []*lab.Call
	for n := range 5 {
		calls = append(calls, g.answered("107", fmt.Sprint("96234130", n)))
	}
	d.kill()
	c := dial(g.t, g.l, "103", "119")
	must(g.t, c.WaitProgress(within(g.t, 5*time.Second))) // it rings between two tries
	hangup(g.t, calls[0])
	must(g.t, c.WaitAnswered(within(g.t, 10*time.Second)))
	g.daemonBack(calls[1:])
	for _, c := range append(calls[1:4:4], c) {
		hangup(g.t, c)
	}
}

// daemonBack: a daemon that starts while an emergency waits between two tries records it, and has another call give way.
func (g *guarded) daemonBack(calls []*lab.Call) {
	g.t.Helper()
	c := dial(g.t, g.l, "104", "120")
	must(g.t, c.WaitProgress(within(g.t, 5*time.Second)))
	g.s.serve()
	g.s.decision(func(d ledger.Decision) bool { return d.Dialled == "120" && d.Rule == call.RuleEmergency })
	must(g.t, c.WaitAnswered(within(g.t, 20*time.Second)))
	if end := endOf(g.t, calls[3]); end.Cause != call.CausePreempted {
		g.t.Errorf("the newest call ended with cause %d", end.Cause)
	}
	hangup(g.t, c)
}
