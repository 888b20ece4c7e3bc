package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/lab"
)

// forgotten are ways to the trunk that a dialplan of many years could have, each dialled by an extension of its own; what
// is said of each stands in wantForgotten.
const forgotten = `
[phones](+)
exten => 6001,1,Dial(PJSIP/62345678@carrier,30,i)
exten => 6002,1,GotoIf($["${CALLERID(num)}" = "101"]?by-goto,${EXTEN},go)
 same => n,Hangup()
exten => 6003,1,Gosub(by-gosub,s,1(PJSIP,carrier))
 same => n,Hangup()
exten => 6004,1,Dial(Local/${EXTEN:1}@by-local/n,,i)
exten => 6005,1,Dial(PJSIP/101&PJSIP/102&PJSIP/5@carrier,20,i)
exten => 6006,1,Set(LINE=PJSIP/carrier)
 same => n,Dial(${LINE}/sip:5@127.0.0.1,,i)
exten => 6007,1,ExecIf($[${LEN(${X})} > 0]?Dial(PJSIP/5@carrier,,i):NoOp(no))
 same => n,Hangup()
exten => 6008,1,TryExec(Dial(PJSIP/5@carrier,,i))
 same => n,Hangup()
exten => 6009,1,Originate(PJSIP/5@carrier,app,Playback,beep)
 same => n,Hangup()
exten => 6010,1,Originate(Local/101@dialwarden-internal,exten,by-originate,5,1)
 same => n,Hangup()
exten => 6011,1,Dial(${STRREPLACE(DIALWARDEN_TRUNK,NUMBER,5)},,i)
exten => 6012,1,Goto(dialwarden-released,5,out)
exten => 6013,1,Set(DIALWARDEN_NONCE=123456789012)
 same => n,Goto(dialwarden-released,1-123456789012-out-5-60-0-,1)
exten => 6014,1,Dial(PJSIP/101,20,iTG(by-g^s^1))
 same => n,Hangup()
exten => 6015,1,Set(__TRANSFER_CONTEXT=by-transfer)
 same => n,Dial(PJSIP/101,20,i)
 same => n,Hangup()
exten => 6017,1,GotoIfTime(09:00-17:00,mon-fri,*,*?by-goto,s,go:day,1)
exten => 6018,1,Background(beep,,,by-menu)
 same => n,WaitExten(3)
exten => 6019,1,Macro(line,5)
 same => n,Hangup()
exten => 6020,1,Dial(${CURL},,i)
 same => n,Hangup()
exten => 6021,1,AGI(other.agi)
 same => n,Hangup()
exten => 6022,1,Stasis(another)
 same => n,Hangup()
exten => 6023,1,Dial(PJSIP/101,20)
 same => n,Hangup()
exten => _603X.,1,Dial(PJSIP/${EXTEN:2},20,i)
 same => n,Hangup()
exten => 6024,1,Goto(in-${X},s,1)
exten => 6025,1,Dial(PJSIP/5@second,,i)
 same => n,Hangup()
exten => 6026/101,1,Dial(PJSIP/5@carrier,,i)
exten => 6027,1,Dial(PJSIP/104,,ib(by-predial^s^1))
 same => n,Hangup()
exten => 6028,1,Queue(support,i)
 same => n,Hangup()
exten => 6029,1,FollowMe(doctor)
 same => n,Hangup()
exten => 6032,1,ExecIf($[${X}]?FollowMe(nurse,s))
 same => n,Hangup()
exten => 6033,1,Queue(${X},i)
 same => n,Hangup()
exten => 6034,1,AddQueueMember(wards,PJSIP/5@carrier)
 same => n,Hangup()
exten => 6035,1,FollowMe(nobody)
 same => n,Hangup()
exten => 6036,1,Queue(exits,i)
 same => n,Hangup()
exten => 6037,1,Queue(gosubs,i)
 same => n,Hangup()
exten => 6038,1,ConfBridge(room,,,outside)
 same => n,Hangup()
exten => 6039,1,VoiceMailMain(101@default)
 same => n,Hangup()
exten => 6040,1,VoiceMail(101@default,u)
 same => n,Hangup()
exten => 6041,1,Goto(by-spy,s,1)
exten => 6042,1,Set(ID=${PERIODIC_HOOK(by-menu,1,30)})
 same => n,Hangup()
exten => day,1,Hangup()
[more-phones]
include => by-night,18:00-08:00,*,*,*
include => by-include
include => dialwarden-outbound
exten => 6016,1,NoOp(runs on into the next context)
[old-phones]
switch => Loopback/6103@by-switch
include => dialwarden-outbound
[by-night]
exten => 6101,1,Dial(PJSIP/${EXTEN}@carrier,,i)
[by-include]
exten => 6016,2,Dial(PJSIP/5@carrier,,i)
exten => 6102,1,Dial(PJSIP/${FILTER(0-9,${EXTEN})}@carrier,,i)
[by-switch]
exten => 6103,1,Dial(PJSIP/5@carrier,,i)
[by-goto]
exten => _[6s]!,1,Hangup()
 same => n(go),Dial(PJSIP/${EXTEN}@carrier,,i)
[by-gosub]
exten => s,1,Set(VIA=${ARG2})
 same => n,Dial(${ARG1}/5@${VIA},,i)
 same => n,Return()
[by-local]
exten => _00X,1,Dial(PJSIP/${EXTEN}@carrier,,i)
exten => _1X.,1,Dial(PJSIP/999@carrier,,i)
[by-originate]
exten => 5,1,Dial(PJSIP/5@carrier,,i)
[by-g]
exten => s,1,Hangup()
exten => s,2,Dial(PJSIP/5@carrier,,i)
[by-transfer]
exten => _X.,1,Dial(PJSIP/${EXTEN}@carrier,,i)
[by-menu]
exten => 1,1,Dial(PJSIP/5@carrier,,i)
[by-exit]
exten => o,1,Dial(PJSIP/5@carrier,,i)
[by-spy]
exten => s,1,ChanSpy(,qX)
exten => 5,1,Dial(PJSIP/5@carrier,,i)
[by-predial]
exten => s,1,Dial(PJSIP/5@carrier,,i)
[macro-line]
exten => s,1,Dial(PJSIP/${ARG1}@carrier,,i)
[nobody-comes-here]
exten => _X.,1,Dial(PJSIP/${EXTEN}@carrier,,i)
`

