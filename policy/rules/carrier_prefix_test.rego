package dialwarden.outbound_test

import data.dialwarden.outbound

prefixes := {"prefix": {"national": "17909", "mobile": "17951"}, "trunk": {"mobile": "gateway2"}}

test_carrier_prefix_is_put_in_front if {
	dialled("national", "02112345678", "") == {{"rule": "carrier_prefix", "dial": "1790902112345678"}}
}

test_carrier_prefix_names_a_trunk if {
	dialled("mobile", "13800138000", "") == {{"rule": "carrier_prefix", "dial": "1795113800138000", "trunk": "gateway2"}}
}

test_carrier_prefix_of_no_class if {
	dialled("local", "62345678", "") == set()
}

test_carrier_prefix_that_was_dialled if {
	dialled("national", "1795102112345678", "17951") == set()
}

test_carrier_prefix_never_stands_before_a_plus if {
	dialled("national", "+862112345678", "") == set()
}

test_carrier_prefix_leaves_redirected_calls_alone if {
	routes := outbound.route with data.carrier_prefix as prefixes
		with data.redirect as {"mobile": "extension", "short_number": "none"}
		with data.rules.redirect.mode as "enforce"
		with input.caller.extension as "101"
		with input.callee as {"class": "mobile", "digits": "13900000102", "carrier_prefix": "", "extension": "102"}
	routes == {{"rule": "redirect", "redirect": "102"}}
}

dialled(class, digits, prefix) := routes if {
	routes := outbound.route with data.carrier_prefix as prefixes
		with input.callee as {"class": class, "digits": digits, "carrier_prefix": prefix, "extension": ""}
}
