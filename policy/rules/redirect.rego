package dialwarden.outbound

# METADATA
# title: Redirect to colleagues
# description: |
#   A call to the mobile or the short number of a colleague goes to the colleague's extension, or from the mobile to the
#   short number, as data/redirect.yaml says. Nobody is redirected to his own phone.
route contains {"rule": "redirect", "redirect": target} if target := redirect_target

redirect_target := input.callee.extension if {
	data.redirect.short_number == "extension"
	input.callee.class == "internal"
	input.callee.digits != input.callee.extension
	colleague
}

redirect_target := input.callee.extension if {
	data.redirect.mobile == "extension"
	input.callee.class != "internal"
	colleague
}

redirect_target := short if {
	data.redirect.mobile == "short_number"
	input.callee.class != "internal"
	colleague
	short := data.directory.extensions[input.callee.extension].short_number
	short != ""
}

# The number belongs to somebody else in the directory.
colleague if {
	input.callee.extension != ""
	input.callee.extension != input.caller.extension
}

# The call stays inside; other rules may look at this only where the rule is in force.
redirected if {
	data.redirect.mobile != "none"
	data.rules.redirect.mode == "enforce"
	redirect_target
}
