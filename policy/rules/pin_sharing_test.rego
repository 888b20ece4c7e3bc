package dialwarden.outbound_test

import data.dialwarden.outbound

sharing(refuse) := {"most": 2, "refuse": refuse, "notify": ["operator"]}

sharing_notice := {"rule": "pin_sharing", "to": "operator"}

test_pin_sharing_is_told if {
	sharing_notice in outbound.notify with data.pin_sharing as sharing(false) with input.usage.same_pin_calls as 2
	not "pin_sharing" in outbound.deny with data.pin_sharing as sharing(false) with input.usage.same_pin_calls as 2
}

test_pin_sharing_is_refused if {
	"pin_sharing" in outbound.deny with data.pin_sharing as sharing(true) with input.usage.same_pin_calls as 2
}

test_pin_sharing_within_bounds if {
	not sharing_notice in outbound.notify with data.pin_sharing as sharing(true) with input.usage.same_pin_calls as 1
	not "pin_sharing" in outbound.deny with data.pin_sharing as sharing(true) with input.usage.same_pin_calls as 1
}
