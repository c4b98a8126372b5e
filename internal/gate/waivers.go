package gate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/dustin/go-humanize/english"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// WaiverMaxAge is how far away a waiver may end unless the policy says less.
const WaiverMaxAge = 180 * 24 * time.Hour

// shortestReason is the length from which a reason may be one.
const shortestReason = 10

// waiverSoon is when a waiver's end is worth a remark.
const waiverSoon = 14 * 24 * time.Hour

// Waiver excuses findings until a date. One of ID, Fingerprint, PURL or Rule with
// Path says which; ID with PURL is that fact in that package alone.
type Waiver struct {
	ID          string `yaml:"id"`          // CVE-…, GHSA-…, GO-…: any name of the fact
	Fingerprint string `yaml:"fingerprint"` // of one finding
	Rule        string `yaml:"rule"`
	Path        string `yaml:"path"` // glob, for Rule; ** is any number of folders
	PURL        string `yaml:"purl"` // package URL; without a version it means every one
	Reason      string `yaml:"reason"`
	Owner       string `yaml:"owner"`
	Expires     string `yaml:"expires"` // the last day it holds, 2026-12-31
	Ticket      string `yaml:"ticket"`
	// Justification says why the fact does no harm here, in the words of OpenVEX,
	// such as vulnerable_code_not_in_execute_path. Empty: it may do harm, and that is
	// accepted until Expires.
	Justification string `yaml:"justification"`

	until time.Time
	line  int
}

// ReadWaivers reads the waivers of a repository, none of which may end later than
// longest from now. A file that is not there is no
// waivers; a mistake in it is a *report.UsageError with every line at fault.
func ReadWaivers(dir, name string, longest time.Duration, now time.Time) ([]Waiver, error) {
	b, err := readPolicyFile(dir, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read waivers: %w", err)
	}
	return parseWaivers(name, b, longest, now)
}

// readPolicyFile reads a file that a change may have written: not through a link
// that leads out, not from a device, and no more than is parsed.
func readPolicyFile(dir, name string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	name = filepath.FromSlash(name)
	info, err := root.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		if _, link := root.Lstat(name); link != nil {
			return nil, err
		}
		return nil, report.Usage(fmt.Sprintf("%s:1:1 is a link to nowhere", name))
	}
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("%s:1:1 cannot be read: %v", name, err))
	}
	if !info.Mode().IsRegular() {
		return nil, report.Usage(name + ":1:1 is no regular file")
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxWaivers+1))
}

const maxWaivers = 256 << 10

func parseWaivers(name string, b []byte, longest time.Duration, now time.Time) (all []Waiver, err error) {
	defer func() {
		if p := recover(); p != nil { // goccy/go-yaml v1.19.2 has ways to
			all, err = nil, report.Usage(name+":1:1 is no YAML that can be read")
		}
	}()
	if len(b) > maxWaivers {
		return nil, report.Usage(fmt.Sprintf("%s:1:1 is larger than %d bytes", name, maxWaivers))
	}
	if line := tooDeep(b); line > 0 {
		return nil, report.Usage(fmt.Sprintf("%s:%d:1 is nested deeper than waivers are", name, line))
	}
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		return nil, waiverSyntax(name, err)
	}
	lines, bad := waiverLines(name, file)
	if bad != nil {
		return nil, bad
	}
	if n := len(file.Docs); n > 1 { // the decoder reads the first and is silent about the rest
		return nil, report.Usage(fmt.Sprintf("%s:1:1 has %d documents (---): keep all waivers in one", name, n))
	}
	var doc struct {
		Version int      `yaml:"version"`
		Waivers []Waiver `yaml:"waivers"`
	}
	if err := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(&doc); err != nil && !errors.Is(err, io.EOF) { // an empty file lacks its version
		return nil, waiverSyntax(name, err)
	}
	var problems []string
	if doc.Version != 1 {
		problems = append(problems, name+":1:1 version must be 1")
	}
	for i := range doc.Waivers {
		w := &doc.Waivers[i]
		if i < len(lines) {
			w.line = lines[i]
		}
		for _, p := range w.check(longest, now) {
			problems = append(problems, fmt.Sprintf("%s:%d:1 %s", name, w.line, p))
		}
	}
	if len(problems) > 0 {
		return nil, report.Usage(strings.Join(problems, "\n"))
	}
	return doc.Waivers, nil
}

