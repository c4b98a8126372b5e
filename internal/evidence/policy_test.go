package evidence

import (
	"errors"
	"testing"
)

func TestPolicy(t *testing.T) {
	builder, tester, stranger := openKey(t), openKey(t), openKey(t)
	split := Policy{{Types: []string{Provenance}, Verifier: builder}, {Types: []string{Tests, Battery}, Verifier: tester}}
	for name, test := range map[string]struct {
		policy Policy
		signer *Key
		kind   string
		want   bool
	}{
		"one key states everything":               {Trust(builder), builder, Scorecard, true},
		"another key states nothing":              {Trust(builder), stranger, Scorecard, false},
		"an empty policy trusts no signer":        {nil, builder, Provenance, false},
		"the builder states provenance":           {split, builder, Provenance, true},
		"the builder does not state test results": {split, builder, Tests, false},
		"the tester states test results":          {split, tester, Battery, true},
		"the tester does not state provenance":    {split, tester, Provenance, false},
		"neither states a scorecard":              {split, tester, Scorecard, false},
		"no type is not every type":               {Policy{{Types: []string{}, Verifier: builder}}, builder, Provenance, false},
		"a second rule for the same signer": {
			append(Policy{{Types: []string{Gate}, Verifier: tester}}, split...), tester, Tests, true},
	} {
		b, err := Sign(t.Context(), test.signer, Statement{Type: test.kind, Name: "app", Digest: digest}, noon)
		if err != nil {
			t.Fatal(err)
		}
		s, err := test.policy.Open(t.Context(), b)
		if test.want && (err != nil || s.Type != test.kind) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		if !test.want && !errors.Is(err, ErrUntrusted) {
			t.Errorf("%s: error %v, want ErrUntrusted", name, err)
		}
	}
}
