package bypass

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Sweep brings all channels there are, looked at when taken. It reports those on trunks that no Dial event has told of, if
// nothing says that they were decided, and cuts none of them.
func (g *Guard) Sweep(channels map[string]call.Channel, taken time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.Mode == Off {
		return
	}
	g.tidy(channels, taken)
	if g.looks++; g.looks%relearn == 0 { // the dialplan may have been reloaded
		go g.learnAgain()
	}
	emergency := false // on whose behalf a trunk may have been dialled before we were there
	for _, ch := range channels {
		emergency = emergency || ch.Context == emergencyContext
		if half := ch.OtherHalf(); half != "" && (ch.DecisionID != 0 || ch.Emergency) {
			if _, there := g.halves[ch.Name]; !there {
				g.halves[ch.Name] = taken
			}
		}
	}
	for id, ch := range channels {
		if _, known := g.known[id]; known || !g.isTrunk(ch) {
			continue
		}
		_, made := g.made[id]
		switch {
		case ch.DecisionID != 0, ch.Emergency, ch.Ours, g.Leg(id), !made && !isOutgoing(ch):
			g.known[id] = taken
		case emergency:
			delete(g.missed, id)
		default:
			if g.missed[id]++; g.missed[id] >= strikes {
				g.known[id] = taken
				go g.tell(Call{Trunk: ch, Seen: taken})
			}
		}
	}
}

func (g *Guard) learnAgain() {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	g.Learn(ctx)
}

// tidy forgets what is gone.
func (g *Guard) tidy(channels map[string]call.Channel, taken time.Time) {
	names := make(map[string]bool, len(channels))
	for _, ch := range channels {
		names[ch.Name] = true
	}
	for name, since := range g.halves {
		if !names[name] && since.Before(taken) {
			delete(g.halves, name)
		}
	}
	for id := range g.missed {
		if _, there := channels[id]; !there {
			delete(g.missed, id)
		}
	}
	for _, ids := range []map[string]time.Time{g.known, g.made} {
		for id, since := range ids {
			if _, there := channels[id]; !there && since.Before(taken) {
				delete(ids, id)
			}
		}
	}
}

// isOutgoing reports whether Asterisk has made a channel to call somebody, as its application tells: AppDial of Dial.
func isOutgoing(ch call.Channel) bool {
	return strings.HasPrefix(ch.App, "AppDial") || ch.App == "AppQueue"
}

// isTrunk reports whether a channel is one of a trunk. The mutex is held.
func (g *Guard) isTrunk(ch call.Channel) bool {
	endpoint := endpointName(ch.Endpoint())
	technology, _, _ := strings.Cut(endpoint, "/")
	return g.trunks[endpoint] || g.trunks[technology+"/*"]
}

// endpointName writes an endpoint with its technology, in capitals, as Asterisk takes it in any case: carrier is PJSIP/carrier.
func endpointName(name string) string {
	technology, endpoint, ok := strings.Cut(name, "/")
	if !ok {
		return "PJSIP/" + name
	}
	return strings.ToUpper(technology) + "/" + endpoint
}

// endpointsOf reads the endpoints in PJSIP/NUMBER@carrier or SIP/carrier/NUMBER, with & between several. One of another
// technology is all of that technology: DAHDI/g1/NUMBER is DAHDI/*. Local channels are none: the trunks behind them must
// be named in the configuration.
func endpointsOf(value string) []string {
	var all []string
	for part := range strings.SplitSeq(value, "&") {
		technology, resource, ok := strings.Cut(strings.TrimSpace(part), "/")
		technology = strings.ToUpper(technology)
		if !ok || technology == "LOCAL" {
			continue
		}
		if technology != "PJSIP" && technology != "SIP" && technology != "IAX2" {
			all = append(all, technology+"/*")
			continue
		}
		endpoint, _, _ := strings.Cut(resource, "/")
		if _, behind, found := strings.Cut(endpoint, "@"); found {
			endpoint = behind
		}
		if endpoint != "" {
			all = append(all, technology+"/"+endpoint)
		}
	}
	return all
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
