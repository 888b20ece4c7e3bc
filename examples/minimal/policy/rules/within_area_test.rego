package dialwarden.outbound_test

import data.dialwarden.outbound

area := {"classes": ["local"], "max_seconds": 180, "warn_seconds": 30}

test_within_area_is_allowed if {
	"within_area" in outbound.allow with data.within_area as area
		with input.caller.known as true
		with input.callee.class as "local"
}

test_beyond_the_area_is_not_allowed if {
	not "within_area" in outbound.allow with data.within_area as area
		with input.caller.known as true
		with input.callee.class as "national"
}

test_strange_phone_is_not_allowed if {
	not "within_area" in outbound.allow with data.within_area as area
		with input.caller.known as false
		with input.callee.class as "local"
}

test_every_call_is_cut if {
	outbound.limit == {{"rule": "within_area", "max_seconds": 180, "warn_seconds": 30}} with data.within_area as area
}
