package dialwarden.outbound

# METADATA
# title: Allow-lists
# description: |
#   A phone that data/allow_list.yaml restricts to lists may call the numbers of these lists and nothing else. Numbers of
#   the lists under also may be called besides what others may call.
deny contains "allow_list" if {
	count(data.allow_list.only.class_of_service[input.caller.class_of_service]) > 0
	not on_allow_list
	not input.callee.class in data.allow_list.exempt_classes
}

deny contains "allow_list" if {
	count(data.allow_list.only.department[input.caller.department]) > 0
	not on_allow_list
	not input.callee.class in data.allow_list.exempt_classes
}

deny contains "allow_list" if {
	count(data.allow_list.only.extension[input.caller.extension]) > 0
	not on_allow_list
	not input.callee.class in data.allow_list.exempt_classes
}

allow contains "allow_list" if {
	some list in input.callee.lists
	list in data.allow_list.also.class_of_service[input.caller.class_of_service]
	input.caller.known == true
}

allow contains "allow_list" if {
	some list in input.callee.lists
	list in data.allow_list.also.department[input.caller.department]
	input.caller.known == true
}

allow contains "allow_list" if {
	some list in input.callee.lists
	list in data.allow_list.also.extension[input.caller.extension]
	input.caller.known == true
}

allow contains "allow_list" if {
	on_allow_list
	input.caller.known == true
}

on_allow_list if {
	some list in input.callee.lists
	list in data.allow_list.only.class_of_service[input.caller.class_of_service]
}

on_allow_list if {
	some list in input.callee.lists
	list in data.allow_list.only.department[input.caller.department]
}

on_allow_list if {
	some list in input.callee.lists
	list in data.allow_list.only.extension[input.caller.extension]
}
