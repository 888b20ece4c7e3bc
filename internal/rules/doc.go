// Package rules asks the policy whether a call may be made. It is the only package that knows Open Policy Agent (OPA):
// it reads a policy directory, checks and compiles it, evaluates it and turns what its rules say into one call.Decision.
//
// A policy directory holds
//
//	rules/<rule>.rego       one rule each, all in package dialwarden.outbound; <rule>_test.rego are its tests
//	data/<name>.yaml        what the rules look up, as data.<name>
//	plans/<name>.yaml       number plans; not read here, but part of the revision
//	schema/input.json       JSON Schema of the input; the shipped one stands in where it is missing
//	schema/<name>.json      JSON Schema of data/<name>.yaml; its defaults are filled in. The shipped ones stand in for
//	                        the files that Dialwarden reads itself: directory, rules, lists, hours, short_calls, after_hours_spike, retention
//
// Rego collects and Go combines. A rule adds members to the sets allow, deny, require, limit, route, notify and
// sanction; each member names its rule. Combining is done here (combine.go): a call is released only if some allow
// fires, no deny fires and every require is met. Anything that is not one well-typed answer in time is a refusal with
// rule policy_error.
//
// What a look-up in data would cost at every call is done in Go and put into the input (Policy.Lookup): the lists that a
// number is in, the schedules that are open. And what data turns off, an empty list or a 0, is not asked at all
// (prune.go); a rule that looks the class of the number up in data is asked about those classes only (split.go).
//
// A rule sees nothing but input and data: no network, no clock, no environment, no chance. So a decision can be computed
// again from its facts and the revision of the policy.
package rules

//go:generate go test -count=1 -run ^TestDocs$ . -rewrite
