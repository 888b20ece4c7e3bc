// Package dialpaths finds the ways through a running dialplan that reach a trunk without passing through Dialwarden.
//
// It reads what Asterisk's console prints: `dialplan show`, `dialplan show globals`, `pjsip show endpoint NAME`. From each
// context in which a phone or a trunk comes in, it follows everything that can be dialled there, through includes, jumps,
// subroutines, Local channels and applications that run others, and tells of each Dial that reaches a trunk. What a
// variable holds is found where the dialplan sets it; what cannot be found is told as such: the place is to be looked at
// by a person. It takes both sides of every condition, for nobody knows what will be true.
//
//	site := dialpaths.Read(console output)
//	for _, f := range dialpaths.Find(site) { … }
//
// Calls that come to a context of Dialwarden at priority 1 have passed: each of them decides or checks there.
package dialpaths
