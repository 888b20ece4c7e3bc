// Package demo shows the whole of Dialwarden in half a minute: it starts a real Asterisk with our dialplan and the real
// daemon, lets SIP phones place six calls, and prints each decision when it is in the ledger, and then what the phone
// saw of it. It checks everything that it tells; what did not go as told is said plainly.
//
//	dir.go        the demo's directory: made as `dialwarden init` makes one, kept afterwards
//	daemon.go     the daemon, as a process of its own
//	scene.go      the six calls, and what must come of each
//	handset.go    what the people do at their phones
//	watch.go      reading the ledger while the daemon writes it
//	screen.go     how it looks
//	ending.go     what is said at the end
//
// It leaves no process behind, however it ends: Asterisk and the daemon are stopped in order, and if the demo itself is
// killed, the kernel kills both (Pdeathsig).
package demo
