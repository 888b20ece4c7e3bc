package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/dialwarden/dialwarden/internal/config"
)

// logLines is how much of each log is shown when something went wrong.
const logLines = 15

// tryNext says where the ledger is, and what can be done with it. ids are the decisions of the scenes.
func (s *stage) tryNext(ids []int64) {
	program, conf := quote(s.o.Command), quote(s.config())
	db := s.dir.file(ledgerName)
	s.screen.line("The ledger:  %s\n", s.screen.style(bold, db))
	s.screen.line("Try next:")
	for _, hint := range [][2]string{
		{"every decision, and one of them with all that the policy saw", ""},
		{"", program + " log list --config " + conf},
		{"", fmt.Sprintf("%s log show %d --config %s", program, ids[2], conf)},
		{"what the policy would say about another call, and why", ""},
		{"", program + " check --from 106 --to 90044207946000 --explain --config " + conf},
		{"the ledger is SQLite" + missing("sqlite3"), ""},
		{"", "sqlite3 -box " + quote(db) + " \\\n    " +
			`"SELECT id, extension, dialled, action, rule, seconds FROM decision_log LEFT JOIN call_log ON decision_id = id"`},
	} {
		s.hint(hint[0], hint[1])
	}
	if !s.o.Stay {
		s.hint("the same again, and then keep it running, to dial yourself with a softphone", program+" demo --stay"+s.dirFlag())
	}
	if _, err := os.Stat(config.DefaultPath); err != nil {
		s.hint("your own site: configuration, policy and the files for your Asterisk", program+" init "+filepath.Dir(config.DefaultPath))
	}
}

func (s *stage) hint(what, command string) {
	if what != "" {
		s.screen.line("  %s", s.screen.style(faint, "# "+what))
	}
	if command != "" {
		s.screen.line("  %s", command)
	}
}

// dirFlag is the flag that leads the demo to the same directory again.
func (s *stage) dirFlag() string {
	if usual, err := DefaultDir(); err == nil && usual == s.o.Dir {
		return ""
	}
	return " --dir " + quote(s.o.Dir)
}

// missing says how to get a program that is not there.
func missing(program string) string {
	if _, err := exec.LookPath(program); err == nil {
		return ""
	}
	return fmt.Sprintf(" (apt-get install %s)", program)
}

// stay keeps Asterisk and the daemon running until ctx ends, and prints what is decided.
func (s *stage) stay(ctx context.Context) error {
	host := s.lab.SIPAddress()
	s.screen.line(`
%s
A softphone on this machine can dial: SIP over UDP to %s, no registration, no password. The user
in From is the extension: 101 to 110. Other extensions and all outside numbers are answered by the lab.
In another terminal:  %s log tail --config %s
                      %s pin add --holder "Li Na" --config %s
What is decided appears here:`,
		s.screen.style(bold, "Asterisk and the daemon keep running until Ctrl-C."), host,
		quote(s.o.Command), quote(s.config()), quote(s.o.Command), quote(s.config()))
	for {
		d, err := s.ledger.next(ctx)
		if s.ctx.Err() != nil { // that is how it is meant to end
			s.screen.line("\nStopped; nothing is left running.")
			return nil
		}
		if err != nil {
			return s.tellLogs(err)
		}
		s.screen.row(d, "")
	}
}

// tellLogs stops everything, shows the ends of the logs and says where they are. It returns the error, joined with
// what went wrong in stopping.
func (s *stage) tellLogs(err error) error {
	s.screen.wipe()
	err = errors.Join(err, s.close())
	for _, log := range []struct{ whose, name string }{{"the daemon's log", daemonLog}, {"Asterisk's log", asteriskLog}} {
		path := s.dir.file(log.name)
		text, missing := os.ReadFile(path)
		if missing != nil {
			continue // it was not started
		}
		s.screen.heading(fmt.Sprintf("\nThe end of %s (%s):", log.whose, path))
		lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
		for _, line := range lines[max(0, len(lines)-logLines):] {
			s.screen.line("  %s", line)
		}
	}
	return err
}

// quote returns a word as a shell reads it.
func quote(word string) string {
	const safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+=:@%,"
	if word != "" && strings.Trim(word, safe) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
