package dialpaths

import (
	stdcontext "context"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Waiting is what queues.conf says of a queue: the context of the keys that a caller may press, and the subroutine that runs
// on the channel of the member who answers.
type Waiting struct{ Context, MemberGosub string }

// Target is a place in the dialplan that something else leads to.
type Target struct{ Context, Exten, Priority string }

// VoiceMail are the contexts of [general] in voicemail.conf in which a caller may dial on.
type VoiceMail struct{ Dialout, Callback, Exit string }

var (
	menuName   = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	menuTarget = regexp.MustCompile(`dialplan_exec\(([^,()]+),([^,()]+),(\d+)\)`)
)

// readExits asks where those may go on who wait in a queue, are in a conference, or hear a mailbox.
func (b *Beside) readExits(ctx stdcontext.Context, ask Ask) (err error) {
	b.Waiting = map[string]Waiting{}
	for name := range b.Queues {
		var w Waiting
		if w.Context, err = config(ctx, ask, "queues.conf", name, "context"); err != nil {
			return err
		}
		if w.MemberGosub, err = config(ctx, ask, "queues.conf", name, "membergosub"); err != nil {
			return err
		}
		b.Waiting[name] = w
	}
	for variable, to := range map[string]*string{
		"dialout": &b.VoiceMail.Dialout, "callback": &b.VoiceMail.Callback, "exitcontext": &b.VoiceMail.Exit,
	} {
		if *to, err = config(ctx, ask, "voicemail.conf", "general", variable); err != nil {
			return err
		}
	}
	return b.readMenus(ctx, ask)
}

func (b *Beside) readMenus(ctx stdcontext.Context, ask Ask) error {
	text, err := ask(ctx, "confbridge show menus")
	if err != nil {
		return err
	}
	b.Menus = map[string][]Target{}
	for _, line := range lines(text) {
		name := strings.TrimSpace(line)
		if !menuName.MatchString(name) || strings.HasPrefix(name, "--") {
			continue
		}
		if text, err = ask(ctx, "confbridge show menu "+name); err != nil {
			return err
		}
		for _, m := range menuTarget.FindAllStringSubmatch(text, -1) {
			b.Menus[name] = append(b.Menus[name], Target{Context: m[1], Exten: m[2], Priority: m[3]})
		}
	}
	return nil
}

// waiting looks at what a queue does besides ringing its members.
func (r *run) waiting(w Waiting) {
	if w.Context != "" {
		r.anywhere(w.Context)
	}
	if w.MemberGosub != "" {
		args := split(w.MemberGosub, ',')
		r.to(arg(args, 0), firstOf(arg(args, 1), "s"), firstOf(arg(args, 2), "1"))
	}
}

// confBridge is ConfBridge(conference,bridge,user,menu): a menu that is in a variable may be any.
func (r *run) confBridge(_ string, args []string) {
	if arg(args, 3) == "" {
		return
	}
	for _, value := range r.scope.expand(arg(args, 3)) {
		name, known := value.literal()
		for _, menu := range slices.Sorted(maps.Keys(r.walk.site.Menus)) {
			if known && menu != name {
				continue
			}
			for _, to := range r.walk.site.Menus[menu] {
				r.to(to.Context, to.Exten, to.Priority)
			}
		}
	}
}

// voiceMail is VoiceMail(boxes,options): with d(context) the caller may dial on, and 0 and * lead to o and a.
func (r *run) voiceMail(_ string, args []string) {
	if value, has, _ := option(arg(args, 1), 'd'); has {
		r.anywhere(firstOf(value, r.place.in))
	}
	for _, exten := range []string{"o", "a"} {
		r.to(firstOf(r.walk.site.VoiceMail.Exit, r.place.in), exten, "1")
	}
}

// voiceMailMain is VoiceMailMain(box,options): whoever hears the box may call out, and call back.
func (r *run) voiceMailMain(string, []string) {
	for _, context := range []string{r.walk.site.VoiceMail.Dialout, r.walk.site.VoiceMail.Callback} {
		if context != "" {
			r.anywhere(context)
		}
	}
	r.to(firstOf(r.walk.site.VoiceMail.Exit, r.place.in), "a", "1")
}

// spy is ChanSpy(channels,options): with X the listener may leave to an extension of one digit.
func (r *run) spy(_ string, args []string) {
	if _, has, _ := option(arg(args, 1), 'X'); has {
		r.anywhere(r.place.in)
	}
}
