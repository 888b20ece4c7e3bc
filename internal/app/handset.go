package app

import (
	"errors"
	"fmt"

	"github.com/dialwarden/dialwarden/internal/call"
	"github.com/dialwarden/dialwarden/internal/numbering"
	"github.com/dialwarden/dialwarden/internal/rules"
	"github.com/dialwarden/dialwarden/internal/yamlfile"
)

// hidesEmergency refuses a service code that is dialled like an emergency number: with *9 for an outside line, *911 is
// one. Extensions and short numbers that are so are refused by the number plan itself.
func hidesEmergency(numbers *numbering.Classifier, p *rules.Policy) error {
	const file = "data/handset.yaml"
	h := p.Handset()
	var errs []error
	for _, code := range []struct{ field, digits string }{{"change_pin", h.ChangePIN}, {"close_phone", h.CloseGrant}} {
		if code.digits == "" {
			continue
		}
		if n := numbers.Classify(code.digits); n.Class == call.Emergency {
			message := fmt.Sprintf("%s would hide the emergency number %s; take another code", code.digits, n.Digits)
			errs = append(errs, yamlfile.At(file, p.Files()[file], "service_codes."+code.field, message))
		}
	}
	return errors.Join(errs...)
}
