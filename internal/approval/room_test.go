package approval

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/dialwarden/dialwarden/internal/call"
)

// exchange is a telephone exchange whose phones do as the test says; it writes down what is done to them.
type exchange struct {
	mu    sync.Mutex
	fault error // of the next Ring
	rung  map[string]*handset
	done  []string
}

// handset is a phone; it satisfies Phone.
type handset struct {
	exchange *exchange
	call.Ringing
}

func (x *exchange) Ring(_ context.Context, r call.Ringing) (Phone, error) {
	x.note("ring " + r.Extension)
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.fault != nil {
		return nil, x.fault
	}
	h := &handset{x, r}
	x.rung[r.Extension] = h
	return h, nil
}

func (x *exchange) note(what string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.done = append(x.done, what)
}

// tell lets something happen on the phone that was rung last there.
func (x *exchange) tell(extension string, events ...call.Event) {
	synctest.Wait()
	x.mu.Lock()
	h := x.rung[extension]
	x.mu.Unlock()
	for _, e := range events {
		h.Tell(e)
	}
	synctest.Wait()
}

// all returns what was done since the last time.
func (x *exchange) all() string {
	synctest.Wait()
	x.mu.Lock()
	defer x.mu.Unlock()
	out := strings.Join(x.done, "|")
	x.done = nil
	return out
}

func (h *handset) Play(_ context.Context, sounds []string, seq int) error {
	h.exchange.note("play " + strings.ReplaceAll(strings.Join(sounds, " "), "dialwarden/", "") + " on " + h.Extension)
	h.Tell(call.PromptEnded{Seq: seq})
	return nil
}
func (h *handset) Silence(context.Context, int) error { return nil }
func (h *handset) HangUp(context.Context, int) error {
	h.exchange.note("hang up " + h.Extension)
	return nil
}

// answers keeps what a caller was told.
type answers struct {
	mu  sync.Mutex
	got []call.ApprovalAnswer
}

func (a *answers) take(got call.ApprovalAnswer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.got = append(a.got, got)
}

func (a *answers) String() string {
	synctest.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []string
	for _, g := range a.got {
		out = append(out, string(g.Outcome)+" "+g.Name()+" "+g.Via)
	}
	return strings.Join(out, "|")
}

func newRoom() (*Room, *exchange) {
	x := &exchange{rung: map[string]*handset{}}
	return New(Config{
		Phones: x, Holder: holder, Dialogue: DefaultDialogue(), Log: zerolog.Nop(),
		Verify: func(_ context.Context, extension string, digits call.Secret) (call.Credential, error) {
			return call.Credential{Valid: extension == "104" && digits.Reveal() == "2468", ID: 7, Holder: "Zhang Min", Level: 2}, nil
		},
	}), x
}

func wish(approvers ...string) call.ApprovalRequest {
	r := request(approvers)
	r.Number = call.Number{Digits: "0021", E164: "+8621", Class: call.National}
	return r
}

func press(keys string) (out []call.Event) {
	for _, k := range []byte(keys) {
		out = append(out, call.Digit{Key: k})
	}
	return out
}

func TestHandset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room, x := newRoom()
		var got answers
		cancel := room.Seek(wish("105", "104", "pin=2"), got.take)
		x.tell("105", call.PhoneEnded{Cause: 17})
		x.tell("105", call.Answered{}) // too late: that phone has ended
		if done := x.all(); done != "ring 105|ring 104" {
			t.Errorf("done: %s", done)
		}
		x.tell("104", append([]call.Event{call.Answered{}}, press("12468#")...)...)
		if got := got.String(); got != "approved 104 Zhang Min handset" {
			t.Errorf("answered %s", got)
		}
		want := "play approver_hello 1 0 1 approver_wants 0 0 2 1 class_national approver_keys on 104|" +
			"play approver_pin on 104|play approver_allowed on 104|hang up 104"
		if done := x.all(); done != want {
			t.Errorf("done: %s\nwant: %s", done, want)
		}
		cancel()
		cancel()
		if err := room.Stop(t.Context()); err != nil || got.String() != "approved 104 Zhang Min handset" {
			t.Errorf("afterwards: %v, answered %s", err, got.String())
		}
	})
}

