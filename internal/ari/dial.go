package ari

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// dialPause is how long a dialler waits for file handles before it looks again.
const dialPause = 50 * time.Millisecond

// dial connects to Asterisk. While the process has no file handles left, it waits for one until ctx ends or the request's
// time is over: a caller who has been decided is better let go a little late than left where he is.
func dial(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	dialer := net.Dialer{Timeout: requestTimeout}
	for {
		conn, err := dialer.DialContext(ctx, network, addr)
		if !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.ENFILE) {
			return conn, err
		}
		select {
		case <-time.After(dialPause):
		case <-ctx.Done():
			return nil, err
		}
	}
}
