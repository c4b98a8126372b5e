package evidence

// Requirement is a kind of evidence that must exist and must not have the verdict fail.
type Requirement struct {
	Name        string // provenance, tests, security-gate, scorecard, battery
	Type        string // predicate type
	Environment string // where a battery ran; "": anywhere
}

// Required returns the evidence that an image needs for an environment. from is the
// environment before it, or "". only: there is one environment. soaked: from has a soak.
//
// The first of several environments needs provenance, tests and the gate; the battery and the
// scorecard run in that environment. Later environments also need evidence from the battery
// and the scorecard. An environment with a soak has no battery.
func Required(from string, only, soaked bool) []Requirement {
	all := []Requirement{
		{Name: "provenance", Type: Provenance},
		{Name: "tests", Type: Tests},
		{Name: "security-gate", Type: Gate},
	}
	if from != "" || only {
		all = append(all, Requirement{Name: "scorecard", Type: Scorecard})
	}
	if from != "" && !soaked {
		all = append(all, Requirement{Name: "battery on " + from, Type: Battery, Environment: from})
	}
	return all
}
