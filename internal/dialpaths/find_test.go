package dialpaths

import (
	"slices"
	"strings"
	"testing"
)

// around are the contexts that the dialplans of TestFind lead to.
const around = `
[ Context 'out' created by 'pbx_config' ]
  Autohints support enabled
  '_X' => 1. Dial(PJSIP/${EXTEN}@carrier,,i) [f:90]
  's' =>  1. Dial(PJSIP/5@carrier,,i) [f:91]

[ Context 'sub' created by 'pbx_config' ]
  's' => 1. NoOp() [f:92]
  Include => 'late' [pbx_config]

[ Context 'late' created by 'pbx_config' ]
  'h' => 1. Originate(PJSIP/5@carrier,app,Wait,1) [f:94]

[ Context 'mac' created by 'pbx_ael' ]
  '~~s~~' => 1. MSet(LOCAL(to)=${ARG1}) [pbx_ael]
             2. Dial(PJSIP/${to}@carrier,,i) [pbx_ael]
`

// Where a variable holds all of a jump, and nobody knows what, a person has to look.
func TestFindJumpByVariable(t *testing.T) {
	d, err := Parse("[ Context 'phones' created by 'pbx_config' ]\n  '1' => 1. Goto(${DB(where/x)}) [f:1]\n  '2' => 1. Goto(${LABEL}) [f:2]\n" +
		"[ Context 'sets' created by 'pbx_config' ]\n  's' => 1. Set(LABEL=here) [f:3]\n")
	if err != nil {
		t.Fatal(err)
	}
	found := Find(Site{Dialplan: d, From: []string{"phones"}, Trunks: []string{"carrier"}})
	if len(found) != 1 || found[0].State != Unknown || !strings.Contains(found[0].Why, "where the call goes is in a variable: ${DB(where/x)}") {
		t.Errorf("found %+v", found)
	}
}

// Each of these priorities of an extension leads to the trunk.
func TestFind(t *testing.T) {
	for want, all := range map[State][]string{
		Bypass: {
			"Goto(+2); Hangup(); Dial(PJSIP/5@carrier,,i)",
			"Set(LOCAL(to)=PJSIP/5@carrier); Dial(${to},,i)",
			"Set(ARRAY(a,b)=5,carrier); Dial(PJSIP/${a}@${b},,i)",
			"Set(TO=PJSIP/101); ExecIf($[${X}]?Set(TO=PJSIP/5@carrier)); Dial(${TO},,i)",
			"Set(NUM=); Read(NUM,beep); Dial(Local/${NUM}@out/n,,i)",
			"Set(NUM=); ReadExten(NUM,beep); Goto(out,${NUM},1)",
			"ParkAndAnnounce(default,,beep,PJSIP/5@carrier)", "Park(default,c(out,5,1))",
			"Queue(q,ib(out^5^1))", "Queue(q,iF(out^5^1))", "Queue(q,i,,,,,out)", "FollowMe(x,b(out^5^1))",
			"Page(PJSIP/101,b(out^5^1))", "Originate(PJSIP/101,app,Wait,1,,,B(out^5^1))", "Bridge(x,F(out^5^1))",
			"VoiceMail(101@default,ud(out))", "Set(CHANNEL(hangup_handler_push)=out,5,1)",
			"Set(__GOTO_ON_BLINDXFR=out^5^1)", "Set(__CONNECTED_LINE_SEND_SUB=out,5,1)", "Goto(sub,s,1)", "Gosub(mac,~~s~~,1(5))",
			"Goto(out,5,${WHERE})", "Set(TO=out,5,1); Goto(${TO})", "Set(TO=out,5,1); GotoIf($[${X}]?${TO}:1)", "Set(TO=out,${EXTEN},1); Gosub(${TO})",
			"Set(EXITCONTEXT=out); Dial(PJSIP/101,,id)",
		},
		Unknown: {"Goto(${WHERE}); Hangup(); Dial(PJSIP/5@carrier,,i)"},
	} {
		for _, priorities := range all {
			text := strings.Builder{}
			text.WriteString("[ Context 'phones' created by 'pbx_config' ]\n  '1' =>\n")
			for i, p := range strings.Split(priorities, "; ") {
				text.WriteString(strings.Repeat(" ", 12) + string(rune('1'+i)) + ". " + p + " [f:1]\n")
			}
			d, err := Parse(strings.Replace(text.String(), "=>\n", "=>", 1) + around)
			if err != nil {
				t.Fatal(err)
			}
			found := Find(Site{
				Dialplan: d, From: []string{"phones"}, Trunks: []string{"carrier"},
				Beside: Beside{Queues: map[string][]string{"q": nil}, FollowMe: map[string]Profile{"x": {}}},
			})
			if !slices.ContainsFunc(found, func(f Finding) bool {
				return f.State == want && strings.Contains(f.Why, "dials the trunk PJSIP/carrier")
			}) {
				t.Errorf("%s: want %s, found %+v", priorities, want, found)
			}
			if slices.ContainsFunc(found, func(f Finding) bool { return strings.Contains(f.Why, "cannot be read") }) {
				t.Errorf("%s: %+v", priorities, found)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	for trunk, fine := range map[string]bool{
		"carrier": true, "pjsip/carrier": true, "DAHDI/g1/NUMBER": true, "": false, "/": false, "PJSIP/": false, "Local/NUMBER@lcr": false,
	} {
		if err := (Site{From: []string{"phones"}, Trunks: []string{trunk}}).Check(); (err == nil) != fine {
			t.Errorf("%q: %v", trunk, err)
		}
	}
	if err := (Site{From: []string{"phones"}, Globals: map[string]string{"DIALWARDEN_TRUNK": "Local/NUMBER@lcr"}}).Check(); err == nil {
		t.Error("a Local channel is a trunk")
	}
}
