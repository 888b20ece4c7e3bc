// Package ari connects Dialwarden to Asterisk through the Asterisk REST Interface: a WebSocket brings events, REST
// requests carry commands. It is the only importer of the ARI library.
//
// Of the library it uses the event decoder and the types. The connection is its own, because a call must not be lost:
//
//   - The library's bus drops events once a subscriber has 100 unread. Here one goroutine reads the WebSocket and does
//     nothing else; what it reads waits in an unbounded queue.
//   - The library's requests have neither deadline nor context. Here every request has both, and connections stay open.
//   - The library notices neither a dead nor a half-open connection. Here it is pinged, and reconnected.
//
// When a WebSocket is lost, its callers stay in Stasis in silence, and no event tells of them after the reconnect. So all
// channels are looked through after each connect and every few seconds, and what waits is reported (Handler.Sweep).
//
// The phones of approvers are rung from here, too (Client.Ring), with channels whose ids we make. They are never taken for
// callers; one that rings or talks for nobody is hung up.
package ari
