package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/config"
)

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dialwarden.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The example of the design, word for word.
const contract = `asterisk:  {url: "http://127.0.0.1:8088/ari", username: dialwarden, password_file: ari.secret, application: dialwarden}
agi:       {listen: "127.0.0.1:4573"}
numbering: {plan: cn, area: "010", outside_line: "9"}
policy:    {dir: policy, deadline: 50ms}
ledger:    {path: dialwarden.db}
web:       {listen: "127.0.0.1:8080"}
control:   {socket: dialwarden.sock}
site:      {name: "Head office", timezone: Asia/Shanghai, currency: CNY, language: en}
`

func TestContract(t *testing.T) {
	path := write(t, contract)
	got, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	want := config.Default()
	want.File = path
	want.Asterisk.PasswordFile = filepath.Join(dir, "ari.secret")
	want.Policy.Dir = filepath.Join(dir, "policy")
	want.Ledger.Path = filepath.Join(dir, "dialwarden.db")
	want.Ledger.KeyFile = filepath.Join(dir, "dialwarden.key")
	want.Ledger.CheckpointFile = filepath.Join(dir, "dialwarden.checkpoints")
	want.Control.Socket = filepath.Join(dir, "dialwarden.sock")
	want.Web.KeyFile = filepath.Join(dir, "api.secret")
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestEveryPartMayBeLeftOut(t *testing.T) {
	for _, content := range []string{"", "# nothing\n", "site: {language: zh}\n", "policy: {deadline: 20ms}\n"} {
		c, err := config.Load(write(t, content))
		if err != nil {
			t.Errorf("%q: %v", content, err)
		}
		if c.Asterisk.URL != config.Default().Asterisk.URL || c.Policy.Dir != "" {
			t.Errorf("%q: %+v", content, c)
		}
		if strings.Contains(content, "20ms") && time.Duration(c.Policy.Deadline) != 20*time.Millisecond {
			t.Errorf("deadline %v", c.Policy.Deadline)
		}
	}
}

func TestFaultsNameFileLineAndWhatIsRight(t *testing.T) {
	tests := map[string]struct{ content, want string }{
		"unknown part":     {"site: {}\nweeb: {}\n", `:2:1: unknown field "weeb"; did you mean "web"?`},
		"unknown field":    {"asterisk:\n  usrname: x\n", `:2:3: unknown field "usrname"; did you mean "username"?`},
		"wrong type":       {"\n\nledger:\n  path: [a]\n", ":4:9: ledger.path: this is a list; wanted is a text"},
		"part of no type":  {"site: 5\n", ":1:7: site: this is a whole number; wanted is a mapping"},
		"list at the top":  {"- site\n", ":1:1: this is a list; wanted is a mapping"},
		"area is eight":    {"numbering: {area: 010}\n", `:1:19: numbering.area: YAML reads 010 as the number 8; write it in quotes: "010"`},
		"outside line 00":  {"numbering:\n  outside_line: 00\n", `:2:17: numbering.outside_line: YAML reads 00 as the number 0; write it in quotes: "00"`},
		"no value":         {"numbering:\n  outside_line: # none\n", `:2:16: numbering.outside_line: there is no value; write "" for nothing, or leave the field out for "9"`},
		"alias":            {"numbering: {outside_line: *9}\n", `:1:27: a text that begins with * must be in quotes`},
		"port":             {"web:\n  listen: 127.0.0.1:99999\n", ":2:11: web.listen: must be an address and a port"},
		"deadline":         {"policy: {deadline: soon}\n", ":1:20: policy.deadline: must be a time with its unit"},
		"deadline too big": {"policy:\n  deadline: 1h\n", ":2:13: policy.deadline: must be a time from 1ms to 5s"},
		"url":              {"asterisk:\n  url: localhost\n", ":2:8: asterisk.url: must be an http or https address"},
		"url without ari":  {"asterisk:\n  url: http://pbx:8088/\n", `:2:8: asterisk.url: must end with /ari, where Asterisk has its REST interface: "http://pbx:8088/ari"`},
		"url behind ari":   {"asterisk:\n  url: http://pbx/aria/ari/events?x=1\n", `REST interface: "http://pbx/aria/ari"`},
		"password in url":  {"asterisk:\n  url: http://a:b@h/ari\n", "must not hold a password"},
		"zone":             {"site:\n  timezone: Asia/Peking\n", ":2:13: site.timezone: must be an IANA time zone"},
		"bypass mode":      {"bypass: {mode: cut}\n", ":1:16: bypass.mode: must be watch, enforce or off"},
		"bypass trunks":    {"bypass: {trunks: [\"PJSIP/5@carrier\"]}\n", ":1:18: bypass.trunks: must be endpoints like \"carrier\""},
		"language":         {"site:\n  language: fr\n", ":2:13: site.language: must be en or zh"},
		"plan path":        {"numbering:\n  plan: ../x\n", ":2:9: numbering.plan"},
		"outside line":     {"numbering:\n  outside_line: x\n", ":2:17: numbering.outside_line"},
		"listen":           {"web:\n  listen: here\n", ":2:11: web.listen"},
		"open agi":         {"agi:\n  listen: 0.0.0.0:4573\n", ":2:11: agi.listen: must be a loopback address"},
		"agi everywhere":   {"agi:\n  listen: \":4573\"\n", ":2:11: agi.listen: must be a loopback address"},
		"webhook alone":    {"alerts:\n  webhooks:\n    - timeout: 5s\n", ":3:7: alerts.webhooks.0: must have an http or https address as its url"},
		"webhook address":  {"alerts:\n  webhooks:\n    - {url: \"ftp://a\", secret_file: x}\n", ":3:13: alerts.webhooks.0.url: must have an http or https address"},
		"webhook port":     {"alerts:\n  webhooks:\n    - {url: \"http://a:99999/\", secret_file: x}\n", ":3:13: alerts.webhooks.0.url: must have an http or https address"},
		"webhook password": {"alerts:\n  webhooks:\n    - {url: \"http://a:b@h/\", secret_file: x}\n", "alerts.webhooks.0.url: must not hold a password"},
		"webhook unsigned": {"alerts:\n  webhooks:\n    - url: \"http://h/\"\n", "must name in secret_file the file"},
		"webhook kind":     {"alerts:\n  webhooks:\n    - {url: \"http://h/\", secret_file: x, kinds: [rule, fire]}\n", ":3:56: alerts.webhooks.0.kinds.1: must be a kind of alert: rule, emergency"},
		"webhook timeout":  {"alerts:\n  webhooks:\n    - {url: \"http://h/\", secret_file: x, timeout: 2h}\n", "alerts.webhooks.0.timeout: must be a time from 1s to 1m"},
		"webhook field":    {"alerts:\n  webhooks:\n    - {ulr: x}\n", `unknown field "ulr"; did you mean "url"?`},
		"duplicate":        {"web: {}\nweb: {}\n", `:2:1: "web" is given twice, first in line 1`},
		"tab":              {"site:\n\tname: x\n", ":2:1: there is a tab; YAML is indented with spaces"},
		"no yaml":          {"a: b: c\n", ":1:"},
		"two documents":    {"web: {}\n---\nweb: {}\n", "more than one YAML document"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := write(t, tt.content)
			_, err := config.Load(path)
			if err == nil || !strings.HasPrefix(err.Error(), path) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant …%s", err, tt.want)
			}
		})
	}
}

