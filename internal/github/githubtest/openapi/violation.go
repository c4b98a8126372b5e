package openapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
)

// violations returns the problems in an error of the OpenAPI library: a JSON pointer and
// the reason for each, without the schema, which is very long.
func violations(err error) []string {
	var many openapi3.MultiError
	var one *openapi3.SchemaError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &many):
		var all []string
		for _, e := range many {
			all = append(all, violations(e)...)
		}
		return all
	case errors.As(err, &one):
		at := strings.Join(one.JSONPointer(), "/")
		if deviates(at, one) {
			return nil
		}
		return []string{fmt.Sprintf(": /%s: %s", at, one.Reason)}
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return []string{": " + first}
}

// deviates reports whether GitHub's real responses are known to deviate from the
// description at this pointer.
func deviates(pointer string, e *openapi3.SchemaError) bool {
	// The repository of a deleted fork is null. The description allows that for the same
	// object in webhooks (webhook-pull-request-labeled), but not in responses.
	return e.Value == nil && strings.HasSuffix(pointer, "head/repo")
}

// unknown returns the parameters and fields of a request that the description does not
// contain. GitHub silently ignores them, so a misspelt name has no effect.
func unknown(route *routers.Route, x Exchange) []string {
	var all []string
	for name := range x.Request.URL.Query() {
		named := func(p *openapi3.ParameterRef) bool { return p.Value.In == "query" && p.Value.Name == name }
		if !slices.ContainsFunc(route.Operation.Parameters, named) && !slices.ContainsFunc(route.PathItem.Parameters, named) {
			all = append(all, fmt.Sprintf(": there is no parameter %q", name))
		}
	}
	var sent map[string]json.RawMessage
	if route.Operation.RequestBody == nil || json.Unmarshal(x.Sent, &sent) != nil {
		return all
	}
	content := route.Operation.RequestBody.Value.Content.Get("application/json")
	if content == nil || len(content.Schema.Value.Properties) == 0 {
		return all // one of several shapes
	}
	for name := range sent {
		if content.Schema.Value.Properties[name] == nil {
			all = append(all, fmt.Sprintf(": there is no field /%s", name))
		}
	}
	slices.Sort(all)
	return all
}
