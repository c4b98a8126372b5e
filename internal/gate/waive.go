package gate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// WaiverOf returns the waiver that covers a finding, without reason, owner and expiry. A
// vulnerability is waived in its package, and a rule in the file. A secret is waived by
// its fingerprint, so that no later secret of the same rule in the same file is.
func WaiverOf(f report.Finding) Waiver {
	switch {
	case f.Secret != "":
		return Waiver{Fingerprint: ID(f)}
	case f.Package != "":
		return Waiver{ID: f.Rule, PURL: nameOf(f.Package)}
	// go-yaml v1.19.2 writes a carriage return as a block, which is not valid here.
	case strings.Contains(f.At.Path, "\r"), !ruleID.MatchString(f.Rule):
		return Waiver{Fingerprint: f.Fingerprint}
	case f.At.Path == "":
		return Waiver{ID: f.Rule}
	}
	return Waiver{Rule: f.Rule, Path: literal(f.At.Path)}
}

// ID is the fingerprint of a finding as a person writes it into a file. The fingerprint
// of a secret has words such as token beside a hash, which would be a secret itself to a
// scanner, so its ID is a hash of the fingerprint.
func ID(f report.Finding) string {
	if f.Secret == "" {
		return f.Fingerprint
	}
	sum := sha256.Sum256([]byte(f.Fingerprint))
	return hex.EncodeToString(sum[:16])
}

// OnlyHistory begins the fingerprint of a secret that only the history has: who accepts it
// does not accept its return to the files.
const OnlyHistory = "history:"

// acceptedAs returns the fingerprints under which a finding is accepted. A secret that was
// removed is also accepted under the one that it had in the files.
func acceptedAs(f report.Finding) []string {
	out := append([]string{f.Fingerprint, ID(f)}, acceptedEverywhere(f)...)
	if old, removed := strings.CutPrefix(f.Fingerprint, OnlyHistory); removed && f.Secret == report.SecretRemoved {
		f.Fingerprint = old
		out = append(out, old, ID(f))
	}
	return out
}

// acceptedEverywhere returns the fingerprints under which a secret is accepted in every file.
func acceptedEverywhere(f report.Finding) []string {
	all := everywhere(f)
	if all == "" {
		return nil
	}
	f.Fingerprint = all
	out := []string{all, ID(f)}
	if old, removed := strings.CutPrefix(all, OnlyHistory); removed {
		f.Fingerprint = old
		out = append(out, old, ID(f))
	}
	return out
}

// same reports whether both waivers name the same findings.
func (w Waiver) same(o Waiver) bool {
	return w.ID == o.ID && w.Fingerprint == o.Fingerprint && w.PURL == o.PURL && w.Rule == o.Rule && w.Path == o.Path
}

// Name names the findings in one line.
func (w *Waiver) Name() string {
	return strings.Join(nonEmpty(w.ID, w.Fingerprint, w.Rule, w.PURL, w.Path), " ")
}

// yamlLine is the waiver as one line of YAML.
func (w Waiver) yamlLine() (string, error) {
	var e yaml.MapSlice
	for _, k := range []struct{ key, value string }{
		{"id", w.ID}, {"fingerprint", w.Fingerprint}, {"purl", w.PURL}, {"rule", w.Rule}, {"path", w.Path},
		{"reason", w.Reason}, {"owner", w.Owner}, {"expires", w.Expires}, {"ticket", w.Ticket}, {"justification", w.Justification},
	} {
		if k.value != "" {
			e = append(e, yaml.MapItem{Key: k.key, Value: k.value})
		}
	}
	b, err := yaml.MarshalWithOptions(e, yaml.Flow(true))
	if line := strings.TrimSuffix(string(b), "\n"); err != nil || strings.ContainsAny(line, "\r\n") {
		return "", errors.Join(err, fmt.Errorf("the waiver of %q cannot be written as one line", w.Name()))
	}
	return strings.TrimSuffix(string(b), "\n"), nil
}

// Added is what happened to one waiver of AddWaivers.
type Added struct {
	Waiver Waiver
	Before *Waiver // waiver of the same findings that the file has already; nil: added
	Line   int     // of Before
}

// newWaivers begins a waiver file.
const newWaivers = "# Findings of security-gate that are accepted until a date.\nversion: 1\nwaivers:\n"

