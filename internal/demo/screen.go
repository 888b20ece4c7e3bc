package demo

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/ledger"
)

// The styles of a terminal (SGR parameters).
const (
	plain = ""
	bold  = "1"
	faint = "2"
	red   = "1;31"
	green = "1;32"
)

// screen prints the demo, at most 100 columns wide. On a terminal it has colours (unless NO_COLOR is set) and a last
// line that says what is going on and is overwritten.
type screen struct {
	w       io.Writer
	live    bool // a terminal: lines can be overwritten
	colours bool

	mu      sync.Mutex
	passing bool  // such a line is on the screen
	err     error // the first that writing has met
}

func newScreen(w io.Writer) *screen {
	s := &screen{w: w}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		s.live, s.colours = true, os.Getenv("NO_COLOR") == ""
	}
	return s
}

// write prints text in the place of a passing line; passing says that text is one itself.
func (s *screen) write(text string, passing bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.passing {
		text = "\r\x1b[K" + text
	}
	s.passing = passing
	if _, err := io.WriteString(s.w, text); err != nil && s.err == nil {
		s.err = err
	}
}

// style returns the text in a style, where there are any.
func (s *screen) style(style, text string) string {
	if !s.colours || style == plain || text == "" {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

// line prints a line.
func (s *screen) line(format string, args ...any) { s.write(fmt.Sprintf(format, args...)+"\n", false) }

// heading prints a line that stands out.
func (s *screen) heading(text string) { s.line("%s", s.style(bold, text)) }

// now says what is going on, on a terminal only, until the next line takes its place.
func (s *screen) now(format string, args ...any) {
	if s.live {
		s.write(s.style(faint, fmt.Sprintf("  "+format+" …", args...)), true)
	}
}

// wipe removes the line of now.
func (s *screen) wipe() { s.write("", false) }

// ready tells of a part that has been started.
func (s *screen) ready(part, about string) {
	s.line("  %s  %s", s.style(green, fmt.Sprintf("%-17s", part)), about)
}

const (
	rowFormat = "  %-8s  %-4s  %-13s  %-19s  %-9s  "
	sawIndent = "            "
)

func (s *screen) columns() {
	s.line("\n%s", s.style(faint, fmt.Sprintf(rowFormat+"%-6s  %s", "TIME", "FROM", "DIALLED", "", "CLASS", "ACTION", "RULE")))
}

// row prints a decision as it stands in the ledger; whom describes the dialled number.
func (s *screen) row(d ledger.Decision, whom string) {
	style := green
	if d.Action != call.Allow {
		style = red
	}
	s.line(rowFormat+"%s  %s", d.At.Local().Format("15:04:05"), d.Extension, d.Dialled, whom, d.Class,
		s.style(style, fmt.Sprintf("%-6s", d.Action)), s.style(bold, d.Rule))
}

// saw prints what the phone saw of the call above.
func (s *screen) saw(text string) { s.line(sawIndent+"%s %s", s.style(faint, "└"), text) }

// fault prints what was not as it should be.
func (s *screen) fault(text string) {
	for i, line := range strings.Split(text, "\n") {
		mark := "✗ "
		if i > 0 {
			mark = "  "
		}
		s.line("%s%s", sawIndent, s.style(red, mark+line))
	}
}
