package dialwarden.outbound_test

import data.dialwarden.outbound

test_internal_listed_phone if {
	"internal" in outbound.allow with input.callee.class as "internal" with input.caller.known as true
}

test_internal_other_class if {
	not "internal" in outbound.allow with input.callee.class as "local" with input.caller.known as true
}

test_internal_unlisted_phone if {
	not "internal" in outbound.allow with data.internal as {"unlisted_phones": false}
		with input.callee.class as "internal"
		with input.caller.known as false
}

test_internal_unlisted_phone_where_it_may if {
	"internal" in outbound.allow with data.internal as {"unlisted_phones": true}
		with input.callee.class as "internal"
		with input.caller.known as false
}
