package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// violations holds the value to the schema and finds the place of each
// violation. That the schema cannot be read is a mistake of goldenpath's own,
// which a test rules out.
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
		return Problems{fileProblem("holds a value that is neither text, number, list nor mapping: %s", printable(err.Error()))}
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return Problems{fileProblem("holds a value that cannot be read: %s", printable(err.Error()))}
	}
	e := explainer{doc: doc, schema: root}
	p := e.names()
	var violation *jsonschema.ValidationError
	if errors.As(schema.Validate(instance), &violation) {
		p = append(p, e.explain(violation)...)
	}
	return p
}

// formats are what a pattern cannot say.
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

// period accepts a duration longer than nothing: zero would be taken as absent.
func period(v any) error {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	d, err := ParseDuration(s)
	if err == nil && d == 0 {
		err = errors.New("is nothing")
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

// quantity accepts one of Kubernetes that is more than nothing.
func quantity(v any) error {
	if s, ok := v.(string); ok && strings.Trim(s, "0.mKMGTi") == "" {
		return errors.New("is nothing")
	}
	return nil
}

// schemaURL is absolute: a relative one is resolved against the working
// directory, whose name may be no URL.
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
