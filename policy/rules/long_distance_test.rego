package dialwarden.outbound_test

import data.dialwarden.outbound

pin_levels := {
	"pin_level": {"national": 1, "international": 2},
	"free": {
		"class_of_service": {"executive": ["national"]},
		"grade": {"director": ["international"]},
		"lists": ["branches"],
	},
	"barred": {
		"class_of_service": {"lobby": ["national"]},
		"grade": {"staff": ["international"]},
	},
}

long_distance_refusal := {"rule": "long_distance", "reason": "pin_level", "prompt": "pin_refused"}

long_distance_bar := {"rule": "long_distance", "reason": "barred"}

long_distance_proof := {"rule": "long_distance", "any_of": ["pin", "token", "approval"]}

no_proof := {"valid": false, "level": 0}

credentials_with(pin, token) := {"pin": pin, "token": token, "approval": no_proof}

listed_phone := {"known": true, "class_of_service": "office", "grade": "manager", "extension": "101"}

test_long_distance_needs_a_proof if {
	every class in ["national", "international"] {
		"long_distance" in outbound.allow with data.long_distance as pin_levels
			with input.caller as listed_phone
			with input.callee.class as class

		long_distance_proof in outbound.require with data.long_distance as pin_levels
			with input.caller as listed_phone
			with input.callee.class as class
	}
}

test_long_distance_unlisted_phone if {
	not "long_distance" in outbound.allow with data.long_distance as pin_levels
		with input.caller.known as false
		with input.callee.class as "national"
}

test_long_distance_other_class if {
	not "long_distance" in outbound.allow with data.long_distance as pin_levels
		with input.caller as listed_phone
		with input.callee.class as "local"

	not long_distance_proof in outbound.require with data.long_distance as pin_levels
		with input.caller as listed_phone
		with input.callee.class as "local"
}

test_long_distance_a_level_that_is_no_number_allows_nothing if {
	not "long_distance" in outbound.allow with data.long_distance as {"pin_level": {"national": "1"}}
		with input.caller as listed_phone
		with input.callee.class as "national"
}

test_long_distance_level_is_enough if {
	every enough in [1, 2, 9] {
		not long_distance_refusal in outbound.deny with data.long_distance as pin_levels
			with input.caller as listed_phone
			with input.callee.class as "national"
			with input.credentials as credentials_with({"valid": true, "level": enough}, no_proof)
	}
}

test_long_distance_level_is_too_low if {
	long_distance_refusal in outbound.deny with data.long_distance as pin_levels
		with input.caller as listed_phone
		with input.callee.class as "international"
		with input.credentials as credentials_with({"valid": true, "level": 1}, no_proof)
}

test_long_distance_token_lifts_a_low_pin if {
	not long_distance_refusal in outbound.deny with data.long_distance as pin_levels
		with input.caller as listed_phone
		with input.callee.class as "international"
		with input.credentials as credentials_with({"valid": true, "level": 1}, {"valid": true, "level": 0})
}

test_long_distance_no_pin_is_not_a_low_pin if {
	not long_distance_refusal in outbound.deny with data.long_distance as pin_levels
		with input.caller as listed_phone
		with input.callee.class as "international"
		with input.credentials as credentials_with(no_proof, no_proof)
}

test_long_distance_is_free_for_a_class_of_service if {
	not asked("national", object.union(listed_phone, {"class_of_service": "executive"}), [])
	asked("international", object.union(listed_phone, {"class_of_service": "executive"}), [])
}

test_long_distance_is_free_for_a_grade if {
	not asked("international", object.union(listed_phone, {"grade": "director"}), [])
	asked("national", object.union(listed_phone, {"grade": "director"}), [])
}

test_long_distance_is_not_free_for_a_phone_that_is_not_listed if {
	asked("national", {"known": false, "class_of_service": "executive", "grade": "", "extension": "9"}, [])
	asked("international", {"known": false, "class_of_service": "", "grade": "director", "extension": "9"}, [])
}

test_long_distance_is_free_to_numbers_of_a_list if {
	not asked("national", listed_phone, ["branches"])
	asked("national", listed_phone, ["others"])
}

test_long_distance_is_barred if {
	long_distance_bar in outbound.deny with data.long_distance as pin_levels
		with input.caller as object.union(listed_phone, {"class_of_service": "lobby"})
		with input.callee.class as "national"

	long_distance_bar in outbound.deny with data.long_distance as pin_levels
		with input.caller as object.union(listed_phone, {"grade": "staff"})
		with input.callee.class as "international"

	not long_distance_bar in outbound.deny with data.long_distance as pin_levels
		with input.caller as object.union(listed_phone, {"grade": "staff"})
		with input.callee.class as "national"
}

asked(class, caller, lists) if {
	long_distance_proof in outbound.require with data.long_distance as pin_levels
		with input.caller as caller
		with input.callee.class as class
		with input.callee.lists as lists
}
