// Package speech says which sound files speak a prompt, a number, or, where Asterisk has not got ours, what to play in
// their place. A file is named as Asterisk names it: relative to its directory of sounds, without language and ending;
// Asterisk takes the one in the channel's language, and the English one where that is missing.
//
// The texts of our files are in dialplan/sounds/prompts.txt.
package speech

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Dir is the directory of our files in Asterisk's directory of sounds of each language.
const Dir = "dialwarden/"

// Of returns the files that speak prompts, one after the other: one file of each name, which may be an admin's. What is no
// name (small letters, digits and _) is spoken by none.
func Of(prompts ...string) []string {
	var files []string
	for _, p := range prompts {
		if p != "" && strings.Trim(p, "abcdefghijklmnopqrstuvwxyz0123456789_") == "" {
			files = append(files, Dir+p)
		}
	}
	return files
}

// TimeLeft returns the prompt that says how long a call still may last.
func TimeLeft(seconds int) string {
	name := fmt.Sprintf("left_%d", seconds)
	if _, spoken := core[name]; spoken {
		return name
	}
	return "left_soon"
}

// Digits returns the files that speak a number digit by digit: 0 to 9, *, # and a leading or other +. What else is in
// the text is left out.
func Digits(text string) []string {
	var files []string
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			files = append(files, Dir+string(r))
		case r == '*':
			files = append(files, Dir+"star")
		case r == '#':
			files = append(files, Dir+"hash")
		case r == '+':
			files = append(files, Dir+"plus")
		}
	}
	return files
}

// Files returns all files of ours, sorted.
func Files() []string {
	files := slices.Collect(maps.Keys(core))
	for i := range files {
		files[i] = Dir + files[i]
	}
	slices.Sort(files)
	return files
}

// InPlaceOf returns what of Asterisk's own sounds is played where a file is missing: of ours, something that means the
// same or a beep, so that nobody is left in silence; any other file itself.
func InPlaceOf(file string) []string {
	name, ours := strings.CutPrefix(file, Dir)
	if !ours {
		return []string{file}
	}
	if sounds := core[name]; len(sounds) > 0 {
		return slices.Clone(sounds)
	}
	return []string{"beep"}
}
