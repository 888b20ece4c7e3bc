// Package config reads Dialwarden's configuration: one strict YAML file in which every part may be left out. An unknown
// field, a wrong type or a senseless value is an error that names the file, the line and what would be right.
package config

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the daemon's image has no zone files

	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// DefaultPath is read when no file is named.
const DefaultPath = "/etc/dialwarden/dialwarden.yaml"

// BuiltIn stands for the file in faults of the built-in configuration.
const BuiltIn = "built-in configuration"

// Config is the whole configuration. Load returns it with all paths absolute or relative to the working directory.
type Config struct {
	File      string    `yaml:"-"` // where it was read; empty for the built-in configuration
	Asterisk  Asterisk  `yaml:"asterisk"`
	AGI       AGI       `yaml:"agi"`
	Numbering Numbering `yaml:"numbering"`
	Policy    Policy    `yaml:"policy"`
	Ledger    Ledger    `yaml:"ledger"`
	Web       Web       `yaml:"web"`
	Control   Control   `yaml:"control"`
	Site      Site      `yaml:"site"`
	Privacy   Privacy   `yaml:"privacy"`
	Bypass    Bypass    `yaml:"bypass"`
}

// Asterisk is how to reach Asterisk's REST interface.
type Asterisk struct {
	URL          string `yaml:"url"`
	Username     string `yaml:"username"`
	PasswordFile string `yaml:"password_file"` // its first line is the password
	Application  string `yaml:"application"`   // the name in Stasis(…)
	CDRFile      string `yaml:"cdr_file"`      // of cdr_csv; empty: call detail records are not read
}

// AGI is where FastAGI will be served, and to whom.
type AGI struct {
	Listen     string `yaml:"listen"`
	SecretFile string `yaml:"secret_file"` // its first line is the global DIALWARDEN_AGI_SECRET of the dialplan; empty: none
}

// Secret returns the first line of the secret file, empty where there is none. The error names the field and the file, and
// holds nothing of what is in the file.
func (a AGI) Secret() (string, error) {
	if a.SecretFile == "" {
		return "", nil
	}
	line, err := firstLine("agi.secret_file", a.SecretFile, "secret")
	if err == nil && !agiSecret.MatchString(line) {
		return "", fmt.Errorf("agi.secret_file: the first line of %s must be 16 to 128 letters and digits", a.SecretFile)
	}
	return line, err
}

// Numbering is the site's place in a number plan.
type Numbering struct {
	Plan        string `yaml:"plan"`         // plans/<plan>.yaml of the policy directory
	Area        string `yaml:"area"`         // home area code, with its trunk prefix
	OutsideLine string `yaml:"outside_line"` // what is dialled to get a line; may be empty
}

// Policy is where the rules are, and how long they may think.
type Policy struct {
	Dir      string            `yaml:"dir"` // empty: the shipped policy
	Deadline yamlfile.Duration `yaml:"deadline"`
}

// Ledger is where decisions are written.
type Ledger struct {
	Path    string `yaml:"path"`
	KeyFile string `yaml:"key_file"` // key of PIN hashes and checkpoints; by default beside the ledger, with .key for its ending
	// CheckpointFile is where checkpoints of the chain are appended; by default beside the ledger, with the ending .checkpoints.
	CheckpointFile string `yaml:"checkpoint_file"`
}

// Web is where the operator's page will be served, and the JSON API is.
type Web struct {
	Listen  string `yaml:"listen"`
	KeyFile string `yaml:"key_file"` // its first line is the key of the API; without the file nobody may use it
}

// Control is where the command line reaches the running daemon.
type Control struct {
	Socket string `yaml:"socket"`
}

// Site is what the rules and people need to know of the place.
type Site struct {
	Name     string `yaml:"name"`
	Timezone string `yaml:"timezone"` // IANA name
	Currency string `yaml:"currency"` // ISO 4217
	Language string `yaml:"language"` // en or zh
}

// Privacy is who may see what of the people who called.
type Privacy struct {
	// Unmasked are the accounts of this machine that may see whole numbers with the commands; none: root and the owner of
	// the ledger. Each look is recorded.
	Unmasked []string `yaml:"unmasked"`
}

// Bypass is what is done with calls that go out on a trunk undecided.
type Bypass struct {
	Mode string `yaml:"mode"` // watch, enforce or off
	// Trunks are endpoints besides those of DIALWARDEN_TRUNK: PJSIP/carrier, carrier, DAHDI/*; or the name of a
	// DIALWARDEN_TRUNK_name.
	Trunks []string `yaml:"trunks"`
}

