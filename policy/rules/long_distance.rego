package dialwarden.outbound

# METADATA
# title: Long distance
# description: |
#   The classes of numbers that data/long_distance.yaml lists may be called by whoever enters a PIN or has an approval.
#   The PIN's level must reach the one that is given there for the class. Some classes of service and grades need no
#   PIN, and some may not call these numbers at all.
allow contains "long_distance" if {
	is_number(data.long_distance.pin_level[input.callee.class])
	input.caller.known == true
}

require contains {"rule": "long_distance", "any_of": ["pin", "token", "approval"]} if {
	is_number(data.long_distance.pin_level[input.callee.class])
	not long_distance_is_free
	not redirected
}

deny contains {"rule": "long_distance", "reason": "pin_level", "prompt": "pin_refused"} if {
	input.credentials.pin.valid == true
	input.credentials.token.valid == false
	input.credentials.approval.valid == false
	input.credentials.pin.level < data.long_distance.pin_level[input.callee.class]
	not long_distance_is_free
	not redirected
}

deny contains {"rule": "long_distance", "reason": "barred"} if {
	input.callee.class in data.long_distance.barred.class_of_service[input.caller.class_of_service]
	not redirected
}

deny contains {"rule": "long_distance", "reason": "barred"} if {
	input.callee.class in data.long_distance.barred.grade[input.caller.grade]
	not redirected
}

long_distance_is_free if {
	input.caller.known == true
	input.callee.class in data.long_distance.free.class_of_service[input.caller.class_of_service]
}

long_distance_is_free if {
	input.caller.known == true
	input.callee.class in data.long_distance.free.grade[input.caller.grade]
}

long_distance_is_free if {
	some list in input.callee.lists
	list in data.long_distance.free.lists
}
