package dialwarden.outbound

# METADATA
# title: Ring limit
# description: |
#   A call is given up after the number of rings that data/ring_limit.yaml gives for its class.
limit contains {"rule": "ring_limit", "ring_seconds": rings * data.ring_limit.seconds_per_ring} if {
	rings := data.ring_limit.rings[input.callee.class]
	rings > 0
}