// TestEngaged: two callers want the same approver. His phone is not rung about the second while he hears of the first; the
// second goes on to the others, and comes back.
func TestEngaged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room, x := newRoom()
		var first, second answers
		room.Seek(wish("104"), first.take)
		x.tell("104", call.Answered{})
		room.Seek(wish("104", "105"), second.take)
		x.tell("105", call.PhoneEnded{Cause: 17})
		x.all()
		time.Sleep(5 * time.Second)
		if done := x.all(); done != "" {
			t.Errorf("done while he is engaged: %s", done)
		}
		x.tell("104", press("2")...)
		if done := x.all(); done != "play approver_refused on 104|hang up 104|ring 104" || first.String() != "refused 104 Zhang Min handset" {
			t.Errorf("done: %s, answered %s", done, first.String())
		}
		x.tell("104", append([]call.Event{call.Answered{}}, press("1")...)...)
		if got := second.String(); got != "approved 104 Zhang Min handset" {
			t.Errorf("answered %s", got)
		}
	})
}

func TestGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room, x := newRoom()
		var got answers
		rings, listens := room.Seek(wish("105"), got.take), room.Seek(wish("104"), got.take)
		x.tell("104", call.Answered{})
		id := room.Pending()[0].ID
		x.all()
		rings()
		listens()
		done := x.all()
		_, after, said := strings.Cut(done, "play approver_gone on 104|")
		if !strings.Contains(done, "hang up 105") || !said || !strings.Contains(after, "hang up 104") {
			t.Errorf("done: %s", done)
		}
		if err := room.Answer(id, call.ApprovalReply{Who: "Chen"}); !errors.Is(err, call.ErrApprovalOver) || got.String() != "" {
			t.Errorf("got %v, answered %s", err, got.String())
		}
	})
}

// TestAnsweredElsewhere: the first answer counts, and those who come later are told whose it was.
func TestAnsweredElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room, x := newRoom()
		var got answers
		room.Seek(wish("104", "105"), got.take)
		synctest.Wait()
		pending := room.Pending()
		if len(pending) != 1 || pending[0].Asking != "104" || pending[0].Number != "+8621" || pending[0].Holder != "Li Wei" {
			t.Fatalf("pending are %+v", pending)
		}
		id := pending[0].ID
		for who, want := range map[string]error{
			"": call.ErrApprovalReply, "a\x1b[2J": call.ErrApprovalReply, strings.Repeat("x", 101): call.ErrApprovalReply,
			"li wei": call.ErrOwnApproval, " Li  Wei ": call.ErrOwnApproval, "101": call.ErrOwnApproval, "101 Li Wei": call.ErrOwnApproval,
		} {
			if err := room.Answer(id, call.ApprovalReply{Allow: true, Who: who}); !errors.Is(err, want) {
				t.Errorf("%q: got %v, want %v", who, err, want)
			}
		}
		if err := room.Answer("none", call.ApprovalReply{Who: "Chen"}); !errors.Is(err, call.ErrNoApproval) {
			t.Errorf("got %v", err)
		}
		var wins, late int
		var mu sync.Mutex
		var all sync.WaitGroup
		for n := range 20 {
			all.Go(func() {
				err := room.Answer(id, call.ApprovalReply{Allow: n%2 == 0, Who: fmt.Sprint("Chen ", n), Via: call.ViaAPI})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					wins++
				} else if errors.Is(err, call.ErrApprovalAnswered) {
					late++
				}
			})
		}
		x.tell("104", append([]call.Event{call.Answered{}}, press("1")...)...)
		all.Wait()
		if said := got.String(); wins > 1 || wins+late != 20 || strings.Count(said, "|") != 0 || said == "" || len(room.Pending()) != 0 {
			t.Errorf("%d won, %d were told; answered %s", wins, late, said)
		}
		if done := x.all(); !strings.Contains(done, "hang up 104") || strings.Contains(done, "ring 105") {
			t.Errorf("done: %s", done)
		}
	})
}

