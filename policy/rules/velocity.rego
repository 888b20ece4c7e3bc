package dialwarden.outbound

# METADATA
# title: Too many calls
# description: |
#   A phone that tried too often to call numbers of a class within a minute or an hour, or has too many calls at once, may
#   not call one more. The bounds are in data/velocity.yaml.
deny contains "velocity" if {
	bounds := data.velocity.attempts[input.callee.class]
	too_many_attempts(bounds, input.usage.class_attempts_last_minute, input.usage.class_attempts_last_hour)
}

deny contains "velocity" if {
	bounds := data.velocity.all_attempts[input.callee.class]
	too_many_attempts(bounds, input.usage.attempts_last_minute, input.usage.attempts_last_hour)
}

too_many_attempts(bounds, minute, _) if minute >= bounds.per_minute

too_many_attempts(bounds, _, hour) if hour >= bounds.per_hour

deny contains {"rule": "velocity", "reason": "concurrent"} if {
	most := data.velocity.concurrent_calls[input.callee.class]
	input.usage.concurrent_calls + input.usage.pending_calls >= most
}
