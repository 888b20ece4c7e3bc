package dialwarden.outbound

# METADATA
# title: Suspended phones and PINs
# description: |
#   A suspended phone may call nothing but the classes of numbers that data/suspension.yaml exempts, and nobody may call
#   anything else with a suspended PIN. Emergency numbers always go out.
deny contains "suspension" if {
	input.sanction.suspended == true
	not input.callee.class in data.suspension.exempt_classes
}

deny contains {"rule": "suspension", "reason": "pin"} if {
	input.sanction.pin_suspended == true
	not input.callee.class in data.suspension.exempt_classes
}
