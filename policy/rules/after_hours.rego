package dialwarden.outbound

# METADATA
# title: International calls after hours
# description: |
#   While the schedule that data/after_hours.yaml names is closed, the classes of numbers that are listed there need an
#   approval.
require contains {"rule": "after_hours", "any_of": data.after_hours.any_of} if {
	input.callee.class in data.after_hours.classes
	not data.after_hours.schedule in input.time.schedules
	not free_after_hours
}

free_after_hours if input.caller.class_of_service in data.after_hours.exempt_classes_of_service
