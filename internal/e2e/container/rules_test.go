//go:build e2e

package container

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The cases come from the runner's own tests of FileCommandManager and others.
func TestPairs(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want map[string]string
		err  string
	}{
		"empty":                      {"", map[string]string{}, ""},
		"simple":                     {"MY_KEY=MY VALUE\n", map[string]string{"MY_KEY": "MY VALUE"}, ""},
		"equals in the value":        {"a=b=c<<d\n", map[string]string{"a": "b=c<<d"}, ""},
		"empty lines":                {"\n\na=\n\n", map[string]string{"a": ""}, ""},
		"without an end":             {"a=b", map[string]string{"a": "b"}, ""},
		"heredoc":                    {"a<<EOF\none\n\ntwo\nEOF\n", map[string]string{"a": "one\n\ntwo"}, ""},
		"heredoc of nothing":         {"a<<EOF\nEOF\n", map[string]string{"a": ""}, ""},
		"heredoc that ends in blank": {"a<<EOF\none\n\nEOF", map[string]string{"a": "one\n"}, ""},
		"equals in the delimiter":    {"a<<=EOF\none\n=EOF\n", map[string]string{"a": "one"}, ""},
		"no delimiter":               {"a<<\n", map[string]string{}, "must not be empty"},
		"no name":                    {"<<EOF\nEOF\n", map[string]string{}, "must not be empty"},
		"delimiter not found":        {"b=c\na<<EOF\none\n", map[string]string{"b": "c"}, "Matching delimiter not found"},
		"truncated delimiter":        {"a<<EOF\none\nEO", map[string]string{}, "EOF marker missing new line"},
		"not a pair":                 {"a\n", map[string]string{}, "Invalid format 'a'"},
	} {
		t.Run(name, func(t *testing.T) {
			got := map[string]string{}
			err := pairs(tt.text, func(key, value string) error { got[key] = value; return nil })
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLog(t *testing.T) {
	for name, tt := range map[string]struct {
		output      string
		annotations []Annotation
		log         []string
		outputs     map[string]string
		failed      bool
	}{
		"an error with a file and a line": {
			output:      "  ::error file=/github/workspace/a.go,line=3,title=a%2Cb::one%0Atwo%25\n",
			annotations: []Annotation{{"error", "one\ntwo%", map[string]string{"file": "a.go", "line": "3", "title": "a,b"}}}, log: []string{"##[error]one\ntwo%"},
		},
		"the old format, in the middle of a line": {
			output:      "x ##[warning file=b;line=1]y%5D\n",
			annotations: []Annotation{{"warning", "y]", map[string]string{"file": "b", "line": "1"}}}, log: []string{"##[warning]y]"},
		},
		"not at the start of a line":    {output: "x ::error::y\n::unknown::z\n::error:\n", log: []string{"x ::error::y", "::unknown::z", "::error:"}},
		"an output":                     {output: "::set-output name=a::b\n", outputs: map[string]string{"a": "b"}},
		"disabled":                      {output: "::set-env name=PATH::/x\n", failed: true},
		"a mask":                        {output: "::add-mask::hunter2\nhunter2 and job\n", log: []string{"*** and ***"}},
		"stopped":                       {output: "::stop-commands::resume-1\n::error::x\n::resume-1::\n::notice::y\n", annotations: []Annotation{{"notice", "y", map[string]string{}}}, log: []string{"::stop-commands::***", "::error::x", "::***::", "##[notice]y"}},
		"a carriage return ends a line": {output: "a\r::error::b\r\nc", annotations: []Annotation{{"error", "b", map[string]string{}}}, log: []string{"a", "##[error]b", "c"}},
		"the runner's markers":          {output: "##[start-action x]\n", log: []string{`##[\start-action x]`}},
	} {
		t.Run(name, func(t *testing.T) {
			j := &Job{Workspace: "/home/runner/work/a/a", Temp: "/home/runner/work/_temp", Secrets: []string{"job"}}
			r := &Result{Outputs: map[string]string{}, State: map[string]string{}}
			w := &lines{log: &log{job: j, result: r, paths: j.mounts()}}
			fmt.Fprint(w, tt.output)
			w.end()
			if tt.outputs == nil {
				tt.outputs = map[string]string{}
			}
			if diff := cmp.Diff([]any{tt.annotations, tt.log, tt.outputs, tt.failed}, []any{r.Annotations, r.Log, r.Outputs, r.Failed}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLogKeeps(t *testing.T) {
	r := &Result{}
	l := &log{job: &Job{}, result: r}
	for range 12 {
		l.line("::warning::" + strings.Repeat("é", 5000))
	}
	if len(r.Annotations) != 10 || r.Annotations[0].Message != strings.Repeat("é", 4096) {
		t.Errorf("%d annotations, the first of %d bytes", len(r.Annotations), len(r.Annotations[0].Message))
	}
}

func TestEnvironment(t *testing.T) {
	j := &Job{
		Workspace: "/home/runner/work/a/a", Temp: "/home/runner/work/_temp", Env: map[string]string{"CI": "woodpecker", "NOTE": "see /home/runner/work/_temp/x"},
		GitHub: map[string]string{"token": "job", "event": "{}", "repository": "a/a"},
	}
	in := map[string]string{"fail-on": "high", "two words": "x", "gate-report": "/home/runner/work/_temp/goldenpath/gate.json", "list": "/home/runner/work/_temporary"}
	env := j.environment(in, map[string]string{"output": "/home/runner/work/_temp/_runner_file_commands/set_output_1"}, j.mounts(), nil)
	for name, want := range map[string]string{
		"INPUT_FAIL-ON": "high", "INPUT_TWO_WORDS": "x", "INPUT_GATE-REPORT": "/github/runner_temp/goldenpath/gate.json", "INPUT_LIST": "/home/runner/work/_temporary",
		"GITHUB_OUTPUT": "/github/file_commands/set_output_1", "GITHUB_WORKSPACE": "/github/workspace", "GITHUB_EVENT_PATH": "/github/workflow/event.json",
		"HOME": "/github/home", "RUNNER_TEMP": "/github/runner_temp", "RUNNER_WORKSPACE": "/home/runner/work/a", "GITHUB_TOKEN": "", "GITHUB_EVENT": "",
		"GITHUB_ACTIONS": "true", "CI": "woodpecker", "NOTE": "see /home/runner/work/_temp/x",
	} {
		if env[name] != want {
			t.Errorf("%s is %q, want %q", name, env[name], want)
		}
	}
	if got := toHost(j.mounts(), "/github/workspace/b"); got != j.Workspace+"/b" {
		t.Errorf("back: %s", got)
	}
}

// TestSummary: GitHub rejects a summary that is too long, and masks secrets.
func TestSummary(t *testing.T) {
	for size, want := range map[int]bool{1 << 20: true, 1<<20 + 1: false} {
		file := filepath.Join(t.TempDir(), "summary")
		if err := os.WriteFile(file, []byte("job"+strings.Repeat("x", size-3)), 0o600); err != nil {
			t.Fatal(err)
		}
		r := &Result{}
		(&Job{Secrets: []string{"job"}}).process(map[string]string{"step_summary": file}, &log{result: r})
		if kept := strings.HasPrefix(r.Summary, "***x"); kept != want || (len(r.Complaints) == 0) != want {
			t.Errorf("%d bytes: kept %v, complaints %v", size, kept, r.Complaints)
		}
	}
}
