package dialwarden.outbound_test

import data.dialwarden.outbound

test_premium_is_refused if {
	"premium" in outbound.deny with input.callee.class as "premium"
}

test_premium_is_refused_with_a_pin if {
	"premium" in outbound.deny with input.callee.class as "premium"
		with input.credentials.pin as {"valid": true, "level": 9}
}

test_premium_leaves_others_alone if {
	every class in ["local", "mobile", "service", "shared_cost", "international"] {
		not "premium" in outbound.deny with input.callee.class as class
	}
}
