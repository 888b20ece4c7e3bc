package doctor

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/dialwarden/dialwarden/dialplan"
	"github.com/dialwarden/dialwarden/internal/ari"
)

// reload is the last step of every remedy in extensions.conf.
const reload = "asterisk -rx 'dialplan reload'"

// dialplan looks whether our contexts are loaded, and in which version.
func (v *visit) dialplan(ctx context.Context) []Finding {
	if !v.up {
		return nil
	}
	install := []string{
		"Copy dialplan/extensions_dialwarden.conf (dialwarden init writes it) to Asterisk's directory, /etc/asterisk",
		"extensions.conf, at the end: #include extensions_dialwarden.conf", reload,
	}
	version, noted, err := v.asterisk.Dialplan(ctx)
	switch {
	case errors.Is(err, ari.ErrForbidden):
		return only(Wrong, fmt.Sprintf("The user %q may only look: calls would be sent to the daemon, and it could do nothing with them.", v.Config.Asterisk.Username),
			"ari_dialwarden.conf: read_only = no", "asterisk -rx 'module reload res_ari.so'")
	case err != nil:
		return unasked("whether our dialplan is loaded", err)
	case version == dialplan.Version && !noted:
		return only(Wrong, "Our dialplan is loaded, but Asterisk does not tell what it notes on channels: a daemon that was away would not know which channel belongs to which call.",
			"ari.conf, [general]: channelvars = DIALWARDEN_DECISION,DIALWARDEN_ANSWERED (ari_dialwarden.conf has it; another such line behind it takes its place)",
			"asterisk -rx 'module reload res_ari.so'")
	case version == dialplan.Version:
		return fine("Our dialplan is loaded, version %d.", version)
	case version == 0 && v.lacking:
		return only(Unknown, "Our dialplan does not answer; it cannot, without the modules named above.", "Load them, then run doctor again")
	case version == 0:
		return only(Wrong, "Our dialplan is not loaded, or an early version of it: there is no [dialwarden-doctor] that answers.", install...)
	}
	return only(Wrong, fmt.Sprintf("Asterisk has loaded version %d of our dialplan, and this program needs version %d.", version, dialplan.Version), install...)
}

// global asks for a variable of [globals].
func (v *visit) global(ctx context.Context, name string) (value string, failed []Finding) {
	value, err := v.asterisk.Global(ctx, name)
	if err != nil {
		return "", unasked(name, err)
	}
	return value, nil
}

// setGlobal says how to set a variable.
func setGlobal(name, value string) []string {
	return []string{fmt.Sprintf("extensions.conf, in [globals]: %s=%s", name, value), reload}
}

// endpointOf finds the endpoint in PJSIP/NUMBER@trunk.
var endpointOf = regexp.MustCompile(`^PJSIP/[^@/&]*@([^@/&,]+)$`)

// trunk looks at how a trunk is dialled, and whether there is one.
func (v *visit) trunk(ctx context.Context) []Finding {
	if !v.up {
		return nil
	}
	const name, example = "DIALWARDEN_TRUNK", "PJSIP/NUMBER@trunk"
	value, failed := v.global(ctx, name)
	switch {
	case failed != nil:
		return failed
	case value == "":
		return only(Wrong, name+" is not set: no call can go out, not even an emergency call.", setGlobal(name, example+"   (with the name of your trunk)")...)
	case !strings.Contains(value, "NUMBER"):
		return only(Wrong, fmt.Sprintf("%s=%s has no NUMBER in it: every call would dial the same.", name, value), setGlobal(name, example)...)
	case strings.Contains(value, "$"):
		return only(Wrong, fmt.Sprintf("%s=%s holds a variable, which is not filled in there.", name, value), setGlobal(name, example)...)
	}
	m := endpointOf.FindStringSubmatch(value)
	if m == nil {
		return fine("%s=%s", name, value)
	}
	endpoints, err := v.known(ctx)
	if err != nil {
		return unasked("its endpoints", err)
	}
	i := slices.IndexFunc(endpoints, func(e ari.Endpoint) bool { return e.Technology == "PJSIP" && e.Resource == m[1] })
	switch {
	case i < 0:
		return only(Wrong, fmt.Sprintf("%s=%s, and there is no PJSIP endpoint %q: no call can go out.", name, value, m[1]),
			append([]string{"asterisk -rx 'pjsip show endpoints'   # how is it called?"}, setGlobal(name, example)...)...)
	case endpoints[i].State == "offline":
		return only(Warning, fmt.Sprintf("%s=%s, and Asterisk takes the endpoint %q to be offline.", name, value, m[1]), "asterisk -rx 'pjsip show endpoint "+m[1]+"'")
	}
	return fine("%s=%s, and there is such an endpoint.", name, value)
}

