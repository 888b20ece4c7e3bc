package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// Asterisk's ports come from slots below the kernel's ephemeral range, so that neither another lab nor a client's
// socket takes one between our choosing it and Asterisk's binding it.
const (
	slotFirst = 11000
	slotSize  = 2000 // two for SIP and HTTP, the rest for RTP: 950 legs at once
	slotCount = 10   // ends at 30999; ephemeral ports start at 32768
	rtpOffset = 100
)

// slot is a range of ports that belongs to one lab while lock is open.
type slot struct {
	lock net.Listener
	base int
}

func (s slot) sip() int      { return s.base }
func (s slot) http() int     { return s.base + 1 }
func (s slot) rtpStart() int { return s.base + rtpOffset }
func (s slot) rtpEnd() int   { return s.base + slotSize - 1 }

// takeSlot takes the first slot that no other lab on this machine holds; while all are taken it waits for one. The lock
// is an abstract Unix socket: the kernel frees it when the process ends, however it ends.
func takeSlot(ctx context.Context) (s slot, err error) {
	var fault error
	err = poll(ctx, 100*time.Millisecond, func() (bool, error) {
		s, fault = trySlots(ctx)
		return fault == nil, nil
	})
	return s, errors.Join(err, fault)
}

func trySlots(ctx context.Context) (slot, error) {
	var lc net.ListenConfig
	var faults []error
	for i := range slotCount {
		lock, err := lc.Listen(ctx, "unix", fmt.Sprintf("@dialwarden-lab-slot-%d", i))
		if err != nil {
			faults = append(faults, err)
			continue
		}
		s := slot{lock: lock, base: slotFirst + i*slotSize}
		if err := s.free(ctx); err != nil {
			faults = append(faults, err, lock.Close())
			continue
		}
		return s, nil
	}
	return slot{}, fmt.Errorf("no free ports for a lab: all %d slots are taken: %w", slotCount, errors.Join(faults...))
}

// free reports whether Asterisk could bind its fixed ports.
func (s slot) free(ctx context.Context) error {
	var lc net.ListenConfig
	udp, err := lc.ListenPacket(ctx, "udp4", loopback(s.sip()))
	if err != nil {
		return err
	}
	tcp, err := lc.Listen(ctx, "tcp4", loopback(s.http()))
	if err != nil {
		return errors.Join(err, udp.Close())
	}
	return errors.Join(udp.Close(), tcp.Close())
}

// loopback returns host:port on the loopback interface.
func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
