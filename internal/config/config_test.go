package config_test

import (
	"os"
	"path/filepath"
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
	want.Asterisk.PasswordFile = filepath.Join(dir, "ari.secret")
	want.Policy.Dir = filepath.Join(dir, "policy")
	want.Ledger.Path = filepath.Join(dir, "dialwarden.db")
	want.Ledger.KeyFile = filepath.Join(dir, "dialwarden.key")
	want.Control.Socket = filepath.Join(dir, "dialwarden.sock")
	if got != want {
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
		"wrong type":       {"\n\nledger:\n  path: [a]\n", ":4:9: this is a list; wanted is a text"},
		"deadline":         {"policy: {deadline: soon}\n", ":1:20:"},
		"deadline too big": {"policy:\n  deadline: 1h\n", ":2:13: policy.deadline: must be a time from 1ms to 5s"},
		"url":              {"asterisk:\n  url: localhost\n", ":2:8: asterisk.url: must be an http or https address"},
		"password in url":  {"asterisk:\n  url: http://a:b@h/ari\n", "must not hold a password"},
		"zone":             {"site:\n  timezone: Asia/Peking\n", ":2:13: site.timezone: must be an IANA time zone"},
		"language":         {"site:\n  language: fr\n", ":2:13: site.language: must be en or zh"},
		"plan path":        {"numbering:\n  plan: ../x\n", ":2:9: numbering.plan"},
		"outside line":     {"numbering:\n  outside_line: x\n", ":2:17: numbering.outside_line"},
		"listen":           {"web:\n  listen: here\n", ":2:11: web.listen"},
		"duplicate":        {"web: {}\nweb: {}\n", ":2:1:"},
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

func TestMissingFile(t *testing.T) {
	if _, err := config.Load(filepath.Join(t.TempDir(), "none.yaml")); err == nil {
		t.Error("a file that was named and does not exist is no error")
	}
}
