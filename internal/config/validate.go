package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// violations validates the value against the schema and finds the place of each
// violation. It panics if the embedded schema is invalid, which a test rules out.
func violations(value any, doc *document) Problems {
	root, err := schemaRoot()
	if err != nil {
		panic(err)
	}
	schema, err := compile()
	if err != nil {
		panic(err)
	}
	b, err := json.Marshal(value)
	if err != nil {
		return Problems{fileProblem("contains a value that is neither text, number, list nor mapping: %s", printable(err.Error()))}
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return Problems{fileProblem("contains a value that cannot be read: %s", printable(err.Error()))}
	}
	e := explainer{doc: doc, schema: root, titles: titles(schemaJSON)}
	p := e.names()
	var violation *jsonschema.ValidationError
	if errors.As(schema.Validate(instance), &violation) {
		p = append(p, e.explain(violation)...)
	}
	return p
}

// formats check what a pattern cannot express.
var formats = []*jsonschema.Format{
	{Name: "repository-path", Validate: repositoryPath},
	{Name: "period", Validate: period},
	{Name: "size", Validate: size},
	{Name: "quantity", Validate: quantity},
}

// repositoryPath accepts a relative path that stays inside the repository.
func repositoryPath(v any) error {
	s, ok := v.(string)
	if ok && !filepath.IsLocal(s) {
		return errors.New("leaves the repository")
	}
	return nil
}

// period accepts a duration above zero, because zero means that the key is absent.
func period(v any) error {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	d, err := ParseDuration(s)
	if err == nil && d == 0 {
		err = errors.New("is zero")
	}
	return err
}

func size(v any) error {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	_, err := parseSize(s)
	return err
}

// quantity accepts a Kubernetes quantity above zero.
func quantity(v any) error {
	if s, ok := v.(string); ok && strings.Trim(s, "0.mKMGTi") == "" {
		return errors.New("is zero")
	}
	return nil
}

// schemaURL is absolute, because a relative one is resolved against the working
// directory, whose name may not be a valid URL.
const schemaURL = "urn:goldenpath:v1"

func compile() (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaJSON))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	for _, f := range formats {
		c.RegisterFormat(f)
	}
	c.AssertFormat()
	if err := c.AddResource(schemaURL, doc); err != nil {
		return nil, err
	}
	return c.Compile(schemaURL)
}