// wantForgotten says, by what is dialled, what is found: the state, and words of the way.
var wantForgotten = map[string]string{
	"6001": "bypass phones,6001,1", "6002": "bypass by-goto,_[6s]!,2", "6003": "bypass by-gosub,s,2", "6004": "bypass by-local,_00X,1",
	"6005": "bypass phones,6005,1", "6006": "bypass phones,6006,2", "6007": "bypass phones,6007,1", "6008": "bypass phones,6008,1", "6009": "bypass phones,6009,1",
	"6010": "bypass by-originate,5,1", "6011": "bypass phones,6011,1", "6012": "bypass dialwarden-released,_[!-~]!", "6013": "bypass nonce",
	"6014": "bypass by-g,s,2", "_X.": "bypass TRANSFER_CONTEXT", "6016": "bypass by-include,6016,2", "6017": "bypass by-goto,_[6s]!,2",
	"6018": "bypass by-menu,1,1", "6019": "bypass macro-line,s,1", "6020": "unknown variable", "6021": "unknown other.agi", "6022": "unknown another",
	"6023": "warning option i", "_603X.": "warning @, / or ", "6024": "unknown context", "6025": "unknown may be a trunk", "6026": "bypass phones,6026,1",
	"6027": "bypass by-predial,s,1", "6028": "bypass its member PJSIP/61@carrier ", "6029": "bypass by-local,_00X,1", "6032": "bypass by-local,_00X,1",
	"6033": "unknown queues.conf", "6034": "bypass phones,6034,1", "6035": "unknown followme.conf", "6036": "bypass by-menu,1,1", "6037": "bypass by-predial,s,1", "6038": "bypass by-menu,1,1",
	"6039": "bypass by-menu,1,1", "6040": "bypass by-exit,o,1", "6041": "bypass by-spy,5,1", "6042": "bypass by-menu,1,1", "outside": "bypass features.conf,outside,1", "6101": "bypass by-night,6101,1", "6102": "bypass by-include,6102,1", "6103": "bypass by-switch,6103,1",
}

