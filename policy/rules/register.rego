package dialwarden.outbound

# METADATA
# title: Register
# description: |
#   The classes of numbers that data/register.yaml lists need a matter code, besides whatever else they need. It is put
#   down with the call. data/matters.yaml has the codes. Calls that stay inside the house need none.
require contains {"rule": "register", "any_of": ["matter"]} if {
	input.callee.class in data.register.classes
	not without_matter
	not redirected
}

without_matter if input.caller.class_of_service in data.register.exempt_classes_of_service

without_matter if input.caller.department in data.register.exempt_departments