// Default returns the built-in configuration.
func Default() Config {
	return Config{
		Asterisk: Asterisk{
			URL: "http://127.0.0.1:8088/ari", Username: "dialwarden", PasswordFile: "ari.secret", Application: "dialwarden",
		},
		AGI:       AGI{Listen: "127.0.0.1:4573"},
		Numbering: Numbering{Plan: "cn", Area: "010", OutsideLine: "9"},
		Policy:    Policy{Deadline: yamlfile.Duration(50 * time.Millisecond)},
		Ledger:    Ledger{Path: "dialwarden.db"},
		Web:       Web{Listen: "127.0.0.1:8080", KeyFile: "api.secret"},
		Control:   Control{Socket: "dialwarden.sock"},
		Site:      Site{Name: "Head office", Timezone: "Asia/Shanghai", Currency: "CNY", Language: "en"},
		Bypass:    Bypass{Mode: "watch"},
	}
}

// Load reads the file at path; an empty path means DefaultPath, or the built-in configuration if that does not exist.
// Relative paths in the file are relative to it. Faults of the file are joined *yamlfile.Errors.
func Load(path string) (Config, error) {
	c := Default()
	explicit := path != ""
	if !explicit {
		path = DefaultPath
	}
	data, err := os.ReadFile(path)
	switch {
	case !explicit && errors.Is(err, fs.ErrNotExist):
		c.resolve(".")
		return c, nil
	case err != nil:
		return c, fmt.Errorf("the configuration cannot be read: %w", err)
	}
	if err := yamlfile.Decode(path, data, &c); err != nil {
		return c, err
	}
	if err := c.check(path, data); err != nil {
		return c, err
	}
	c.resolve(filepath.Dir(path))
	c.File = path
	return c, nil
}

// Fault returns an error about the value of a field such as numbering.area, found only after Load: a *yamlfile.Error
// that names the place in the file, or the built-in configuration.
func (c *Config) Fault(field, message string) error {
	if c.File == "" {
		return &yamlfile.Error{File: BuiltIn, Message: field + ": " + message}
	}
	data, err := os.ReadFile(c.File)
	if err != nil {
		data = nil // it has been read before; the message counts, not the line
	}
	return yamlfile.At(c.File, data, field, message)
}

// resolve makes paths relative to dir, and fills in those that depend on others.
func (c *Config) resolve(dir string) {
	if c.Policy.Dir == "" {
		if info, err := os.Stat(filepath.Join(dir, "policy")); err == nil && info.IsDir() {
			c.Policy.Dir = "policy"
		}
	}
	stem := strings.TrimSuffix(c.Ledger.Path, filepath.Ext(c.Ledger.Path))
	c.Ledger.KeyFile = cmp.Or(c.Ledger.KeyFile, stem+".key")
	c.Ledger.CheckpointFile = cmp.Or(c.Ledger.CheckpointFile, stem+".checkpoints")
	for _, p := range []*string{
		&c.Asterisk.PasswordFile, &c.Asterisk.CDRFile, &c.AGI.SecretFile, &c.Policy.Dir, &c.Ledger.Path, &c.Ledger.KeyFile, &c.Ledger.CheckpointFile, &c.Control.Socket,
		&c.Web.KeyFile,
	} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
}

// Password returns the first line of the password file. The error names the field and the file, and holds nothing of what
// is in the file.
func (a Asterisk) Password() (string, error) {
	return firstLine("asterisk.password_file", a.PasswordFile, "password")
}

// firstLine reads a secret; errors name the field.
func firstLine(field, path, what string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", field, err)
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	if !lines.Scan() || lines.Text() == "" {
		return "", fmt.Errorf("%s: %s holds no %s in its first line", field, path, what)
	}
	return lines.Text(), nil
}

// Location returns the site's time zone, which Load has checked.
func (s Site) Location() *time.Location {
	loc, err := time.LoadLocation(s.Timezone)
	if err != nil {
		return time.UTC
	}
	return loc
}

var (
	planName    = regexp.MustCompile(`^[a-z0-9_-]+$`)
	appName     = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	outsideLine = regexp.MustCompile(`^[0-9*#]{0,4}$`)
	agiSecret   = regexp.MustCompile(`^[A-Za-z0-9]{16,128}$`)
	trunkName   = regexp.MustCompile(`^([A-Za-z0-9]+/)?[A-Za-z0-9_.-]+$|^[A-Za-z0-9]+/\*$`)
	areaCode    = regexp.MustCompile(`^[0-9]{0,6}$`)
	currency    = regexp.MustCompile(`^[A-Z]{3}$`)
)

