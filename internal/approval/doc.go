// Package approval asks people who may approve a call whether they do, while its caller waits: it rings their phones one
// after the other, says who wants to call whom, and takes the answer: a key, or a word from elsewhere (Room.Answer).
//
// Each request is a search with a goroutine of its own. It runs the state machine of this package (Machine: Step takes
// what happened and returns what has to be done) and carries out its commands. Who answers first, on a phone or elsewhere,
// has answered; a caller who gives up ends the search.
//
// Nobody approves his own call: neither the caller's own phone is rung, nor another phone of the same holder, and neither
// his PIN counts on anybody's phone, nor his name elsewhere.
//
// A phone that talks to us about one call is not rung about another: that search goes on to the next approver, and comes
// back when it has found nobody else.
package approval
