package dialwarden.outbound_test

import data.dialwarden.outbound

denied := {
	"everybody": ["blocked"],
	"phones": {
		"class_of_service": {"office": ["competitors"]},
		"department": {"sales": ["rivals"]},
		"extension": {"301": ["private"]},
	},
	"risks": ["caribbean"],
}

test_deny_list_of_everybody if {
	barred({"extension": "1"}, ["blocked"])
	not barred({"extension": "1"}, ["others"])
	not barred({"extension": "1"}, [])
}

test_deny_list_of_some_phones if {
	every pair in [
		[{"class_of_service": "office"}, "competitors"],
		[{"department": "sales"}, "rivals"],
		[{"extension": "301"}, "private"],
	] {
		barred(pair[0], ["others", pair[1]])
		not barred(pair[0], ["others"])
		not barred({"extension": "1"}, [pair[1]])
	}
}

test_deny_list_of_risks if {
	refusal := {"rule": "deny_list", "reason": "risk"}
	refusal in outbound.deny with data.deny_list as denied with input.callee.risk as ["caribbean"]
	not refusal in outbound.deny with data.deny_list as denied with input.callee.risk as ["satellite"]
}

barred(caller, lists) if {
	fields := {"extension": "", "department": "", "class_of_service": ""}
	"deny_list" in outbound.deny with data.deny_list as denied
		with input.caller as object.union(fields, caller)
		with input.callee.lists as lists
}
