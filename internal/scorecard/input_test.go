package scorecard

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestInput proves that only Known is complete: the zero value, a cause and a part
// of a value are not, and "none" is a value like any other.
func TestInput(t *testing.T) {
	shallow := errors.New("the clone is shallow")
	for name, test := range map[string]struct {
		in    Input[[]string]
		value []string
		err   error
	}{
		"zero":                    {Input[[]string]{}, nil, errNotProvided},
		"known":                   {Known([]string{"a"}), []string{"a"}, nil},
		"known to be none":        {Known[[]string](nil), nil, nil},
		"unknown":                 {Unknown[[]string](shallow), nil, shallow},
		"unknown without a cause": {Unknown[[]string](nil), nil, errNotProvided},
		"a part":                  {Partial([]string{"a"}, shallow), []string{"a"}, shallow},
		"a part without a cause":  {Partial([]string{"a"}, nil), []string{"a"}, errNotProvided},
	} {
		value, err := test.in.get()
		if diff := cmp.Diff(test.value, value); diff != "" || !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
			t.Errorf("%s: %q, %v", name, value, err)
		}
	}
}
