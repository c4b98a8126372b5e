package config

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"
)

//go:embed schema.json
var schemaJSON []byte

// Schema returns the JSON Schema of the file.
func Schema() []byte { return bytes.Clone(schemaJSON) }

// ErrMissing means that a repository has no configuration.
var ErrMissing = errors.New("no " + File)

// Read reads the configuration in dir. If it is invalid, the error is a Problems.
func Read(dir string) (*Config, error) {
	path := filepath.Join(dir, File)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w in %s: run goldenpath init, or write one (version: 1, app: NAME, artifact: {pack: FOLDER, entrypoint: [COMMAND]}); docs/laptop.md has examples", ErrMissing, dir)
	}
	if err != nil {
		return nil, err
	}
	// A link could name any file on this machine, and error messages quote the file; a
	// pipe would block.
	if !info.Mode().IsRegular() {
		return nil, Problems{fileProblem("is not a regular file: commit the file itself, not a link to it")}
	}
	if info.Size() > maxFile {
		return nil, Problems{tooLarge(info.Size())}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(b)
}

// Walkable returns the keys that the path needs and the file lacks, or nil. The gate alone
// needs neither an app nor an artifact.
func (c *Config) Walkable() error {
	var p Problems
	if c.App == "" {
		p = append(p, fileProblem("missing key \"app\": name of the app"))
	}
	if c.Artifact.Pack == "" && c.Artifact.Dockerfile == "" {
		p = append(p, fileProblem("missing key \"artifact\": how a commit becomes an image, such as artifact: {dockerfile: Dockerfile}, or {pack: dist, entrypoint: [/server]}"))
	}
	if len(p) == 0 {
		return nil
	}
	return p
}

// Parse parses the configuration. Its error is a Problems.
func Parse(b []byte) (*Config, error) {
	body, problems := readYAML(b)
	if len(problems) > 0 {
		return nil, problems
	}
	doc := newDocument(body)
	if len(doc.problems) > 0 {
		return nil, doc.problems.sorted()
	}
	var value any
	if err := yaml.NodeToValue(body, &value); err != nil {
		return nil, syntaxProblem(err)
	}
	problems = append(violations(value, doc), crossCheck(value, doc)...)
	if len(problems) > 0 {
		return nil, problems.sorted()
	}
	c := &Config{source: bytes.Clone(b)}
	if err := yaml.NodeToValue(body, c); err != nil {
		return nil, syntaxProblem(err)
	}
	c.defaults()
	return c, nil
}