// check finds values that cannot be meant, all at once.
func (c *Config) check(path string, data []byte) error {
	var faults []error
	require := func(ok bool, field, right string) {
		if !ok {
			faults = append(faults, yamlfile.At(path, data, field, right))
		}
	}
	u, err := url.Parse(c.Asterisk.URL)
	require(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "",
		"asterisk.url", `must be an http or https address like "http://127.0.0.1:8088/ari"`)
	if err == nil && u.Host != "" {
		right, ok := atARI(u)
		require(ok, "asterisk.url", "must end with /ari, where Asterisk has its REST interface: "+right)
	}
	require(err != nil || u.User == nil, "asterisk.url", "must not hold a password: use asterisk.username and asterisk.password_file")
	require(c.Asterisk.Username != "" && !strings.Contains(c.Asterisk.Username, ":"), "asterisk.username", `must be the user of ari.conf, without ":"`)
	require(c.Asterisk.PasswordFile != "", "asterisk.password_file", "must name the file that holds the password of ari.conf")
	require(appName.MatchString(c.Asterisk.Application), "asterisk.application", "must be the name in Stasis(…): letters, digits, _ . -")
	require(isListen(c.AGI.Listen), "agi.listen", `must be an address and a port like "127.0.0.1:4573", or empty`)
	require(c.AGI.SecretFile != "" || isLoopback(c.AGI.Listen), "agi.listen",
		"must be a loopback address like \"127.0.0.1:4573\", or agi.secret_file must be set: whoever reaches another one could pretend to be Asterisk")
	require(planName.MatchString(c.Numbering.Plan), "numbering.plan", `must be the name of a file in policy/plans, without .yaml, like "cn"`)
	require(areaCode.MatchString(c.Numbering.Area), "numbering.area", `must be an area code in quotes like "010"`)
	require(outsideLine.MatchString(c.Numbering.OutsideLine), "numbering.outside_line", `must be the digits for an outside line in quotes like "9", or empty`)
	require(inRange(time.Duration(c.Policy.Deadline), time.Millisecond, 5*time.Second), "policy.deadline", "must be a time from 1ms to 5s")
	require(c.Ledger.Path != "", "ledger.path", "must name the ledger file")
	require(isListen(c.Web.Listen), "web.listen", `must be an address and a port like "127.0.0.1:8080", or empty`)
	require(c.Control.Socket != "" && len(c.Control.Socket) < 100, "control.socket", "must name a socket file (a path shorter than 100 characters)")
	_, err = time.LoadLocation(c.Site.Timezone)
	require(err == nil && c.Site.Timezone != "", "site.timezone", `must be an IANA time zone like "Asia/Shanghai"`)
	require(currency.MatchString(c.Site.Currency), "site.currency", `must be an ISO 4217 code like "CNY"`)
	require(slices.Contains([]string{"watch", "enforce", "off"}, c.Bypass.Mode), "bypass.mode", "must be watch, enforce or off")
	require(!slices.ContainsFunc(c.Bypass.Trunks, func(t string) bool { return !trunkName.MatchString(t) }),
		"bypass.trunks", `must be endpoints like "carrier", "PJSIP/carrier" or "DAHDI/*", or names of DIALWARDEN_TRUNK_name`)
	require(c.Site.Language == "en" || c.Site.Language == "zh", "site.language", "must be en or zh")
	return errors.Join(faults...)
}

// atARI reports whether an address is that of a REST interface, and which one is: there may be a proxy's path in front of
// /ari, but nothing behind it.
func atARI(u *url.URL) (right string, ok bool) {
	whole := strings.TrimRight(u.Path, "/")
	front := strings.TrimSuffix(whole, "/ari")
	if i := strings.LastIndex(whole, "/ari/"); i >= 0 {
		front = whole[:i]
	}
	at := url.URL{Scheme: u.Scheme, Host: u.Host, Path: front + "/ari"}
	return strconv.Quote(at.String()), whole == at.Path && u.RawQuery == "" && u.Fragment == ""
}

func inRange(d, least, most time.Duration) bool { return d >= least && d <= most }

// isLoopback reports whether an address to listen on can be reached from this machine only; one that is none counts, too.
func isLoopback(s string) bool {
	host, _, err := net.SplitHostPort(s)
	ip := net.ParseIP(host)
	return err != nil || host == "localhost" || ip != nil && ip.IsLoopback()
}

func isListen(s string) bool {
	if s == "" {
		return true
	}
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}
