package dialwarden.outbound

# METADATA
# title: Office hours and duty hours
# description: |
#   Some classes of numbers may be called only while a schedule of data/hours.yaml is open: by all phones, by the phones
#   of a class of service, or by lines of a kind, as data/office_hours.yaml says.
deny contains "office_hours" if {
	some closed in data.office_hours.everybody
	input.callee.class in closed.classes
	not closed.schedule in input.time.schedules
}

deny contains "office_hours" if {
	some closed in data.office_hours.class_of_service[input.caller.class_of_service]
	input.callee.class in closed.classes
	not closed.schedule in input.time.schedules
}

deny contains "office_hours" if {
	some closed in data.office_hours.line[input.line.kind]
	input.callee.class in closed.classes
	not closed.schedule in input.time.schedules
}
