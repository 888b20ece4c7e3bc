package dialwarden.outbound

# METADATA
# title: Visitor phones
# description: |
#   A phone whose class of service is listed in data/visitor.yaml may call the classes of numbers that are listed there,
#   and no others.
deny contains "visitor" if {
	input.caller.class_of_service in data.visitor.classes_of_service
	not input.callee.class in data.visitor.classes
}
