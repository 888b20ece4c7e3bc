package lab

import (
	"net"
	"syscall"
)

// socketBuffer holds the packets of some hundred calls that arrive together.
const socketBuffer = 8 << 20 // bytes

// growBuffer makes the socket's receive buffer large, beyond the system's limit where we may: a burst must not lose
// packets here, for then the test would measure retransmission.
func growBuffer(conn *net.UDPConn) {
	_ = conn.SetReadBuffer(socketBuffer)
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUFFORCE, socketBuffer)
	})
}
