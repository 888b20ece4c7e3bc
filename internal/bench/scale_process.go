package bench

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ticks is how many of the kernel's units of processor time make a second, for programs on Linux.
const ticks = 100

// costs are processor times, in seconds.
type costs struct {
	Asterisk float64 `json:"asterisk_s"`
	Daemon   float64 `json:"daemon_s"` // 0 without it
	Phones   float64 `json:"phones_s"` // this program: the phones and the carrier
}

func (c costs) less(o costs) costs {
	return costs{c.Asterisk - o.Asterisk, c.Daemon - o.Daemon, c.Phones - o.Phones}
}

// costsOf reads what the processes have cost so far; a daemon's id of 0 is none.
func costsOf(asterisk, daemon int) (c costs, err error) {
	if c.Asterisk, err = processorTime(asterisk); err != nil {
		return c, err
	}
	if daemon != 0 {
		if c.Daemon, err = processorTime(daemon); err != nil {
			return c, err
		}
	}
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		return c, err
	}
	c.Phones = float64(own.Utime.Nano()+own.Stime.Nano()) / float64(time.Second)
	return c, nil
}

// processorTime returns the processor time of a process and its threads, in seconds.
func processorTime(pid int) (float64, error) {
	path := fmt.Sprintf("/proc/%d/stat", pid)
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	seconds, ok := parseStat(string(text))
	if !ok {
		return 0, fmt.Errorf("%s does not tell the processor time: %s", path, text)
	}
	return seconds, nil
}

// parseStat reads utime and stime. The program's name, the second field, may have blanks and parentheses in it.
func parseStat(stat string) (seconds float64, ok bool) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, false
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return float64(user+system) / ticks, err1 == nil && err2 == nil
}

// sampleOfMemory is the memory of the daemon at a moment, in MiB.
type sampleOfMemory struct {
	at        time.Time
	resident  float64 // all that is in memory of it, with the program's own text and pages of files
	anonymous float64 // of that, heaps and stacks
}

// sampleMemory reads the memory of a process every second until ctx ends or the process does.
func sampleMemory(ctx context.Context, pid int) (all []sampleOfMemory) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return all
		}
		all = append(all, sampleOfMemory{time.Now(), mebibytes(string(text), "VmRSS:"), mebibytes(string(text), "RssAnon:")})
		select {
		case <-tick.C:
		case <-ctx.Done():
			return all
		}
	}
}

// mebibytes reads a field of /proc/PID/status that is in kB; 0 if it is not there.
func mebibytes(status, field string) float64 {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, field); ok {
			kib, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			return kib / 1024
		}
	}
	return 0
}

// Memory says how the memory of the daemon developed while calls were placed. First and Last are averages of a minute, or of
// a quarter of the time if that is less: of the first one after all calls were in progress, and of the last.
type Memory struct {
	Resident  Development `json:"resident"`
	Anonymous Development `json:"anonymous"` // of the resident: heaps and stacks
}

// Development is in MiB; the slope is MiB a minute, by least squares over all that comes after the first minute.
type Development struct {
	First float64 `json:"first_mib"`
	Last  float64 `json:"last_mib"`
	Peak  float64 `json:"peak_mib"`
	Slope float64 `json:"slope_mib_min"`
}

// memoryOf makes the report of samples of a load that began at begun and was complete after ramp.
func memoryOf(samples []sampleOfMemory, begun time.Time, ramp, total time.Duration) Memory {
	window := min(time.Minute, total/4)
	of := func(value func(sampleOfMemory) float64) Development {
		var d Development
		var first, last, rest []point
		for _, s := range samples {
			since := s.at.Sub(begun)
			if since > total {
				break
			}
			p := point{since.Minutes(), value(s)}
			d.Peak = max(d.Peak, p.y)
			if since >= ramp && since < ramp+window {
				first = append(first, p)
			}
			if since >= window {
				rest = append(rest, p)
			}
			if since >= total-window {
				last = append(last, p)
			}
		}
		d.First, _ = fit(first)
		d.Last, _ = fit(last)
		_, d.Slope = fit(rest)
		return d
	}
	return Memory{
		Resident:  of(func(s sampleOfMemory) float64 { return s.resident }),
		Anonymous: of(func(s sampleOfMemory) float64 { return s.anonymous }),
	}
}

type point struct{ x, y float64 }

// fit returns the average height of points and the slope of the line through them; zeros of none.
func fit(points []point) (y, slope float64) {
	if len(points) == 0 {
		return 0, 0
	}
	n, x := float64(len(points)), 0.0
	for _, p := range points {
		x, y = x+p.x/n, y+p.y/n
	}
	var xx, xy float64
	for _, p := range points {
		xx, xy = xx+(p.x-x)*(p.x-x), xy+(p.x-x)*(p.y-y)
	}
	if xx > 0 {
		slope = xy / xx
	}
	return y, slope
}
