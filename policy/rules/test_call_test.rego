package dialwarden.outbound_test

import data.dialwarden.outbound

tests_of(extensions) := {"lists": ["line_test"], "extensions": extensions, "max_seconds": 30}

test_test_call_is_allowed_and_short if {
	"test_call" in outbound.allow with data.test_call as tests_of([])
		with input.caller as {"known": true, "extension": "101"}
		with input.callee.lists as ["line_test"]

	{"rule": "test_call", "max_seconds": 30} in outbound.limit with data.test_call as tests_of([])
		with input.callee.lists as ["line_test"]
}

test_test_call_of_other_numbers if {
	not "test_call" in outbound.allow with data.test_call as tests_of([])
		with input.caller as {"known": true, "extension": "101"}
		with input.callee.lists as ["others"]
}

test_test_call_of_some_phones if {
	"test_call" in outbound.allow with data.test_call as tests_of(["101"])
		with input.caller as {"known": true, "extension": "101"}
		with input.callee.lists as ["line_test"]

	not "test_call" in outbound.allow with data.test_call as tests_of(["101"])
		with input.caller as {"known": true, "extension": "102"}
		with input.callee.lists as ["line_test"]
}

test_test_call_of_a_phone_that_is_not_known if {
	not "test_call" in outbound.allow with data.test_call as tests_of([])
		with input.caller as {"known": false, "extension": "9"}
		with input.callee.lists as ["line_test"]
}
