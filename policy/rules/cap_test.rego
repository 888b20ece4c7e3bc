package dialwarden.outbound_test

import data.dialwarden.outbound

caps := {"max_seconds": {"local": 180}, "warn_seconds": 30, "ring_seconds": 25}

test_cap_of_a_class if {
	limits := outbound.limit with data.cap as caps with input.callee.class as "local"
	{"rule": "cap", "max_seconds": 180, "warn_seconds": 30} in limits
}

test_cap_of_no_class if {
	limits := outbound.limit with data.cap as caps with input.callee.class as "mobile"
	every limit in limits {
		not capped(limit)
	}
}

test_cap_rings if {
	limits := outbound.limit with data.cap as caps with input.callee.class as "mobile"
	{"rule": "cap", "ring_seconds": 25} in limits
}

capped(limit) if {
	limit.rule == "cap"
	limit.max_seconds
}
