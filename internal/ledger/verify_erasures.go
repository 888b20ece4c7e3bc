package ledger

import (
	"bytes"
	"context"
	"slices"
	"strings"
)

// erasures reads what was taken away, and holds what was left in its place against what the erasures say.
func (v *verifier) erasures(ctx context.Context) error {
	type erasure struct {
		id         int64
		what, text string
		content    []byte
		ids        idRanges
	}
	all, err := list(ctx, v.reader.db, "SELECT id, what, ids, content FROM erasures ORDER BY id", nil,
		func(scan func(...any) error) (e erasure, err error) {
			err = scan(&e.id, &e.what, &e.text, &e.content)
			return e, err
		})
	if err != nil {
		return err
	}
	v.erased = map[string]idRanges{}
	for i, e := range all {
		if all[i].ids, err = parseIDs(e.text); err != nil {
			v.found(kindErasure, e.id, "erasure %d: %v", e.id, err)
		}
		v.erased[e.what] = append(v.erased[e.what], all[i].ids...)
	}
	for what := range v.erased {
		v.erased[what] = v.erased[what].sorted()
	}
	for _, e := range all {
		if e.what != eraseNumbers && e.what != erasePerson && e.what != eraseApprover || v.erased[eraseRow].overlaps(e.ids) {
			continue
		}
		sum, err := v.reader.leftOf(ctx, e.what, e.ids)
		if err != nil {
			return err
		}
		if !bytes.Equal(sum[:], e.content) {
			v.found(kindErasure, e.id, "one of the decisions %s was changed after its %s had been erased", e.text, e.what)
		}
	}
	return nil
}

// leftOf is the digest over what an erasure left of decisions.
func (r *Reader) leftOf(ctx context.Context, what string, ids idRanges) (hash, error) {
	var columns []string
	switch what {
	case eraseNumbers:
		columns = numbersColumns
	case erasePerson:
		columns = slices.Concat(numbersColumns, personColumns)
	}
	content := begin("left")
	for _, s := range ids {
		rows, err := list(ctx, r.db, "SELECT "+strings.Join(append([]string{"id"}, columns...), ", ")+" FROM decisions WHERE id BETWEEN ? AND ? ORDER BY id",
			[]any{s.first, s.last}, func(scan func(...any) error) (values []any, err error) {
				values = make([]any, len(columns)+1)
				into := make([]any, len(values))
				for i := range values {
					into[i] = &values[i]
				}
				err = scan(into...)
				return values, err
			})
		if err != nil {
			return hash{}, err
		}
		for _, values := range rows {
			content = content.add(values...)
		}
	}
	return content.sum(), nil
}

// justify looks for the erasure of what a decision lost, and for what stands where nothing may be left.
func (v *verifier) justify(r chained) {
	if r.lost.stray {
		v.found(kindDecision, r.ref, "decision %d was changed: a matter or an approver stands where one was erased", r.ref)
	}
	numbers := v.erased[eraseNumbers].has(r.ref) || v.erased[erasePerson].has(r.ref)
	if r.lost.numbers && !numbers || r.lost.evaluation && !numbers && !v.erased[eraseApprover].has(r.ref) {
		v.found(kindDecision, r.ref, "the numbers of decision %d are gone, and no erasure says so", r.ref)
	}
	if r.lost.approver && !v.erased[eraseApprover].has(r.ref) {
		v.found(kindDecision, r.ref, "who approved the call of decision %d is gone, and no erasure says so", r.ref)
	}
	if r.lost.person && !v.erased[erasePerson].has(r.ref) {
		v.found(kindDecision, r.ref, "who made the call of decision %d is gone, and no erasure says so", r.ref)
	}
}
