package dialpaths

import (
	stdcontext "context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Beside is what dials, too, and stands in no dialplan.
type Beside struct {
	// Queues are the members of each queue, as they are dialled: PJSIP/101, Local/5@out.
	Queues map[string][]string
	// FollowMe are the profiles that the dialplan names.
	FollowMe map[string]Profile
	// Features are the applications that keys run within a call.
	Features []Feature
	// Waiting is where those may dial themselves to who wait in a queue, and what runs for the member who answers.
	Waiting map[string]Waiting
	// Menus are the places in the dialplan that the keys of each menu of confbridge.conf run.
	Menus map[string][]Target
	// VoiceMail is what voicemail.conf says of all boxes.
	VoiceMail VoiceMail
}

// Profile is one of followme.conf: the numbers, which are dialled in a context.
type Profile struct {
	Context string
	Numbers []string
}

// Feature is one of the applicationmap of features.conf.
type Feature struct{ Name, App, Data string }

var (
	queueLine   = regexp.MustCompile(`^(\S.*?) +has \d+ calls? \(max `)
	memberLine  = regexp.MustCompile(`^ {6}(\S.*)$`)
	memberPlace = regexp.MustCompile(`\(([A-Za-z0-9_]+/[^ )]+)`)
	memberAlone = regexp.MustCompile(`^[A-Za-z0-9_]+/\S+`)
	resultLine  = regexp.MustCompile(`(?m)^Result: (.*)$`)
	plainName   = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
)

// Queues reads the output of `queue show`, which may stand in a text with other things. A member who has a name is listed as
// Alice (PJSIP/101 from hint:101@phones), another one as PJSIP/101.
func Queues(text string) map[string][]string {
	found := map[string][]string{}
	queue, members := "", false
	for _, line := range lines(text) {
		if m := queueLine.FindStringSubmatch(line); m != nil {
			queue, members = m[1], false
			found[queue] = nil
			continue
		}
		switch strings.TrimSpace(line) {
		case "Members:":
			members = queue != ""
			continue
		case "", "Callers:", "No Callers", "No Members":
			members = false
			continue
		}
		m := memberLine.FindStringSubmatch(line)
		if !members || m == nil {
			continue
		}
		who, _, _ := strings.Cut(m[1], " (ringinuse ")
		if named := memberPlace.FindAllStringSubmatch(who, -1); len(named) > 0 {
			found[queue] = append(found[queue], named[len(named)-1][1]) // a name may look like one, too
		} else if place := memberAlone.FindString(who); place != "" {
			found[queue] = append(found[queue], place)
		}
	}
	return found
}

// featureNames reads the output of `features show`: the names behind "Dynamic Feature".
func featureNames(text string) (names []string) {
	dynamic := false
	for _, line := range lines(text) {
		switch {
		case strings.HasPrefix(line, "Dynamic Feature"):
			dynamic = true
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "Feature Groups"):
			dynamic = false
		case dynamic && strings.Contains(line, " no def "):
			name, _, _ := strings.Cut(line, " no def ")
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}

// readBeside asks Asterisk for what is in no dialplan. Where a module is not loaded there is nothing of it.
func readBeside(ctx stdcontext.Context, ask Ask, d *Dialplan) (b Beside, err error) {
	text, err := ask(ctx, "queue show")
	if err != nil {
		return b, err
	}
	b.Queues = Queues(text)
	if text, err = ask(ctx, "features show"); err != nil {
		return b, err
	}
	for _, name := range featureNames(text) {
		value, err := config(ctx, ask, "features.conf", "applicationmap", name)
		if err != nil {
			return b, err
		}
		b.Features = append(b.Features, featureOf(name, value))
	}
	b.FollowMe = map[string]Profile{}
	for _, name := range d.profiles() {
		p, err := readProfile(ctx, ask, name)
		if err != nil {
			return b, err
		}
		if len(p.Numbers) > 0 {
			b.FollowMe[name] = p
		}
	}
	err = b.readExits(ctx, ask)
	return b, err
}

// mostNumbers bounds how many numbers of a profile are asked for.
const mostNumbers = 100

func readProfile(ctx stdcontext.Context, ask Ask, name string) (p Profile, err error) {
	if p.Context, err = config(ctx, ask, "followme.conf", name, "context"); err != nil {
		return p, err
	}
	for i := range mostNumbers {
		value, err := config(ctx, ask, "followme.conf", name, fmt.Sprintf("number,%d", i))
		if err != nil || value == "" {
			return p, err
		}
		numbers, _, _ := strings.Cut(value, ",") // then how long, and in which order
		p.Numbers = append(p.Numbers, strings.Split(numbers, "&")...)
	}
	return p, nil
}

// config asks Asterisk for a value of a configuration file; empty where there is none.
func config(ctx stdcontext.Context, ask Ask, file, section, variable string) (string, error) {
	text, err := ask(ctx, fmt.Sprintf("dialplan eval function AST_CONFIG(%s,%s,%s)", file, section, variable))
	if err != nil {
		return "", err
	}
	if m := resultLine.FindStringSubmatch(strings.Join(lines(text), "\n")); m != nil {
		return strings.TrimSpace(m[1]), nil
	}
	return "", nil
}

// featureOf reads *7,self,Dial(PJSIP/5@carrier) and *7,self/caller,Dial,"PJSIP/5@carrier,20": keys, who presses them, and what
// runs; music on hold may follow.
func featureOf(name, value string) Feature {
	parts := strings.SplitN(value, ",", 3)
	f := Feature{Name: name}
	if len(parts) < 3 {
		return f
	}
	does := strings.TrimSpace(parts[2])
	i := strings.IndexAny(does, "(,")
	if i < 0 {
		f.App = does
		return f
	}
	f.App, f.Data = does[:i], does[i+1:]
	if does[i] == '(' {
		if end := matching(does, i); end > 0 {
			f.Data = does[i+1 : end]
		}
	} else if quoted, ok := strings.CutPrefix(f.Data, `"`); ok {
		f.Data, _, _ = strings.Cut(quoted, `"`)
	} else {
		f.Data, _, _ = strings.Cut(f.Data, ",")
	}
	return f
}

// profiles are the follow-me profiles that the dialplan names.
func (d *Dialplan) profiles() []string {
	names := map[string]bool{}
	for _, c := range d.contexts {
		for _, e := range c.extensions {
			for _, p := range e.priorities {
				for _, data := range followed(p) {
					if name := arg(split(data, ','), 0); plainName.MatchString(name) {
						names[name] = true
					}
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// followed are the arguments of the FollowMe of a priority, also of one within ExecIf and its like.
func followed(p priority) (all []string) {
	if strings.EqualFold(p.app, "followme") {
		return []string{p.data}
	}
	text := p.data
	for {
		i := strings.Index(strings.ToLower(text), "followme(")
		if i < 0 {
			return all
		}
		text = text[i+len("followme"):]
		if end := matching(text, 0); end > 0 {
			all = append(all, text[1:end])
		}
	}
}

// keysContext is the context that stands for the keys of features.conf.
const keysContext = "features.conf"

// withKeys is a dialplan in which each key feature is an extension of its own.
func (d *Dialplan) withKeys(features []Feature) *Dialplan {
	if len(features) == 0 {
		return d
	}
	c := &context{name: keysContext, registrar: "features"}
	for _, f := range features {
		if f.App == "" {
			continue
		}
		c.extensions = append(c.extensions, &extension{
			context: keysContext, name: f.Name, glob: literal(f.Name),
			priorities: []priority{{number: 1, app: f.App, data: f.Data, place: "features.conf"}},
		})
	}
	all := maps.Clone(d.contexts)
	all[keysContext] = c
	return &Dialplan{contexts: all, Unread: d.Unread}
}

// queue is Queue(name,options,URL,announcement,timeout,AGI,gosub,…); up to Asterisk 20 a macro stands before gosub.
func (r *run) queue(_ string, args []string) {
	r.goOn(arg(args, 1))
	r.routines(arg(args, 1), "bB")
	for _, name := range []string{arg(args, 6), arg(args, 7)} {
		if name != "" {
			r.to(name, "s", "1")
			r.to("macro-"+name, "s", "1")
		}
	}
	for _, value := range r.scope.expand(arg(args, 0)) {
		name, ok := value.literal()
		members, known := r.walk.site.Queues[name]
		if !ok || !known {
			r.unknown("the members of the queue " + arg(args, 0) + " are in queues.conf: they must be phones")
			continue
		}
		for _, m := range members {
			r.member(m)
		}
		r.waiting(r.walk.site.Waiting[name])
	}
	if _, has, sure := option(arg(args, 1), 'i'); !has && sure {
		r.walk.report(r.place, Warning, "", "has no option i: a member that answers with a redirection to PJSIP/NUMBER@trunk gets there by itself",
			"Put i into its options")
	}
}

// member looks at a member of a queue.
func (r *run) member(channel string) {
	r.through = "its member " + channel + " "
	defer func() { r.through = "" }()
	r.targets(channel, "i")
}

// addMember is AddQueueMember(queue,interface,…); without an interface it is the caller's own phone.
func (r *run) addMember(_ string, args []string) {
	if arg(args, 1) != "" {
		r.targets(arg(args, 1), "i")
	}
}

// followMe is FollowMe(profile,options): each number is dialled in the profile's context.
func (r *run) followMe(_ string, args []string) {
	r.routines(arg(args, 1), "bB")
	for _, value := range r.scope.expand(arg(args, 0)) {
		name, ok := value.literal()
		profile, known := r.walk.site.FollowMe[name]
		if !ok || !known {
			r.unknown("the numbers of followme.conf are dialled in the contexts that stand there")
			continue
		}
		for _, number := range profile.Numbers {
			r.local(literal(strings.TrimSpace(number)+"@"+firstOf(profile.Context, "default")), number)
		}
	}
}
