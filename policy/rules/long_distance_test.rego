package dialwarden.outbound_test

import data.dialwarden.outbound

pin_levels := {"pin_level": {"national": 1, "international": 2}}

long_distance_refusal := {"rule": "long_distance", "reason": "pin_level", "prompt": "pin_refused"}

test_long_distance_needs_a_pin if {
	every class in ["national", "international"] {
		"long_distance" in outbound.allow with data.long_distance as pin_levels
			with input.caller.known as true
			with input.callee.class as class

		{"rule": "long_distance", "any_of": ["pin"]} in outbound.require with data.long_distance as pin_levels
			with input.callee.class as class
	}
}

test_long_distance_unlisted_phone if {
	not "long_distance" in outbound.allow with data.long_distance as pin_levels
		with input.caller.known as false
		with input.callee.class as "national"
}

test_long_distance_other_class if {
	not "long_distance" in outbound.allow with data.long_distance as pin_levels
		with input.caller.known as true
		with input.callee.class as "local"

	not {"rule": "long_distance", "any_of": ["pin"]} in outbound.require with data.long_distance as pin_levels
		with input.callee.class as "local"
}

test_long_distance_a_level_that_is_no_number_allows_nothing if {
	not "long_distance" in outbound.allow with data.long_distance as {"pin_level": {"national": "1"}}
		with input.caller.known as true
		with input.callee.class as "national"
}

test_long_distance_level_is_enough if {
	every enough in [1, 2, 9] {
		not long_distance_refusal in outbound.deny with data.long_distance as pin_levels
			with input.callee.class as "national"
			with input.credentials.pin as {"valid": true, "level": enough}
	}
}

test_long_distance_level_is_too_low if {
	long_distance_refusal in outbound.deny with data.long_distance as pin_levels
		with input.callee.class as "international"
		with input.credentials.pin as {"valid": true, "level": 1}
}

test_long_distance_no_pin_is_not_a_low_pin if {
	not long_distance_refusal in outbound.deny with data.long_distance as pin_levels
		with input.callee.class as "international"
		with input.credentials.pin as {"valid": false, "level": 0}
}
