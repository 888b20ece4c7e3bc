package call

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseProofs reads what a caller is supposed to have proved, for trying rules out: pin, token, approval, matter, and
// pin:2 for a PIN of level 2; without a level it is of level 9. The error names the text and says what would be right.
func ParseProofs(kinds []string) (Credentials, error) {
	var c Credentials
	for _, k := range kinds {
		kind, level, levelled := strings.Cut(k, ":")
		held := Credential{Valid: true, Holder: "somebody", Level: 9}
		if levelled {
			n, err := strconv.ParseUint(level, 10, 31)
			if err != nil || CredentialKind(kind) != PIN {
				return c, fmt.Errorf("%q: a level is a number after pin, like pin:2", k)
			}
			held.Level = int(n)
		}
		if !c.Set(CredentialKind(kind), held) {
			return c, fmt.Errorf("%q: must be pin, pin:LEVEL, token, approval or matter", k)
		}
	}
	return c, nil
}
