package dialwarden.outbound_test

import data.dialwarden.outbound

test_reserve if {
	"reserve" in outbound.deny with input.line as {"kind": "phone", "trunk": {"full": true}}
		with input.callee.class as "local"
	"reserve" in outbound.deny with input.line as {"kind": "duty", "trunk": {"full": true}}
		with input.callee.class as "mobile"
}

test_reserve_leaves_what_is_free if {
	not "reserve" in outbound.deny with input.line as {"kind": "phone", "trunk": {"full": false}}
		with input.callee.class as "local"
}

test_reserve_never_stops_an_alarm if {
	not "reserve" in outbound.deny with input.line as {"kind": "alarm", "trunk": {"full": true}}
		with input.callee.class as "local"
}

test_reserve_is_about_trunks if {
	not "reserve" in outbound.deny with input.line as {"kind": "phone", "trunk": {"full": true}}
		with input.callee.class as "internal"
}
