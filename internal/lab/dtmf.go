package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Keys says how keys are pressed.
type Keys struct {
	Tone time.Duration // how long each is pressed; zero for 100 ms
	Gap  time.Duration // between two; zero for 80 ms
	Info bool          // as SIP INFO messages instead of RFC 4733 events in the audio
}

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
		code := strings.IndexRune("0123456789*#ABCD", digit)
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

// pressRTP sends the events of one key: a packet every 20 ms while it is pressed, then its end three times.
func (c *Call) pressRTP(code byte, _ rune, k Keys) error {
	if c.media == nil {
		return errors.New("the call has no audio")
	}
	const volume = 10 // dBm0, below zero
	frames := max(1, int(k.Tone/frame))
	for i := range frames + 3 {
		if i > frames && !c.ended.time().IsZero() {
			return nil // the key was the last: it has ended the call
		}
		event := []byte{code, volume, 0, 0}
		binary.BigEndian.PutUint16(event[2:], uint16(min(i+1, frames)*frameSamples))
		if i >= frames {
			event[1] |= 0x80
		}
		if err := c.key(event); err != nil && i <= frames {
			return err
		}
	}
	return nil
}

// key hands one frame to the sender.
func (c *Call) key(event []byte) error {
	select {
	case c.media.keys <- event:
		return nil
	case <-c.ended.done:
		return &EndedError{Waiting: "keys to be sent", End: c.end}
	}
}

// pressInfo sends one key as an INFO message.
func (c *Call) pressInfo(_ byte, digit rune, k Keys) error {
	body := fmt.Sprintf("Signal=%c\r\nDuration=%d\r\n", digit, k.Tone.Milliseconds())
	confirmed := c.request("INFO", "Content-Type: application/dtmf-relay\r\n", body)
	select {
	case <-confirmed:
	case <-c.ended.done:
		return &EndedError{Waiting: "keys to be sent", End: c.end}
	}
	return nil
}
