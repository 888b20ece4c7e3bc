package lab

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

const (
	frame        = 20 * time.Millisecond
	frameSamples = 160
	// loud is the mean amplitude, of 32,635, above which a frame is no silence.
	loud = 100
)

// Audio says how much sound was heard.
type Audio struct {
	Packets  int           // RTP packets, silent ones too
	Bytes    int           // of audio in them
	Duration time.Duration // of those that were not silent
	First    time.Time     // when the first came that was not silent; zero if none
}

// media is a call's RTP: it sends a packet every 20 ms as a phone does (silence, a tone, or a key being pressed), and
// measures what it hears.
type media struct {
	conn    *net.UDPConn
	stop    chan struct{}
	keys    chan packet // of pressed keys, one a frame
	closing sync.Once

	mu       sync.Mutex
	to       session
	started  bool
	tone     bool
	isUp     bool // the call is answered
	before   Audio
	after    Audio
	lastLoud time.Time
	heard    chan struct{} // closed and replaced at each frame that is not silent
}

func newMedia() (*media, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, fmt.Errorf("opening a socket for audio: %w", err)
	}
	m := &media{conn: conn, stop: make(chan struct{}), keys: make(chan packet), heard: make(chan struct{})}
	go m.receive()
	return m, nil
}

func (m *media) close() {
	m.closing.Do(func() {
		close(m.stop)
		_ = m.conn.Close()
	})
}

// connect learns the other side's address from a session description and starts to send.
func (c *Call) connect(sdp []byte) {
	to, ok := parseSDP(sdp)
	if c.media == nil || !ok {
		return
	}
	m := c.media
	m.mu.Lock()
	defer m.mu.Unlock()
	m.to = to
	if !m.started {
		m.started = true
		go m.send()
	}
}

// Speak sends a tone from now on instead of silence, as if somebody spoke. The carrier and called phones speak by
// themselves.
func (c *Call) Speak() {
	if c.media == nil {
		return
	}
	c.media.mu.Lock()
	defer c.media.mu.Unlock()
	c.media.tone = true
}

func (m *media) answered() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.isUp = true
}

// send is the phone's microphone.
func (m *media) send() {
	ticker := time.NewTicker(frame)
	defer ticker.Stop()
	out := rtpStream{ssrc: rand.Uint32()} //nolint:gosec // no secret
	var late []byte
	for {
		select {
		case <-m.stop:
			return
		case <-ticker.C:
		}
		m.mu.Lock()
		to, tone := m.to, m.tone
		m.mu.Unlock()
		var p packet
		var raw []byte
		select {
		case p = <-m.keys:
			raw = out.key(to.payloads, p)
		default:
			p.copies, raw = 1, out.audio(to.payloads, tone)
		}
		if p.late {
			late = raw
			continue
		}
		for range p.copies {
			_, _ = m.conn.WriteToUDP(raw, to.address)
		}
		if late != nil {
			_, _ = m.conn.WriteToUDP(late, to.address)
			late = nil
		}
	}
}

// receive is the phone's earpiece.
func (m *media) receive() {
	buf := make([]byte, 2048)
	for {
		n, _, err := m.conn.ReadFromUDP(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		if codec, audio, ok := parseRTP(buf[:n]); ok {
			m.hear(codec, audio, time.Now())
		}
	}
}

func (m *media) hear(codec byte, audio []byte, at time.Time) {
	isLoud := amplitude(codec, audio) > loud
	m.mu.Lock()
	defer m.mu.Unlock()
	a := &m.before
	if m.isUp {
		a = &m.after
	}
	a.Packets++
	a.Bytes += len(audio)
	if !isLoud {
		return
	}
	a.Duration += time.Duration(len(audio)) * time.Second / 8000
	if a.First.IsZero() {
		a.First = at
	}
	m.lastLoud = at
	close(m.heard)
	m.heard = make(chan struct{})
}

// HeardAudio says what was heard before the answer (early media: a refusal's prompt) and after it.
func (c *Call) HeardAudio() (before, after Audio) {
	if c.media == nil {
		return Audio{}, Audio{}
	}
	c.media.mu.Lock()
	defer c.media.mu.Unlock()
	return c.media.before, c.media.after
}

// WaitAudio waits until something is heard from now on; if somebody is speaking already, it returns at once.
func (c *Call) WaitAudio(ctx context.Context) error {
	if c.media == nil {
		return errors.New("the call has no audio")
	}
	c.media.mu.Lock()
	heard := c.media.heard
	c.media.mu.Unlock()
	select {
	case <-heard:
		return nil
	case <-c.ended.done:
		return &EndedError{Waiting: "audio", End: c.end}
	case <-ctx.Done():
		return fmt.Errorf("waiting for audio on the call to %q: %w", c.Number, context.Cause(ctx))
	}
}

// WaitSilence waits until nothing has been heard for d: a prompt that was heard with WaitAudio is over.
func (c *Call) WaitSilence(ctx context.Context, d time.Duration) error {
	if c.media == nil {
		return errors.New("the call has no audio")
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	began := time.Now()
	for {
		select {
		case <-timer.C:
		case <-c.ended.done:
			return &EndedError{Waiting: "silence", End: c.end}
		case <-ctx.Done():
			return fmt.Errorf("waiting for silence on the call to %q: %w", c.Number, context.Cause(ctx))
		}
		c.media.mu.Lock()
		last := c.media.lastLoud
		c.media.mu.Unlock()
		if last.Before(began) {
			last = began
		}
		quiet := time.Since(last)
		if quiet >= d {
			return nil
		}
		timer.Reset(d - quiet)
	}
}

// rtpStream numbers the packets that we send.
type rtpStream struct {
	ssrc      uint32
	sequence  uint16
	timestamp uint32
	keyStart  uint32 // timestamp of the key being pressed
}

func (s *rtpStream) header(payload byte, marker bool, timestamp uint32) []byte {
	packet := make([]byte, 12, 12+frameSamples)
	packet[0] = 0x80
	packet[1] = payload
	if marker {
		packet[1] |= 0x80
	}
	binary.BigEndian.PutUint16(packet[2:], s.sequence)
	binary.BigEndian.PutUint32(packet[4:], timestamp)
	binary.BigEndian.PutUint32(packet[8:], s.ssrc)
	s.sequence++
	return packet
}

// audio is a frame of silence, or of a tone of 1 kHz.
func (s *rtpStream) audio(p payloads, tone bool) []byte {
	packet := s.header(p.audio, s.sequence == 0, s.timestamp)
	s.timestamp += frameSamples
	for i := range frameSamples {
		sample := byte(0xff) // silence in PCMU
		if p.audio == pcma {
			sample = 0xd5
		}
		if tone {
			sample = 0x9e ^ byte(i/4%2)<<7 // a square wave
		}
		packet = append(packet, sample)
	}
	return packet
}

// key is one packet of a pressed key: a tone, or an event (RFC 4733); silence if the other side did not agree to have
// events and the phone does not send them all the same.
func (s *rtpStream) key(agreed payloads, p packet) []byte {
	if p.audio != nil {
		out := s.header(pcmu, false, s.timestamp)
		s.timestamp += frameSamples
		return append(out, p.audio...)
	}
	payload := cmp.Or(p.payload, agreed.dtmf)
	if payload == 0 {
		return s.audio(agreed, false)
	}
	if p.begins {
		s.keyStart = s.timestamp
	}
	out := s.header(payload, p.begins, s.keyStart)
	s.timestamp += frameSamples
	return append(out, p.event...)
}
