package guard

// maxHops is how many Local channels may stand between a caller and his channel on a trunk.
const maxHops = 8

// origins are the channels that a channel was dialled for, the nearest first: its caller, the caller of that one's other
// half if it is a Local channel, and so on.
func (g *Guard) origins(c *channel) []string {
	var ids []string
	for len(ids) < maxHops && c != nil && c.caller != "" {
		ids = append(ids, c.caller)
		by := g.channels[c.caller]
		if by == nil || by.OtherHalf() == "" {
			break
		}
		c = g.named[by.OtherHalf()]
	}
	return ids
}

// between are the halves of Local channels that stand between a channel and who dialled it first.
func (g *Guard) between(c *channel) (ids []string) {
	for _, id := range g.origins(c) {
		if by := g.channels[id]; by != nil && by.OtherHalf() != "" {
			ids = append(ids, id)
			if other := g.named[by.OtherHalf()]; other != nil {
				ids = append(ids, other.ID)
			}
		}
	}
	return ids
}

// claimOf finds the call that a channel on a trunk belongs to, with its caller's channel; nil if nobody has decided it.
func (g *Guard) claimOf(c *channel) (caller string, _ *claim) {
	for _, id := range g.origins(c) {
		if claim := g.claims[id]; claim != nil {
			return id, claim
		}
	}
	if id, ok := g.decided[c.DecisionID]; ok && id != c.ID {
		return id, g.claims[id]
	}
	return "", nil
}
