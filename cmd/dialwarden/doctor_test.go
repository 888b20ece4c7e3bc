package main

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/dialwarden/dialwarden/internal/doctor"
)

// TestDoctorStatus holds the exit status to what was found, and a terminal to what it may show.
func TestDoctorStatus(t *testing.T) {
	for _, c := range []struct {
		states []doctor.State
		want   int
	}{
		{[]doctor.State{doctor.OK, doctor.Note, doctor.Warning}, exitDone},
		{[]doctor.State{doctor.Unknown, doctor.OK}, exitFailed},
		{[]doctor.State{doctor.Unknown, doctor.Wrong, doctor.Warning}, exitNo},
	} {
		r := rounds{w: io.Discard, count: map[doctor.State]int{}}
		for _, s := range c.states {
			if err := r.tell(doctor.Finding{State: s}); err != nil {
				t.Fatal(err)
			}
		}
		got := exitDone
		if err := r.end(); errors.Is(err, errNo) {
			got = exitNo
		} else if err != nil {
			got = exitFailed
		}
		if got != c.want {
			t.Errorf("%v: status %d, want %d", c.states, got, c.want)
		}
	}
	var out strings.Builder
	r := rounds{w: &out, count: map[doctor.State]int{}}
	if err := r.tell(doctor.Finding{Finding: "a\x1b[31mb", Remedy: []string{"c\x07"}}); err != nil || strings.ContainsAny(out.String(), "\x1b\x07") {
		t.Errorf("a terminal would obey %q, %v", out.String(), err)
	}
}
