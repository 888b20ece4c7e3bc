// Package dialplan holds what Dialwarden needs in Asterisk: the contexts that calls go through, the REST interface user,
// the HTTP server, and the prompts. The demo, the tests, the images and `dialwarden init` all use these files.
package dialplan

import "embed"

// FS holds the fragments, at its root, and in sounds the prompts: prompts.txt says what each of them says, and
// LANGUAGE/dialwarden/NAME.gsm, made of it by scripts/prompts, belong into Asterisk's directory of sounds.
//
//go:embed *.conf sounds
var FS embed.FS

// Version counts the changes of extensions_dialwarden.conf that a site must follow. [dialwarden-doctor] in it says the same
// number, so that `dialwarden doctor` notices an Asterisk that has loaded the file of another version.
const Version = 1
