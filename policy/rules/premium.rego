package dialwarden.outbound

# METADATA
# title: Premium-rate numbers
# description: |
#   Nobody may call a premium-rate number. A PIN does not help. What trying costs is said in data/premium.yaml.
deny contains "premium" if input.callee.class == "premium"

sanction contains {
	"rule": "premium",
	"suspend_days": data.premium.sanction.suspend_days,
	"fine_minor": data.premium.sanction.fine_minor,
	"cost_multiple": data.premium.sanction.cost_multiple,
} if {
	input.callee.class == "premium"
	data.premium.sanction != {"suspend_days": 0, "fine_minor": 0, "cost_multiple": 0}
}
