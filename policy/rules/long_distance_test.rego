package dialwarden.outbound_test

import data.dialwarden.outbound

pin_levels := {"pin_level": {"national": 1, "international": 2}}

long_distance_refusal := {"rule": "long_distance", "reason": "pin_level", "prompt": "pin_refused"}

long_distance_proof := {"rule": "long_distance", "any_of": ["pin", "token", "approval"]}

no_proof := {"valid": false, "level": 0}

credentials_with(pin, token) := {"pin": pin, "token": token, "approval": no_proof}

test_long_distance_needs_a_proof if {
	every class in ["national", "international"] {
		"long_distance" in outbound.allow with data.long_distance as pin_levels
			with input.caller.known as true
			with input.callee.class as class

		long_distance_proof in outbound.require with data.long_distance as pin_levels
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

	not long_distance_proof in outbound.require with data.long_distance as pin_levels
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
			with input.credentials as credentials_with({"valid": true, "level": enough}, no_proof)
	}
}

test_long_distance_level_is_too_low if {
	long_distance_refusal in outbound.deny with data.long_distance as pin_levels
		with input.callee.class as "international"
		with input.credentials as credentials_with({"valid": true, "level": 1}, no_proof)
}

test_long_distance_token_lifts_a_low_pin if {
	not long_distance_refusal in outbound.deny with data.long_distance as pin_levels
		with input.callee.class as "international"
		with input.credentials as credentials_with({"valid": true, "level": 1}, {"valid": true, "level": 0})
}

test_long_distance_no_pin_is_not_a_low_pin if {
	not long_distance_refusal in outbound.deny with data.long_distance as pin_levels
		with input.callee.class as "international"
		with input.credentials as credentials_with(no_proof, no_proof)
}
