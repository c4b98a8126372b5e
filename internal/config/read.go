package config

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed schema.json
var schemaJSON []byte

// Schema returns the JSON Schema of the file.
func Schema() []byte { return schemaJSON }

// maxFile bounds the file: a configuration is a page, not a program.
const maxFile = 64 << 10

// ErrMissing says that a repository has no configuration.
var ErrMissing = errors.New("no " + File)

// Read reads the configuration in dir. A mistake in it is a Problems.
func Read(dir string) (*Config, error) {
	path := filepath.Join(dir, File)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w in %s: write one of four lines (version: 1, app: NAME, artifact: {pack: FOLDER, entrypoint: [COMMAND]}); README.md shows it", ErrMissing, dir)
	}
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, Problems{{File: File, Line: 1, Column: 1, Text: fmt.Sprintf("is %d bytes; at most %d are read", info.Size(), maxFile)}}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(b)
}

// Parse reads the configuration from its bytes.
func Parse(b []byte) (*Config, error) {
	if len(b) > maxFile {
		return nil, Problems{{File: File, Line: 1, Column: 1, Text: fmt.Sprintf("is %d bytes; at most %d are read", len(b), maxFile)}}
	}
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		return nil, syntaxProblem(err)
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, Problems{{File: File, Line: 1, Column: 1, Text: "must hold one YAML document; it begins with version: 1"}}
	}
	body := file.Docs[0].Body
	if p := aliases(body); len(p) > 0 {
		return nil, p
	}
	var value any
	if err := yaml.NodeToValue(body, &value); err != nil {
		return nil, syntaxProblem(err)
	}
	problems, err := validate(value, body)
	if err != nil {
		return nil, err
	}
	problems = append(problems, crossCheck(value, body)...)
	if len(problems) > 0 {
		return nil, problems.sorted()
	}
	c := &Config{source: b}
	if err := yaml.NodeToValue(body, c); err != nil {
		return nil, syntaxProblem(err)
	}
	c.defaults()
	return c, nil
}

// aliases refuses anchors, aliases and merge keys: a file of a page needs none,
// and ten lines of them can stand for gigabytes.
func aliases(root ast.Node) Problems {
	var p Problems
	ast.Walk(visitor(func(n ast.Node) {
		switch n.(type) {
		case *ast.AliasNode, *ast.AnchorNode, *ast.MergeKeyNode:
			p = append(p, at(n, "anchors and aliases are not accepted: write the value out"))
		}
	}), root)
	return p.sorted()
}

type visitor func(ast.Node)

func (v visitor) Visit(n ast.Node) ast.Visitor {
	v(n)
	return v
}

// validate holds the value to the schema and finds the place of each violation.
func validate(value any, body ast.Node) (Problems, error) {
	schema, err := compile()
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(value)
	if err != nil {
		return Problems{{File: File, Line: 1, Column: 1, Text: "keys must be plain strings"}}, nil
	}
	plain, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	err = schema.Validate(plain)
	var violation *jsonschema.ValidationError
	if errors.As(err, &violation) {
		return explain(violation, body), nil
	}
	return nil, err
}

// repositoryPath accepts a relative path that stays inside the repository.
func repositoryPath(v any) error {
	s, ok := v.(string)
	if ok && !filepath.IsLocal(s) {
		return errors.New("leaves the repository")
	}
	return nil
}

func compile() (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaJSON))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.RegisterFormat(&jsonschema.Format{Name: "repository-path", Validate: repositoryPath})
	c.AssertFormat()
	if err := c.AddResource("goldenpath.v1.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("goldenpath.v1.json")
}
