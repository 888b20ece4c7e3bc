package call

// Correction is what people say of a recorded decision later. The record stays as it is.
type Correction struct {
	Who       string `json:"who"`
	Reason    string `json:"reason"`
	Seconds   *int64 `json:"seconds"`    // what the call's seconds are now said to be; nil: as they were
	CostMinor *int64 `json:"cost_minor"` // what it is now said to cost; nil: as it was
}