// tooDeep returns the line in which more is opened within each other than waivers
// need, or 0: the parser takes quadratic time over it.
func tooDeep(b []byte) int {
	const most = 64
	depth, number := 0, 0
	for line := range bytes.Lines(b) {
		number++
		for _, c := range line {
			switch c {
			case '{', '[':
				depth++
			case '}', ']':
				depth = max(0, depth-1)
			}
			if depth > most {
				return number
			}
		}
		if bytes.Count(line, []byte("- ")) > most {
			return number
		}
	}
	return 0
}

// waiverLines returns the line of each waiver, and refuses aliases and tags.
func waiverLines(name string, file *ast.File) ([]int, error) {
	var starts []int
	var problem error
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		ast.Walk(visit(func(n ast.Node) {
			switch n := n.(type) {
			case *ast.AliasNode, *ast.AnchorNode, *ast.MergeKeyNode, *ast.TagNode:
				problem = report.Usage(fmt.Sprintf("%s:%d:1 anchors, aliases and tags are not accepted: write the value out", name, n.GetToken().Position.Line))
			case *ast.MappingValueNode:
				if seq, ok := n.Value.(*ast.SequenceNode); ok && n.Key.GetToken().Value == "waivers" {
					for _, v := range seq.Values {
						starts = append(starts, v.GetToken().Position.Line)
					}
				}
			}
		}), doc.Body)
	}
	return starts, problem
}

type visit func(ast.Node)

func (v visit) Visit(n ast.Node) ast.Visitor {
	v(n)
	return v
}

func waiverSyntax(name string, err error) error {
	line, column, text := 1, 1, err.Error()
	var y yaml.Error
	if errors.As(err, &y) {
		text = y.GetMessage()
		if t := y.GetToken(); t != nil && t.Position != nil {
			line, column = t.Position.Line, t.Position.Column
		}
	}
	return report.Usage(fmt.Sprintf("%s:%d:%d %s", name, line, column, report.Clean(text)))
}

func (w *Waiver) check(longest time.Duration, now time.Time) []string {
	var p []string
	named := nonEmpty(w.ID, w.Fingerprint, w.Rule)
	if len(named) > 1 || len(named) == 0 && w.PURL == "" || w.PURL != "" && w.ID == "" && len(named) > 0 {
		p = append(p, "a waiver names one of id, fingerprint, purl, id with purl, or rule with path")
	}
	if (w.Rule == "") != (w.Path == "") {
		p = append(p, "rule and path go together")
	}
	if w.Rule != "" && !ruleID.MatchString(w.Rule) {
		p = append(p, fmt.Sprintf("rule %q is the name of no rule: it is no pattern", w.Rule))
	}
	if !doublestar.ValidatePattern(w.Path) || strings.HasPrefix(w.Path, "/") {
		p = append(p, fmt.Sprintf("path %q is no glob relative to the repository", w.Path))
	}
	if wholeRepository(w.Path) {
		p = append(p, fmt.Sprintf("path %q is the whole repository: name a file or a folder", w.Path))
	}
	if w.PURL != "" && (!strings.HasPrefix(w.PURL, "pkg:") || !strings.Contains(w.PURL, "/") || strings.ContainsAny(w.PURL, "*{")) {
		p = append(p, fmt.Sprintf("purl %q is no package URL such as pkg:npm/lodash@4.17.20", w.PURL))
	}
	if len(visible(w.Reason)) < shortestReason {
		p = append(p, fmt.Sprintf("missing reason: say in %d characters or more why this is acceptable until then", shortestReason))
	}
	if !strings.ContainsFunc(w.Owner, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
		p = append(p, "missing owner: who looks at it again")
	}
	if w.Justification != "" && !slices.Contains(justifications, w.Justification) {
		p = append(p, fmt.Sprintf("justification %q is none of OpenVEX: %s", w.Justification, strings.Join(justifications, ", ")))
	}
	day, err := time.Parse(time.DateOnly, w.Expires)
	switch {
	case w.Expires == "":
		p = append(p, "missing expires: the last day it holds, such as "+now.AddDate(0, 1, 0).Format(time.DateOnly))
	case err != nil:
		p = append(p, fmt.Sprintf("expires %q is no date such as %s", w.Expires, now.AddDate(0, 1, 0).Format(time.DateOnly)))
	case day.Sub(now) > longest:
		p = append(p, fmt.Sprintf("expires %s is more than %d days away: shorten it", w.Expires, int(longest.Hours()/24)))
	}
	w.until = day.AddDate(0, 0, 1)
	return p
}

