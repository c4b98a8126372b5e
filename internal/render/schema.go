package render

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	chart "helm.sh/helm/v4/pkg/chart/v2"
)

// conform checks the values against the schemas of the chart and its subcharts, as Helm
// does. A schema that would have to be downloaded is an error.
func conform(c *chart.Chart, values map[string]any) error {
	var problems []error
	if c.Schema != nil {
		if err := against(c.Schema, values); err != nil {
			problems = append(problems, fmt.Errorf("the values do not match values.schema.json of %s: %w", c.Name(), err))
		}
	}
	for _, sub := range c.Dependencies() {
		switch own := values[sub.Name()].(type) {
		case nil:
		case map[string]any:
			problems = append(problems, conform(sub, own))
		default:
			problems = append(problems, fmt.Errorf("the values of %s are not a map", sub.Name()))
		}
	}
	return errors.Join(problems...)
}

func against(schema []byte, values map[string]any) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return err
	}
	const name = "file:///values.schema.json"
	c := jsonschema.NewCompiler()
	c.UseLoader(nothing{})
	if err := c.AddResource(name, doc); err != nil {
		return err
	}
	compiled, err := c.Compile(name)
	if err != nil {
		return err
	}
	err = compiled.Validate(values)
	var broken *jsonschema.ValidationError
	if !errors.As(err, &broken) {
		return err
	}
	said := map[string]bool{}
	leaves(broken, said)
	return errors.New(strings.Join(slices.Sorted(maps.Keys(said)), "; "))
}

// nothing is a schema loader that downloads nothing.
type nothing struct{}

func (nothing) Load(url string) (any, error) {
	return nil, fmt.Errorf("the schema refers to %s, which is not downloaded: inline it into the schema", clip(url))
}

// leaves adds to said where the values do not match the schema, without showing the
// values.
func leaves(v *jsonschema.ValidationError, said map[string]bool) {
	for _, c := range v.Causes {
		leaves(c, said)
	}
	if len(v.Causes) > 0 {
		return
	}
	at := "." + strings.Join(v.InstanceLocation, ".")
	switch k := v.ErrorKind.(type) {
	case *kind.Required:
		said[at+" lacks "+strings.Join(k.Missing, ", ")] = true
	case *kind.AdditionalProperties:
		said[at+" has the unknown "+strings.Join(k.Properties, ", ")] = true
	case *kind.Type:
		said[at+" is of type "+k.Got+", not "+strings.Join(k.Want, " or ")] = true
	default:
		said[at+" breaks "+cmp.Or(strings.Join(v.ErrorKind.KeywordPath(), "/"), "the schema")] = true
	}
}
