package lab

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dialwarden/dialwarden/dialplan"
)

// defaultGlobals are what a telecom admin would set in extensions.conf.
var defaultGlobals = map[string]string{
	"DIALWARDEN_TRUNK":        "PJSIP/NUMBER@carrier",
	"DIALWARDEN_EMERGENCY":    "110|112|119|120|122",
	"DIALWARDEN_OUTSIDE_LINE": "9",
}

// configuration is all that Asterisk's configuration files are made of.
type configuration struct {
	inside      string // the lab's directory as Asterisk sees it
	slot        slot
	password    string
	phonesPort  int
	carrierPort int
	globals     map[string]string
	extensions  []string
	languages   map[string]string
	extraDial   string
	modules     []string
	quiet       bool
}

// write puts the configuration files into dir: Dialwarden's own fragments, and around them the files that include
// them, as an admin would write them.
func (c configuration) write(dir string) error {
	files := map[string]string{
		"asterisk.conf":   c.asterisk(),
		"modules.conf":    c.modulesConf(),
		"logger.conf":     c.logger(),
		"rtp.conf":        fmt.Sprintf("[general]\nrtpstart=%d\nrtpend=%d\nicesupport=no\n", c.slot.rtpStart(), c.slot.rtpEnd()),
		"pjsip.conf":      c.pjsip(),
		"cdr.conf":        "[general]\nenable = yes\nunanswered = yes\ncongestion = yes\n[csv]\nloguniqueid = yes\nloguserfield = yes\n",
		"cdr_custom.conf": "[mappings]\n" + cdrFile + " => " + cdrMapping() + "\n",
		"stasis.conf":     "[threadpool]\n",
		"ari.conf":        "[general]\nenabled = yes\n#include ari_dialwarden.conf\n",
		"http.conf":       "#include http_dialwarden.conf\n",
		"extensions.conf": c.dialplan(),
	}
	err := fs.WalkDir(dialplan.FS, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".conf" {
			return err
		}
		text, err := dialplan.FS.ReadFile(path)
		files[filepath.Base(path)] = c.fill(string(text))
		return err
	})
	if err != nil {
		return fmt.Errorf("reading the dialplan fragments: %w", err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// fill sets in a fragment what every site sets for itself: the password and the HTTP port.
func (c configuration) fill(fragment string) string {
	lines := strings.Split(fragment, "\n")
	for i, line := range lines {
		name, _, ok := strings.Cut(line, "=")
		switch strings.TrimSpace(name) {
		case "password":
			if ok {
				lines[i] = "password = " + c.password
			}
		case "bindport":
			if ok {
				lines[i] = fmt.Sprintf("bindport = %d", c.slot.http())
			}
		}
	}
	return strings.Join(lines, "\n")
}

func (c configuration) logger() string {
	levels := "notice,warning,error"
	if !c.quiet {
		levels += ",verbose(3)"
	}
	return "[general]\ndateformat = %F %T.%3q\n[logfiles]\nfull = " + levels + "\n"
}

// asterisk keeps everything that Asterisk writes in the lab's directory, and its data with Dialwarden's prompts; modules
// stay where they were installed.
func (c configuration) asterisk() string {
	var b strings.Builder
	b.WriteString("[directories]\n")
	for name, sub := range map[string]string{
		"astetcdir": "etc", "astdbdir": "db", "astspooldir": "spool", "astrundir": "run", "astlogdir": "log",
		"astcachedir": "cache", "astdatadir": "data",
	} {
		fmt.Fprintf(&b, "%s => %s/%s\n", name, c.inside, sub)
	}
	verbose := 3
	if c.quiet {
		verbose = 0
	}
	fmt.Fprintf(&b, "[options]\nverbose = %d\nnocolor = yes\nlive_dangerously = no\n", verbose)
	return b.String()
}

func (c configuration) modulesConf() string {
	var b strings.Builder
	b.WriteString("[modules]\nautoload = no\n")
	for _, name := range c.modules {
		fmt.Fprintf(&b, "load = %s\n", name)
	}
	return b.String()
}

// pjsip has an endpoint for each phone and one for the carrier. Whoever names an endpoint in From is that endpoint;
// there are no passwords on a loopback interface.
func (c configuration) pjsip() string {
	var b strings.Builder
	fmt.Fprintf(&b, `[global]
type=global
endpoint_identifier_order=username
[transport]
type=transport
protocol=udp
bind=%s
[phone](!)
type=endpoint
context=phones
disallow=all
allow=ulaw,alaw
direct_media=no
media_address=127.0.0.1
bind_rtp_to_media_address=yes
dtmf_mode=auto
rtp_symmetric=no
[carrier](phone)
context=from-carrier
aors=carrier
[carrier]
type=aor
contact=sip:127.0.0.1:%d
qualify_frequency=0
`, loopback(c.slot.sip()), c.carrierPort)
	for _, ext := range c.extensions {
		language := ""
		if c.languages[ext] != "" {
			language = "language=" + c.languages[ext] + "\n"
		}
		fmt.Fprintf(&b, "[%[1]s](phone)\naors=%[1]s\ncallerid=%[1]s <%[1]s>\n"+language+
			"[%[1]s]\ntype=aor\ncontact=sip:%[1]s@127.0.0.1:%[2]d\nqualify_frequency=0\n", ext, c.phonesPort)
	}
	return b.String()
}

// dialplan is the admin's extensions.conf: phones go to Dialwarden, and nothing that comes in from the carrier goes
// anywhere.
func (c configuration) dialplan() string {
	globals := maps.Clone(defaultGlobals)
	maps.Copy(globals, c.globals)
	var b strings.Builder
	b.WriteString("[general]\nstatic = yes\nwriteprotect = yes\n[globals]\n")
	for _, name := range slices.Sorted(maps.Keys(globals)) {
		if globals[name] != "" {
			fmt.Fprintf(&b, "%s=%s\n", name, globals[name])
		}
	}
	b.WriteString(`#include extensions_dialwarden.conf
[phones]
include => dialwarden-outbound
[from-carrier]
exten => _!,1,Hangup(21)
`)
	b.WriteString(c.extraDial)
	b.WriteString("\n")
	return b.String()
}
