package dialplan

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
)

// fingerprints are those of the dialplan's versions: of its lines without comments, and without what is spoken, which a
// site may change.
var fingerprints = map[int]string{
	1: "dfe0132d25e95ac4",
}

// TestVersion holds the number of the version to the dialplan that it stands for.
func TestVersion(t *testing.T) {
	text, err := FS.ReadFile("extensions_dialwarden.conf")
	if err != nil {
		t.Fatal(err)
	}
	if said := fmt.Sprintf("Set(GLOBAL(DIALWARDEN_PROBE)=${FILTER(0-9,${EXTEN})} %d)", Version); !strings.Contains(string(text), said) {
		t.Errorf("[dialwarden-doctor] does not say version %d: it should hold %s", Version, said)
	}
	sum, section := sha256.New(), ""
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "[") {
			section = line
		}
		if line != "" && line[0] != ';' && section != "[dialwarden-prompts]" {
			_, _ = fmt.Fprintln(sum, line)
		}
	}
	if got := fmt.Sprintf("%x", sum.Sum(nil)[:8]); got != fingerprints[Version] {
		t.Errorf("extensions_dialwarden.conf has changed: its fingerprint is %q, that of version %d is %q.\n"+
			"\tIf version %d is installed anywhere, add 1 to Version here and in [dialwarden-doctor], and add the new\n"+
			"\tfingerprint; else put the new fingerprint in place of the old one.",
			got, Version, fingerprints[Version], Version)
	}
}
