package dialpaths

import (
	"reflect"
	"testing"
)

// queues is what Asterisk 22.10.1 has printed, but for the last two members.
const queues = `support has 0 calls (max unlimited) in 'ringall' strategy (0s holdtime, 0s talktime), W:0, C:0, A:0, SL:0.0%, SL2:0.0% within 0s
   Members: 
      Chen Wei (outside) (PJSIP/61@carrier) (ringinuse enabled) (Invalid) has taken no calls yet (login was 0 secs ago)
      PJSIP/101 (ringinuse enabled) (Not in use) has taken no calls yet (login was 0 secs ago)
      Li (a/b) (Local/5@out/n from hint:5@phones) with penalty 2 (ringinuse disabled) (dynamic) (paused:a/b was 3 secs ago) (Not in use) has taken 1 calls (last was 3 secs ago) (login was 0 secs ago)
      nobody
   Callers: 
      1. PJSIP/104-0000002a (wait: 0:03, prio: 0)

ward 2 has 0 calls (max 5) in 'rrmemory' strategy (0s holdtime, 0s talktime), W:0, C:0, A:0, SL:0.0%, SL2:0.0% within 0s
   No Members
   No Callers

`

func TestQueues(t *testing.T) {
	want := map[string][]string{"support": {"PJSIP/61@carrier", "PJSIP/101", "Local/5@out/n"}, "ward 2": nil}
	if got := Queues("something\n" + queues); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
	if got := Queues("No such command 'queue show' (type 'core show help queue show' for other possible commands)\n"); len(got) > 0 {
		t.Errorf("without the module: %q", got)
	}
}

func TestFeatures(t *testing.T) {
	show := `Builtin Feature           Default Current
---------------           ------- -------
Pickup                    *8      *8     

Dynamic Feature           Default Current
---------------           ------- -------
outside                   no def  *7     
quiet                     no def  *8     
night desk                no def  *9     

Feature Groups:
---------------
===> Group: none
`
	if got, want := featureNames(show), []string{"outside", "quiet", "night desk"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
	for value, want := range map[string]Feature{
		"*7,self/both,Dial(PJSIP/5@carrier,,i)": {"x", "Dial", "PJSIP/5@carrier,,i"},
		"*8,peer,Playback,beep":                 {"x", "Playback", "beep"},
		`*8,self,Gosub,"other,s,1",default`:     {"x", "Gosub", "other,s,1"},
		"*6,self,Dial(PJSIP/5@carrier),default": {"x", "Dial", "PJSIP/5@carrier"},
		"*5,self,Dial,PJSIP/5@carrier,default":  {"x", "Dial", "PJSIP/5@carrier"},
		"*9,self,Hangup":                        {"x", "Hangup", ""},
		"":                                      {Name: "x"},
	} {
		if got := featureOf("x", value); got != want {
			t.Errorf("%s is read as %+v", value, got)
		}
	}
}

func TestProfiles(t *testing.T) {
	d, err := Parse(`[ Context 'phones' created by 'pbx_config' ]
  '1' =>            1. FollowMe(doctor,s)                         [extensions.conf:7]
  '2' =>            1. ExecIf($[${X}]?FollowMe(nurse):FollowMe(${Y})) [extensions.conf:8]
  '3' =>            1. FollowMe(a,b;c)                            [extensions.conf:9]
`)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := d.profiles(), []string{"a", "doctor", "nurse"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
}
