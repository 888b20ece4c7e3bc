package dialwarden.outbound

# METADATA
# title: Emergency calls
# description: |
#   An emergency call goes out before any rule is asked. This rule can only tell somebody of it: those that
#   data/emergency.yaml names.
notify contains {"rule": "emergency", "to": to} if {
	input.callee.class == "emergency"
	some to in data.emergency.notify
}
