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

test_premium_costs_what_data_says if {
	sanctions := outbound.sanction with input.callee.class as "premium"
		with data.premium.sanction as {"suspend_days": 30, "fine_minor": 5000, "cost_multiple": 20}
	sanctions == {{"rule": "premium", "suspend_days": 30, "fine_minor": 5000, "cost_multiple": 20}}
}

test_premium_costs_nothing_by_itself if {
	sanctions := outbound.sanction with input.callee.class as "premium"
		with data.premium.sanction as {"suspend_days": 0, "fine_minor": 0, "cost_multiple": 0}
	sanctions == set()
}
