// Package contract checks a server against examples of requests and responses that clients rely on.
package contract

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/where2eat/internal/apptest"
	"example.com/where2eat/internal/poll"
)

// The response of an example has the exact status and the shape of the body: names and types, not values.
// {poll} in a request stands for a poll with the options Sushi and Thai.
type example struct {
	Requirement string
	Request     struct {
		Method, Path string
		Body         json.RawMessage
	}
	Response struct {
		Status   int
		Body     any
		Optional []string // fields that may also be present
	}
}

func TestContract(t *testing.T) {
	url := apptest.URL(t)
	a := apptest.Post(t, url+"/poll", poll.Poll{Title: "Contract", Options: []string{"Sushi", "Thai"}})
	var created struct{ ID string }
	if a.Decode(t, &created); a.Status != http.StatusCreated {
		t.Fatalf("create poll: %d %s", a.Status, a.Body)
	}
	files, err := filepath.Glob("examples/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("read examples: %v, %v", files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var want example
		if err := json.Unmarshal([]byte(strings.ReplaceAll(string(content), "{poll}", created.ID)), &want); err != nil {
			t.Fatalf("read %s: %v", file, err)
		}
		t.Run(want.Requirement+" "+strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			got := apptest.Do(t, want.Request.Method, url+want.Request.Path, string(want.Request.Body), "Content-Type", "application/json")
			if got.Status != want.Response.Status {
				t.Fatalf("got %d %s, want %d", got.Status, got.Body, want.Response.Status)
			}
			if ct := got.Header.Get("Content-Type"); ct != "application/json" {
				t.Errorf("content type is %q", ct)
			}
			var body any
			got.Decode(t, &body)
			for _, problem := range differ("body", body, want.Response.Body, want.Response.Optional) {
				t.Error(problem)
			}
		})
	}
}

// differ returns every place where the shapes of two JSON values differ.
func differ(path string, got, want any, optional []string) (problems []string) {
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok {
			break
		}
		for name, value := range want {
			if _, ok := got[name]; !ok {
				problems = append(problems, fmt.Sprintf("%s.%s is missing", path, name))
				continue
			}
			problems = append(problems, differ(path+"."+name, got[name], value, nil)...)
		}
		for name := range got {
			if _, ok := want[name]; !ok && !slices.Contains(optional, name) {
				problems = append(problems, fmt.Sprintf("%s.%s is not in the contract", path, name))
			}
		}
		return problems
	case []any:
		got, ok := got.([]any)
		if !ok {
			break
		}
		for i, value := range got {
			problems = append(problems, differ(fmt.Sprintf("%s[%d]", path, i), value, want[0], nil)...)
		}
		return problems
	}
	if fmt.Sprintf("%T", got) != fmt.Sprintf("%T", want) {
		problems = append(problems, fmt.Sprintf("%s is %v, the contract has %v", path, got, want))
	}
	return problems
}

func TestDiffer(t *testing.T) {
	for _, tt := range []struct {
		got, want string
		problems  []string
	}{
		{`{"a":1,"b":["x"]}`, `{"a":2,"b":["y","z"]}`, nil},
		{`{"a":1,"extra":true}`, `{"a":2}`, nil},
		{`{"a":1,"c":1}`, `{"a":2}`, []string{"body.c is not in the contract"}},
		{`{}`, `{"a":2}`, []string{"body.a is missing"}},
		{`{"a":"1"}`, `{"a":2}`, []string{"body.a is 1, the contract has 2"}},
		{`{"a":["x",1]}`, `{"a":["y"]}`, []string{"body.a[1] is 1, the contract has y"}},
		{`[]`, `{"a":2}`, []string{"body is [], the contract has map[a:2]"}},
	} {
		var got, want any
		if json.Unmarshal([]byte(tt.got), &got) != nil || json.Unmarshal([]byte(tt.want), &want) != nil {
			t.Fatalf("%v is not JSON", tt)
		}
		if problems := differ("body", got, want, []string{"extra"}); !slices.Equal(problems, tt.problems) {
			t.Errorf("%s against %s: got %q, want %q", tt.got, tt.want, problems, tt.problems)
		}
	}
}
