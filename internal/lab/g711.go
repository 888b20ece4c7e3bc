package lab

// decodePCMU and decodePCMA give the linear sample (16 bits) of each G.711 code.
var decodePCMU, decodePCMA = g711Tables()

func g711Tables() (mu, a [256]int) {
	for code := range 256 {
		u := ^byte(code)
		sample := ((int(u&0x0f) << 3) + 0x84) << (u >> 4 & 7)
		mu[code] = sample - 0x84
		if u&0x80 != 0 {
			mu[code] = 0x84 - sample
		}
		v := byte(code) ^ 0x55
		sample = int(v&0x0f)<<4 + 8
		if exponent := v >> 4 & 7; exponent > 0 {
			sample = (sample + 0x100) << (exponent - 1)
		}
		a[code] = sample
		if v&0x80 == 0 {
			a[code] = -sample
		}
	}
	return mu, a
}

// encodePCMU is the code whose sample is nearest to that.
func encodePCMU(sample int) byte {
	best := 0
	for code, has := range &decodePCMU {
		if abs(has-sample) < abs(decodePCMU[best]-sample) {
			best = code
		}
	}
	return byte(best)
}

func abs(n int) int { return max(n, -n) }

// amplitude is the mean of a frame's absolute samples.
func amplitude(codec byte, audio []byte) int {
	table := &decodePCMU
	if codec == pcma {
		table = &decodePCMA
	}
	sum := 0
	for _, code := range audio {
		sum += abs(table[code])
	}
	return sum / max(1, len(audio))
}

// parseRTP returns the codec and the audio of an RTP packet; false for anything else (RTCP, telephone events).
func parseRTP(packet []byte) (codec byte, audio []byte, ok bool) {
	if len(packet) < 12 || packet[0]>>6 != 2 {
		return 0, nil, false
	}
	codec = packet[1] & 0x7f
	start := 12 + 4*int(packet[0]&0x0f)
	if packet[0]&0x10 != 0 { // header extension
		if len(packet) < start+4 {
			return 0, nil, false
		}
		start += 4 + 4*(int(packet[start+2])<<8|int(packet[start+3]))
	}
	if start > len(packet) || (codec != pcmu && codec != pcma) {
		return 0, nil, false
	}
	return codec, packet[start:], true
}
