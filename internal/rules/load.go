package rules

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/schema"
)

// DefaultDeadline is how long the policy may take where Options says nothing.
const DefaultDeadline = 50 * time.Millisecond

// Options says how a policy is used.
type Options struct {
	Deadline time.Duration // for one decision; 0 means DefaultDeadline
	Language string        // of reasons: en or zh; empty means en
}

// Policy is one revision of a policy directory, compiled. It never changes and may be used by many goroutines.
type Policy struct {
	content   map[string][]byte
	revision  string
	deadline  time.Duration
	directory call.Directory
	tables    tables
	handset   call.Handset
	lines     *call.Lines
	sight     sight
	book      *book
	words     vocabulary
	looked    map[string]bool            // heads that rules look at
	enforced  *program                   // nil where no rule is in force
	shadowed  *program                   // nil where no rule is in mode shadow
	notices   *program                   // of what is in force, only notify; nil where nobody is to be told of anything
	inspect   func() (*inspector, error) // for Explain; the call path does not look at it
}

// Load reads a policy directory, checks it, compiles it in strict mode against the schema of the input, and returns it
// ready to judge. The error joins everything that is wrong, each with file, line and column: *Error and *yamlfile.Error.
func Load(fsys fs.FS, opt Options) (*Policy, error) {
	bad := &faults{}
	s := examine(readContent(fsys, bad), opt.Language, bad)
	if bad.any() {
		return nil, bad.err()
	}
	p := &Policy{
		content: s.content, revision: revisionOf(s.content), deadline: opt.Deadline, directory: s.directory,
		tables: s.tables, handset: s.handset, lines: s.lines, sight: s.sight, book: s.book, words: s.vocabulary(), looked: s.traits.looked, inspect: sync.OnceValues(s.inspector),
	}
	if p.deadline <= 0 {
		p.deadline = DefaultDeadline
	}
	p.enforced = s.program(enforce, bad)
	p.shadowed = s.program(shadow, bad)
	p.notices = p.enforced.only("notify", bad)
	if bad.any() {
		return nil, bad.err()
	}
	return p, nil
}

// source is a policy directory, read and checked.
type source struct {
	content   map[string][]byte
	directory call.Directory
	tables    tables
	handset   call.Handset
	lines     *call.Lines
	book      *book
	modules   map[string]*ast.Module // without tests
	schemas   *ast.SchemaSet
	data      ast.Object
	settling  *settler
	idle      map[string]map[int]bool    // rules that data makes impossible, by file and number
	never     map[string]bool            // helpers that data makes impossible
	guards    map[string]map[int][]guard // what rules cannot do without, by file and number
	traits    traits
	sight     sight
}

// read reads a policy directory and checks it. What it returns is of use only if nothing was bad.
func read(fsys fs.FS, bad *faults) *source {
	return examine(readContent(fsys, bad), "", bad)
}

// examine checks the content of a policy directory, as read does.
func examine(content map[string][]byte, language string, bad *faults) *source {
	s := &source{content: content}
	files := readData(s.content, bad)
	dataSchemas(s.content, files, bad)
	s.tables = readTables(files, bad)
	s.directory = readDirectory(files, bad)
	s.lines = readLines(files, s.content, s.directory, bad)
	s.handset = readHandset(files, s.directory, bad)
	s.book = readBook(files, language, bad)
	var input *schema.Schema
	s.schemas, input = readSchema(s.content, bad)
	s.modules = parseRules(s.content, false, bad)
	if !bad.any() && len(s.modules) == 0 {
		bad.in("rules", "there is no rule; a rule is a file rules/<name>.rego")
	}
	readable := !bad.any()
	helpers := checkRules(s.modules, s.book, bad)
	checkApprovers(s.modules, s.directory, bad)
	checkTests(s.content, helpers, bad)
	if !readable {
		return s
	}
	data, err := dataObject(files)
	bad.add(err)
	s.data, s.settling = data, newSettler(&pruner{data: data}, data)
	if c := compile(s.modules, s.schemas, bad); c != nil {
		checkRefs(c.Modules, files, input, bad)
		s.idle, s.never = impossible(c.Modules, data)
		s.guards = guardsOf(c.Modules, data)
		s.traits = traitsOf(s.modules, c.Modules)
		s.sight = sightOf(c.Modules, data, func(file string, rule int) bool {
			return !s.idle[file][rule] && s.book.rules[ruleID(file)].mode() != off
		})
		s.sight.all = s.sight.all || s.traits.with // what data makes false may be true under another value
	}
	return s
}

// vocabulary collects the texts that come back in many calls.
func (s *source) vocabulary() vocabulary {
	return vocabularyOf(s.directory, s.tables.lists.Names(), s.tables.hours.Names())
}

// Revision is a hash over the names and contents of all files of the policy, data and plans included: 16 hexadecimal
// digits.
func (p *Policy) Revision() string { return p.revision }

