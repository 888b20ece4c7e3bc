// Package dialplan holds the Asterisk configuration that Dialwarden needs: the contexts that calls go through, the
// REST interface user and the HTTP server. The demo, the tests, the images and `dialwarden init` all use these files.
package dialplan

import "embed"

// FS holds the fragments, at its root.
//
//go:embed *.conf
var FS embed.FS