// beside are configurations of Asterisk that dial, too.
var beside = map[string]string{
	"queues.conf": `
[general]
[support]
member => PJSIP/101
member => PJSIP/61@carrier,0,Chen Wei (outside)
[wards]
member => Local/101@phones/n,0,Ward 1
member => PJSIP/102
[exits]
context=by-menu
member => PJSIP/102
[gosubs]
membergosub=by-predial
member => PJSIP/102
`,
	"confbridge.conf": `
[outside]
type=menu
1=toggle_mute
*2=dialplan_exec(by-menu,1,1)
`,
	"voicemail.conf": `
[general]
format=wav
dialout=by-menu
exitcontext=by-exit
[default]
101 => 1234,Chen Wei
`,
	"followme.conf": `
[doctor]
context=by-local
number=>005,20
[nurse]
context=by-local
number=>101,20
number=>104&005,20,2
`,
	"features.conf": `
[applicationmap]
outside => *7,self/both,Dial(PJSIP/5@carrier)
quiet => *8,peer,Playback,beep
`,
}

// cleanBeside dial nothing but phones, and numbers through us.
var cleanBeside = map[string]string{
	"queues.conf":   "[general]\n[wards]\nmember => Local/101@house/n,0,Ward 1\nmember => PJSIP/102\nmember => Local/962345678@dialwarden-outbound/n\n",
	"followme.conf": "[doctor]\ncontext=dialwarden-outbound\nnumber=>962345678,20\nnumber=>101,20\n",
	"features.conf": "[applicationmap]\nquiet => *8,peer,Playback,beep\n",
}

// configured has Asterisk read these configurations.
func configured(t *testing.T, l *lab.Lab, files map[string]string) {
	t.Helper()
	for name, text := range files {
		must(t, os.WriteFile(filepath.Join(l.Dir(), "etc", name), []byte(text), 0o644))
	}
	for _, command := range []string{"module load app_queue.so", "module load app_followme.so", "module load func_config.so", "module load app_confbridge.so", "module reload features"} {
		if said, err := l.CLI(within(t, 10*time.Second), command); err != nil {
			t.Fatal(command, said, err)
		}
	}
}

// clean is a dialplan in which every way to the trunk passes through Dialwarden.
const clean = `
[phones](+)
exten => 7000,1,Goto(house,${EXTEN},1)
exten => 7001,1,Set(__FORWARD_CONTEXT=dialwarden-outbound/n)
 same => n,Set(__TRANSFER_CONTEXT=dialwarden-outbound)
 same => n,Gosub(ring,s,1(101))
 same => n,Hangup()
exten => 7002,1,Dial(Local/962345678@dialwarden-outbound/n,20,i)
 same => n,Hangup()
exten => 7003,1,Answer()
 same => n,Background(beep,,,house)
 same => n,WaitExten(3)
exten => 7004,1,Goto(dialwarden-emergency,110,1)
exten => 7005,1,GotoIfTime(9:00-17:00,mon-fri,*,*?house,101,1:dialwarden-outbound,962345678,1)
exten => 7006,1,Dial(PJSIP/${FILTER(0-9,${EXTEN:2})},20,iT)
 same => n,Hangup()
exten => 7007,1,Queue(wards,i)
 same => n,FollowMe(doctor)
 same => n,Hangup()
include => old
[house]
exten => _[17]0X,1,Gosub(ring,s,1(${EXTEN}))
 same => n,Hangup()
exten => 7000,1,Gosub(ring,s,1(102))
[ring]
exten => s,1,ExecIf($[${LEN(${ARG1})} > 0]?Dial(PJSIP/${ARG1},20,i))
 same => n,Return()
[old]
exten => _9X.,1,Dial(PJSIP/${EXTEN:1}@carrier)
[dialed-by-nobody]
exten => _X.,1,Dial(PJSIP/${EXTEN}@carrier)
`

