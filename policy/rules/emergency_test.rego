package dialwarden.outbound_test

import data.dialwarden.outbound

test_emergency_is_told if {
	notices := outbound.notify with data.emergency as {"notify": ["operator", "gate"]} with input.callee.class as "emergency"
	notices == {{"rule": "emergency", "to": "operator"}, {"rule": "emergency", "to": "gate"}}
}

test_emergency_is_nothing_else if {
	notices := outbound.notify with data.emergency as {"notify": ["operator"]}
		with input.callee.class as "service"
		with input.usage as {"first_to_region": false, "same_pin_calls": 0}
	notices == set()
}
