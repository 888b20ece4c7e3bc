package dialwarden.outbound

# METADATA
# title: Longest call
# description: |
#   A call is cut after the number of seconds that data/cap.yaml gives for its class, and for the hour, with a warning
#   before. The called party's phone rings no longer than ring_seconds.
limit contains {"rule": "cap", "max_seconds": seconds, "warn_seconds": data.cap.warn_seconds} if {
	seconds := data.cap.max_seconds[input.callee.class]
	not without_cap
}

limit contains {"rule": "cap", "max_seconds": seconds, "warn_seconds": data.cap.warn_seconds} if {
	some schedule, caps in data.cap.during
	schedule in input.time.schedules
	seconds := caps[input.callee.class]
	not without_cap
}

limit contains {"rule": "cap", "max_seconds": seconds, "warn_seconds": data.cap.warn_seconds} if {
	some schedule, caps in data.cap.outside
	not schedule in input.time.schedules
	seconds := caps[input.callee.class]
	not without_cap
}

limit contains {"rule": "cap", "ring_seconds": data.cap.ring_seconds}

without_cap if input.caller.class_of_service in data.cap.exempt_classes_of_service
