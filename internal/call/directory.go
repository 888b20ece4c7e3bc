package call

// Extension is a phone's entry in the directory (policy/data/directory.yaml).
type Extension struct {
	Holder         string `yaml:"holder"           json:"holder"`
	Department     string `yaml:"department"       json:"department"`
	Grade          string `yaml:"grade"            json:"grade"`
	ClassOfService string `yaml:"class_of_service" json:"class_of_service"`
	Place          string `yaml:"place"            json:"place"`        // where the phone is: building, floor, room
	Line           string `yaml:"line"             json:"line"`         // kind of line; empty means phone
	Suspended      bool   `yaml:"suspended"        json:"suspended"`    // may not call out (emergency excepted)
	Mobile         string `yaml:"mobile"           json:"mobile"`       // the holder's mobile, nationally written
	ShortNumber    string `yaml:"short_number"     json:"short_number"` // dialled inside instead of the mobile
}

// Directory maps extension numbers to their entries.
type Directory map[string]Extension

// Caller returns the facts about the extension; an extension that is not in the directory is not Known.
func (d Directory) Caller(extension string) Caller {
	e, ok := d[extension]
	return Caller{
		Extension: extension, Known: ok,
		Holder: e.Holder, Department: e.Department, Grade: e.Grade, ClassOfService: e.ClassOfService, Place: e.Place,
	}
}
