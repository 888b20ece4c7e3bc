package speech

import "slices"

// Files returns all files that the daemon may have Asterisk play, each once.
func Files() []string {
	var all []string
	for _, names := range files {
		all = append(all, names...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
