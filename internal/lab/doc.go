// Package lab runs a real Asterisk with Dialwarden's dialplan and gives it SIP phones and a SIP carrier, for the
// end-to-end tests, `dialwarden demo` and the benchmark. Nothing in it is simulated but the people: INVITEs, RTP and
// DTMF go over UDP on the loopback interface.
//
//	root, err := lab.Root()                      // made by scripts/asterisk-root.sh
//	l, err := lab.Start(ctx, lab.Options{Root: root})
//	defer l.Close()
//	c, err := l.Phone("101").Dial(ctx, "962345678")
//	err = c.WaitAnswered(ctx)
//	received, err := l.Carrier.WaitCall(ctx, "62345678")
//	err = c.Hangup(ctx)
//	end, err := c.WaitEnded(ctx)
//
// Each lab has its own directory, ports, password and log, so that several run at once. A lab leaves nothing behind:
// Close removes it, and if the process that started it is killed, the kernel kills its Asterisk (Pdeathsig) and the
// next lab removes its directory.
package lab
