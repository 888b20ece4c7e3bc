package lab

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// oldest is the first major version of Asterisk that Dialwarden works with.
const oldest = 18

// askVersion returns what the tree's Asterisk calls itself: "Asterisk 22.10.1". It is an error if that is too old.
func (l *Lab) askVersion(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var out, faults bytes.Buffer
	cmd := l.command(ctx, "-V")
	cmd.Stdout, cmd.Stderr = &out, &faults
	if err := runLocked(cmd); err != nil {
		return "", fmt.Errorf("asterisk -V in %s: %w: %s", l.root, err, strings.TrimSpace(faults.String()))
	}
	name, major := parseVersion(out.String())
	if major > 0 && major < oldest {
		return "", fmt.Errorf("%s in %s is too old: Asterisk %d or newer is needed", name, l.root, oldest)
	}
	return name, nil
}

// Major versions stand in "Asterisk 22.10.1~dfsg-1", "Asterisk certified/18.9-cert4" and "Asterisk GIT-20-1a2b3c".
var majorVersion = regexp.MustCompile(`^Asterisk (?:[A-Za-z]+[/-])*([0-9]+)(?:[.~+-]|$)`)

// parseVersion reads what `asterisk -V` prints. major is 0 where no version is told, as by a build of the master branch.
func parseVersion(out string) (name string, major int) {
	name, _, _ = strings.Cut(strings.TrimSpace(out), "\n")
	if m := majorVersion.FindStringSubmatch(name); m != nil {
		major, _ = strconv.Atoi(m[1])
	}
	if i := strings.IndexAny(name, "~+"); i > 0 { // the rest is the distribution's business
		name = name[:i]
	}
	return name, major
}
