package rules

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dialwarden/dialwarden/internal/call"
)

// notPhone tells of an extension that no phone of the house has.
const notPhone = "extension %q is not in data/directory.yaml%s"

// readHandset reads data/handset.yaml, data/approvers.yaml and data/matters.yaml. A file that is missing says what an
// empty one says: for the handset that is what is shipped; nobody approves, and no code is right.
func readHandset(files map[string]*dataFile, dir call.Directory, bad *faults) call.Handset {
	r := handsetReader{dir: dir, bad: bad}
	if f := files["directory"]; dir == nil || f != nil && f.broken {
		r.dir = nil // what is wrong with it is told already
	}
	var h call.Handset
	r.handset(files["handset"], &h)
	h.Approvers = r.approvers(files["approvers"])
	h.Matters = r.matters(files["matters"], h.Operator)
	return h
}

// handsetReader reads what data says about conversations.
type handsetReader struct {
	dir call.Directory // nil: not known
	bad *faults
}

// settings are a mapping of a data file that holds to its schema.
type settings map[string]any

// settingsOf are those of a file, with what the shipped schema has a default for. A file that is missing or broken has
// the defaults alone.
func settingsOf(f *dataFile, name string, bad *faults) settings {
	var v any
	if f != nil && !f.broken {
		v = f.value
	}
	name = "schema/" + name + ".json"
	if s := parseSchema(name, shippedSchema(name), bad); s != nil {
		v = s.Fill(v)
	}
	fields, _ := v.(map[string]any)
	return fields
}

func (s settings) under(key string) settings {
	m, _ := s[key].(map[string]any)
	return m
}

func (s settings) count(key string) int {
	n, _ := whole(s[key])
	return int(n)
}

func (s settings) minutes(key string) time.Duration { return time.Duration(s.count(key)) * time.Minute }

func (s settings) flag(key string) bool {
	v, _ := s[key].(bool)
	return v
}

func (s settings) text(key string) string {
	v, _ := s[key].(string)
	return v
}

// texts are those of a list.
func (s settings) texts(key string) []string {
	list, _ := s[key].([]any)
	var out []string
	for _, x := range list {
		if text, ok := x.(string); ok {
			out = append(out, text)
		}
	}
	return out
}

// handset reads data/handset.yaml.
func (r handsetReader) handset(f *dataFile, h *call.Handset) {
	all := settingsOf(f, "handset", r.bad)
	tries, open := all.under("wrong_tries"), all.under("open_phone")
	h.Tries = call.Tries{
		Extension: tries.count("per_phone"), Site: tries.count("all_phones"),
		Within: tries.minutes("within_minutes"), Lock: tries.minutes("lock_minutes"),
	}
	h.Grant.For = open.minutes("minutes")
	for _, c := range open.texts("classes") {
		h.Grant.Classes = append(h.Grant.Classes, call.Class(c))
	}
	h.TokenReturns = all.under("tokens").flag("unanswered_gives_back")
	h.ChangePIN, h.CloseGrant = "*57", "*58"
	_, given := all["service_codes"]
	if given {
		codes := all.under("service_codes")
		h.ChangePIN, h.CloseGrant = codes.text("change_pin"), codes.text("close_phone")
	}
	h.Operator = all.text("operator")
	r.checkCodes(f, h, given)
	if h.Operator != "" {
		r.phone(f, h.Operator, "operator")
	}
}

// checkCodes refuses a service code that could mean two things. One that nobody has given just gives way.
func (r handsetReader) checkCodes(f *dataFile, h *call.Handset, given bool) {
	if h.ChangePIN != "" && h.ChangePIN == h.CloseGrant {
		f.fault(r.bad, []string{"service_codes", "close_phone"}, "%s changes a PIN already; give the two different codes", h.CloseGrant)
	}
	taken := map[string]string{}
	for ext, e := range r.dir {
		taken[e.ShortNumber] = "the short number of extension " + ext
	}
	for ext := range r.dir {
		taken[ext] = "an extension of data/directory.yaml"
	}
	delete(taken, "")
	for key, code := range map[string]*string{"change_pin": &h.ChangePIN, "close_phone": &h.CloseGrant} {
		switch what := taken[*code]; {
		case what == "":
		case !given:
			*code = ""
		default:
			f.fault(r.bad, []string{"service_codes", key}, "%s is %s, which could not be called any more; take another code", *code, what)
		}
	}
}

