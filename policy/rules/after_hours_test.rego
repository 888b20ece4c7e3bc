package dialwarden.outbound_test

import data.dialwarden.outbound

after := {
	"schedule": "office",
	"classes": ["international"],
	"any_of": ["approval", "token"],
	"exempt_classes_of_service": ["executive"],
}

test_after_hours_needs_an_approval if {
	needs_approval("international", "office", ["duty"])
}

test_after_hours_is_not_now if {
	not needs_approval("international", "office", ["duty", "office"])
}

test_after_hours_is_for_some_classes if {
	not needs_approval("local", "office", [])
}

test_after_hours_exempts_a_class_of_service if {
	not needs_approval("international", "executive", [])
}

needs_approval(class, service, open) if {
	{"rule": "after_hours", "any_of": ["approval", "token"]} in outbound.require with data.after_hours as after
		with input.callee.class as class
		with input.caller.class_of_service as service
		with input.time.schedules as open
}
