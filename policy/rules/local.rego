package dialwarden.outbound

# METADATA
# title: Ordinary numbers
# description: |
#   Phones of the directory may call the classes of numbers that data/local.yaml lists without being asked for anything.
#   What a phone that is not in the directory may call is listed there, too.
allow contains "local" if {
	input.caller.known == true
	input.callee.class in data.local.classes
}

allow contains "local" if {
	input.caller.known == false
	input.callee.class in data.local.unlisted_phones
}
