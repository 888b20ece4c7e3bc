package dialwarden.outbound_test

import data.dialwarden.outbound

local_lists := {"classes": ["local", "mobile"], "unlisted_phones": ["toll_free"]}

test_local_listed_phone_may_call_listed_class if {
	"local" in outbound.allow with data.local as local_lists
		with input.caller.known as true
		with input.callee.class as "mobile"
}

test_local_listed_phone_may_not_call_other_class if {
	not "local" in outbound.allow with data.local as local_lists
		with input.caller.known as true
		with input.callee.class as "national"
}

test_local_unlisted_phone_may_not_call_listed_class if {
	not "local" in outbound.allow with data.local as local_lists
		with input.caller.known as false
		with input.callee.class as "mobile"
}

test_local_unlisted_phone_may_call_what_is_listed_for_it if {
	"local" in outbound.allow with data.local as local_lists
		with input.caller.known as false
		with input.callee.class as "toll_free"
}

test_local_never_allows_what_is_not_listed if {
	every class in ["premium", "satellite", "unknown", "invalid", "national", "international"] {
		not "local" in outbound.allow with data.local as local_lists
			with input.caller.known as true
			with input.callee.class as class
	}
}
