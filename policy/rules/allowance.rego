package dialwarden.outbound

# METADATA
# title: Allowances
# description: |
#   Where an allowance of data/allowances.yaml refuses what it does not pay for, a call may last as long as the rest pays
#   for, and longest_seconds at most. It is refused where that is less than min_seconds, or where nobody knows what the
#   call costs, because data/rates.yaml has no rate for the number.
deny contains "allowance" if {
	input.usage.limited == true
	input.callee.rate.known == true
	input.usage.affordable_seconds < data.allowances.min_seconds
}

deny contains {"rule": "allowance", "reason": "unrated"} if {
	input.usage.limited == true
	input.callee.rate.known == false
}

limit contains {
	"rule": "allowance", "reason": "rest",
	"max_seconds": seconds, "warn_seconds": data.allowances.warn_seconds,
} if {
	input.usage.limited == true
	seconds := min({input.usage.affordable_seconds, data.allowances.longest_seconds})
}
