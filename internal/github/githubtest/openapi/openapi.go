// Package openapi checks requests to GitHub, and the responses, against GitHub's own
// description of its REST API.
package openapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// Description is GitHub's OpenAPI description of its REST API.
type Description struct {
	router routers.Router
	refuse *openapi3.SchemaRef // body of a refusal that the description does not list
}

// Exchange is a request and its response. If Status is 0, GitHub sent no response, such
// as after a fault, and only the request is checked.
type Exchange struct {
	Request *http.Request
	Sent    []byte
	Status  int
	Header  http.Header
	Body    []byte
}

// manySegments are path variables that may contain slashes. The description marks them with
// x-multi-segment.
var manySegments = regexp.MustCompile(`\{(path|ref|dir|basehead)\}$`)

// Read parses GitHub's description, the file generated/api.github.com.json of the npm
// package @octokit/openapi. Reading takes several seconds and 400 MB of memory, so call
// Read once.
func Read(file string) (*Description, error) {
	doc, err := openapi3.NewLoader().LoadFromFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read GitHub's description %s: %w", file, err)
	}
	doc.Servers = nil // accept any host
	for _, path := range doc.Paths.InMatchingOrder() {
		if wide := manySegments.ReplaceAllString(path, "{$1:.+}"); wide != path {
			item := doc.Paths.Value(path)
			doc.Paths.Delete(path)
			doc.Paths.Set(wide, item)
		}
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, fmt.Errorf("cannot read GitHub's description %s: %w", file, err)
	}
	refuse := doc.Components.Schemas["basic-error"]
	if refuse == nil {
		return nil, fmt.Errorf("cannot read GitHub's description %s: the file has no schema basic-error: download the description of api.github.com", file)
	}
	return &Description{router, refuse}, nil
}

// Check returns how a request and its response deviate from the description, one line
// for each deviation.
func (d *Description) Check(x Exchange) []string {
	request := x.Request.Clone(context.Background())
	request.URL.Path = strings.TrimPrefix(request.URL.Path, "/api/v3") // on a GitHub Enterprise Server
	if strings.HasSuffix(request.URL.Path, "/graphql") {
		return nil // not part of the REST API
	}
	at := request.Method + " " + request.URL.Path
	route, params, err := d.router.FindRoute(request)
	if err != nil {
		if x.Status == http.StatusNotFound {
			return nil // an unknown path, and a refusal
		}
		return []string{at + ": GitHub's REST API has no such endpoint"}
	}
	in := &openapi3filter.RequestValidationInput{
		Request: request, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true, IncludeResponseStatus: true, SkipSettingDefaults: true,
		},
	}
	request.Body = io.NopCloser(bytes.NewReader(x.Sent))
	var all []string
	if x.Status < 400 { // a refused request may be invalid
		for _, v := range append(violations(openapi3filter.ValidateRequest(context.Background(), in)), unknown(route, x)...) {
			all = append(all, at+": request"+v)
		}
	}
	for _, v := range d.answer(in, x) {
		all = append(all, fmt.Sprintf("%s: answer %d%s", at, x.Status, v))
	}
	return all
}

func (d *Description) answer(in *openapi3filter.RequestValidationInput, x Exchange) []string {
	if x.Status == 0 || x.Status == http.StatusNotModified {
		return nil
	}
	if described := in.Route.Operation.Responses.Status(x.Status); described == nil && x.Status >= 400 {
		// The description does not list every refusal, for example rarely 401.
		var body any
		if err := json.Unmarshal(x.Body, &body); err != nil {
			return []string{": " + err.Error()}
		}
		return violations(d.refuse.Value.VisitJSON(body, openapi3.MultiErrors()))
	}
	return violations(openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: x.Status, Header: x.Header, Body: io.NopCloser(bytes.NewReader(x.Body)), Options: in.Options,
	}))
}
