package numbering

import (
	"fmt"
	"maps"
	"slices"

	"github.com/dialwarden/dialwarden/internal/call"
)

// A DirectoryError is an entry of the directory that does not fit the plan, or another entry.
type DirectoryError struct {
	Extension string
	Field     string // mobile or short_number; empty where the extension itself is meant
	Message   string
}

// Error tells which entry is wrong and what would be right.
func (e *DirectoryError) Error() string {
	return fmt.Sprintf("directory: extension %q: %s", e.Extension, e.Message)
}

// colleague is somebody in the directory.
type colleague struct{ extension, holder, department string }

// callee returns the facts about a number that belongs to the colleague.
func (c colleague) callee(n call.Number) call.Callee {
	return call.Callee{Number: n, Extension: c.extension, Holder: c.holder, Department: c.department}
}

// setDirectory takes over extensions, short numbers and mobiles. Where one holder has several extensions with the same
// short number or mobile, or several people share a mobile, the lowest extension counts.
func (c *Classifier) setDirectory(dir call.Directory) error {
	c.inside, c.mobiles = map[string]colleague{}, map[string]colleague{}
	extensions := slices.Sorted(maps.Keys(dir))
	for _, ext := range extensions {
		if err := c.checkInside(ext); err != nil {
			return &DirectoryError{ext, "", "the extension " + err.Error()}
		}
		c.inside[ext] = colleague{ext, dir[ext].Holder, dir[ext].Department}
	}
	for _, ext := range extensions {
		who, e := c.inside[ext], dir[ext]
		if err := c.setShortNumber(e.ShortNumber, who); err != nil {
			return err
		}
		if e.Mobile == "" {
			continue
		}
		n := c.classify(e.Mobile)
		if n.E164 == "" {
			return &DirectoryError{ext, "mobile", fmt.Sprintf("mobile %q is no number of the plan %q (class %s)", e.Mobile, c.plan.name, n.Class)}
		}
		if _, taken := c.mobiles[n.E164]; !taken {
			c.mobiles[n.E164] = who
		}
	}
	return nil
}

func (c *Classifier) setShortNumber(short string, who colleague) error {
	if short == "" || short == who.extension {
		return nil
	}
	wrong := func(format string, args ...any) error {
		return &DirectoryError{who.extension, "short_number", fmt.Sprintf("short number %q ", short) + fmt.Sprintf(format, args...)}
	}
	if err := c.checkInside(short); err != nil {
		return wrong("%v", err)
	}
	other, taken := c.inside[short]
	switch {
	case taken && other.extension == short:
		return wrong("is an extension")
	case taken && (other.holder != who.holder || who.holder == ""):
		return wrong("is that of extension %q (%s), too; give one of them another", other.extension, other.holder)
	case !taken:
		c.inside[short] = who
	}
	return nil
}

// checkInside refuses what cannot be dialled inside.
func (c *Classifier) checkInside(number string) error {
	if !call.IsDialString(number) || number[0] == '+' {
		return fmt.Errorf("cannot be dialled: wanted are up to %d of 0-9, * and #", call.MaxDialled)
	}
	if e, ok := c.emergency[number]; ok {
		return fmt.Errorf("would hide the emergency number %s; give it another number", e)
	}
	return nil
}
