package scorecard

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestRollback proves GP-SCORE-8: a rollback is possible only if the previous
// release is known and can be pulled.
func TestRollback(t *testing.T) {
	for name, test := range map[string]struct {
		o    Options
		want Dimension
	}{
		"no environment": {Options{Previous: Known(&Previous{ID: "1"})}, Dimension{State: report.NotApplicable, Result: "no environment is configured"}},
		"not asked":      {Options{Environment: "production"}, Dimension{State: report.Missing, Result: "cannot determine the previous release: no input was provided", Note: "a rollback may not be possible"}},
		"not read": {Options{Environment: "production", Previous: Unknown[*Previous](errors.New("401"))},
			Dimension{State: report.Missing, Result: "cannot determine the previous release: 401", Note: "a rollback may not be possible"}},
		"first release": {Options{Environment: "production", Previous: Known[*Previous](nil)},
			Dimension{State: report.NotApplicable, Result: "first release: nothing to return to", optional: true}},
		"not pullable": {Options{Environment: "production", Previous: Known(&Previous{ID: "2026.11.21-1", Pullable: errors.New("404")})},
			Dimension{State: report.Missing, Result: "the image of release 2026.11.21-1 cannot be pulled: 404",
				Note: "a rollback is not possible: restore the image in the registry, or release once without rollback in scorecard.must"}},
		"pullable": {Options{Environment: "production", Previous: Known(&Previous{ID: "2026.11.21-1"})},
			Dimension{State: report.OK, Result: "to release 2026.11.21-1, whose image can be pulled"}},
	} {
		if diff := cmp.Diff(test.want, gradeRollback(&candidate{Options: test.o}), cmp.AllowUnexported(Dimension{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestDemanded proves what scorecard.must makes of each state.
func TestDemanded(t *testing.T) {
	for state, want := range map[report.State]struct {
		optional, must report.State // the state if it is not, and if it is in scorecard.must
		fails          [2]bool      // the card
	}{
		report.OK:            {report.OK, report.OK, [2]bool{false, false}},
		report.Warned:        {report.Warned, report.Warned, [2]bool{false, false}},
		report.Failed:        {report.Failed, report.Failed, [2]bool{true, true}},
		report.Missing:       {report.Missing, report.Missing, [2]bool{false, true}},
		report.Inconclusive:  {report.Inconclusive, report.Inconclusive, [2]bool{false, true}},
		report.NotApplicable: {report.NotApplicable, report.Missing, [2]bool{false, true}},
	} {
		plain, must := Dimension{State: state}.demanded(), Dimension{State: state, Must: true}.demanded()
		if plain.State != want.optional || must.State != want.must || [2]bool{plain.fails(), must.fails()} != want.fails {
			t.Errorf("%s: %+v %v, in scorecard.must %+v %v", state, plain, plain.fails(), must, must.fails())
		}
	}
	if d := (Dimension{State: report.NotApplicable, Must: true, optional: true}).demanded(); d.State != report.NotApplicable || d.fails() {
		t.Errorf("the rollback of a first release: %+v", d)
	}
}
