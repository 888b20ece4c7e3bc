package dialwarden.outbound

# METADATA
# title: Guarded lines
# description: |
#   A phone that data/lines.yaml guards calls only whom it may call there, and is called only by those who may call it.
#   A call that another rule redirects to a guarded phone counts as a call to it.
deny contains {"rule": "line_guard", "reason": "calls"} if {
	input.line.guarded == true
	input.line.calls_listed == false
}

deny contains {"rule": "line_guard", "reason": "callers"} if {
	input.callee.line.guarded == true
	input.callee.line.caller_listed == false
	input.callee.class == "internal"
}

deny contains {"rule": "line_guard", "reason": "callers"} if {
	input.callee.line.guarded == true
	input.callee.line.caller_listed == false
	redirected
}
