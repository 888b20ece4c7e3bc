package dialwarden.outbound_test

import data.dialwarden.outbound

bounds := {
	"attempts": {"international": {"per_minute": 3, "per_hour": 10}},
	"all_attempts": {"mobile": {"per_minute": 5, "per_hour": 20}},
	"concurrent_calls": {"international": 2},
}

test_velocity_within_bounds if {
	not too_often("international", {"class_attempts_last_minute": 2, "class_attempts_last_hour": 9})
	not too_often("mobile", {"attempts_last_minute": 4, "attempts_last_hour": 19})
	not too_often("local", {"attempts_last_minute": 400, "class_attempts_last_hour": 900})
}

test_velocity_in_a_minute if {
	too_often("international", {"class_attempts_last_minute": 3})
	too_often("mobile", {"attempts_last_minute": 5})
}

test_velocity_in_an_hour if {
	too_often("international", {"class_attempts_last_hour": 10})
	too_often("mobile", {"attempts_last_hour": 20})
}

test_velocity_of_calls_at_once if {
	refusal := {"rule": "velocity", "reason": "concurrent"}
	refusal in outbound.deny with data.velocity as bounds
		with input.callee.class as "international"
		with input.usage as {"concurrent_calls": 1, "pending_calls": 1}

	not refusal in outbound.deny with data.velocity as bounds
		with input.callee.class as "international"
		with input.usage as {"concurrent_calls": 1, "pending_calls": 0}
}

too_often(class, usage) if {
	quiet := {
		"class_attempts_last_minute": 0, "class_attempts_last_hour": 0,
		"attempts_last_minute": 0, "attempts_last_hour": 0,
	}
	"velocity" in outbound.deny with data.velocity as bounds
		with input.callee.class as class
		with input.usage as object.union(quiet, usage)
}

told_bounds := {
	"attempts": {"international": {"per_minute": 3, "per_hour": 9}}, "all_attempts": {"local": {"per_minute": 5, "per_hour": 50}},
	"concurrent_calls": {"satellite": 1}, "notify": ["operator"],
}

told_of(class, usage) if {
	some notice in outbound.notify with data.velocity as told_bounds with input.callee.class as class with input.usage as usage
	notice == {"rule": "velocity", "to": "operator"}
}

test_velocity_is_told_once if {
	told_of("international", {"class_attempts_last_minute": 3, "class_attempts_last_hour": 4})
	not told_of("international", {"class_attempts_last_minute": 4, "class_attempts_last_hour": 5})
	not told_of("international", {"class_attempts_last_minute": 2, "class_attempts_last_hour": 5})
	told_of("international", {"class_attempts_last_minute": 1, "class_attempts_last_hour": 9})
	told_of("local", {"attempts_last_minute": 5, "attempts_last_hour": 6})
	told_of("local", {"attempts_last_minute": 1, "attempts_last_hour": 50})
}

crowd_told_of(usage) if {
	some notice in outbound.notify with data.velocity as told_bounds
		with input.callee.class as "satellite"
		with input.usage as object.union({"class_attempts_last_minute": 0, "class_attempts_last_hour": 0}, usage)
	notice == {"rule": "velocity", "reason": "concurrent", "to": "operator"}
}

test_concurrent_calls_are_told if {
	crowd_told_of({"concurrent_calls": 1, "pending_calls": 0})
	crowd_told_of({"concurrent_calls": 0, "pending_calls": 1})
	not crowd_told_of({"concurrent_calls": 0, "pending_calls": 0})
}