// TestOvertaken: while the approver's PIN is looked up, somebody else answers, or the caller hangs up. That counts, and the
// approver is told so.
func TestOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room, x := newRoom()
		verify, meanwhile := room.Verify, func() {}
		room.Verify = func(ctx context.Context, extension string, digits call.Secret) (call.Credential, error) {
			meanwhile()
			return verify(ctx, extension, digits)
		}
		var got answers
		for _, test := range []struct{ how, said, farewell string }{
			{"refuses", "refused Chen api", "approver_refused"}, {"gives up", "", "approver_gone"},
		} {
			got.got = nil
			cancel := room.Seek(wish("104", "pin=2"), got.take)
			synctest.Wait()
			id := room.Pending()[0].ID
			meanwhile = cancel
			if test.how == "refuses" {
				meanwhile = func() {
					if err := room.Answer(id, call.ApprovalReply{Who: "Chen", Via: call.ViaAPI}); err != nil {
						t.Error(err)
					}
				}
			}
			x.tell("104", append([]call.Event{call.Answered{}}, press("12468#")...)...)
			if done := x.all(); got.String() != test.said || !strings.HasSuffix(done, "|play "+test.farewell+" on 104|hang up 104") {
				t.Errorf("%s: answered %q; done: %s", test.how, got.String(), done)
			}
		}
	})
}

func TestAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room, x := newRoom()
		var got answers
		x.fault = errors.New("asterisk cannot ring it")
		room.Seek(wish("104", "105"), got.take)
		synctest.Wait()
		x.fault = fmt.Errorf("%w: no route", ErrAway)
		room.Seek(wish("104", "105"), got.take)
		if got, done := got.String(), x.all(); got != "nobody  |unavailable  " || done != "ring 104|ring 105|ring 104" {
			t.Errorf("answered %s; done: %s", got, done)
		}
	})
}

// TestStop ends what is under way, also a last word, and takes no more.
func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room, x := newRoom()
		var got answers
		room.Seek(wish("104"), got.take)
		room.Seek(wish("104"), got.take)
		synctest.Wait()
		if err := room.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		room.Seek(wish("105"), got.take)
		if got, done := got.String(), x.all(); got != "unavailable  |unavailable  |unavailable  " || done != "ring 104|hang up 104" {
			t.Errorf("answered %s; done: %s", got, done)
		}
	})
}

// TestNothingIsLeft throws callers, approvers and hang-ups at a room at the same time: everybody is answered once or has
// given up, and no phone is left engaged.
func TestNothingIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room, x := newRoom()
		var all []*answers
		for n := range 40 {
			got := &answers{}
			all = append(all, got)
			cancel := room.Seek(wish("104", "105"), got.take)
			if n%5 == 0 {
				time.Sleep(time.Second)
				cancel()
				cancel()
				if got.String() == "" {
					got.take(call.ApprovalAnswer{Outcome: "given up"})
				}
			}
		}
		for range 300 {
			x.tell("104", append([]call.Event{call.Answered{}}, press("1")...)...)
			x.tell("105", call.Answered{}, call.PhoneEnded{})
			time.Sleep(time.Second)
		}
		for n, got := range all {
			if said := got.String(); said == "" || strings.Contains(said, "|") {
				t.Errorf("caller %d was told %q", n, said)
			}
		}
		if err := room.Stop(t.Context()); err != nil || len(room.engaged)+len(room.live)+len(room.searches) != 0 {
			t.Errorf("left: %v, %v", err, room.engaged)
		}
	})
}
