package guard

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Status says how guarded lines, trunks and bookings stand now, in the order of their names. Connected is not known here.
func (g *Guard) Status() call.LinesStatus {
	defer g.lock()()
	out := call.LinesStatus{Lines: []call.LineStatus{}, Trunks: []call.TrunkStatus{}, Bookings: []call.BookingStatus{}}
	dir, minute := g.cfg.Directory(), g.cfg.Clock().Minute()
	for _, ext := range slices.Sorted(maps.Keys(g.lines.Guarded)) {
		x := g.lines.Guarded[ext]
		s := call.LineStatus{
			Extension: ext, Kind: dir[ext].KindOf(), Holder: dir[ext].Holder, OffHook: int(x.OffHook / time.Second), Ring: x.Ring,
		}
		if o := g.busy[ext]; o != nil {
			s.Busy, s.Since, s.Alerted = true, o.since, o.alerted
		}
		out.Lines = append(out.Lines, s)
	}
	for _, name := range slices.Sorted(maps.Keys(g.lines.Trunks)) {
		t := g.trunk(call.Seat{Trunk: name, Kind: call.LinePhone, Minute: minute, Lines: g.lines})
		out.Trunks = append(out.Trunks, call.TrunkStatus{
			Name: name, Endpoint: g.lines.Trunks[name].Endpoint, Channels: t.Channels, InUse: t.InUse, Reserved: t.Reserved, Free: t.Free,
		})
	}
	for _, b := range g.lines.Bookings {
		if b.At(minute) {
			out.Bookings = append(out.Bookings, call.BookingStatus{Title: b.Title, Trunk: b.Trunk, Channels: b.Channels, InUse: g.inBooking(b, "")})
		}
	}
	slices.SortStableFunc(out.Bookings, func(a, b call.BookingStatus) int { return cmp.Compare(a.Title, b.Title) })
	return out
}
