package osv

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ossf/osv-schema/bindings/go/osvschema"
	gocvss20 "github.com/pandatix/go-cvss/20"
	gocvss30 "github.com/pandatix/go-cvss/30"
	gocvss31 "github.com/pandatix/go-cvss/31"
	gocvss40 "github.com/pandatix/go-cvss/40"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// unrated is the stated source of the severity if an advisory has none.
const unrated = "no severity published, treated as high"

// rate returns the severity and its source: the highest score of the newest CVSS
// version among the advisories or, without a score, the most severe word.
func (f fact) rate() (report.Severity, string) {
	if f.malicious() {
		return report.Critical, "malicious package, " + f.rule()
	}
	best, from := score{version: -1}, ""
	for _, v := range f.about {
		for _, s := range severities(v) {
			if got, ok := parse(s); ok && (got.version > best.version || got.version == best.version && got.value > best.value) {
				best, from = got, v.GetId()
			}
		}
	}
	if best.version >= 0 {
		return best.severity(), fmt.Sprintf("CVSS %d.%d score %.1f of %s", best.version/10, best.version%10, best.value, from)
	}
	worst := report.Severity("")
	for _, v := range f.about {
		if s := word(v); s != "" && (worst == "" || s.AtLeast(worst) && s != worst) {
			worst, from = s, v.GetId()
		}
	}
	switch {
	case worst == "" && f.unmaintained():
		return report.Low, "an unmaintained package is a risk, and no vulnerability"
	case worst == "":
		return report.High, unrated
	}
	return worst, "severity word of " + from
}

// unmaintained reports whether the advisories only say that the package is not maintained:
// RustSec marks them, and Go says so in the summary.
func (f fact) unmaintained() bool {
	return len(f.about) > 0 && !slices.ContainsFunc(f.about, func(v *vulnerability) bool {
		marked := slices.ContainsFunc(v.GetAffected(), func(a *osvschema.Affected) bool {
			return a.GetDatabaseSpecific().GetFields()["informational"].GetStringValue() == "unmaintained"
		})
		return !marked && !strings.Contains(v.GetSummary(), " unmaintained")
	})
}

func severities(v *vulnerability) []*osvschema.Severity {
	all := v.GetSeverity()
	for _, a := range v.GetAffected() {
		all = append(all[:len(all):len(all)], a.GetSeverity()...)
	}
	return all
}

// score is a CVSS score. version is 40 or 31; scores of 3.0 and 3.1 are treated alike.
type score struct {
	version int
	value   float64
}

func (s score) severity() report.Severity {
	switch {
	case s.value >= 9:
		return report.Critical
	case s.value >= 7:
		return report.High
	case s.value >= 4:
		return report.Medium
	case s.value > 0:
		return report.Low
	}
	return report.Note
}

func parse(s *osvschema.Severity) (score, bool) {
	vector := s.GetScore()
	switch {
	case strings.HasPrefix(vector, "CVSS:4.0/"):
		v, err := gocvss40.ParseVector(vector)
		if err == nil {
			return score{40, v.Score()}, true
		}
	case strings.HasPrefix(vector, "CVSS:3.1/"):
		v, err := gocvss31.ParseVector(vector)
		if err == nil {
			return score{31, v.BaseScore()}, true
		}
	case strings.HasPrefix(vector, "CVSS:3.0/"):
		v, err := gocvss30.ParseVector(vector)
		if err == nil {
			return score{30, v.BaseScore()}, true
		}
	case s.GetType() == osvschema.Severity_CVSS_V2:
		v, err := gocvss20.ParseVector(vector)
		if err == nil {
			return score{20, v.BaseScore()}, true
		}
	}
	return score{}, false
}

// word returns the severity that a database states as a word, or "" if it states none.
func word(v *vulnerability) report.Severity {
	words := []string{v.GetDatabaseSpecific().GetFields()["severity"].GetStringValue()}
	for _, s := range severities(v) {
		words = append(words, s.GetScore())
	}
	for _, w := range words {
		switch strings.ToUpper(w) {
		case "CRITICAL":
			return report.Critical
		case "HIGH", "IMPORTANT":
			return report.High
		case "MODERATE", "MEDIUM":
			return report.Medium
		case "LOW", "NEGLIGIBLE":
			return report.Low
		}
	}
	return ""
}
