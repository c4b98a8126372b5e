package openapi_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest/openapi"
)

// small is a description with the features that GitHub's has: nullable, oneOf,
// references, paths that differ in a variable, errors that are not listed.
const small = `{
  "openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "servers": [{"url": "https://api.github.com"}],
  "paths": {
    "/repos/{owner}/{repo}/things/{number}": {
      "parameters": [{"name": "owner", "in": "path", "required": true, "schema": {"type": "string"}}, {"name": "repo", "in": "path", "required": true, "schema": {"type": "string"}}, {"name": "number", "in": "path", "required": true, "schema": {"type": "integer"}}],
      "get": {
        "parameters": [{"name": "state", "in": "query", "schema": {"type": "string", "enum": ["open", "closed"], "default": "open"}}],
        "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/thing"}}}}}
      },
      "post": {
        "requestBody": {"content": {"application/json": {"schema": {"type": "object", "required": ["body"], "properties": {"body": {"type": "string"}}}}}},
        "responses": {"201": {"description": "ok", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/thing"}}}}}
      }
    },
    "/repos/{owner}/{repo}/contents/{path}": {
      "parameters": [{"name": "owner", "in": "path", "required": true, "schema": {"type": "string"}}, {"name": "repo", "in": "path", "required": true, "schema": {"type": "string"}}, {"name": "path", "in": "path", "required": true, "schema": {"type": "string"}}],
      "get": {"responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"type": "object"}}}}}}
    }
  },
  "components": {"schemas": {
    "basic-error": {"type": "object", "properties": {"message": {"type": "string"}}},
    "thing": {"type": "object", "required": ["id", "of", "head"], "properties": {
      "id": {"type": "integer"}, "of": {"oneOf": [{"type": "string"}, {"type": "object", "nullable": true}]},
      "head": {"type": "object", "required": ["repo"], "properties": {"repo": {"type": "object"}}}
    }}
  }}
}`

func TestCheck(t *testing.T) {
	file := filepath.Join(t.TempDir(), "github.json")
	if err := os.WriteFile(file, []byte(small), 0o644); err != nil {
		t.Fatal(err)
	}
	d, err := openapi.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	const good = `{"id": 1, "of": null, "head": {"repo": {}}}`
	const things = "/repos/o/n/things/1"
	for name, tc := range map[string]struct {
		method, path, sent string
		status             int
		body               string
		want               []string
	}{
		"as described":            {"GET", things + "?state=open", "", 200, good, nil},
		"an enterprise server":    {"GET", "/api/v3" + things, "", 200, good, nil},
		"graphql":                 {"POST", "/graphql", "{}", 200, `{}`, nil},
		"a path with slashes":     {"GET", "/repos/o/n/contents/a/b.yml", "", 200, `{}`, nil},
		"a fork that is gone":     {"GET", things, "", 200, `{"id": 1, "of": "x", "head": {"repo": null}}`, nil},
		"a field is missing":      {"GET", things, "", 200, `{"id": 1, "of": "x"}`, []string{`GET /repos/o/n/things/1: answer 200: /head: property "head" is missing`}},
		"two are wrong":           {"GET", things, "", 200, `{"id": "1", "of": "x", "head": {"repo": 1}}`, []string{"GET /repos/o/n/things/1: answer 200: /head/repo: value must be an object", "GET /repos/o/n/things/1: answer 200: /id: value must be an integer"}},
		"no such endpoint":        {"GET", "/repos/o/n/thing", "", 200, good, []string{"GET /repos/o/n/thing: GitHub's REST API has no such endpoint"}},
		"no such method":          {"PUT", things, "", 200, good, []string{"PUT /repos/o/n/things/1: GitHub's REST API has no such endpoint"}},
		"unknown, and rejected":   {"GET", "/repos/o/n/thing", "", 404, `{"message": "Not Found"}`, nil},
		"a success of its own":    {"GET", things, "", 202, good, []string{"GET /repos/o/n/things/1: answer 202: status is not supported"}},
		"a refusal":               {"GET", things, "", 401, `{"message": "Bad credentials"}`, nil},
		"a refusal of its own":    {"GET", things, "", 401, `{"message": 1}`, []string{"GET /repos/o/n/things/1: answer 401: /message: value must be a string"}},
		"a refusal that is HTML":  {"GET", things, "", 502, `<html>`, []string{"GET /repos/o/n/things/1: answer 502: invalid character '<' looking for beginning of value"}},
		"a parameter misspelt":    {"GET", things + "?sate=open", "", 200, good, []string{`GET /repos/o/n/things/1: request: there is no parameter "sate"`}},
		"a field misspelt":        {"POST", things, `{"body": "x", "bodi": 1}`, 201, good, []string{"POST /repos/o/n/things/1: request: there is no field /bodi"}},
		"a request that is wrong": {"POST", things, `{"body": 1}`, 0, "", []string{"POST /repos/o/n/things/1: request: /body: value must be a string"}},
		"one that was refused":    {"POST", things, `{}`, 422, `{"message": "Validation Failed"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(tc.method, tc.path, nil)
			r.Header.Set("Content-Type", "application/json")
			got := d.Check(openapi.Exchange{Request: r, Sent: []byte(tc.sent), Status: tc.status, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(tc.body)})
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"none": "", "cut": small[:500], "another API's": strings.ReplaceAll(small, "basic-error", "error")} {
		file := filepath.Join(dir, name)
		if text != "" {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := openapi.Read(file); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
