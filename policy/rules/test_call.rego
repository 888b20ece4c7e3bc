package dialwarden.outbound

# METADATA
# title: Test calls
# description: |
#   The numbers of the lists that data/test_call.yaml names may be called to test a line, for a short time.
allow contains "test_call" if {
	some list in input.callee.lists
	list in data.test_call.lists
	input.caller.known == true
	count(data.test_call.extensions) == 0
}

allow contains "test_call" if {
	some list in input.callee.lists
	list in data.test_call.lists
	input.caller.extension in data.test_call.extensions
}

limit contains {"rule": "test_call", "max_seconds": data.test_call.max_seconds} if {
	some list in input.callee.lists
	list in data.test_call.lists
}
