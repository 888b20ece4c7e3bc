package dialwarden.outbound

# METADATA
# title: Longest call
# description: |
#   A call is cut after the number of seconds that data/cap.yaml gives for its class, with a warning before, and the
#   called party's phone rings no longer than ring_seconds.
limit contains {"rule": "cap", "max_seconds": seconds, "warn_seconds": data.cap.warn_seconds} if {
	seconds := data.cap.max_seconds[input.callee.class]
}

limit contains {"rule": "cap", "ring_seconds": data.cap.ring_seconds}
