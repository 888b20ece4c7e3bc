package dialwarden.outbound_test

import data.dialwarden.outbound

test_suspension_refuses if {
	"suspension" in outbound.deny with data.suspension as {"exempt_classes": ["internal"]}
		with input.sanction.suspended as true
		with input.callee.class as "local"
}

test_suspension_exempts if {
	not "suspension" in outbound.deny with data.suspension as {"exempt_classes": ["internal"]}
		with input.sanction.suspended as true
		with input.callee.class as "internal"
}

test_suspension_of_others if {
	not "suspension" in outbound.deny with data.suspension as {"exempt_classes": ["internal"]}
		with input.sanction.suspended as false
		with input.callee.class as "local"
}

test_suspension_refuses_a_pin if {
	{"rule": "suspension", "reason": "pin"} in outbound.deny with data.suspension as {"exempt_classes": ["internal"]}
		with input.sanction as {"suspended": false, "pin_suspended": true}
		with input.callee.class as "local"
}

test_suspension_exempts_with_a_pin if {
	not {"rule": "suspension", "reason": "pin"} in outbound.deny with data.suspension as {"exempt_classes": ["internal"]}
		with input.sanction as {"suspended": false, "pin_suspended": true}
		with input.callee.class as "internal"
}
