package doctor

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dialwarden/dialwarden/internal/ari"
	"github.com/dialwarden/dialwarden/internal/config"
)

// TestFastAGI has an Asterisk with these modules and variables, a daemon that serves FastAGI, and an address where none does.
func TestFastAGI(t *testing.T) {
	daemon, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = daemon.Close() }()
	away, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = away.Close()
	here, nowhere := "agi://"+daemon.Addr().String(), "agi://"+away.Addr().String()
	for name, c := range map[string]struct {
		modules   string
		variables map[string]string
		want      []string
	}{
		"not used":         {"", nil, []string{"ok not used"}},
		"all is well":      {"res_agi app_originate", map[string]string{"DIALWARDEN_AGI": here}, []string{"ok somebody answers"}},
		"two daemons":      {"res_agi app_originate", map[string]string{"DIALWARDEN_AGI": here, "DIALWARDEN_AGI_2": nowhere}, []string{"ok ", "wrong DIALWARDEN_AGI_2=" + nowhere + ", and nobody"}},
		"nobody there":     {"res_agi app_originate", map[string]string{"DIALWARDEN_AGI": nowhere}, []string{"wrong agi.listen"}},
		"no res_agi":       {"app_originate", map[string]string{"DIALWARDEN_AGI": here}, []string{"ok ", "wrong module load res_agi.so"}},
		"no app_originate": {"res_agi", map[string]string{"DIALWARDEN_AGI": here}, []string{"ok ", "wrong module load app_originate.so"}},
		"no scheme":        {"res_agi app_originate", map[string]string{"DIALWARDEN_AGI": daemon.Addr().String()}, []string{"wrong agi://HOST:PORT"}},
		"a path":           {"res_agi app_originate", map[string]string{"DIALWARDEN_AGI": here + "/decide"}, []string{"wrong agi://HOST:PORT"}},
		"by DNS":           {"res_agi app_originate", map[string]string{"DIALWARDEN_AGI": "hagi://pbx.example.org"}, []string{"note _agi._tcp.pbx.example.org"}},
		"way without":      {"", map[string]string{"DIALWARDEN_WAY": "agi"}, []string{"wrong DIALWARDEN_AGI is not set"}},
		"second alone":     {"", map[string]string{"DIALWARDEN_AGI_2": here}, []string{"wrong DIALWARDEN_AGI is not"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var answer any = map[string]string{"value": c.variables[r.URL.Query().Get("variable")]}
				if strings.HasSuffix(r.URL.Path, "/modules") {
					modules := []map[string]string{}
					for m := range strings.FieldsSeq(c.modules) {
						modules = append(modules, map[string]string{"name": m + ".so", "status": "Running"})
					}
					answer = modules
				}
				_ = json.NewEncoder(w).Encode(answer)
			}))
			defer server.Close()
			i, err := ari.NewInspector(ari.Config{URL: server.URL + "/ari", Application: "dialwarden"})
			if err != nil {
				t.Fatal(err)
			}
			defer i.Close()
			v := visit{up: true, Site: Site{Config: config.Default()}, asterisk: i}
			holds(t, v.fastAGI(t.Context()), c.want...)
		})
	}
}
