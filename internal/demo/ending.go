package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/dialwarden/dialwarden/internal/config"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// logLines is how much of each log is shown when something went wrong.
const logLines = 15

// columns is how wide the demo is.
const columns = 100

// tryNext says where the ledger is, and what can be done with it. ids are the decisions of the scenes.
func (s *stage) tryNext(ids []int64) {
	program, conf, db := quote(s.o.Command), quote(s.config()), s.dir.file(ledgerName)
	s.screen.line("The ledger:  %s\n\nTry next:", s.screen.style(bold, db))
	s.hint("every decision, and one of them with all that the policy saw",
		[]string{program, "log list", "--config " + conf},
		[]string{program, "log show", strconv.FormatInt(ids[2], 10), "--config " + conf})
	s.hint("what the policy would say about another call",
		[]string{program, "check", "--from 106", "--to 90044207946000", "--config " + conf})
	s.hint("the ledger is SQLite"+missing("sqlite3"),
		[]string{"sqlite3", "-box", quote(db), `"SELECT dialled, action, rule, seconds FROM decision_log JOIN call_log ON id = decision_id"`})
	if !s.o.Stay {
		again := []string{program, "demo", "--stay"}
		if usual, err := DefaultDir(); err != nil || usual != s.o.Dir {
			again = append(again, "--dir "+quote(s.o.Dir))
		}
		s.hint("the same again, and then keep it running, to dial yourself with a softphone", again)
	}
	own := filepath.Dir(config.DefaultPath)
	if home, err := os.UserHomeDir(); err == nil && os.Geteuid() != 0 {
		own = filepath.Join(home, "dialwarden")
	}
	if _, err := os.Stat(own); err != nil {
		s.hint("your own site: configuration, policy and the files for your Asterisk", []string{program, "init", quote(own)})
	}
}

// hint prints commands as they can be copied, and what they are for.
func (s *stage) hint(what string, commands ...[]string) {
	s.screen.line("  %s", s.screen.style(faint, "# "+what))
	for _, words := range commands {
		s.screen.line("%s", fold(words))
	}
}

// fold joins words to a command that is continued on further lines where it is too wide.
func fold(words []string) string {
	const indent = "  "
	text, width := indent+words[0], len(indent)+len(words[0])
	for _, word := range words[1:] {
		if width+len(word)+len(" \\") > columns {
			text, width = text+" \\\n"+indent+"   ", len(indent)+len("   ")
		}
		text, width = text+" "+word, width+1+len(word)
	}
	return text
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
	program, conf := quote(s.o.Command), "--config "+quote(s.config())
	s.screen.line(`
%s
A softphone on this machine can dial: SIP over UDP to %s, without registration or password;
its user name is its extension, 101 to 110. The lab answers what it dials. In another terminal:
%s
%s
What is decided appears here:`,
		s.screen.style(bold, "Asterisk and the daemon keep running until Ctrl-C."), s.lab.SIPAddress(),
		fold([]string{program, "log tail", conf}), fold([]string{program, "pin add", `--holder "Li Na"`, conf}))
	var err error
	for err == nil {
		var d ledger.Decision
		if d, err = s.ledger.next(ctx); err == nil {
			s.screen.row(d, "")
		}
	}
	if s.ctx.Err() == nil {
		return s.tellLogs(err)
	}
	s.screen.line("\nStopped; nothing is left running.") // that is how it is meant to end
	return nil
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
