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

# A number of attempts is reached once, as each attempt counts one more: so somebody is told once.
notify contains {"rule": "velocity", "to": to} if {
	input.usage.class_attempts_last_minute >= 1
	input.usage.class_attempts_last_minute == data.velocity.attempts[input.callee.class].per_minute
	some to in data.velocity.notify
}

notify contains {"rule": "velocity", "to": to} if {
	input.usage.class_attempts_last_hour >= 1
	input.usage.class_attempts_last_hour == data.velocity.attempts[input.callee.class].per_hour
	some to in data.velocity.notify
}

notify contains {"rule": "velocity", "to": to} if {
	input.usage.attempts_last_minute >= 1
	input.usage.attempts_last_minute == data.velocity.all_attempts[input.callee.class].per_minute
	some to in data.velocity.notify
}

notify contains {"rule": "velocity", "to": to} if {
	input.usage.attempts_last_hour >= 1
	input.usage.attempts_last_hour == data.velocity.all_attempts[input.callee.class].per_hour
	some to in data.velocity.notify
}

notify contains {"rule": "velocity", "reason": "concurrent", "to": to} if {
	input.usage.concurrent_calls >= 1
	input.usage.concurrent_calls + input.usage.pending_calls >= data.velocity.concurrent_calls[input.callee.class]
	some to in data.velocity.notify
}

notify contains {"rule": "velocity", "reason": "concurrent", "to": to} if {
	input.usage.pending_calls >= 1
	input.usage.concurrent_calls + input.usage.pending_calls >= data.velocity.concurrent_calls[input.callee.class]
	some to in data.velocity.notify
}
