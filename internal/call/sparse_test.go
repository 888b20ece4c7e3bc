package call

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

func TestSparse(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":0,"b":"","c":false,"d":null,"e":{"f":0,"g":{}}}`:          `{"sparse":{}}`,
		`{"a":0,"b":"x","c":[],"d":-1,"e":{"f":0,"g":true},"h":0.5}`:    `{"sparse":{},"b":"x","c":[],"d":-1,"e":{"g":true},"h":0.5}`,
		`{"a":"say \"no\", {0}","b":[{"x":0,"y":1},{"x":0},"",0,null]}`: `{"sparse":{},"a":"say \"no\", {0}","b":[{"y":1},{},"",0,null]}`,
	} {
		if got := string(Sparse([]byte(in))); got != want {
			t.Errorf("%s is written as %s, want %s", in, got, want)
		}
	}
	for _, old := range []string{`{"caller":{"known":false}}`, `{}`, `{"time":`} {
		if IsSparse([]byte(old)) {
			t.Errorf("%s is taken for sparse", old)
		}
	}
}

// TestSparseLosesNothing: any facts are read back as they were, and their JSON is as it was.
func TestSparseLosesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 300 {
		var f Facts
		if i > 0 {
			fill(r, reflect.ValueOf(&f).Elem())
		}
		whole, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		sparse := Sparse(whole)
		var is Facts
		err = json.Unmarshal(sparse, &is)
		if again, failed := json.Marshal(is); err != nil || failed != nil || !IsSparse(sparse) || !bytes.Equal(again, whole) {
			t.Fatalf("%s\nbecame %s, %v", whole, again, err)
		}
	}
}

// fill sets some of the fields of a value to something.
func fill(r *rand.Rand, v reflect.Value) {
	if at, ok := v.Addr().Interface().(*time.Time); ok {
		*at = time.Unix(r.Int64N(1<<33), 0).UTC()
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && r.IntN(2) == 0 {
				fill(r, v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(3), 3))
		for i := range v.Len() {
			fill(r, v.Index(i))
		}
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.String:
		v.SetString([]string{"", "0", `"`, `\`, "值", "<a&b>", "null"}[r.IntN(7)])
	case reflect.Int, reflect.Int64:
		v.SetInt(r.Int64N(3) - 1)
	default:
		panic("facts have a " + v.Kind().String() + " now")
	}
}

func FuzzSparse(f *testing.F) {
	f.Add([]byte(`{"a":[0,"\\\"",{}],"b":{"c":-0.1e3}}`))
	f.Add([]byte(`{"a`))
	f.Fuzz(func(t *testing.T, in []byte) {
		out := Sparse(in)
		var compact any
		if json.Unmarshal(in, &compact) != nil {
			return
		}
		if tidy, err := json.Marshal(compact); err == nil && !json.Valid(Sparse(tidy)) {
			t.Errorf("%s became %s", tidy, out)
		}
	})
}

func BenchmarkSparse(b *testing.B) {
	facts, err := json.Marshal(Facts{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(facts)))
	for b.Loop() {
		Sparse(facts)
	}
}