// Files returns the files that make up the revision, by names like rules/local.rego. The contents are not to be changed.
func (p *Policy) Files() map[string][]byte { return maps.Clone(p.content) }

// Rules returns the ids of the rules, sorted: those in mode shadow and off, too.
func (p *Policy) Rules() []string {
	ids := []string{}
	for name := range p.content {
		if strings.HasPrefix(name, "rules/") && !isTest(name) {
			ids = append(ids, ruleID(name))
		}
	}
	slices.Sort(ids)
	return ids
}

// Text says in words, in the policy's language, what is decided by a rule; it is empty for one that rules.yaml lacks.
func (p *Policy) Text(rule string) string { return p.book.text(rule, "") }

// Directory returns the phones of data/directory.yaml. It is not to be changed.
func (p *Policy) Directory() call.Directory { return p.directory }

// program compiles the rules of one mode; those of the other modes keep their helpers but add to no set. A set that rules
// look at is in shadow what it would be if shadow were in force.
// It returns nil where there is nothing to ask.
func (s *source) program(m mode, bad *faults) *program {
	kept := map[string]*ast.Module{}
	settled := &settledRules{}
	open := false
	for name, module := range s.modules {
		asked := false
		kept[name], asked = s.asked(name, module, m, settled)
		open = open || asked
	}
	if !open && settled.none() { // nothing is in force, or can be
		return nil
	}
	c := recompile(kept, s.schemas, bad)
	if c == nil {
		return nil
	}
	prog, err := newProgram(c, s.data, s.relevanceIn(c), settled)
	bad.add(err)
	return prog
}

// asked returns what is left of a module to be asked for rules of a mode, and whether there are any such.
func (s *source) asked(name string, module *ast.Module, m mode, settled *settledRules) (k *ast.Module, open bool) {
	k = module.Copy()
	k.Rules = nil
	byHead := map[string][]headRule{}
	of := s.book.rules[ruleID(name)].mode()
	for i, x := range module.Rules {
		head := nameOf(x)
		switch {
		case !isHead(head):
			k.Rules = append(k.Rules, s.helper(x, module))
		case s.traits.looked[head] && (of == m || of == enforce):
			k.Rules = append(k.Rules, x.Copy())
			open = open || of == m
		case s.traits.looked[head]:
			k.Rules = append(k.Rules, emptied(x))
		case of == m && !s.idle[name][i]:
			x = x.Copy()
			x.Body = withoutNever(x, s.neverIn(module))
			byHead[head] = append(byHead[head], headRule{x, s.guards[name][i]})
		}
	}
	for _, rules := range byHead {
		left := s.settleOrAsk(rules, settled)
		open = open || len(left) > 0
		k.Rules = append(k.Rules, left...)
	}
	return k, open
}

// helper returns a helper of a module as a program asks for it.
func (s *source) helper(x *ast.Rule, m *ast.Module) *ast.Rule {
	x = x.Copy()
	if !s.traits.with {
		x.Body = withoutNever(x, s.neverIn(m))
	}
	return x
}

// neverIn are the helpers that are never defined, but for those whose name means an import in the module.
func (s *source) neverIn(m *ast.Module) map[string]bool {
	never := s.never
	for _, i := range m.Imports {
		if name := string(i.Name()); never[name] {
			never = maps.Clone(never)
			delete(never, name)
		}
	}
	return never
}

// relevanceIn tells for each head of a compiled policy which calls its rules can be about.
func (s *source) relevanceIn(c *ast.Compiler) map[string]*relevance {
	guards := guardsOf(c.Modules, s.data)
	all := map[string]*relevance{}
	for name, m := range c.Modules {
		for i, x := range m.Rules {
			if head := nameOf(x); isHead(head) {
				if all[head] == nil {
					all[head] = &relevance{}
				}
				if s.guards == nil { // a test wants all to be asked
					guards[name][i] = nil
				}
				all[head].add(guards[name][i])
			}
		}
	}
	return all
}

// headRule is a parsed rule of a head with its guards.
type headRule struct {
	rule   *ast.Rule
	guards []guard
}

// settleOrAsk settles the rules of one file and one head, or returns what Rego is to be asked for. As only the rules of
// one file can give the same member, each member is given once.
func (s *source) settleOrAsk(rules []headRule, settled *settledRules) []*ast.Rule {
	var all []*ast.Rule
	var done []settledRule
	open := false
	for _, r := range rules {
		copies := []*ast.Rule{r.rule}
		if !s.traits.hides && !hasWith(r.rule) {
			copies = s.settling.pruner.split(r.rule, r.guards)
		}
		for _, x := range copies {
			all = append(all, x)
			if open || s.guards == nil || s.traits.hides {
				open = true
				continue
			}
			d, err := s.settling.settle(x)
			if err == nil {
				done = append(done, d)
			}
			open = errors.Is(err, errUnknown)
		}
	}
	if !open {
		for _, d := range done {
			settled.add(d)
		}
		return nil
	}
	return all
}
