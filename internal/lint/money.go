package lint

import (
	"fmt"

	"github.com/dialwarden/dialwarden/internal/call"
)

// Money tells what is known of costs; nil functions know nothing.
type Money struct {
	Refuses func(call.Class) bool             // an allowance that refuses what it does not pay for pays for the class
	Rated   func(call.Class) (all, some bool) // numbers of the class have a rate
}

// unrated tells classes that may be called, for which an allowance pays, and of which nobody knows what they cost.
func (a *Answers) unrated() []Finding {
	var found []Finding
	if a.Money.Refuses == nil || a.Money.Rated == nil {
		return found
	}
	for _, class := range call.Classes() {
		if a.of(class).plain.let == 0 || !a.Money.Refuses(class) {
			continue
		}
		all, some := a.Money.Rated(class)
		numbers := "numbers of the class"
		if some {
			numbers = "some numbers of the class"
		}
		if !all {
			found = append(found, Finding{
				Level: Hint, Check: "unrated_class", File: "data/rates.yaml",
				What: fmt.Sprintf("%s %s have no rate: an allowance that pays for them refuses them", numbers, class),
				Why:  "what nobody knows the cost of cannot be paid for", Do: "add a rate for the class, or one for all numbers that no other fits",
			})
		}
	}
	return found
}
