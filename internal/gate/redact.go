package gate

import (
	"errors"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// redact removes secrets from everything that the scanner reported.
func (r *run) redact(s Secrets) {
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Fingerprint == "" { // taken before redaction, so that it does not depend on what else was examined
			f.Fingerprint = fingerprint(*f)
		}
		f.Message, f.Fix, f.Reach = s.Conceal(f.Message), s.Conceal(f.Fix), s.Conceal(f.Reach)
		if shown := s.Redact(f.At.Path); shown != f.At.Path { // a fingerprint may contain the path
			f.Fingerprint = strings.ReplaceAll(f.Fingerprint, f.At.Path, shown)
		}
		for _, text := range []*string{&f.Rule, &f.At.Path, &f.Rated, &f.Fixed, &f.Package, &f.Link} {
			*text = s.Redact(*text)
		}
		redactAll(f.Aliases, s.Redact)
		redactAll(f.Through, s.Redact)
		for j := range f.Also {
			f.Also[j].Path = s.Redact(f.Also[j].Path)
		}
	}
	for i := range r.Packages {
		p := &r.Packages[i]
		p.PURL, p.At.Path = s.Redact(p.PURL), s.Redact(p.At.Path)
		redactAll(p.Through, s.Redact)
		redactAll(p.Licences, s.Redact)
	}
	r.Covered = s.Redact(r.Covered)
	r.Missing = redactGaps(r.Missing, s.Conceal)
	if r.err != nil {
		if text := s.Conceal(r.err.Error()); text != r.err.Error() {
			r.err = errors.New(text)
		}
	}
}

func redactAll(texts []string, redact func(string) string) {
	for i := range texts {
		texts[i] = redact(texts[i])
	}
}

func redactGaps(all []Gap, redact func(string) string) []Gap {
	out := make([]Gap, 0, len(all))
	for _, g := range all {
		g.What, g.Why, g.Remedy = redact(g.What), redact(g.Why), redact(g.Remedy)
		out = append(out, g)
	}
	return out
}

// redactWaivers removes secrets that a waiver contains.
func redactWaivers(rep *report.Report, s Secrets) {
	for i := range rep.Checks {
		rep.Checks[i].Note = s.Redact(rep.Checks[i].Note)
	}
	for i := range rep.Findings {
		rep.Findings[i].Waiver = s.Conceal(rep.Findings[i].Waiver)
	}
	for i := range rep.Sections {
		rep.Sections[i].Text = s.Redact(rep.Sections[i].Text)
	}
}
