package dialwarden.outbound

# METADATA
# title: Repeated short calls
# description: |
#   After a number of short calls to one number, or to one block of numbers, the next is refused, and somebody is told. What
#   is short, and how many are too many, is in data/short_calls.yaml.
deny contains "short_calls" if {
	input.usage.short_calls_to_number >= data.short_calls.limits[input.callee.class].to_number
}

deny contains "short_calls" if {
	input.usage.short_calls_to_prefix >= data.short_calls.limits[input.callee.class].to_prefix
}

notify contains {"rule": "short_calls", "to": to} if {
	input.usage.short_calls_to_number >= data.short_calls.limits[input.callee.class].to_number
	some to in data.short_calls.notify
}

notify contains {"rule": "short_calls", "to": to} if {
	input.usage.short_calls_to_prefix >= data.short_calls.limits[input.callee.class].to_prefix
	some to in data.short_calls.notify
}
