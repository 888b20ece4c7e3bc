package dialwarden.outbound_test

import data.dialwarden.outbound

free_line := {"kind": "phone", "guarded": false, "calls_listed": false}

test_line_guard_of_calls if {
	refusal := {"rule": "line_guard", "reason": "calls"}
	refusal in outbound.deny with input.line as {"kind": "alarm", "guarded": true, "calls_listed": false}
	not refusal in outbound.deny with input.line as {"kind": "alarm", "guarded": true, "calls_listed": true}
	not refusal in outbound.deny with input.line as free_line
}

not_listed := {"kind": "duty", "guarded": true, "caller_listed": false}

test_line_guard_of_callers if {
	refusal := {"rule": "line_guard", "reason": "callers"}
	refusal in outbound.deny with input.callee as {"class": "internal", "line": not_listed}
	not refusal in outbound.deny
		with input.callee as {"class": "internal", "line": {"kind": "duty", "guarded": true, "caller_listed": true}}
	not refusal in outbound.deny
		with input.callee as {"class": "internal", "line": {"kind": "phone", "guarded": false, "caller_listed": false}}
}

test_line_guard_of_redirected_calls if {
	refusal := {"rule": "line_guard", "reason": "callers"}
	mobile := {"class": "mobile", "extension": "202", "digits": "13900000202", "line": not_listed}
	not refusal in outbound.deny with input.callee as mobile
		with input.caller.extension as "103"
		with data.redirect.mobile as "none"
	refusal in outbound.deny with input.callee as mobile
		with input.caller.extension as "103"
		with data.redirect.mobile as "extension"
		with data.rules.redirect.mode as "enforce"
}
