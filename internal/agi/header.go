package agi

import (
	"bufio"
	"errors"
	"fmt"
	"strings"
	"time"

	library "github.com/CyCoreSystems/agi"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Bounds of what Asterisk sends. Its own header has some 25 lines of less than 100 bytes.
const (
	mostLines   = 128
	longestLine = 4 << 10 // bytes, of a header's or a reply's line
)

// The paths of requests.
const (
	pathDecide    = "decide"
	pathEnded     = "ended"
	pathBegan     = "began"     // an emergency call
	pathEmergency = "emergency" // one that has ended
)

var errLine = fmt.Errorf("a line is longer than %d bytes", longestLine)

// readLine returns the next line without its end. in must hold longestLine bytes. The error is errLine for a line that is
// too long, else that of reading; what was read before it is no line.
func readLine(in *bufio.Reader) (string, error) {
	line, err := in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", errLine
	case err != nil:
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// readHeader returns the lines of a header without the empty one that ends it. A name that is there twice is an error: a
// caller may have smuggled a line of his own into his name or number.
func readHeader(in *bufio.Reader) ([]string, error) {
	var lines []string
	seen := map[string]bool{}
	for {
		line, err := readLine(in)
		if err != nil {
			return nil, err
		}
		if line == "" {
			return lines, nil
		}
		name, _, ok := strings.Cut(line, ":")
		switch name = strings.TrimSpace(name); {
		case !ok || !strings.HasPrefix(name, "agi_"):
			return nil, fmt.Errorf("line %d of the header is not agi_NAME: VALUE", len(lines)+1)
		case seen[name]:
			return nil, fmt.Errorf("line %d of the header says %.40q once more", len(lines)+1, name)
		case len(lines) == mostLines:
			return nil, fmt.Errorf("the header has more than %d lines", mostLines)
		}
		seen[name] = true
		lines = append(lines, line)
	}
}

// asked is a request of the dialplan.
type asked struct {
	path    string
	attempt call.Attempt
	entry   string        // the nonce of decide
	talked  time.Duration // of ended and emergency: for how long the called party was there; zero for never
	cause   int
}

// read makes a request of what the library found in a header. An error says what is missing.
func read(variables map[string]string) (asked, error) {
	get := func(name string) string { return variables["agi_"+name] }
	q := asked{path: get("network_script"), attempt: call.Attempt{
		Source: call.SourceAGI, Channel: get("uniqueid"), Dialled: get("extension"), At: time.Now(),
		Extension: call.EndpointNumber(get("channel")),
	}}
	if id := get("callerid"); q.attempt.Extension == "" && id != "unknown" {
		q.attempt.Extension = id
	}
	if q.path != pathDecide {
		return told(q, get)
	}
	if q.attempt.Channel == "" {
		return q, errors.New("the header names no channel: agi_uniqueid is missing")
	}
	q.entry = get("arg_1")
	switch payer := get("arg_2"); payer {
	case "":
	case call.PayerUnknown:
		q.attempt.Extension = ""
	default:
		q.attempt.Extension = payer
	}
	if q.entry == "" || q.attempt.Dialled == "" {
		return q, errors.New("decide needs the nonce of our dialplan, and what was dialled: AGI(agi://…/decide,NONCE,CALLER)")
	}
	return q, nil
}

// told reads what is told about a channel that has ended. Another channel tells it, and perhaps late.
func told(q asked, get func(string) string) (asked, error) {
	q.attempt.Channel = get("arg_1")
	if ended := number(get("arg_2"), int(q.attempt.At.UnixMilli())); ended > 0 {
		q.attempt.At = time.UnixMilli(int64(ended))
	}
	q.talked = time.Duration(number(get("arg_3"), 7*24*3600*1000)) * time.Millisecond
	q.cause = number(get("arg_4"), 127)
	switch q.path {
	case pathEnded:
	case pathEmergency, pathBegan:
		q.attempt.Source, q.attempt.Dialled, q.attempt.Extension = call.SourceDialplan, get("arg_5"), get("arg_6")
		if !call.IsDialString(q.attempt.Dialled) {
			return q, errors.New("an emergency needs what was dialled: AGI(agi://…/emergency,CHANNEL,MS-SINCE-1970,MS-ANSWERED,CAUSE,DIALLED,CALLER)")
		}
	default:
		return q, fmt.Errorf("the path %.40q is none of %s, %s, %s, %s", q.path, pathDecide, pathEnded, pathBegan, pathEmergency)
	}
	if q.attempt.Channel == "" {
		return q, errors.New("the channel that has ended is missing: AGI(agi://…/ended,CHANNEL,MS-SINCE-1970,MS-ANSWERED,CAUSE)")
	}
	return q, nil
}

// number reads a number from 0 to most; what is none counts as 0, as an empty variable of the dialplan does.
func number(s string, most int) int {
	n := 0
	for _, r := range s {
		if r < '0' || r > '9' || n > most {
			return 0
		}
		n = n*10 + int(r-'0')
	}
	if n > most {
		return 0
	}
	return n
}

// newLibrary has the library read a header that is known to be sound, and leaves it to go on with s for the replies.
func newLibrary(s *session, header []string) *library.AGI {
	s.rest = []byte(strings.Join(append(header, "", ""), "\n"))
	return library.New(s, s.conn)
}
