package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/lab"
)

// sidePaths are ways to the trunk that nobody has decided, and one that is decided in part.
const sidePaths = `
[phones](+)
exten => 6001,1,Dial(PJSIP/5001@carrier,,i)
 same => n,Hangup()
exten => 6004,1,Dial(Local/5004@old/n,,i)
 same => n,Hangup()
exten => 6005,1,Dial(Local/962380005@dialwarden-outbound/n&PJSIP/5005@carrier,,i)
 same => n,Hangup()
exten => 6006,1,Dial(PJSIP/102,20)
 same => n,Hangup()
exten => 6012,1,Goto(dialwarden-released,5012,out)
exten => 6013,1,Set(DYNAMIC_FEATURES=out)
 same => n,Dial(PJSIP/103,20,i)
 same => n,Hangup()
exten => 6014,1,ParkAndAnnounce(default,,beep,PJSIP/5014@carrier)
 same => n,Hangup()
exten => 6103,1,Dial(PJSIP/103,20,i)
 same => n,Hangup()
exten => 6119,1,Dial(PJSIP/119@carrier,,i)
 same => n,Hangup()
exten => 7002,1,Set(DIALWARDEN_WAY=agi)
 same => n,Goto(dialwarden-outbound,962380076,1)
exten => 7001,1,Dial(Local/962380071@dialwarden-outbound/n,,i)
 same => n,Hangup()
[old]
exten => _5XXX,1,Dial(PJSIP/${EXTEN}@carrier,,i)
 same => n,Hangup()
`

// bypassSite is a site whose guard is in a mode, with sidePaths.
func bypassSite(t *testing.T, mode string) *site {
	t.Helper()
	address := freeAddress(t)
	l := newLab(t, lab.Options{
		ExtraDialplan: sidePaths, Modules: []string{"pbx_spool"},
		Globals: map[string]string{
			"DIALWARDEN_TRUNK_second": "PJSIP/8NUMBER@carrier", "DIALWARDEN_AGI": "agi://" + address, "DYNAMIC_FEATURES": "out",
		},
	})
	must(t, os.WriteFile(filepath.Join(l.Dir(), "etc", "features.conf"), []byte("[applicationmap]\nout => *9,self,Dial(PJSIP/5013@carrier)\n"), 0o600))
	must(t, os.WriteFile(filepath.Join(l.Dir(), "etc", "res_parking.conf"), []byte("[general]\n"), 0o600))
	for _, command := range []string{"module reload features", "module load bridge_holding", "module load res_parking"} {
		_, err := l.CLI(within(t, 10*time.Second), command)
		must(t, err)
	}
	s := newSite(t, l, "")
	s.write("dialwarden.yaml", s.read("dialwarden.yaml")+"agi: {listen: \""+address+"\"}\nbypass: {mode: "+mode+"}\n")
	return s
}

const caught = "a call goes out on a trunk that nobody has decided"

// detours are all ways past us that are tried, by the number that reaches the carrier, as the dialplan tells it.
var detours = map[string]func(t *testing.T, s *site){
	"5001": func(t *testing.T, s *site) { dial(t, s.lab, "101", "6001") },
	"5004": func(t *testing.T, s *site) { dial(t, s.lab, "101", "6004") },
	"5005": func(t *testing.T, s *site) {
		s.lab.Carrier.Behave("62380005", lab.Behaviour{Ring: 4 * time.Second})
		s.lab.Carrier.Behave("5005", lab.Behaviour{Ring: 2 * time.Second}) // in mode watch it answers, but not before the other is decided
		c := dial(t, s.lab, "104", "6005")
		reaches(t, s.lab, "62380005")
		up(t, c)
		hangup(t, c)
	},
	"5006": func(t *testing.T, s *site) {
		s.lab.Phone("102").Behave(lab.Behaviour{Redirect: "<sip:PJSIP%2F5006%40carrier@127.0.0.1>"})
		dial(t, s.lab, "101", "6006")
	},
	"5007": func(t *testing.T, s *site) {
		_, err := s.lab.CLI(within(t, 10*time.Second), "channel originate PJSIP/5007@carrier application Wait 30")
		must(t, err)
	},
	"5008": func(t *testing.T, s *site) {
		q := url.Values{"endpoint": {"PJSIP/5008@carrier"}, "app": {"dialwarden"}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.lab.ARIURL()+"/channels?"+q.Encode(), http.NoBody)
		must(t, err)
		req.SetBasicAuth(lab.ARIUser, s.lab.ARIPassword())
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		must(t, resp.Body.Close())
	},
	"5009": func(t *testing.T, s *site) {
		spool := filepath.Join(s.lab.Dir(), "spool", "outgoing")
		must(t, os.MkdirAll(spool, 0o755))
		must(t, os.WriteFile(filepath.Join(spool, "..", "one.call"), []byte("Channel: PJSIP/5009@carrier\nApplication: Wait\nData: 30\n"), 0o600))
		must(t, os.Rename(filepath.Join(spool, "..", "one.call"), filepath.Join(spool, "one.call")))
	},
	"5001 by a transfer": func(t *testing.T, s *site) {
		c := dial(t, s.lab, "105", "6103")
		asked(t, c)
		transfer(t, c, "6001", nil)
	},
	"5001 by an attended transfer": func(t *testing.T, s *site) {
		first := dial(t, s.lab, "106", "6103")
		asked(t, first)
		second := dial(t, s.lab, "106", "6001")
		if s.lab.Carrier != nil && strings.Contains(s.read("dialwarden.yaml"), "watch") {
			up(t, second)
			transfer(t, first, "6001", second)
		}
	},
	"5012": func(t *testing.T, s *site) { dial(t, s.lab, "107", "6012") },
	"5014": func(t *testing.T, s *site) { up(t, dial(t, s.lab, "102", "6014")) }, // no Dial event tells of it
	"5013": func(t *testing.T, s *site) {
		c := dial(t, s.lab, "108", "6013")
		asked(t, c)
		must(t, c.SendDTMF("*9"))
	},
	"5013 within a decided call": func(t *testing.T, s *site) {
		c := dial(t, s.lab, "101", "962380090")
		reaches(t, s.lab, "62380090")
		up(t, c)
		must(t, c.WaitAudio(within(t, 5*time.Second)))
		must(t, c.SendDTMF("*9"))
	},
}

