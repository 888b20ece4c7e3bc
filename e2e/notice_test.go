package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/dialwarden/dialwarden/internal/lab"
)

// Somebody is told of an emergency call, once, with the place of the phone, while the call goes on; also of one that went out
// while there was no daemon.
func TestEmergencyIsTold(t *testing.T) {
	t.Parallel()
	l := newLab(t, lab.Options{})
	s := newSite(t, l, "")
	directory := s.read("policy/data/directory.yaml")
	s.write("policy/data/directory.yaml", strings.Replace(directory, "{holder: Chen Wei,", `{holder: Chen Wei, place: "Ward 3, room 12",`, 1))
	s.write("policy/data/emergency.yaml", "notify: [operator, gatehouse]\n")
	const said = "Emergency call to 110 from 101 (Chen Wei, Ward 3, room 12), "
	d := s.serve()
	c := dial(t, l, "101", "9110")
	reaches(t, l, "110")
	up(t, c)
	s.logged(2, said)
	d.kill()
	hangup(t, c)
	c = dial(t, l, "101", "110")
	reaches(t, l, "110")
	up(t, c)
	s.serve()
	s.logged(2, said)
	must(t, c.WaitAudio(within(t, 5*time.Second)))
	hangup(t, c)
	s.ended(s.decision(to("110")).ID)
	if n := s.log.count(said); n != 2 {
		t.Errorf("%d alerts of one call to two people", n)
	}
}
