package dialwarden.outbound

# METADATA
# title: Many calls after hours
# description: |
#   While the office is closed, stolen lines are used. When a phone, or all phones together, try to call more often than
#   data/after_hours_spike.yaml says, somebody is told, and more are refused.
notify contains {"rule": "after_hours_spike", "to": to} if {
	input.usage.after_hours_attempts >= 1
	is_after_hours_attempt
	input.usage.after_hours_attempts == data.after_hours_spike.phone.tell
	some to in data.after_hours_spike.notify
}

notify contains {"rule": "after_hours_spike", "reason": "site", "to": to} if {
	input.usage.site_after_hours_attempts >= 1
	is_after_hours_attempt
	input.usage.site_after_hours_attempts == data.after_hours_spike.site.tell
	some to in data.after_hours_spike.notify
}

deny contains "after_hours_spike" if {
	input.usage.after_hours_attempts >= 1
	is_after_hours_attempt
	data.after_hours_spike.phone.refuse > 0
	input.usage.after_hours_attempts >= data.after_hours_spike.phone.refuse
}

deny contains {"rule": "after_hours_spike", "reason": "site"} if {
	input.usage.site_after_hours_attempts >= 1
	is_after_hours_attempt
	data.after_hours_spike.site.refuse > 0
	input.usage.site_after_hours_attempts >= data.after_hours_spike.site.refuse
}

is_after_hours_attempt if {
	input.callee.class in data.after_hours_spike.classes
	not data.after_hours_spike.schedule in input.time.schedules
	not input.caller.class_of_service in data.after_hours_spike.exempt_classes_of_service
}
