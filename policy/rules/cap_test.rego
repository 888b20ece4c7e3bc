package dialwarden.outbound_test

import data.dialwarden.outbound

caps := {
	"max_seconds": {"local": 180},
	"during": {"office": {"local": 120}},
	"outside": {"office": {"local": 60}},
	"exempt_classes_of_service": ["executive"],
	"warn_seconds": 30,
	"ring_seconds": 25,
}

test_cap_of_the_class if {
	limits := outbound.limit with data.cap as caps with input.callee.class as "local"
	{"rule": "cap", "max_seconds": 180, "warn_seconds": 30} in limits
}

test_cap_of_no_class if {
	limits := outbound.limit with data.cap as caps with input.callee.class as "mobile"
	every limit in limits {
		not capped(limit)
	}
}

test_cap_while_a_schedule_is_open if {
	limits := outbound.limit with data.cap as caps
		with input.callee.class as "local"
		with input.time.schedules as ["office"]
	seconds_of(limits) == {180, 120}
}

test_cap_while_a_schedule_is_closed if {
	limits := outbound.limit with data.cap as caps
		with input.callee.class as "local"
		with input.time.schedules as ["duty"]
	seconds_of(limits) == {180, 60}
}

test_cap_exempts_a_class_of_service if {
	every open in [["office"], []] {
		limits := outbound.limit with data.cap as caps
			with input.callee.class as "local"
			with input.caller.class_of_service as "executive"
			with input.time.schedules as open
		seconds_of(limits) == set()
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

seconds_of(limits) := {limit.max_seconds | some limit in limits; limit.rule == "cap"}
