package gate

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// BaselineFile is where the accepted findings of a repository are.
const BaselineFile = config.BaselineFile

// Accepted is one entry of the baseline file. It has no text of the finding, so that it
// cannot contain a secret.
type Accepted struct {
	Rule        string `json:"rule"`
	Path        string `json:"path,omitempty"`
	Fingerprint string `json:"fingerprint"`
	Count       int    `json:"count"` // how often the finding occurs; more are new
}

type baselineFile struct {
	Version  int        `json:"version"`
	Findings []Accepted `json:"findings"`
}

// Bounds of the baseline file.
const (
	maxBaseline  = 8 << 20 // bytes
	maxAccepted  = 100_000 // entries
	maxOccurence = 100_000 // of one finding
)

// ReadBaseline reads the baseline file below dir. It returns nil if the file does not
// exist. A mistake in the file is a *report.UsageError.
func ReadBaseline(dir string) ([]Accepted, error) {
	b, err := readPolicyFile(dir, BaselineFile, maxBaseline)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the baseline: %w", err)
	}
	return parseBaseline(b)
}

func parseBaseline(b []byte) ([]Accepted, error) {
	usage := func(line int, text string) ([]Accepted, error) {
		return nil, report.Usage(fmt.Sprintf("%s:%d:1 %s: write the file again with security-gate baseline", BaselineFile, line, text))
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var doc baselineFile
	if err := d.Decode(&doc); err != nil {
		at := d.InputOffset()
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			at = syntax.Offset
		}
		return usage(1+bytes.Count(b[:min(max(at, 0), int64(len(b)))], []byte("\n")), report.LogLine(err.Error()))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return usage(1, "the file has text after its end")
	}
	if doc.Version != 1 {
		return usage(1, "version must be 1")
	}
	if len(doc.Findings) > maxAccepted {
		return usage(1, fmt.Sprintf("more than %d findings", maxAccepted))
	}
	for i, a := range doc.Findings {
		if a.Rule == "" || a.Fingerprint == "" || a.Count < 1 || a.Count > maxOccurence {
			return usage(1, fmt.Sprintf("entry %d needs a rule, a fingerprint and a count from 1", i+1))
		}
	}
	return doc.Findings, nil
}

// NewBaseline returns the entries for findings, and the findings that a baseline cannot
// accept. Waived findings are in neither.
func NewBaseline(findings []report.Finding) (entries []Accepted, refused []report.Finding) {
	index := map[string]int{}
	for _, f := range findings {
		id := ID(f)
		switch i, ok := index[id]; {
		case f.Status == report.Waived:
		case neverAccepted(f):
			refused = append(refused, f)
		case ok:
			entries[i].Count++
		default:
			index[id] = len(entries)
			entries = append(entries, Accepted{f.Rule, f.At.Path, id, 1})
		}
	}
	slices.SortFunc(entries, func(a, b Accepted) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	return entries, refused
}

// WriteBaseline writes a baseline file with one finding a line, so that a diff shows
// what was added. The same findings give the same file.
func WriteBaseline(w io.Writer, entries []Accepted) error {
	var b bytes.Buffer
	b.WriteString("{\"version\": 1, \"findings\": [")
	for i, a := range entries {
		line, err := json.Marshal(a)
		if err != nil {
			return err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n  ")
		b.Write(line)
	}
	b.WriteString("\n]}\n")
	_, err := w.Write(b.Bytes())
	return err
}
