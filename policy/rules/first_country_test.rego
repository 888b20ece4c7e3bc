package dialwarden.outbound_test

import data.dialwarden.outbound

first := {"classes": ["international"], "notify": ["operator"], "any_of": ["approval"]}

first_notice := {"rule": "first_country", "to": "operator"}

first_proof := {"rule": "first_country", "any_of": ["approval"]}

test_first_country_is_told_and_asked if {
	first_notice in outbound.notify with data.first_country as first
		with input.callee.class as "international"
		with input.usage.first_to_region as true

	first_proof in outbound.require with data.first_country as first
		with input.callee.class as "international"
		with input.usage.first_to_region as true
}

test_first_country_only_once if {
	not first_notice in outbound.notify with data.first_country as first
		with input.callee.class as "international"
		with input.usage.first_to_region as false

	not first_proof in outbound.require with data.first_country as first
		with input.callee.class as "international"
		with input.usage.first_to_region as false
}

test_first_country_of_other_classes if {
	not first_notice in outbound.notify with data.first_country as first
		with input.callee.class as "national"
		with input.usage.first_to_region as true
}

test_first_country_asks_for_nothing_by_itself if {
	asked_for := outbound.require with data.first_country as object.union(first, {"any_of": []})
		with input.callee.class as "international"
		with input.usage.first_to_region as true
	every x in asked_for {
		x.rule != "first_country"
	}
}
