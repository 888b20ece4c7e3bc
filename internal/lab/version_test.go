package lab

import "testing"

func TestParseVersion(t *testing.T) {
	for out, want := range map[string]struct {
		name  string
		major int
	}{
		"Asterisk 22.10.1+dfsg+~cs6.16.60671435-1\n": {"Asterisk 22.10.1", 22},
		"Asterisk 16.28.0~dfsg-0+deb11u4\n":          {"Asterisk 16.28.0", 16},
		"Asterisk 1.8.32.3\n":                        {"Asterisk 1.8.32.3", 1},
		"Asterisk certified/18.9-cert4\n":            {"Asterisk certified/18.9-cert4", 18},
		"Asterisk certified-20.7-cert1\n":            {"Asterisk certified-20.7-cert1", 20},
		"Asterisk GIT-18-1a2b3c4\n":                  {"Asterisk GIT-18-1a2b3c4", 18},
		"Asterisk SVN-branch-1.8-r342\n":             {"Asterisk SVN-branch-1.8-r342", 1},
		"Asterisk GIT-master-1a2b3c4\n":              {"Asterisk GIT-master-1a2b3c4", 0},
		"Asterisk 23\nmore\n":                        {"Asterisk 23", 23},
		"":                                           {"", 0},
	} {
		if name, major := parseVersion(out); name != want.name || major != want.major {
			t.Errorf("%q: %q, %d; wanted %q, %d", out, name, major, want.name, want.major)
		}
	}
}
