package sarif

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

const (
	maxRule  = 200
	maxAlso  = 20
	maxPlace = 10_000_000 // lines of a file, columns of a line
)

// converter converts the results of a run to findings.
type converter struct {
	run    *run
	tool   string
	places *places

	overrides map[int]map[*descriptor]string // by invocation
	help      map[*descriptor]string
}

func newConverter(r *run, tool, dir string) *converter {
	return &converter{run: r, tool: tool, places: newPlaces(r, dir), overrides: map[int]map[*descriptor]string{}, help: map[*descriptor]string{}}
}

// convert converts a result to a finding. counts is false if the result reports a pass,
// or a fault that is already fixed.
func (c *converter) convert(res *result) (h hit, counts bool, err error) {
	id, d, err := c.run.rule(res)
	if err != nil {
		return h, false, err
	}
	severity, rated, err := c.severity(res, d)
	if err != nil {
		return h, false, err
	}
	if counts, err = res.counts(); err != nil || !counts {
		return h, false, err
	}
	h.Finding = report.Finding{
		Rule: cmp.Or(oneLine(id, maxRule), "unnamed-rule"), Severity: severity, Rated: rated,
		Fix: c.fix(res, d),
	}
	if d != nil {
		h.Link = report.SafeLink(d.HelpURI)
	}
	h.text, h.mark = c.text(res, d, h.Rule), res.mark()
	h.Message = h.text
	if h.Fix == h.text {
		h.Fix = ""
	}
	if err := c.place(res, &h); err != nil {
		return h, false, err
	}
	if len(res.Suppressions) > 0 {
		h.Message += " (suppressed by " + c.tool + "; only a waiver of the repository is accepted here)"
	}
	return h, true, nil
}

// counts reports whether the result is a fault that still exists. Of the tool's own
// comparison with a baseline, only the state "absent" is accepted.
func (res *result) counts() (bool, error) {
	switch res.Kind {
	case "", "fail", "open", "review", "pass", "notApplicable", "informational":
	default:
		return false, fmt.Errorf("at %s/kind: %s is not a SARIF kind", res.at, oneLine(strconv.Quote(res.Kind), 50))
	}
	switch res.Baseline {
	case "", "new", "unchanged", "updated", "absent":
	default:
		return false, fmt.Errorf("at %s/baselineState: %s is not a SARIF baseline state", res.at, oneLine(strconv.Quote(res.Baseline), 50))
	}
	return !slices.Contains([]string{"pass", "notApplicable", "informational"}, res.Kind) && res.Baseline != "absent", nil
}

func (c *converter) text(res *result, d *descriptor, rule string) string {
	tables := []map[string]message{c.run.Tool.Driver.Strings}
	if d != nil {
		tables = []map[string]message{d.Strings, c.run.Tool.Driver.Strings}
	}
	text := res.Message.String(tables...)
	if strings.TrimSpace(text) == "" && d != nil {
		text = cmp.Or(d.Short.String(), d.Full.String())
	}
	return cmp.Or(oneLine(text, maxMessage), rule)
}

func (c *converter) fix(res *result, d *descriptor) string {
	for _, f := range res.Fixes {
		if text := oneLine(f.Description.String(), maxFix); text != "" {
			return text
		}
	}
	if d == nil {
		return ""
	}
	text, ok := c.help[d]
	if !ok {
		text = oneLine(d.Help.String(), maxFix)
		c.help[d] = text
	}
	return text
}

// mark returns the tool's own fingerprint of the result, or "" if there is none. The
// hash of the column is left out because it changes with indentation.
func (res *result) mark() string {
	if hash := res.Partial["primaryLocationLineHash"]; hash != "" {
		return hash
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(res.Partial)) {
		if name != "primaryLocationStartColumnFingerprint" {
			parts = append(parts, name, res.Partial[name])
		}
	}
	return strings.Join(parts, "\x00")
}

// place sets the location of the finding and the other places that the result names. A
// place outside the repository becomes part of the message.
func (c *converter) place(res *result, h *hit) error {
	var elsewhere []string
	for i, l := range res.Locations {
		s, column, outside, err := c.span(l, fmt.Sprintf("%s/locations/%d", res.at, i))
		if err != nil {
			return err
		}
		switch {
		case outside != "":
			elsewhere = append(elsewhere, outside)
		case s.path == "":
		case h.At.Path == "":
			h.At, h.end = report.Location{Path: s.path, Line: s.first, Column: column}, s.last
		default:
			h.touches = append(h.touches, s)
			if len(h.Also) < maxAlso {
				h.Also = append(h.Also, report.Location{Path: s.path, Line: s.first, Column: column})
			}
		}
	}
	if h.At.Path == "" && len(elsewhere) > 0 {
		h.Message += " (the tool places it outside of this repository: " + elsewhere[0] + ")"
	}
	return c.touch(res, h)
}

// touch collects the related places and flow steps of a result: a change of the source
// of a flow makes its sink a new finding.
func (c *converter) touch(res *result, h *hit) error {
	add := func(l location, at string) error {
		s, _, outside, err := c.span(l, at)
		if err == nil && outside == "" && s.path != "" && s.first > 0 {
			h.touches = append(h.touches, s)
		}
		return err
	}
	for i, l := range res.Related {
		if err := add(l, fmt.Sprintf("%s/relatedLocations/%d", res.at, i)); err != nil {
			return err
		}
	}
	for i, f := range res.Flows {
		for j, t := range f.Threads {
			for k, st := range t.Steps {
				at := fmt.Sprintf("%s/codeFlows/%d/threadFlows/%d/locations/%d", res.at, i, j, k)
				l := st.Location
				if n := st.Index; n != nil && *n != -1 {
					if *n < 0 || *n >= len(c.run.Steps) {
						return fmt.Errorf("at %s/index: step %d is out of range: the run has %d steps", at, *n, len(c.run.Steps))
					}
					if l.Physical == nil {
						l = c.run.Steps[*n].Location
					}
				}
				if err := add(l, at); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// span returns the lines of a location in the repository. outside is the location if it
// is not in the repository, otherwise "".
func (c *converter) span(l location, at string) (s span, column int, outside string, err error) {
	if l.Physical == nil {
		return s, 0, "", nil
	}
	r := l.Physical.Region
	for _, n := range []int{r.StartLine, r.StartColumn, r.EndLine} {
		if n < 0 || n > maxPlace {
			return s, 0, "", fmt.Errorf("at %s/physicalLocation/region: %d is not a valid line or column", at, n)
		}
	}
	s.path, outside, err = c.places.find(l.Physical.Artifact, at)
	if err != nil || s.path == "" {
		return s, 0, outside, err
	}
	s.first, s.last = r.StartLine, max(r.StartLine, r.EndLine)
	if s.first > 0 {
		column = r.StartColumn
	} else {
		s.last = 0
	}
	return s, column, "", nil
}
