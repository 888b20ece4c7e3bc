// Package call holds the words of Dialwarden (Number, Caller, Decision, Credential and so on) and the pure state
// machine of one call. It imports nothing but the standard library and does no input or output: everything that
// happens comes in as an event, and everything that should happen goes out as an action.
package call
