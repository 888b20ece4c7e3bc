package dialwarden.outbound_test

import data.dialwarden.outbound

spike_bounds := {
	"schedule": "office", "classes": ["international"], "phone": {"tell": 10, "refuse": 40}, "site": {"tell": 60, "refuse": 100},
	"notify": ["operator"], "exempt_classes_of_service": ["night"],
}

spike_of(phone, site, schedules, service) := {"denied": denied, "told": told} if {
	answer := outbound with data.after_hours_spike as spike_bounds
		with input as {
			"callee": {"class": "international"}, "time": {"schedules": schedules}, "caller": {"class_of_service": service},
			"usage": {"after_hours_attempts": phone, "site_after_hours_attempts": site},
		}
	denied := {d | some d in answer.deny; d in {"after_hours_spike", {"rule": "after_hours_spike", "reason": "site"}}}
	told := {n | some n in answer.notify; n.rule == "after_hours_spike"}
}

spike_told := {{"rule": "after_hours_spike", "to": "operator"}}

test_spike_of_a_phone_is_told_once if {
	spike_of(10, 10, [], "office") == {"denied": set(), "told": spike_told}
	spike_of(9, 9, [], "office") == {"denied": set(), "told": set()}
	spike_of(11, 11, [], "office") == {"denied": set(), "told": set()}
}

test_spike_of_a_phone_is_refused if {
	spike_of(40, 40, [], "office") == {"denied": {"after_hours_spike"}, "told": set()}
}

test_spike_of_the_site_is_told_once if {
	spike_of(1, 60, [], "office") == {"denied": set(), "told": {{"rule": "after_hours_spike", "reason": "site", "to": "operator"}}}
}

test_spike_of_the_site_is_refused if {
	spike_of(0, 100, [], "office") == {"denied": {{"rule": "after_hours_spike", "reason": "site"}}, "told": set()}
}

test_no_spike_in_office_hours if {
	spike_of(40, 100, ["office"], "office") == {"denied": set(), "told": set()}
}

test_no_spike_of_the_exempt if {
	spike_of(40, 100, [], "night") == {"denied": set(), "told": set()}
}
