package dialwarden.outbound

# METADATA
# title: Too many calls
# description: |
#   A phone that tried too often to call numbers of a class within a minute or an hour, or has too many calls at once, may
#   not call one more, and somebody is told when a bound is reached. The bounds are in data/velocity.yaml.
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

# A bound is reached once: each attempt counts one more.
reached_bound(bounds, minute, _) if minute == bounds.per_minute

reached_bound(bounds, _, hour) if hour == bounds.per_hour

notify contains {"rule": "velocity", "to": to} if {
	input.usage.class_attempts_last_hour >= 1
	bounds := data.velocity.attempts[input.callee.class]
	reached_bound(bounds, input.usage.class_attempts_last_minute, input.usage.class_attempts_last_hour)
	some to in data.velocity.notify
}

notify contains {"rule": "velocity", "to": to} if {
	input.usage.attempts_last_hour >= 1
	bounds := data.velocity.all_attempts[input.callee.class]
	reached_bound(bounds, input.usage.attempts_last_minute, input.usage.attempts_last_hour)
	some to in data.velocity.notify
}

notify contains {"rule": "velocity", "to": to} if {
	input.usage.concurrent_calls >= 1
	most := data.velocity.concurrent_calls[input.callee.class]
	input.usage.concurrent_calls + input.usage.pending_calls >= most
	some to in data.velocity.notify
}

notify contains {"rule": "velocity", "to": to} if {
	input.usage.pending_calls >= 1
	most := data.velocity.concurrent_calls[input.callee.class]
	input.usage.concurrent_calls + input.usage.pending_calls >= most
	some to in data.velocity.notify
}
