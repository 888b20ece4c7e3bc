package dialwarden.outbound_test

import data.dialwarden.outbound

visitors := {"classes_of_service": ["visitor"], "classes": ["internal"]}

test_visitor_may_not_call_out if {
	every class in ["local", "mobile", "toll_free", "national"] {
		"visitor" in outbound.deny with data.visitor as visitors
			with input.caller.class_of_service as "visitor"
			with input.callee.class as class
	}
}

test_visitor_may_call_inside if {
	not "visitor" in outbound.deny with data.visitor as visitors
		with input.caller.class_of_service as "visitor"
		with input.callee.class as "internal"
}

test_visitor_is_nobody_else if {
	not "visitor" in outbound.deny with data.visitor as visitors
		with input.caller.class_of_service as "office"
		with input.callee.class as "local"
}
