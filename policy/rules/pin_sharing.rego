package dialwarden.outbound

# METADATA
# title: One PIN in several calls
# description: |
#   When more calls at once go on with one PIN than data/pin_sharing.yaml allows, somebody is told, and the call is refused
#   if it says so.
notify contains {"rule": "pin_sharing", "to": to} if {
	input.usage.same_pin_calls >= data.pin_sharing.most
	some to in data.pin_sharing.notify
}

deny contains "pin_sharing" if {
	data.pin_sharing.refuse == true
	input.usage.same_pin_calls >= data.pin_sharing.most
}
