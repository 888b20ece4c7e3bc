package dialwarden.outbound

# METADATA
# title: Premium-rate numbers
# description: |
#   Nobody may call a premium-rate number. A PIN does not help.
deny contains "premium" if input.callee.class == "premium"
