package dialwarden.outbound

# METADATA
# title: Calls between extensions
# description: |
#   Phones of the directory may call one another. Whether a phone that is not in the directory may call them is said
#   in data/internal.yaml.
allow contains "internal" if {
	input.callee.class == "internal"
	input.caller.known == true
}

allow contains "internal" if {
	input.callee.class == "internal"
	input.caller.known == false
	data.internal.unlisted_phones == true
}
