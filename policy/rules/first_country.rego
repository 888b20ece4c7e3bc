package dialwarden.outbound

# METADATA
# title: First call to a country
# description: |
#   The first call ever to a country is told to those that data/first_country.yaml names, and needs what is listed there.
notify contains {"rule": "first_country", "to": to} if {
	input.usage.first_to_region == true
	input.callee.class in data.first_country.classes
	some to in data.first_country.notify
}

require contains {"rule": "first_country", "any_of": data.first_country.any_of} if {
	input.usage.first_to_region == true
	input.callee.class in data.first_country.classes
	count(data.first_country.any_of) > 0
}