// AddWaivers returns the text of a waiver file with more waivers. It keeps comments and
// waivers that the file has, and adds no second waiver for the same findings. name is
// the path of the file below dir, which may not exist. A mistake, in the file or in a
// waiver, is a *report.UsageError.
func AddWaivers(dir, name string, waivers []Waiver, longest time.Duration, now time.Time) ([]byte, []Added, error) {
	b, err := readPolicyFile(dir, name, maxWaivers)
	if errors.Is(err, fs.ErrNotExist) {
		b, err = []byte(newWaivers+"  []\n"), nil
	}
	if err != nil {
		return nil, nil, err
	}
	old, err := parseWaivers(name, b, longest, now)
	if err != nil {
		return nil, nil, err
	}
	var all []Added
	var lines []string
	for _, w := range waivers {
		if problems := w.check(longest, now); len(problems) > 0 {
			return nil, nil, report.Usage(strings.Join(problems, "\n"))
		}
		if i := slices.IndexFunc(old, w.same); i >= 0 {
			all = append(all, Added{w, &old[i], old[i].line})
			continue
		}
		line, err := w.yamlLine()
		if err != nil {
			return nil, nil, report.Usage(err.Error())
		}
		all, lines = append(all, Added{Waiver: w}), append(lines, line)
	}
	if len(lines) == 0 {
		return b, all, nil
	}
	text, err := insertWaivers(name, b, lines)
	if err != nil {
		return nil, nil, err
	}
	// What was written is read again: the file must have the old waivers and the new ones.
	got, err := parseWaivers(name, text, longest, now)
	if err != nil || len(got) != len(old)+len(lines) {
		return nil, nil, report.Usage(fmt.Sprintf("%s:1:1 cannot be extended by a program: add this below waivers:\n  - %s", name, strings.Join(lines, "\n  - ")))
	}
	return text, all, nil
}

// insertWaivers adds lines to the list of waivers.
func insertWaivers(name string, b []byte, lines []string) ([]byte, error) {
	end := "\n"
	if bytes.Contains(b, []byte("\r\n")) {
		end = "\r\n"
	}
	if len(b) > 0 && b[len(b)-1] != '\n' {
		b = append(b, end...)
	}
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		return nil, waiverSyntax(name, err)
	}
	key, list, next := waiverList(file)
	text := bytes.SplitAfter(b, []byte("\n"))
	indent, at := "  ", len(text)-1 // the last part is empty
	switch {
	case key == nil:
		lines = append([]string{"waivers:"}, prefixed("  - ", lines)...)
		indent = ""
	case list == nil || list.IsFlowStyle && len(list.Values) == 0:
		// An empty list is written as [] or as nothing.
		from, to := key.GetToken().Position.Line, key.GetToken().Position.Line
		if list != nil {
			to = list.End.Position.Line
		}
		at = from
		m := emptyList.FindSubmatch(bytes.Join(text[from-1:to], nil))
		if m == nil {
			return nil, report.Usage(fmt.Sprintf("%s:%d:1 the list of waivers cannot be extended by a program: write \"waivers:\" on a line of its own", name, from))
		}
		text = slices.Concat(text[:from-1], [][]byte{slices.Concat(m[1], m[2], []byte(end))}, text[to:])
		lines = prefixed("- ", lines)
	case list.IsFlowStyle:
		return nil, report.Usage(fmt.Sprintf("%s:%d:1 the waivers are written in brackets: write each one on a line of its own that begins with \"- \"", name, key.GetToken().Position.Line))
	default:
		indent = strings.Repeat(" ", list.Start.Position.Column-1)
		lines = prefixed("- ", lines)
		if next > 0 { // another key follows, perhaps after comments that belong to it
			at = key.GetToken().Position.Line
		}
	}
	var added [][]byte
	for _, l := range prefixed(indent, lines) {
		added = append(added, []byte(l+end))
	}
	return bytes.Join(slices.Concat(text[:at], added, text[at:]), nil), nil
}

// emptyList matches the key with an empty list, and a comment after it.
var emptyList = regexp.MustCompile(`^(waivers[ \t]*:)(?:\s*(?:\[\s*\]|null|~))?([ \t]*(?:#[^\r\n]*)?)\s*$`)

func prefixed(prefix string, lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = prefix + l
	}
	return out
}

// waiverList returns the key "waivers" of the document, its list, and the line of the
// key after it. Each is zero if the document has none.
func waiverList(file *ast.File) (key ast.Node, list *ast.SequenceNode, next int) {
	for _, doc := range file.Docs {
		var pairs []*ast.MappingValueNode
		switch body := doc.Body.(type) {
		case *ast.MappingNode:
			pairs = body.Values
		case *ast.MappingValueNode:
			pairs = []*ast.MappingValueNode{body}
		}
		for _, p := range pairs {
			line := p.Key.GetToken().Position.Line
			switch {
			case p.Key.GetToken().Value == "waivers":
				key = p.Key
				list, _ = p.Value.(*ast.SequenceNode)
			case key != nil && line > key.GetToken().Position.Line && next == 0:
				next = line
			}
		}
	}
	return key, list, next
}

// literal returns a glob that matches only this path.
func literal(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`, "{", `\{`, "}", `\}`).Replace(path)
}
