// Package dialplan holds the Asterisk configuration that Dialwarden needs: the contexts that calls go through, the
// REST interface user and the HTTP server. The demo, the tests, the images and `dialwarden init` all use these files.
package dialplan

import "embed"

// FS holds the fragments, at its root.
//
//go:embed *.conf
var FS embed.FS

// Version counts the changes of extensions_dialwarden.conf that a site must follow. [dialwarden-doctor] in it says the same
// number, so that `dialwarden doctor` notices an Asterisk that has loaded the file of another version.
const Version = 1
