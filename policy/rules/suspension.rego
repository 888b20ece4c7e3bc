package dialwarden.outbound

# METADATA
# title: Suspended phones
# description: |
#   A suspended phone may call nothing but the classes of numbers that data/suspension.yaml exempts. Emergency numbers
#   always go out.
deny contains "suspension" if {
	input.sanction.suspended == true
	not input.callee.class in data.suspension.exempt_classes
}