// way is what dialwarden doctor --bypass --json prints.
type way struct {
	State string
	From  []struct{ Context, By string }
	Steps []struct {
		Context, Exten string
		Priority       int
		App, Place     string
	}
	Why, Remedy string
}

// ways has the doctor look at the running dialplan.
func ways(t *testing.T, l *lab.Lab, args ...string) (found []way, text string, status int) {
	t.Helper()
	console := "chroot " + l.Root() + " asterisk"
	if l.Root() == "/" {
		console = "asterisk"
	}
	console += " -C " + filepath.Join("/", strings.TrimPrefix(l.Dir(), l.Root()), "etc/asterisk.conf") + " -rx"
	args = append([]string{"doctor", "--bypass", "--asterisk", console}, args...)
	for _, asJSON := range []bool{false, true} {
		if asJSON {
			args = append(args, "--json")
		}
		cmd := exec.CommandContext(within(t, time.Minute), binary, args...)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		_ = cmd.Run()
		status = cmd.ProcessState.ExitCode()
		if errs.Len() > 0 {
			t.Fatal(errs.String())
		}
		if !asJSON {
			text = out.String()
			continue
		}
		for lines := bufio.NewScanner(&out); lines.Scan(); {
			var w way
			must(t, json.Unmarshal(lines.Bytes(), &w))
			found = append(found, w)
		}
	}
	return found, text, status
}

// String is all that is said of a way.
func (w way) String() string {
	text, _ := json.Marshal(w)
	return strings.NewReplacer(`","Exten":"`, ",", `","Priority":`, ",", `{"Context":"`, "").Replace(string(text))
}

// The doctor names every way of the running dialplan to the trunk that does not pass through us, and no other.
func TestDialpaths(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{ExtraDialplan: forgotten})
	configured(t, l, beside)
	found, text, status := ways(t, l, "--from", "more-phones,old-phones")
	if status != 1 {
		t.Errorf("the exit status is %d, want 1", status)
	}
	said := map[string][]way{}
	for _, w := range found {
		if len(w.Steps) == 0 {
			t.Errorf("it is nowhere: %v", w)
			continue
		}
		said[w.Steps[0].Exten] = append(said[w.Steps[0].Exten], w)
	}
	for exten, want := range wantForgotten {
		state, words, _ := strings.Cut(want, " ")
		if !slices.ContainsFunc(said[exten], func(w way) bool { return w.State == state && strings.Contains(w.String(), words) && w.Remedy != "" }) {
			t.Errorf("%s: want %s, found %v", exten, want, said[exten])
		}
	}
	for exten, all := range said {
		want := wantForgotten[exten]
		for _, w := range all {
			if want == "" || w.State == "bypass" && !strings.HasPrefix(want, "bypass") || strings.Contains(w.String(), "nobody-comes-here") || strings.Contains(w.String(), "999") {
				t.Errorf("%s is no way past us: %v", exten, w)
			}
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// In a clean dialplan it finds none, live and from a file.
func TestCleanDialpaths(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{ExtraDialplan: clean})
	configured(t, l, cleanBeside)
	found, text, status := ways(t, l)
	if status != 0 || len(found) > 0 || !strings.Contains(text, "No way past Dialwarden to PJSIP/carrier was found.") {
		t.Errorf("status %d:\n%s", status, text)
	}
	var show string
	for _, command := range []string{"dialplan show", "queue show"} {
		said, err := l.CLI(within(t, 10*time.Second), command)
		must(t, err)
		show += said
	}
	saved := filepath.Join(t.TempDir(), "dialplan.txt")
	must(t, os.WriteFile(saved, []byte(show), 0o600))
	found, text, status = ways(t, l, "--dialplan", saved, "--from", "phones", "--trunk", "carrier")
	if status != 0 || len(found) != 1 || found[0].State != "unknown" || !strings.Contains(found[0].Why, "followme.conf") {
		t.Errorf("status %d:\n%s", status, text)
	}
	if found, text, status = ways(t, l, "--from", "old"); status != 1 || len(found) != 1 {
		t.Errorf("from [old]: status %d:\n%s", status, text)
	}
}
