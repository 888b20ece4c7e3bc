package dialwarden.outbound

# METADATA
# title: Carrier prefix
# description: |
#   The prefix that data/carrier_prefix.yaml gives for the class is put in front of a number that was dialled without one,
#   and the call takes the trunk that is given there.
route contains {"rule": "carrier_prefix", "dial": concat("", [prefix, input.callee.digits])} if {
	prefix := data.carrier_prefix.prefix[input.callee.class]
	not data.carrier_prefix.trunk[input.callee.class]
	prefix_fits
}

route contains {
	"rule": "carrier_prefix",
	"dial": concat("", [prefix, input.callee.digits]),
	"trunk": data.carrier_prefix.trunk[input.callee.class],
} if {
	prefix := data.carrier_prefix.prefix[input.callee.class]
	prefix_fits
}

prefix_fits if {
	input.callee.carrier_prefix == ""
	input.callee.class != "internal"
	not startswith(input.callee.digits, "+")
	not redirected
}