// wholeRepository reports whether a glob leaves nothing out, however it is written.
func wholeRepository(glob string) bool {
	for _, any := range []string{"a", "z-1/Q_2.x", "7/m/.k"} {
		if ok, err := doublestar.Match(glob, any); !ok || err != nil {
			return false
		}
	}
	return true
}

// visible is what a person sees of a text: no space, and nothing that has no width.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) && !unicode.IsSpace(r) {
			return r
		}
		return -1
	}, text)
}

// justifications are those of OpenVEX 0.2.0.
var justifications = []string{
	"component_not_present", "vulnerable_code_not_present", "vulnerable_code_not_in_execute_path",
	"vulnerable_code_cannot_be_controlled_by_adversary", "inline_mitigations_already_exist",
}

// ruleID is what rules are called.
var ruleID = regexp.MustCompile(`^[A-Za-z0-9][-A-Za-z0-9_./:]*$`)

// Holds reports whether the waiver covers the finding at that time.
func (w *Waiver) Holds(f report.Finding, now time.Time) bool {
	return w.matches(f) && now.Before(w.until)
}

func (w *Waiver) matches(f report.Finding) bool {
	switch {
	case w.Fingerprint != "":
		return w.Fingerprint == f.Fingerprint
	case w.ID != "":
		return (w.ID == f.Rule || slices.Contains(f.Aliases, w.ID)) && (w.PURL == "" || w.is(f.Package))
	case w.PURL != "":
		return w.is(f.Package)
	}
	return w.Rule == f.Rule && doublestar.MatchUnvalidated(w.Path, f.At.Path)
}

// is reports whether a package is the one the waiver names.
func (w *Waiver) is(purl string) bool {
	if purl == "" {
		return false
	}
	if name := nameOf(w.PURL); name == w.PURL {
		return sameVersion(name) == sameVersion(nameOf(purl))
	}
	return sameVersion(w.PURL) == sameVersion(purl)
}

func (w *Waiver) name() string {
	return strings.Join(nonEmpty(w.ID, w.Fingerprint, w.Rule, w.PURL), " ")
}

// waive marks what a waiver covers and returns, for each waiver, how many
// findings it names.
func waive(findings []report.Finding, waivers []Waiver, now time.Time) []int {
	used := make([]int, len(waivers))
	for i := range findings {
		f := &findings[i]
		for j := range waivers {
			w := &waivers[j]
			if !w.matches(*f) {
				continue
			}
			used[j]++
			if !now.Before(w.until) {
				if f.Status != report.Waived {
					f.Waiver = fmt.Sprintf("expired on %s (%s): renew it on the base branch or fix the finding", w.Expires, w.Owner)
				}
				continue
			}
			f.Status = report.Waived
			f.Waiver = fmt.Sprintf("until %s by %s: %s", w.Expires, w.Owner, w.Reason)
			if w.Ticket != "" {
				f.Waiver += " (" + w.Ticket + ")"
			}
		}
	}
	return used
}

const waiverRow = "waivers"

// waiverCheck is the row on waivers. Only a look at everything tells which of them
// matches nothing.
func waiverCheck(waivers []Waiver, used []int, whole bool, now time.Time) (report.Check, bool) {
	if len(waivers) == 0 {
		return report.Check{}, false
	}
	c := report.Check{Name: waiverRow, State: report.OK, Result: english.Plural(len(waivers), "waiver", "")}
	var notes []string
	for i := range waivers {
		w := &waivers[i]
		switch left := w.until.Sub(now); {
		case left <= 0:
			c.State = report.Warned
			notes = append(notes, fmt.Sprintf("%s expired on %s", w.name(), w.Expires))
		case used[i] == 0 && whole:
			c.State = report.Warned
			notes = append(notes, w.name()+" matches nothing: remove it")
		case left <= waiverSoon:
			notes = append(notes, fmt.Sprintf("%s ends in %s", w.name(), english.Plural(int(left.Hours()/24), "day", "")))
		}
	}
	c.Note = strings.Join(notes, "; ")
	return c, true
}

func nonEmpty(all ...string) []string {
	var out []string
	for _, s := range all {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}