// TestAGISecret is the first line of its file, and is in no error.
func TestAGISecret(t *testing.T) {
	for content, ok := range map[string]bool{
		"correct0horse0battery\nx\n": true, "tooshort\n": false, "correct0horse)battery\n": false, "": false,
	} {
		secret := write(t, content)
		c, err := config.Load(write(t, "agi: {listen: \"0.0.0.0:4573\", secret_file: \""+secret+"\"}\n"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.AGI.Secret()
		if ok != (err == nil) || ok && got != "correct0horse0battery" {
			t.Errorf("%q: got %q, %v", content, got, err)
		}
		if err != nil && (!strings.HasPrefix(err.Error(), "agi.secret_file: ") || strings.Contains(err.Error(), "short") || strings.Contains(err.Error(), "battery")) {
			t.Errorf("%q: %v", content, err)
		}
	}
}

// TestDigitsWithoutQuotes holds that what YAML reads as it was written needs no quotes.
func TestDigitsWithoutQuotes(t *testing.T) {
	c, err := config.Load(write(t, "numbering: {area: 21, outside_line: 9}\n"))
	if err != nil || c.Numbering.Area != "21" || c.Numbering.OutsideLine != "9" {
		t.Errorf("%+v, %v", c.Numbering, err)
	}
}

// TestFault holds that a fault found later names the place, as those of Load do.
func TestFault(t *testing.T) {
	c, err := config.Load(write(t, "numbering:\n  area: \"099\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Fault("numbering.area", "is nowhere").Error(), c.File+":2:9: numbering.area: is nowhere"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	c = config.Default()
	if got, want := c.Fault("numbering.area", "is nowhere").Error(), "built-in configuration: numbering.area: is nowhere"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMissingFile(t *testing.T) {
	if _, err := config.Load(filepath.Join(t.TempDir(), "none.yaml")); err == nil {
		t.Error("a file that was named and does not exist is no error")
	}
}

// TestWebhooks have names and time-outs where none are given, and secrets that are in no error.
func TestWebhooks(t *testing.T) {
	secret := write(t, "correct horse battery\n")
	c, err := config.Load(write(t, "alerts:\n  webhooks:\n    - {url: \"http://h:1/a\", secret_file: \""+secret+"\"}\n"+
		"    - {url: \"http://h:1/b\", secret_file: short, name: \"h:1-2\", timeout: 3s}\n    - {url: \"http://h:1/c\", secret_file: none}\n"))
	if err != nil {
		t.Fatal(err)
	}
	hooks := c.Alerts.Webhooks
	if hooks[0].Name != "h:1" || hooks[1].Name != "h:1-2" || hooks[2].Name != "h:1-3" || time.Duration(hooks[0].Timeout) != 10*time.Second {
		t.Errorf("got %+v", hooks)
	}
	if got, err := hooks[0].Secret(); err != nil || got != "correct horse battery" {
		t.Errorf("got %q, %v", got, err)
	}
	hooks[1].SecretFile = write(t, "tooshort\n")
	if _, err := hooks[1].Secret(); err == nil || !strings.Contains(err.Error(), "alerts.webhooks h:1-2: secret_file") || strings.Contains(err.Error(), "tooshort") {
		t.Errorf("got %v", err)
	}
}
