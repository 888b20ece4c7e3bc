// Package decision measures one decision of a call in this process: number, facts, input, rules, reading and combining,
// with all shipped rules and a directory and lists of a given size, on one processor. Beside it, OPA's own server is asked
// about the same facts over HTTP on the loopback interface, by the same rules and data.
//
// To be fair to OPA, its question names the seven sets and nothing else, so that it computes what is computed here; it
// gets the facts ready-made, while here they are put together each time; and it has a processor of its own where there
// are two. The time holds the encoding of the facts and the decoding of the answer, which whoever asks over HTTP needs.
package decision
