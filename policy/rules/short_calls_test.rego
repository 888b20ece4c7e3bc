package dialwarden.outbound_test

import data.dialwarden.outbound

short_bounds := {"limits": {"international": {"to_number": 3, "to_prefix": 5}}, "notify": ["operator"]}

test_short_calls_to_a_number if {
	blocked_and_told("international", 3, 0)
	not blocked_and_told("international", 2, 4)
}

test_short_calls_to_a_prefix if {
	blocked_and_told("international", 0, 5)
}

test_short_calls_of_other_classes if {
	not blocked_and_told("local", 99, 99)
}

test_short_calls_that_are_few_are_not_told if {
	notices := outbound.notify with data.short_calls as short_bounds
		with input.callee.class as "international"
		with input.usage as {"short_calls_to_number": 2, "short_calls_to_prefix": 4}
	every notice in notices {
		notice.rule != "short_calls"
	}
}

blocked_and_told(class, number, prefix) if {
	usage := {"short_calls_to_number": number, "short_calls_to_prefix": prefix}
	"short_calls" in outbound.deny with data.short_calls as short_bounds
		with input.callee.class as class
		with input.usage as usage

	{"rule": "short_calls", "to": "operator"} in outbound.notify with data.short_calls as short_bounds
		with input.callee.class as class
		with input.usage as usage
}
