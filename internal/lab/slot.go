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
	slotSize  = 1250 // two for SIP and HTTP, the rest for RTP: 575 legs at once
	slotCalls = 230  // that have two legs, and with a fifth of the ports left: Asterisk tries ports until one is free
	slotCount = 16   // ends at 30999; ephemeral ports start at 32768
	rtpOffset = 100
)

// slot is a range of ports that belongs to one lab until it is closed; a lab for many calls has several in a row.
type slot struct {
	locks []net.Listener
	base  int
}

// close gives the ports back.
func (s slot) close() error {
	var faults []error
	for _, lock := range s.locks {
		faults = append(faults, lock.Close())
	}
	return errors.Join(faults...)
}

func (s slot) sip() int      { return s.base }
func (s slot) http() int     { return s.base + 1 }
func (s slot) rtpStart() int { return s.base + rtpOffset }
func (s slot) rtpEnd() int   { return s.base + len(s.locks)*slotSize - 1 }

// takeSlot takes the first slots in a row, as many as so many calls at once need, that no other lab on this machine holds;
// while they are taken it waits. The locks are abstract Unix sockets: the kernel frees them when the process ends, however
// it ends. More calls than all slots have ports for are an error.
func takeSlot(ctx context.Context, calls int) (s slot, err error) {
	n := max(1, (calls+slotCalls-1)/slotCalls)
	if n > slotCount {
		return s, fmt.Errorf("%d calls at once: there are ports for %d", calls, slotCount*slotCalls)
	}
	var fault error
	err = poll(ctx, 100*time.Millisecond, func() (bool, error) {
		s, fault = trySlots(ctx, n)
		return fault == nil, nil
	})
	return s, errors.Join(err, fault)
}

// trySlots takes the first n slots in a row that are free.
func trySlots(ctx context.Context, n int) (slot, error) {
	var faults []error
	for i := range slotCount - n + 1 {
		s, err := trySlot(ctx, i, n)
		if err == nil {
			return s, nil
		}
		faults = append(faults, err)
	}
	return slot{}, fmt.Errorf("no free ports for a lab: all %d slots are taken: %w", slotCount, errors.Join(faults...))
}

// trySlot takes n slots from the first on.
func trySlot(ctx context.Context, first, n int) (slot, error) {
	var lc net.ListenConfig
	s := slot{base: slotFirst + first*slotSize}
	for i := first; i < first+n; i++ {
		lock, err := lc.Listen(ctx, "unix", fmt.Sprintf("@dialwarden-lab-slot-%d", i))
		if err != nil {
			return slot{}, errors.Join(err, s.close())
		}
		s.locks = append(s.locks, lock)
	}
	if err := s.free(ctx); err != nil {
		return slot{}, errors.Join(err, s.close())
	}
	return s, nil
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
