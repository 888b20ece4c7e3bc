package dialwarden.outbound

# METADATA
# title: Within the area, three minutes
# description: |
#   The phones of the house may call within the area, and a call is cut when the time is over. Both are said in
#   data/within_area.yaml. Nothing else is allowed, because no rule allows it.
allow contains "within_area" if {
	input.caller.known == true
	input.callee.class in data.within_area.classes
}

limit contains {
	"rule": "within_area",
	"max_seconds": data.within_area.max_seconds,
	"warn_seconds": data.within_area.warn_seconds,
}
