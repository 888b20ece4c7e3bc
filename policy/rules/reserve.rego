package dialwarden.outbound

# METADATA
# title: Channels kept free
# description: |
#   A call is refused when it would take a channel of the trunk that data/lines.yaml or data/bookings.yaml keeps free for
#   others. An alarm line is never refused: where no channel is left, another call gives way to it.
deny contains "reserve" if {
	input.line.trunk.full == true
	input.line.kind != "alarm"
	input.callee.class != "internal"
}
