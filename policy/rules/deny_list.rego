package dialwarden.outbound

# METADATA
# title: Deny-lists
# description: |
#   Numbers, prefixes and countries of the lists that data/deny_list.yaml names may not be called, nor numbers of the
#   risks that are listed there. A PIN does not help.
deny contains "deny_list" if {
	some list in input.callee.lists
	list in data.deny_list.everybody
}

deny contains "deny_list" if {
	some list in input.callee.lists
	list in data.deny_list.phones.class_of_service[input.caller.class_of_service]
}

deny contains "deny_list" if {
	some list in input.callee.lists
	list in data.deny_list.phones.department[input.caller.department]
}

deny contains "deny_list" if {
	some list in input.callee.lists
	list in data.deny_list.phones.extension[input.caller.extension]
}

deny contains {"rule": "deny_list", "reason": "risk"} if {
	some risk in input.callee.risk
	risk in data.deny_list.risks
}
