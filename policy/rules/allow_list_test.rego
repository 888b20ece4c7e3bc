package dialwarden.outbound_test

import data.dialwarden.outbound

partners := {
	"only": {
		"class_of_service": {"gatehouse": ["official"]},
		"department": {"fax": ["partners"]},
		"extension": {"301": ["partners"], "302": []},
	},
	"exempt_classes": ["internal"],
	"also": {
		"class_of_service": {"office": ["official"]},
		"department": {"sales": ["partners"]},
		"extension": {"303": ["partners"]},
	},
}

phone_of(fields) := object.union({"known": true, "extension": "1", "department": "", "class_of_service": ""}, fields)

restricted := [
	[{"class_of_service": "gatehouse"}, "official"],
	[{"department": "fax"}, "partners"],
	[{"extension": "301"}, "partners"],
]

test_allow_list_lets_its_numbers_through if {
	every pair in restricted {
		not listed_only(pair[0], "national", [pair[1]])
		listed_too(pair[0], [pair[1]])
	}
}

test_allow_list_refuses_all_others if {
	every pair in restricted {
		listed_only(pair[0], "local", [])
		listed_only(pair[0], "local", ["others"])
		not listed_too(pair[0], ["others"])
	}
}

test_allow_list_exempts_classes if {
	every pair in restricted {
		not listed_only(pair[0], "internal", [])
	}
}

test_allow_list_that_is_empty_restricts_nobody if {
	not listed_only({"extension": "302"}, "local", [])
	not listed_only({"extension": "105"}, "local", [])
}

test_allow_list_adds_numbers if {
	every pair in [
		[{"class_of_service": "office"}, "official"],
		[{"department": "sales"}, "partners"],
		[{"extension": "303"}, "partners"],
	] {
		listed_too(pair[0], [pair[1]])
		not listed_too(pair[0], ["others"])
		not listed_too(object.union(pair[0], {"known": false}), [pair[1]])
	}
}

test_allow_list_of_a_phone_that_is_not_known if {
	not listed_too({"extension": "301", "known": false}, ["partners"])
}

listed_only(caller, class, lists) if {
	"allow_list" in outbound.deny with data.allow_list as partners
		with input.caller as phone_of(caller)
		with input.callee.class as class
		with input.callee.lists as lists
}

listed_too(caller, lists) if {
	"allow_list" in outbound.allow with data.allow_list as partners
		with input.caller as phone_of(caller)
		with input.callee.class as "national"
		with input.callee.lists as lists
}
