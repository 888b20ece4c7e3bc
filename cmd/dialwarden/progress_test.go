package main

import (
	"strings"
	"testing"
	"time"
)

func TestBar(t *testing.T) {
	p := progress{what: "calls", total: 200}
	for _, step := range []struct {
		add   int
		since time.Duration
		want  string
	}{
		{0, 0, "[" + strings.Repeat(" ", 30) + "]   0 %  0 of 200 calls"},
		{50, 2 * time.Second, "[#######" + strings.Repeat(" ", 23) + "]  25 %  50 of 200 calls, 6s left"},
		{150, 8 * time.Second, "[" + strings.Repeat("#", 30) + "] 100 %  200 of 200 calls, 0s left"},
		{1, 8 * time.Second, "[" + strings.Repeat("#", 30) + "] 100 %  200 of 200 calls, 0s left"}, // more than were counted
	} {
		p.add(step.add)
		if got := p.bar(step.since); got != step.want {
			t.Errorf("got  %q\nwant %q", got, step.want)
		}
	}
}