// ordinary are numbers that must never pass for an emergency.
var ordinary = []string{"0", "1", "13800138000", "02112345678", "0014155550123", "16812345678", "96222222222"}

// emergency compares the dialplan's emergency numbers with those of the number plan.
func (v *visit) emergency(ctx context.Context) []Finding {
	if !v.up || v.Policy.Emergency == nil {
		return nil
	}
	const name = "DIALWARDEN_EMERGENCY"
	value, failed := v.global(ctx, name)
	if failed != nil {
		return failed
	}
	remedy := setGlobal(name, strings.Join(v.Policy.Emergency, "|"))
	if value == "" {
		return only(Wrong, name+" is not set: with the daemon away, only the best-known emergency numbers go out.", remedy...)
	}
	line, failed := v.global(ctx, "DIALWARDEN_OUTSIDE_LINE")
	if failed != nil {
		return failed
	}
	pattern, err := regexp.CompilePOSIX("^(" + line + ")?(" + value + ")$") // as the dialplan does it
	if err != nil {
		return only(Wrong, fmt.Sprintf("%s=%s, with DIALWARDEN_OUTSIDE_LINE=%s, is no regular expression: no emergency call is recognised.", name, value, line), remedy...)
	}
	for _, n := range ordinary {
		if pattern.MatchString(n) {
			return only(Wrong, fmt.Sprintf("%s=%s takes %s for an emergency number: calls go out that nobody has decided.", name, value, n), remedy...)
		}
	}
	missed := slices.DeleteFunc(slices.Clone(v.Policy.Emergency), pattern.MatchString)
	if len(missed) > 0 {
		return only(Wrong, fmt.Sprintf("%s=%s lacks %s, which the number plan %q calls an emergency number: with the daemon away it does not go out.",
			name, value, strings.Join(missed, ", "), v.Config.Numbering.Plan), remedy...)
	}
	var more []string
	for n := range strings.SplitSeq(value, "|") {
		if !slices.Contains(v.Policy.Emergency, n) {
			more = append(more, n)
		}
	}
	if more != nil {
		return only(Warning, fmt.Sprintf("%s=%s has %s, which the number plan %q does not call an emergency number: it goes out undecided, and is recorded as an emergency.",
			name, value, strings.Join(more, ", "), v.Config.Numbering.Plan),
			append(remedy, fmt.Sprintf("or add it to emergency in policy/plans/%s.yaml", v.Config.Numbering.Plan))...)
	}
	return fine("%s=%s, the same as in the number plan %q.", name, value, v.Config.Numbering.Plan)
}

func (v *visit) outsideLine(ctx context.Context) []Finding {
	if !v.up {
		return nil
	}
	const name = "DIALWARDEN_OUTSIDE_LINE"
	value, failed := v.global(ctx, name)
	want := v.Config.Numbering.OutsideLine
	switch {
	case failed != nil:
		return failed
	case value == want && want == "":
		return fine("There is no outside-line digit, neither in Asterisk nor in the configuration.")
	case value == want:
		return fine("%s=%s, the same as numbering.outside_line.", name, value)
	case want == "":
		return only(Wrong, fmt.Sprintf("%s=%s, and numbering.outside_line is empty.", name, value), fmt.Sprintf("extensions.conf, in [globals]: %s=   (empty; a variable whose line is taken out stays until Asterisk restarts)", name), reload,
			fmt.Sprintf("or %s: numbering.outside_line: %q", v.Config.File, value))
	}
	return only(Wrong, fmt.Sprintf("%s=%s, and numbering.outside_line is %q: emergency calls dialled with it may not go out.", name, value, want),
		append(setGlobal(name, want), fmt.Sprintf("or %s: numbering.outside_line: %q", v.Config.File, value))...)
}

func (v *visit) internal(ctx context.Context) []Finding {
	if !v.up {
		return nil
	}
	const name, usual = "DIALWARDEN_INTERNAL", "PJSIP/NUMBER"
	value, failed := v.global(ctx, name)
	switch {
	case failed != nil:
		return failed
	case value == "":
		return fine("%s is not set: extensions are rung by %s.", name, usual)
	case !strings.Contains(value, "NUMBER"):
		return only(Wrong, fmt.Sprintf("%s=%s has no NUMBER in it: every call would ring the same.", name, value), setGlobal(name, usual)...)
	}
	return fine("%s=%s", name, value)
}
