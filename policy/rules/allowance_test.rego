package dialwarden.outbound_test

import data.dialwarden.outbound

allowance_data := {"min_seconds": 30, "longest_seconds": 3600, "warn_seconds": 20}

unrated := {"rule": "allowance", "reason": "unrated"}

test_allowance_that_pays_cuts_the_call if {
	seconds := {30: 30, 3599: 3599, 3601: 3600}
	every affordable, cap in seconds {
		limits := outbound.limit with data.allowances as allowance_data
			with input.callee.rate.known as true
			with input.usage as {"limited": true, "affordable_seconds": affordable}
		{"rule": "allowance", "reason": "rest", "max_seconds": cap, "warn_seconds": 20} in limits

		refusals := outbound.deny with data.allowances as allowance_data
			with input.callee.rate.known as true
			with input.usage as {"limited": true, "affordable_seconds": affordable}
		not "allowance" in refusals
		not unrated in refusals
	}
}

test_allowance_that_is_spent if {
	every affordable in [0, 29] {
		refusals := outbound.deny with data.allowances as allowance_data
			with input.callee.rate.known as true
			with input.usage as {"limited": true, "affordable_seconds": affordable}
		"allowance" in refusals
	}
}

test_allowance_of_a_number_without_a_rate if {
	refusals := outbound.deny with data.allowances as allowance_data
		with input.callee.rate.known as false
		with input.usage as {"limited": true, "affordable_seconds": 0}
	unrated in refusals
	not "allowance" in refusals
}

test_allowance_that_does_not_apply if {
	every known in [true, false] {
		refusals := outbound.deny with data.allowances as allowance_data
			with input.callee.rate.known as known
			with input.usage as {"limited": false, "affordable_seconds": 0}
		not "allowance" in refusals
		not unrated in refusals

		limits := outbound.limit with data.allowances as allowance_data
			with input.callee.rate.known as known
			with input.usage as {"limited": false, "affordable_seconds": 0}
		every limit in limits {
			limit.rule != "allowance"
		}
	}
}
