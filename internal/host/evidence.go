package host

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/host/protocol"
	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// required returns the evidence that an environment needs: the same that promote asks for.
func (a App) required(environment string) []evidence.Requirement {
	from := a.Environments[environment].From
	return evidence.Required(from, len(a.Environments) == 1, from != "" && a.Environments[from].Soak)
}

// verify decides whether a digest may be released into an environment. The server does not
// rely on the holder of the SSH key: it checks the signatures itself, with the keys
// that its own configuration names. A preview needs no evidence.
//
// Of a release it replaces what the client says about variables, migration and services by what
// the signed configuration says. It returns when the artifact was built, as its provenance says.
func (e *environment) verify(ctx context.Context, s *protocol.Spec) (built time.Time, err error) {
	if e.preview() {
		return time.Time{}, nil
	}
	app := e.h.Config.Apps[s.App]
	trust, err := app.trust()
	if err != nil {
		return time.Time{}, err
	}
	refuse := func(format string, args ...any) (time.Time, error) {
		return time.Time{}, &target.Refusal{Problems: []string{fmt.Sprintf("%s may not run in %s: %s", text.Short(s.Digest), s.Environment, fmt.Sprintf(format, args...))}}
	}
	if len(trust) == 0 {
		return refuse("the server trusts no key for %s: add the public key that signs evidence to apps.%[1]s.keys in %s", s.App, ConfigFile)
	}
	found, err := evidence.Collect(ctx, sent(s.Evidence), trust, s.Digest, time.Now())
	if err != nil {
		return time.Time{}, err
	}
	var problems []string
	for _, want := range app.required(s.Environment) {
		result := found.Verdict(want.Type, want.Environment)
		switch {
		case !result.Found():
			problems = append(problems, "no trusted evidence of "+want.Name)
		case result.Problem != "":
			problem := want.Name + ": " + result.Problem
			if strings.Contains(problem, "in the future") {
				problem += " (the clock of this server says " + time.Now().UTC().Format(time.RFC3339) + ")"
			}
			problems = append(problems, problem)
		case result.Verdict != "pass" && result.Verdict != "warn":
			problems = append(problems, want.Name+": "+result.Verdict)
		}
	}
	if len(problems) > 0 {
		slices.Sort(problems)
		note := ""
		if found.Untrusted > 0 {
			note = fmt.Sprintf("; %d statements were not signed by a key that this server trusts", found.Untrusted)
		}
		return refuse("%s%s", strings.Join(problems, ", "), note)
	}
	if name := subject(found); name != app.image(s.App) {
		return refuse("its evidence is about the image %.200s, and %s has %s for %s: set apps.%[4]s.image there to the artifact.image of .goldenpath.yml", name, ConfigFile, app.image(s.App), s.App)
	}
	var provenance evidence.Statement
	for _, st := range found.Trusted {
		if st.Type == evidence.Provenance && st.Signed.After(built) {
			built, provenance = st.Signed, st
		}
	}
	if err := configure(s, provenance); err != nil {
		return refuse("%v", err)
	}
	return built, e.newer(*s, built)
}

// subject returns the name of the artifact in the provenance.
func subject(c evidence.Collection) string {
	for _, s := range c.Trusted {
		if s.Type == evidence.Provenance {
			return s.Name
		}
	}
	return ""
}

// newer refuses to go back in time to a digest that never served here. A way back to one
// that did is a rollback.
func (e *environment) newer(s protocol.Spec, built time.Time) error {
	current, err := e.generation(e.Serving)
	if err != nil || current == nil || current.Digest == s.Digest || slices.Contains(e.Served, s.Digest) || !built.Before(current.Built) {
		return err
	}
	return &target.Refusal{Problems: []string{fmt.Sprintf("%s was built at %s, before what serves in %s, and has never served there: release the newest image, or roll back to one that served",
		text.Short(s.Digest), built.Format(time.RFC3339), s.Environment)}}
}

// sent is the evidence that came with a deployment.
type sent [][]byte

// Attach is not used.
func (sent) Attach(context.Context, string, string, []byte, map[string]string) error {
	return fmt.Errorf("evidence that was sent is read-only")
}

// Referrers returns the envelopes.
func (s sent) Referrers(_ context.Context, _, mediaType string) ([][]byte, error) {
	if mediaType != evidence.MediaType {
		return nil, nil
	}
	return s, nil
}