// phone refuses an extension that no phone of the house has; the keys lead to it.
func (r handsetReader) phone(f *dataFile, extension string, keys ...string) {
	if _, ok := r.dir[extension]; !ok && r.dir != nil {
		f.fault(r.bad, keys, notPhone, extension, nearExtension(extension, r.dir))
	}
}

// nearExtension names the extension that is most like one.
func nearExtension(extension string, dir call.Directory) string {
	return didYouMean(extension, slices.Sorted(maps.Keys(dir)))
}

// approvers reads data/approvers.yaml.
func (r handsetReader) approvers(f *dataFile) call.Approvers {
	all := settingsOf(f, "approvers", r.bad)
	a := call.Approvers{
		Department: map[string][]string{}, Everybody: all.texts("everybody"),
		Ring: time.Duration(all.count("ring_seconds")) * time.Second, PIN: all.flag("pin"), Level: all.count("pin_level"),
	}
	r.phones(f, a.Everybody, "everybody")
	departments := all.under("department")
	for name := range departments {
		a.Department[name] = departments.texts(name)
		r.phones(f, a.Department[name], "department", name)
	}
	return a
}

// phones refuses extensions of a list that no phone of the house has; the keys lead to the list.
func (r handsetReader) phones(f *dataFile, extensions []string, keys ...string) {
	for i, extension := range extensions {
		r.phone(f, extension, append(slices.Clip(keys), strconv.Itoa(i))...)
	}
}

// matters reads data/matters.yaml. Where there is an operator, a lone 0 reaches him.
func (r handsetReader) matters(f *dataFile, operator string) call.Matters {
	all := settingsOf(f, "matters", r.bad)
	codes, free := all.under("codes"), all.under("free")
	m := call.Matters{Codes: make(map[string]string, len(codes)), FreeFrom: free.count("from"), FreeTo: free.count("to")}
	for code := range codes {
		text := codes.text(code)
		m.Codes[code] = text
		if strings.ContainsFunc(text, unicode.IsControl) {
			f.fault(r.bad, []string{"codes", code}, "what a code stands for is one line of text")
		}
		if code == "0" && operator != "" {
			f.fault(r.bad, []string{"codes", code}, "a lone 0 reaches the operator (data/handset.yaml), so nobody could enter this code; take another one")
		}
	}
	if m.FreeTo < m.FreeFrom {
		f.fault(r.bad, []string{"free", "to"}, "to is %d and from is %d: give to %d or more, or make both 0", m.FreeTo, m.FreeFrom, m.FreeFrom)
	}
	return m
}

// checkApprovers refuses approvers that a rule names and that are not in the directory, as far as they are written out.
// A policy without a directory may name anybody.
func checkApprovers(modules map[string]*ast.Module, dir call.Directory, bad *faults) {
	if len(dir) == 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		for _, x := range modules[name].Rules {
			if nameOf(x) != "require" || x.Head.Key == nil {
				continue
			}
			for _, t := range namedApprovers(x) {
				s, ok := t.Value.(ast.String)
				if _, known := dir[string(s)]; ok && !known {
					bad.at(t.Location, notPhone, string(s), nearExtension(string(s), dir))
				}
			}
		}
	}
}

// namedApprovers are the approvers that a rule of require writes out.
func namedApprovers(x *ast.Rule) []*ast.Term {
	m, ok := written(x.Head.Key, x).Value.(ast.Object)
	if !ok {
		return nil
	}
	named := m.Get(ast.StringTerm("approvers"))
	if named == nil {
		return nil
	}
	var out []*ast.Term
	if list, ok := written(named, x).Value.(*ast.Array); ok {
		list.Foreach(func(t *ast.Term) { out = append(out, written(t, x)) })
	}
	return out
}

// Handset says what may be done at a phone, who approves calls, and which matter codes there are.
func (p *Policy) Handset() call.Handset { return p.handset }
