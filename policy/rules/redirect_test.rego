package dialwarden.outbound_test

import data.dialwarden.outbound

colleagues := {"extensions": {"102": {"short_number": "6102"}, "103": {"short_number": ""}}}

inside := {"mobile": "extension", "short_number": "extension"}

test_redirect_of_a_mobile if {
	redirect_of("mobile", "102", "13900000102", inside) == {{"rule": "redirect", "redirect": "102"}}
}

test_redirect_of_a_short_number if {
	redirect_of("internal", "102", "6102", inside) == {{"rule": "redirect", "redirect": "102"}}
}

test_redirect_to_the_short_number if {
	to_short := {"mobile": "short_number", "short_number": "none"}
	redirect_of("national", "102", "013900000102", to_short) == {{"rule": "redirect", "redirect": "6102"}}
	redirect_of("national", "103", "013900000103", to_short) == set()
}

test_redirect_leaves_extensions_and_strangers_alone if {
	redirect_of("internal", "102", "102", inside) == set()
	redirect_of("mobile", "", "13800138000", inside) == set()
}

test_redirect_leaves_the_own_mobile_alone if {
	redirect_of("mobile", "101", "13900000101", inside) == set()
}

test_redirect_that_is_turned_off if {
	as_dialled := {"mobile": "none", "short_number": "none"}
	redirect_of("mobile", "102", "13900000102", as_dialled) == set()
	redirect_of("internal", "102", "6102", as_dialled) == set()
}

test_redirected_calls_need_no_pin if {
	not pin_wanted("enforce", inside)
	pin_wanted("shadow", inside)
	pin_wanted("off", inside)
	pin_wanted("enforce", {"mobile": "none", "short_number": "extension"})
}

redirect_of(class, extension, digits, how) := routes if {
	routes := outbound.route with data.redirect as how
		with data.directory as colleagues
		with input.caller.extension as "101"
		with input.callee as {"class": class, "extension": extension, "digits": digits, "carrier_prefix": ""}
}

pin_wanted(mode, how) if {
	{"rule": "long_distance", "any_of": ["pin", "token", "approval"]} in outbound.require with data.redirect as how
		with data.rules.redirect.mode as mode
		with data.long_distance.pin_level as {"national": 1}
		with input.caller as {"extension": "101", "known": true, "class_of_service": "", "grade": ""}
		with input.callee as {"class": "national", "extension": "102", "lists": []}
}
