package dialwarden.outbound_test

import data.dialwarden.outbound

registered := {
	"classes": ["national"],
	"exempt_classes_of_service": ["executive"],
	"exempt_departments": ["security"],
}

test_register_asks_for_a_matter if {
	needs_matter("national", {"class_of_service": "office", "department": "sales"})
}

test_register_is_for_some_classes if {
	not needs_matter("international", {"class_of_service": "office", "department": "sales"})
}

test_register_asks_for_nothing_by_itself if {
	asked_for := outbound.require with data.register.classes as []
		with input.callee.class as "national"
	every x in asked_for {
		x.rule != "register"
	}
}

test_register_exempts_a_class_of_service if {
	not needs_matter("national", {"class_of_service": "executive", "department": "sales"})
}

test_register_exempts_a_department if {
	not needs_matter("national", {"class_of_service": "office", "department": "security"})
}

test_register_leaves_calls_to_colleagues_alone if {
	not matter_for_a_colleague("enforce")
	matter_for_a_colleague("off")
}

test_register_is_not_met_by_a_pin if {
	{"rule": "register", "any_of": ["matter"]} in outbound.require with data.register as registered
		with input.callee.class as "national"
		with input.caller as {"class_of_service": "office", "department": "sales"}
		with input.credentials.pin as {"valid": true, "level": 9}
}

needs_matter(class, caller) if {
	{"rule": "register", "any_of": ["matter"]} in outbound.require with data.register as registered
		with input.callee.class as class
		with input.caller as caller
}

matter_for_a_colleague(redirect) if {
	{"rule": "register", "any_of": ["matter"]} in outbound.require with data.register as registered
		with data.redirect.mobile as "extension"
		with data.rules.redirect.mode as redirect
		with input.callee as {"class": "national", "extension": "104"}
		with input.caller as {"extension": "103", "class_of_service": "office", "department": "sales"}
}
