package sarif

import (
	"bytes"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	maxBytes      = 64 << 20
	maxDepth      = 100
	maxObjects    = 2_000_000
	maxElements   = 250_000 // of one array
	maxExtensions = 100     // of a tool, as in code scanning
	maxResults    = 25_000  // of one file; code scanning accepts as many of a run
)

// Read reads a SARIF 2.1.0 file and returns one scanner for each tool in the file.
// Several runs of a tool become one scanner. An error names the file and the position
// in the file.
func Read(name string) ([]*Scanner, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read the SARIF file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("cannot read SARIF %s: not a regular file", name) // opening a pipe would block
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read the SARIF file: %w", err)
	}
	defer file.Close()
	var text bytes.Buffer
	text.Grow(int(min(info.Size(), maxBytes)) + bytes.MinRead)
	if _, err := text.ReadFrom(io.LimitReader(file, maxBytes+1)); err != nil {
		return nil, fmt.Errorf("cannot read SARIF %s: %w", name, err)
	}
	if text.Len() > maxBytes {
		return nil, fmt.Errorf("cannot read SARIF %s: the file is larger than %d MiB: scan less, or write several files", name, maxBytes>>20)
	}
	scanners, err := parse(text.Bytes())
	if err != nil {
		return nil, fmt.Errorf("cannot read SARIF %s: %w", name, err)
	}
	return scanners, nil
}

func parse(text []byte) ([]*Scanner, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // .NET tools write it
	if err := shape(text); err != nil {
		return nil, err
	}
	var l log
	if err := json.Unmarshal(text, &l); err != nil {
		return nil, typeError(err)
	}
	switch {
	case l.Version != "2.1.0":
		return nil, fmt.Errorf("at /version: the SARIF version is %.20q, not \"2.1.0\"", l.Version)
	case len(l.Runs) == 0:
		return nil, errors.New("at /runs: there is no run, so no tool examined anything")
	case len(l.Inline) > 0:
		return nil, errors.New("at /inlineExternalProperties: external properties are not supported: write them into the run")
	}
	return scanners(l.Runs)
}

// scanners groups the runs by the name of their tool.
func scanners(runs []run) ([]*Scanner, error) {
	var all []*Scanner
	byName := map[string]*Scanner{}
	results := 0
	for i := range runs {
		r := &runs[i]
		r.at = fmt.Sprintf("/runs/%d", i)
		for j := range r.Results {
			r.Results[j].at = fmt.Sprintf("%s/results/%d", r.at, j)
		}
		if results += len(r.Results); results > maxResults {
			return nil, tooMany(r.at + "/results")
		}
		if strings.TrimSpace(r.Tool.Driver.Name) == "" {
			return nil, fmt.Errorf("at %s/tool/driver/name: the tool has no name", r.at)
		}
		if len(r.Tool.Extensions) > maxExtensions {
			return nil, fmt.Errorf("at %s/tool/extensions: more than %d extensions", r.at, maxExtensions)
		}
		for _, c := range r.components() {
			c.rules, c.notifications = newDescriptors(c.Rules), newDescriptors(c.Notifications)
		}
		name := cleanName(r.Tool.Driver.Name)
		s := byName[name]
		if s == nil {
			s = &Scanner{name: name}
			byName[name] = s
			all = append(all, s)
		}
		s.runs = append(s.runs, r)
	}
	return all, nil
}

func tooMany(at string) error {
	return fmt.Errorf("at %s: more than %d results are not supported: scan less, or with fewer rules", at, maxResults)
}

// shape checks the JSON before anything is decoded: its syntax, depth and size. null is
// only allowed in property bags.
func shape(text []byte) error {
	in := jsontext.NewDecoder(bytes.NewBuffer(text))
	objects := 0
	for {
		token, err := in.ReadToken()
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			if in.StackDepth() > 0 || in.InputOffset() == 0 || objects == 0 {
				return fmt.Errorf("the file ends at offset %d before the JSON is complete", in.InputOffset())
			}
			return nil
		}
		if err != nil {
			return syntaxError(err, in.InputOffset())
		}
		depth := in.StackDepth()
		switch token.Kind() {
		case jsontext.KindBeginObject:
			if objects++; objects > maxObjects {
				return fmt.Errorf("at offset %d: more than %d objects", in.InputOffset(), maxObjects)
			}
		case jsontext.KindNull:
			if at := in.StackPointer(); !strings.Contains(string(at), "/properties/") {
				return fmt.Errorf("at %s (offset %d): null is not allowed in SARIF", pointer(at), in.InputOffset())
			}
		}
		if depth > maxDepth {
			return fmt.Errorf("at offset %d: more than %d nested levels", in.InputOffset(), maxDepth)
		}
		if depth == 0 {
			if objects == 0 {
				return fmt.Errorf("at offset %d: a JSON object is missing", in.InputOffset())
			}
			if _, err := in.ReadToken(); !errors.Is(err, io.EOF) {
				return fmt.Errorf("at offset %d: there is data after the JSON", in.InputOffset())
			}
			return nil
		}
		kind, n := in.StackIndex(depth)
		if kind != jsontext.KindBeginArray || n <= maxResults {
			continue
		}
		if n > maxElements {
			return fmt.Errorf("at %s: more than %d elements", pointer(in.StackPointer().Parent()), maxElements)
		}
		if depth == 4 && n == maxResults+1 {
			if at := in.StackPointer().Parent(); at.LastToken() == "results" {
				return tooMany(pointer(at))
			}
		}
	}
}

func syntaxError(err error, offset int64) error {
	var at string
	if s, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		offset, at, err = s.ByteOffset, " ("+pointer(s.JSONPointer)+")", s.Err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the file ends at offset %d%s before the JSON is complete", offset, at)
	}
	return fmt.Errorf("at offset %d%s: not valid JSON: %w", offset, at, err)
}

func typeError(err error) error {
	s, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return err
	}
	want := "another type"
	if s.GoType != nil {
		switch s.GoType.Kind().String() {
		case "struct", "map":
			want = "an object"
		case "slice":
			want = "an array"
		case "int":
			want = "a whole number"
		case "bool":
			want = "true or false"
		case "string":
			want = "a string"
		}
	}
	return fmt.Errorf("at %s (offset %d): SARIF requires %s here", pointer(s.JSONPointer), s.ByteOffset, want)
}

// pointer returns a JSON pointer in printable form.
func pointer(p jsontext.Pointer) string {
	if p == "" {
		return "/"
	}
	return oneLine(string(p), 200)
}
