package gate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/seed-b235b314/goldenpath/internal/files"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// ReadWaivers reads the waiver file of a repository. It returns nil if the file does
// not exist. No waiver may end later than longest from now. Errors in the file are a
// *report.UsageError that names each line.
func ReadWaivers(dir, name string, longest time.Duration, now time.Time) ([]Waiver, error) {
	b, err := readPolicyFile(dir, name, maxWaivers)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read waivers: %w", err)
	}
	return parseWaivers(name, b, longest, now)
}

// readPolicyFile reads a file that may be hostile: a link that leads out of the folder,
// a device, or a file too large to parse.
func readPolicyFile(dir, name string, most int64) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	b, err := files.Read(root, name, most)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, link := root.Lstat(filepath.FromSlash(name)); link != nil {
			return nil, err
		}
		return nil, report.Usage(name + ":1:1 is a symbolic link to a file that does not exist: commit the file itself")
	case errors.Is(err, files.ErrTooLarge):
		return nil, report.Usage(fmt.Sprintf("%s:1:1 is larger than %d bytes", name, most))
	case errors.Is(err, files.ErrIrregular):
		return nil, report.Usage(name + ":1:1 is not a regular file: commit one")
	case err != nil:
		return nil, report.Usage(fmt.Sprintf("%s:1:1 cannot be read: %v: commit a regular file", name, err))
	}
	return b, nil
}

// maxWaivers is the largest policy file in bytes.
const maxWaivers = 256 << 10

func parseWaivers(name string, b []byte, longest time.Duration, now time.Time) (all []Waiver, err error) {
	defer func() {
		if p := recover(); p != nil { // goccy/go-yaml v1.19.2 panics over some input
			all, err = nil, report.Usage(name+":1:1 is not valid YAML")
		}
	}()
	if len(b) > maxWaivers {
		return nil, report.Usage(fmt.Sprintf("%s:1:1 is larger than %d bytes", name, maxWaivers))
	}
	if line := tooDeep(b); line > 0 {
		return nil, report.Usage(fmt.Sprintf("%s:%d:1 is nested too deeply for a waiver file", name, line))
	}
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		return nil, waiverSyntax(name, err)
	}
	lines, bad := waiverLines(name, file)
	if bad != nil {
		return nil, bad
	}
	if n := len(file.Docs); n > 1 { // the decoder reads the first and ignores the rest
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

// PastWaivers returns the waivers of an older version of a waiver file. They only say which
// findings were waived then, so a waiver that could not be written today is returned too,
// and a file that cannot be read has none.
func PastWaivers(b []byte) (all []Waiver) {
	defer func() {
		if recover() != nil {
			all = nil
		}
	}()
	if len(b) > maxWaivers || tooDeep(b) > 0 {
		return nil
	}
	var doc struct {
		Waivers []Waiver `yaml:"waivers"`
	}
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return nil
	}
	for _, w := range doc.Waivers {
		if w.ID+w.Fingerprint+w.PURL != "" || w.Rule != "" && w.Path != "" {
			all = append(all, w)
		}
	}
	return all
}

// tooDeep returns the first line that is nested deeper than waivers need, or 0. The
// parser takes quadratic time over deep nesting.
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

// waiverLines returns the line of each waiver. Anchors, aliases and tags are an error.
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
	return report.Usage(fmt.Sprintf("%s:%d:%d %s", name, line, column, report.LogLine(text)))
}
