package lab

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// RTP payload types of the two codecs that every carrier has.
const (
	pcmu = 0
	pcma = 8
)

// telephoneEvent is the RTP payload type that most phones send pressed keys as.
const telephoneEvent = 101

// payloads are the RTP payload types that a call uses.
type payloads struct {
	audio byte
	dtmf  byte // telephone-event; zero if the other side has none
}

// session is what we need of the other side's session description.
type session struct {
	address  *net.UDPAddr
	payloads payloads
}

// parseSDP reads where the other side wants its audio, and as what.
func parseSDP(body []byte) (session, bool) {
	var s session
	var host, port string
	for line := range strings.Lines(string(body)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "c=IN IP4 "):
			host = strings.TrimPrefix(line, "c=IN IP4 ")
		case strings.HasPrefix(line, "m=audio "):
			fields := strings.Fields(line)
			if len(fields) < 4 {
				return session{}, false
			}
			port = fields[1]
			s.payloads.audio = firstCodec(fields[3:])
		case strings.HasPrefix(line, "a=rtpmap:") && strings.Contains(strings.ToLower(line), " telephone-event/8000"):
			number, _, _ := strings.Cut(strings.TrimPrefix(line, "a=rtpmap:"), " ")
			if pt, err := strconv.ParseUint(number, 10, 7); err == nil {
				s.payloads.dtmf = byte(pt)
			}
		}
	}
	if host == "" || port == "" {
		return session{}, false
	}
	address, err := net.ResolveUDPAddr("udp4", net.JoinHostPort(host, port))
	s.address = address
	return s, err == nil
}

// firstCodec is the first of the offered payload types that we can speak.
func firstCodec(offered []string) byte {
	for _, pt := range offered {
		switch pt {
		case "0":
			return pcmu
		case "8":
			return pcma
		}
	}
	return pcmu
}

// localSDP describes our side; an offer has both codecs, an answer the one that was chosen. The
// direction is sendrecv, or sendonly for a phone that holds the call.
func (c *Call) localSDP(offer bool, p payloads, direction string) string {
	port := portOf(c.station.sink)
	if c.media != nil {
		port = portOf(c.media.conn)
	}
	formats := fmt.Sprint(p.audio)
	if offer {
		formats = fmt.Sprintf("%d %d", pcmu, pcma)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "v=0\r\no=lab 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n")
	if p.dtmf == 0 {
		fmt.Fprintf(&b, "m=audio %d RTP/AVP %s\r\n", port, formats)
	} else {
		fmt.Fprintf(&b, "m=audio %d RTP/AVP %s %d\r\na=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-16\r\n",
			port, formats, p.dtmf, p.dtmf, p.dtmf)
	}
	fmt.Fprintf(&b, "a=ptime:20\r\na=%s\r\n", direction)
	return b.String()
}
