package replay

import (
	"context"
	"slices"

	"github.com/dialwarden/dialwarden/internal/call"
)

// judge asks one book on behalf of one worker, about calls that the book decides alike only once: most calls differ in
// the moment, the channel and the last digits, which no rule looks at.
type judge struct {
	*run
	book  Book
	known memory[call.Decision]
	key   []byte
}

// decide decides a call as the conversation with its caller would have gone.
func (j *judge) decide(ctx context.Context, f call.Facts) Outcome {
	f = j.book.Afresh(f)
	given, pinCalls := f.Credentials, f.Usage.SamePINCalls
	f.Credentials, f.Usage.SamePINCalls = call.Credentials{}, 0
	d := j.judge(ctx, &f)
	asked := d.Action == call.Challenge
	if asked && given != (call.Credentials{}) {
		f.Credentials, f.Usage.SamePINCalls = given, pinCalls
		d = j.judge(ctx, &f)
	}
	return outcomeOf(&f, d, asked)
}

// judge remembers what was answered, unless the machine may be the cause: it looks at a policy error twice and remembers
// none, nor a rule in mode shadow that failed.
func (j *judge) judge(ctx context.Context, f *call.Facts) call.Decision {
	key := j.book.Alike(j.key[:0], f)
	if key != nil {
		j.key = key
		if d, ok := j.known.get(key); ok {
			return d
		}
	}
	d := j.book.Judge(ctx, *f)
	if d.Rule == call.RulePolicyError && j.doubts.Add(-1) >= 0 {
		d = j.book.Judge(ctx, *f)
	}
	if key != nil && d.Rule != call.RulePolicyError && !slices.ContainsFunc(d.Shadow, failed) {
		j.known.keep(key, d)
	}
	return d
}

// failed reports whether the rules in mode shadow gave no usable answer.
func failed(s call.Shadowed) bool { return s.Rule == call.RulePolicyError }
