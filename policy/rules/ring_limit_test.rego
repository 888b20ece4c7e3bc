package dialwarden.outbound_test

import data.dialwarden.outbound

rings := {"seconds_per_ring": 5, "rings": {"international": 8, "local": 0}}

test_ring_limit_of_the_class if {
	{"rule": "ring_limit", "ring_seconds": 40} in outbound.limit with data.ring_limit as rings
		with input.callee.class as "international"
}

test_ring_limit_of_no_class if {
	every class in ["local", "mobile"] {
		limits := outbound.limit with data.ring_limit as rings with input.callee.class as class
		every limit in limits {
			limit.rule != "ring_limit"
		}
	}
}
