// Package agi serves FastAGI: the way in which a dialplan asks about a call where ARI is away or not wanted. It is the only
// importer of github.com/CyCoreSystems/agi, which parses header and replies; what that library lacks is made good here:
//
//   - The library parses headers in its accept loop, so that one silent client stops all others. Here each connection has a
//     goroutine, its header has bounds (time, lines, bytes), and where too many connections have sent none, the oldest of
//     them is closed to make room: Asterisk sends its header at once.
//   - Each of its commands makes a new scanner, which loses what shares a packet with the reply. Here it is handed one line
//     at a time, and never sees the line HANGUP.
//   - It waits for ever. Here every reply has a deadline, after which the connection is closed.
//   - It puts any text into a command. Here every argument is quoted, and is refused if it could end a quotation or a line.
//
// A dialplan makes three kinds of requests, told apart by the path of the address:
//
//	AGI(agi://HOST/decide,NONCE,CALLER)   decide this call: the line is held until it is released or refused
//	AGI(agi://HOST/ended,CHANNEL,MS-SINCE-1970,MS-ANSWERED,CAUSE)
//	                                      the call that was decided here has ended
//	AGI(agi://HOST/emergency,CHANNEL,MS-SINCE-1970,MS-ANSWERED,CAUSE,DIALLED,CALLER)
//	                                      an emergency call was let out, and has ended
//
// The last two are told by a channel of their own: AGI in the extension h would hold the line for as long as nobody replies.
//
// While a caller is asked, his line is always in a command that takes keys: what is typed while Asterisk waits for the next
// command is lost. A prompt is stopped by the next command, which Asterisk obeys in the middle of STREAM FILE; WAIT FOR
// DIGIT would complain about it in Asterisk's log, so that it is asked for in slices instead.
package agi