// Every way past us is reported at once, and hung up in mode enforce, with a row in the decision log.
func TestBypass(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"enforce", "watch"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := bypassSite(t, mode)
			s.bypassed = true
			s.serve()
			n := 0
			for name, try := range detours {
				number, _, _ := strings.Cut(name, " ")
				try(t, s)
				n++
				s.logged(n, caught)
				s.logged(n, `"kind":"bypass"`)
				out := reaches(t, s.lab, number)
				if mode == "enforce" {
					if end, err := out.WaitEnded(within(t, 5*time.Second)); err != nil || !end.ByRemote {
						t.Errorf("%s: ended with %+v, %v", name, end, err)
					}
				} else {
					up(t, out)
					hangup(t, out)
				}
			}
			rows := 0
			for _, d := range s.decisions() {
				if d.Rule == call.RuleBypass {
					rows++
				}
			}
			if want := map[string]int{"enforce": n}[mode]; rows != want {
				t.Errorf("%d rows of bypasses, wanted %d", rows, want)
			}
			if got := s.log.count(caught); got != n {
				t.Errorf("%d reports of %d calls", got, n)
			}
			t.Run("an emergency call", func(t *testing.T) {
				c := dial(t, s.lab, "102", "6119")
				up(t, c)
				s.logged(n+1, caught)
				s.logged(1, `"kind":"emergency"`)
				wait(1100 * time.Millisecond)
				hangup(t, c)
				d := s.once("119")
				if d.Rule != call.RuleEmergency || d.Extension != "102" || d.Call.Seconds != 2 || d.Call.EndSource != "ari" {
					t.Errorf("got %+v", d)
				}
			})
			t.Run("without a channel", func(t *testing.T) { // for no such call another one is ended
				s.lab.Carrier.Behave("5012", lab.Behaviour{Status: 503})
				endOf(t, dial(t, s.lab, "107", "6012"))
				if strings.Contains(s.lab.AsteriskLog(), "DialwardenNeedsChannel") {
					t.Error("it has asked for a channel as an alarm does")
				}
			})
			for line := range strings.SplitSeq(s.log.String(), "\n") {
				if strings.Contains(line, caught) {
					t.Log(line)
				}
			}
		})
	}
}

// second is a rule that sends one number over another trunk.
const second = `package dialwarden.outbound

# METADATA
# title: The second trunk
# description: One number goes over another trunk.
route contains {"rule": "second", "trunk": "second"} if input.callee.digits == "62380072"
`

// No call that was decided, and no emergency call, is ever reported or hung up, whatever becomes of the daemon.
func TestNoFalseBypass(t *testing.T) {
	t.Parallel()
	s := bypassSite(t, "enforce")
	s.write("policy/rules/second.rego", second)
	s.write("policy/data/rules.yaml", s.read("policy/data/rules.yaml")+"\nsecond: {title: The second trunk}\n")
	d := s.serve()
	var staying []*lab.Call
	talk := func(from, dialled, number string) *lab.Call {
		c := dial(t, s.lab, from, dialled)
		reaches(t, s.lab, number)
		up(t, c)
		return c
	}
	staying = append(staying, talk("101", "962380070", "62380070"), talk("102", "7001", "62380071"), talk("103", "962380072", "862380072"), talk("104", "110", "110"), talk("105", "7002", "62380076"))
	s.lab.Phone("105").Behave(lab.Behaviour{Redirect: "<sip:962380073@127.0.0.1>"})
	staying = append(staying, talk("106", "105", "62380073")) // forwarded by us
	moved := talk("107", "962380074", "62380074")
	asked(t, moved)                      // the two are connected
	transfer(t, moved, "962380075", nil) // decided again
	reaches(t, s.lab, "62380075")
	inside := dial(t, s.lab, "106", "104")
	called, err := s.lab.Phone("104").WaitCall(within(t, 10*time.Second))
	must(t, err)
	up(t, inside)
	asked(t, inside)
	transfer(t, called, "962380077", nil) // whose caller is decided again, on a channel whose call was answered before
	reaches(t, s.lab, "62380077")
	results, err := s.lab.Burst(within(t, time.Minute), 100, []string{"101", "102", "103"}, func(i int) string { return fmt.Sprintf("96238%04d", 1000+i) })
	must(t, err)
	for _, r := range results {
		if r.Answered.IsZero() {
			t.Errorf("%s was not answered: %+v", r.Number, r.End)
		}
	}
	s.lab.Carrier.Behave("62380080", lab.Behaviour{Ring: 3 * time.Second})
	s.lab.Carrier.Behave("119", lab.Behaviour{Ring: 3 * time.Second})
	ringing, calling := dial(t, s.lab, "108", "962380080"), dial(t, s.lab, "109", "119")
	reaches(t, s.lab, "62380080")
	reaches(t, s.lab, "119")
	d.kill()
	away := talk("110", "120", "120")
	s.serve()
	staying = append(staying, ringing, calling, away)
	up(t, ringing)
	up(t, calling)
	wait(16 * time.Second) // three looks at all channels
	for _, c := range staying {
		must(t, c.WaitAudio(within(t, 5*time.Second)))
		hangup(t, c)
	}
}
