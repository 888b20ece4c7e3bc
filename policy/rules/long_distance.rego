package dialwarden.outbound

# METADATA
# title: Long distance
# description: |
#   The classes of numbers that data/long_distance.yaml lists may be called by whoever enters a PIN or has an approval.
#   The PIN's level must reach the one that is given there for the class.
allow contains "long_distance" if {
	input.caller.known == true
	is_number(data.long_distance.pin_level[input.callee.class])
}

require contains {"rule": "long_distance", "any_of": ["pin", "token", "approval"]} if {
	is_number(data.long_distance.pin_level[input.callee.class])
}

deny contains {"rule": "long_distance", "reason": "pin_level", "prompt": "pin_refused"} if {
	input.credentials.pin.valid == true
	input.credentials.token.valid == false
	input.credentials.approval.valid == false
	input.credentials.pin.level < data.long_distance.pin_level[input.callee.class]
}
