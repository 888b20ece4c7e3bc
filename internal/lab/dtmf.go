package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// Keys says how keys are pressed: as RFC 4733 events in the audio, unless Info or Audible says otherwise.
type Keys struct {
	Tone    time.Duration // how long each is pressed; zero for 100 ms
	Gap     time.Duration // between two; zero for 80 ms
	Info    bool          // as SIP INFO messages
	Audible bool          // as two tones that anybody can hear
	Payload byte          // RTP payload type of the events, whatever was agreed; zero for the agreed one
	Network Network       // what befalls the events' packets
}

// Network is what a bad network does to the packets of pressed keys.
type Network int

// The networks.
const (
	Good       Network = iota
	Doubling           // every packet arrives twice
	Reordering         // the last packet of a held key arrives after the first that says it was released
	Losing             // the packet that begins a key is lost, and of those that end it the first two
)

// packet is one frame that a phone sends while a key is pressed.
type packet struct {
	event   []byte // RFC 4733
	audio   []byte // or a tone
	payload byte
	begins  bool // the first of a key
	copies  int  // 0: lost on the way
	late    bool // arrives after the next
}

const keypad = "0123456789*#ABCD"

// SendDTMF presses the keys 0-9, *, #, A-D one after another, as RFC 4733 events at a brisk typist's pace. It returns
// when the last is released; if the call ends before, the error is an *EndedError.
func (c *Call) SendDTMF(digits string) error { return c.SendKeys(digits, Keys{}) }

// SendKeys is SendDTMF with the pace or the way given.
func (c *Call) SendKeys(digits string, k Keys) error {
	if k.Tone == 0 {
		k.Tone = 100 * time.Millisecond
	}
	if k.Gap == 0 {
		k.Gap = 80 * time.Millisecond
	}
	for i, digit := range digits {
		if i > 0 && !c.after(k.Gap) {
			return &EndedError{Waiting: "keys to be sent", End: c.end}
		}
		code := strings.IndexRune(keypad, digit)
		if code < 0 {
			return fmt.Errorf("%q is no key of a phone", digit)
		}
		press := c.pressRTP
		if k.Info {
			press = c.pressInfo
		}
		if err := press(byte(code), digit, k); err != nil {
			return err
		}
	}
	return nil
}

// pressRTP sends the frames of one key.
func (c *Call) pressRTP(code byte, _ rune, k Keys) error {
	if c.media == nil {
		return errors.New("the call has no audio")
	}
	packets, held := events(code, k), max(1, int(k.Tone/frame))
	if k.Audible {
		packets = tones(code, held)
	}
	for i, p := range packets {
		if i > held && !c.ended.time().IsZero() {
			return nil // the key was the last: it has ended the call
		}
		if err := c.key(p); err != nil && i <= held {
			return err
		}
	}
	return nil
}

// events are the RFC 4733 packets of one key: one every 20 ms while it is pressed, then its end three times.
func events(code byte, k Keys) []packet {
	const volume = 10 // dBm0, below zero
	held := max(1, int(k.Tone/frame))
	packets := make([]packet, held+3)
	for i := range packets {
		event := []byte{code, volume, 0, 0}
		binary.BigEndian.PutUint16(event[2:], uint16(min((i+1)*frameSamples, held*frameSamples, math.MaxUint16)))
		if i >= held {
			event[1] |= 0x80
		}
		p := packet{event: event, payload: k.Payload, begins: i == 0, copies: 1}
		switch k.Network {
		case Doubling:
			p.copies = 2
		case Reordering:
			p.late = i == held-1
		case Losing:
			if i == 0 || i == held || i == held+1 {
				p.copies = 0
			}
		}
		packets[i] = p
	}
	return packets
}

// tones are the frames of one key that is heard: two sines, one for its row and one for its column.
func tones(code byte, held int) []packet {
	row, column := strings.IndexByte("123A456B789C*0#D", keypad[code])/4, strings.IndexByte("123A456B789C*0#D", keypad[code])%4
	low, high := [...]float64{697, 770, 852, 941}[row], [...]float64{1209, 1336, 1477, 1633}[column]
	packets := make([]packet, held)
	for i := range packets {
		audio := make([]byte, frameSamples)
		for j := range audio {
			at := 2 * math.Pi * float64(i*frameSamples+j) / 8000
			audio[j] = encodePCMU(int(7000 * (math.Sin(low*at) + math.Sin(high*at))))
		}
		packets[i] = packet{audio: audio, copies: 1}
	}
	return packets
}

// key hands one frame to the sender.
func (c *Call) key(p packet) error {
	select {
	case c.media.keys <- p:
		return nil
	case <-c.ended.done:
		return &EndedError{Waiting: "keys to be sent", End: c.end}
	}
}

// pressInfo sends one key as an INFO message.
func (c *Call) pressInfo(_ byte, digit rune, k Keys) error {
	body := fmt.Sprintf("Signal=%c\r\nDuration=%d\r\n", digit, k.Tone.Milliseconds())
	info := c.request("INFO", "Content-Type: application/dtmf-relay\r\n", body)
	select {
	case <-info.done:
	case <-c.ended.done:
		return &EndedError{Waiting: "keys to be sent", End: c.end}
	}
	return nil
}
