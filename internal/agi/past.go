package agi

import "github.com/dialwarden/dialwarden/internal/call"

// mostNotes is how many ends are looked up while a caller waits: about 0.2 ms each.
const mostNotes = 16

// lookBack looks up how calls have ended of which nobody was told, because the daemon was away: our dialplan notes each end
// in a global variable, and where ARI is not there a caller's channel is the only one that can be asked for it. The caller is
// judged by what comes of it: what was put aside for those calls is there again.
func (s *Server) lookBack(session *session) {
	over := false
	for i, channel := range s.handler.Unheard() {
		if i >= mostNotes {
			break
		}
		_, note, err := session.command(0, "GET VARIABLE", call.NoteName(channel))
		if err != nil {
			return // who is asked next finds that out
		}
		if e, ok := call.ReadNote(note, channel); ok {
			s.handler.Over(channel, e)
			over = true
		}
	}
	if over {
		s.handler.Settled()
	}
}
