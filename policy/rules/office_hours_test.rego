package dialwarden.outbound_test

import data.dialwarden.outbound

opening_hours := {
	"everybody": [{"schedule": "office", "classes": ["international"]}],
	"class_of_service": {"shop": [{"schedule": "shop", "classes": ["local", "mobile"]}]},
	"line": {"duty": [{"schedule": "duty", "classes": ["national"]}]},
}

test_office_hours_while_open if {
	every case in hours_cases {
		not closed_for(case, [case[0], "other"])
	}
}

test_office_hours_while_closed if {
	every case in hours_cases {
		closed_for(case, [])
		closed_for(case, ["other"])
	}
}

test_office_hours_leave_others_alone if {
	not closed_for(["", "office", "phone", "local"], [])
	not closed_for(["", "shop", "phone", "national"], [])
	not closed_for(["", "office", "alarm", "national"], [])
}

# The schedule, the class of service, the kind of line, the class of number.
hours_cases := [
	["office", "office", "phone", "international"],
	["shop", "shop", "phone", "local"],
	["duty", "office", "duty", "national"],
]

closed_for(case, open) if {
	"office_hours" in outbound.deny with data.office_hours as opening_hours
		with input.time.schedules as open
		with input.caller.class_of_service as case[1]
		with input.line.kind as case[2]
		with input.callee.class as case[3]
}
