package call_test

import (
	"testing"

	"github.com/dialwarden/dialwarden/internal/call"
)

func TestReason(t *testing.T) {
	asked := call.Reason{Rule: "long_distance", Text: "Long-distance calls need a PIN."}
	limit := call.Reason{Rule: "cap", Text: "The length is limited."}
	noted := call.Reason{Rule: "long_distance", Text: "too many tries: a wrong PIN was entered"}
	for want, reasons := range map[string][]call.Reason{
		asked.Text: {asked, limit, {Rule: "long_distance"}},
		noted.Text: {asked, limit, noted},
		"":         {limit},
	} {
		if got := (call.Decision{Rule: "long_distance", Reasons: reasons}).Reason(); got != want {
			t.Errorf("%v: %q", reasons, got)
		}
	}
}
