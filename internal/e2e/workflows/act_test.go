//go:build e2e

package workflows

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
)

// run is the result of one run of a workflow.
type run struct {
	ok        bool
	jobs      map[string]string    // success, failure, skipped; by name, such as release/staging
	from, to  map[string]time.Time // of the jobs that ran
	summaries []summary
	log       string
}

// summary is the text that a step wrote into the summary of its job.
type summary struct{ job, step, text string }

// line is a line of act's JSON log.
type line struct {
	Job, Step, Msg, Command, Content string
	Time                             time.Time
	JobResult                        string
	StepResult                       string
}

// act runs the caller's workflow for an event and keeps the readable output in
// .cache/workflows.
func (b *bench) act(name, workflow, event string, payload any) *run {
	b.t.Helper()
	if err := os.RemoveAll(filepath.Join(b.dir, "artifacts")); err != nil {
		b.t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(b.dir, "artifacts"), 0o777); err != nil {
		b.t.Fatal(err)
	}
	return b.follow(name, workflow, event, payload)
}

// follow is act for a run that has access to the artifacts of the run before it.
func (b *bench) follow(name, workflow, event string, payload any) *run {
	b.t.Helper()
	b.emptyVolumes()
	text, err := json.Marshal(payload)
	if err != nil {
		b.t.Fatal(err)
	}
	file := filepath.Join(b.dir, "event.json")
	write(b.t, file, string(text))
	args := []string{
		event, "--json", "--rm", "--pull=false", "--concurrent-jobs", "1", "--eventpath", file, "--workflows", ".github/workflows/" + workflow,
		"--platform", "ubuntu-24.04=" + b.image, "--action-cache-path", filepath.Join(b.dir, "act"),
		"--env", "GITHUB_API_URL=" + b.hub.URL, "--env", "GITHUB_SERVER_URL=" + b.server, "--env", "GITHUB_REPOSITORY=" + repository,
	}
	for _, key := range slices.Sorted(mapKeys(b.env)) {
		args = append(args, "--var", key+"="+b.env[key])
	}
	for _, key := range slices.Sorted(mapKeys(b.local)) {
		args = append(args, "--local-repository", key+"="+b.local[key])
	}
	cmd := exec.Command(output(b.t, "", filepath.Join(top(b.t), "internal/e2e/act/act.sh"), "tool"), args...)
	cmd.Dir = b.repo
	cmd.Env = append(os.Environ(), "HOME="+b.dir)
	for key, value := range b.secrets {
		cmd.Args = append(cmd.Args, "--secret", key)
		cmd.Env = append(cmd.Env, key+"="+value)
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	r := b.read(out.Bytes())
	r.ok = err == nil
	b.keep(name, r)
	return r
}

func mapKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// emptyVolumes gives the jobs of a run new, empty folders.
func (b *bench) emptyVolumes() {
	for _, volume := range strings.Fields(output(b.t, "", "docker", "volume", "ls", "--quiet", "--filter", "name="+b.volumes())) {
		_ = exec.Command("docker", "volume", "rm", "--force", volume).Run() // a run that was killed may still use it
	}
}

// volumes returns the prefix of the names of this bench's volumes.
func (b *bench) volumes() string { return "goldenpath-" + filepath.Base(b.dir) + "-" }

func (b *bench) read(log []byte) *run {
	r := &run{jobs: map[string]string{}, from: map[string]time.Time{}, to: map[string]time.Time{}}
	var plain strings.Builder
	in := bufio.NewScanner(bytes.NewReader(log))
	in.Buffer(nil, 16<<20)
	for in.Scan() {
		var l line
		if json.Unmarshal(in.Bytes(), &l) != nil {
			fmt.Fprintln(&plain, in.Text())
			continue
		}
		if l.Command == "summary" {
			r.summaries = append(r.summaries, summary{l.Job, l.Step, l.Content})
			continue
		}
		if l.Step != "" || l.JobResult != "" {
			if r.from[l.Job].IsZero() {
				r.from[l.Job] = l.Time
			}
			r.to[l.Job] = l.Time
		}
		if l.JobResult != "" {
			r.jobs[l.Job] = l.JobResult
		}
		fmt.Fprintf(&plain, "[%s] %s\n", l.Job, strings.TrimRight(l.Msg, "\n"))
	}
	if err := in.Err(); err != nil {
		b.t.Fatal(err)
	}
	r.log = plain.String()
	return r
}

// result returns the results of the jobs with a name, of all apps.
func (r *run) result(name string) string {
	var all []string
	for job, result := range r.jobs {
		if strings.HasSuffix(strings.TrimSpace(job), "/"+name) {
			all = append(all, result)
		}
	}
	sort.Strings(all)
	return strings.Join(all, ", ")
}

// keep writes the output that people read on GitHub.
func (b *bench) keep(name string, r *run) {
	dir := filepath.Join(top(b.t), ".cache/workflows")
	write(b.t, filepath.Join(dir, name+".log"), r.log)
	seconds := map[string]float64{} // make bench computes minutes from it
	for job, result := range r.jobs {
		if result != "skipped" {
			seconds[job] = r.to[job].Sub(r.from[job]).Seconds()
		}
	}
	text, err := json.Marshal(seconds)
	if err != nil {
		b.t.Fatal(err)
	}
	write(b.t, filepath.Join(dir, name+".json"), string(text))
	var page strings.Builder
	for _, s := range r.summaries {
		fmt.Fprintf(&page, "# %s: %s\n\n%s\n\n", s.job, s.step, s.text)
	}
	for _, c := range b.hub.Comments(number) {
		fmt.Fprintf(&page, "# comment on pull request %d\n\n%s\n\n", number, c.Body)
	}
	read := page.String()
	write(b.t, filepath.Join(dir, name+".md"), read)
	page.Reset()
	page.WriteString(pageHead)
	if err := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe())).Convert([]byte(read), &page); err != nil {
		b.t.Fatal(err)
	}
	write(b.t, filepath.Join(dir, name+".html"), page.String())
}

// pageHead makes a page look like GitHub's, for review by a person.
const pageHead = `<!doctype html><meta charset="utf-8"><style>
body{font:16px/1.5 -apple-system,"Segoe UI","Noto Sans",Helvetica,Arial,sans-serif;max-width:900px;margin:2em auto;padding:0 1em;color:#1f2328}
table{border-collapse:collapse;margin:1em 0}td,th{border:1px solid #d1d9e0;padding:6px 13px}tr:nth-child(2n){background:#f6f8fa}
code{background:#818b981f;padding:.2em .4em;border-radius:6px;font-size:85%}pre{background:#f6f8fa;padding:1em;overflow:auto}
h1{font-size:1.2em;color:#59636e;border-bottom:1px solid #d1d9e0}blockquote{border-left:.25em solid #d1d9e0;color:#59636e;padding:0 1em}
</style>
`

// succeeded fails the test with the run's log unless every job succeeded.
func (b *bench) succeeded(name string, r *run) {
	b.t.Helper()
	if r.ok {
		return
	}
	var failed []string
	for job, result := range r.jobs {
		if result == "failure" {
			failed = append(failed, job)
		}
	}
	sort.Strings(failed)
	lines := strings.Split(r.log, "\n")
	b.t.Fatalf("%s: failed: %v; the whole log is .cache/workflows/%s.log\n%s", name, failed, name, strings.Join(lines[max(0, len(lines)-60):], "\n"))
}
