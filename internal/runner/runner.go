// Package runner speaks the protocol of the GitHub Actions runner: inputs and events in;
// summary, annotations and outputs out. The only runner variable that other packages read
// is GITHUB_TOKEN.
package runner

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/sethvargo/go-githubactions"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// delimiter ends a multi-line output of go-githubactions. It is fixed, so a value that
// contains it could set other outputs.
const delimiter = "_GitHubActionsFileCommandDelimeter_"

// Runner is the Actions runner that a command may run in.
type Runner struct {
	getenv func(string) string
	action *githubactions.Action
	stdout io.Writer
}

// New returns a Runner with these environment variables that writes to the step's log.
func New(getenv func(string) string, stdout io.Writer) *Runner {
	return &Runner{
		getenv: getenv,
		stdout: stdout,
		action: githubactions.New(githubactions.WithGetenv(getenv), githubactions.WithWriter(stdout)),
	}
}

// Present reports whether the command runs in a step.
func (r *Runner) Present() bool { return r.getenv("GITHUB_ACTIONS") == "true" }

// Input returns an action input. ok is false if it is absent or empty.
func (r *Runner) Input(name string) (value string, ok bool) {
	v := r.action.GetInput(name)
	return v, v != ""
}

// RunURL returns the address of the workflow run, or "" outside a workflow run.
func (r *Runner) RunURL() string {
	server, repository, id := r.getenv("GITHUB_SERVER_URL"), r.getenv("GITHUB_REPOSITORY"), r.getenv("GITHUB_RUN_ID")
	if server == "" || repository == "" || id == "" {
		return ""
	}
	return server + "/" + repository + "/actions/runs/" + id
}

// RunURLOf returns the address of another run of the repository, or "" outside a workflow
// run.
func (r *Runner) RunURLOf(id int64) string {
	server, repository := r.Server(), r.Repository()
	if server == "" || repository == "" || id <= 0 {
		return ""
	}
	return server + "/" + repository + "/actions/runs/" + strconv.FormatInt(id, 10)
}

// RepositoryURL returns the address of the run's repository, or "" outside a workflow run.
func (r *Runner) RepositoryURL() string {
	if server, repository := r.Server(), r.Repository(); server != "" && repository != "" {
		return server + "/" + repository
	}
	return ""
}

// Builder returns the builder id for provenance: the workflow of the run with its ref.
// Builder returns "" outside a workflow run.
func (r *Runner) Builder() string {
	if ref := r.getenv("GITHUB_WORKFLOW_REF"); ref != "" && r.Present() {
		return r.Server() + "/" + ref
	}
	return ""
}

// EventName returns the name of the event that started the run, or "" outside a workflow run.
func (r *Runner) EventName() string { return r.getenv("GITHUB_EVENT_NAME") }

// Repository returns owner/name of the run's repository, or "" outside a workflow run.
func (r *Runner) Repository() string { return r.getenv("GITHUB_REPOSITORY") }

// Server returns the address of GitHub, or "" outside a workflow run.
func (r *Runner) Server() string { return r.getenv("GITHUB_SERVER_URL") }

// API returns the address of GitHub's REST API, or "" for github.com.
func (r *Runner) API() string { return r.getenv("GITHUB_API_URL") }

// Folder returns the folder of the app for which the run was started, relative to the top of
// the checkout, or "" if the workflow names none. Reusable workflows set it from their input
// "folder", once for all steps.
func (r *Runner) Folder() string {
	if !r.Present() {
		return ""
	}
	return r.getenv("GOLDENPATH_FOLDER")
}

// Identity returns the address of the workflow run. Outside a workflow run it returns the
// name of the user and of this machine.
func (r *Runner) Identity() string {
	if url := r.RunURL(); url != "" {
		return url
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	user := r.getenv("USER")
	if user == "" {
		user = fmt.Sprintf("uid-%d", os.Getuid())
	}
	return user + "@" + host
}

// Temp returns the runner's folder for temporary files of the job, or "" outside a workflow run.
func (r *Runner) Temp() string {
	if !r.Present() {
		return ""
	}
	return r.getenv("RUNNER_TEMP")
}

// Kept returns the folder with the files that a job passes to other jobs, or "" outside a
// workflow run.
func (r *Runner) Kept() string {
	if dir := r.Temp(); dir != "" {
		return filepath.Join(dir, "goldenpath")
	}
	return ""
}

// ReportPath returns the default path of a JSON report, or "" outside a workflow run.
func (r *Runner) ReportPath(name string) string {
	if dir := r.Kept(); dir != "" {
		return filepath.Join(dir, name+".json")
	}
	return ""
}

// shortestMask is the length of the shortest text that is masked. A shorter one occurs in
// other words, and the runner drops the outputs of a job that contain a masked text.
const shortestMask = 8

// Mask hides a secret in the log of the job. GitHub knows only the whole secret that was
// passed to the workflow, and not the values on its lines.
func (r *Runner) Mask(secret string) {
	for line := range strings.Lines(secret) {
		if line = strings.TrimSpace(line); len(line) >= shortestMask {
			r.action.AddMask(line)
		}
	}
}

// Publish writes a report as annotations, job summary and outputs.
func (r *Runner) Publish(rep *report.Report) error {
	return errors.Join(rep.WriteAnnotations(r.stdout), r.summary(rep), r.Outputs(rep))
}

// Outputs writes only the outputs of a report.
func (r *Runner) Outputs(rep *report.Report) error {
	var errs []error
	for _, o := range rep.AllOutputs() {
		errs = append(errs, r.setOutput(o.Name, o.Value))
	}
	return errors.Join(errs...)
}

func (r *Runner) summary(rep *report.Report) error {
	path := r.getenv("GITHUB_STEP_SUMMARY")
	if path == "" {
		return nil
	}
	var b bytes.Buffer
	if err := rep.WriteStep(&b, report.SummaryBudget); err != nil {
		return err
	}
	return appendFile(path, b.Bytes())
}

func (r *Runner) setOutput(name, value string) (err error) {
	if r.getenv("GITHUB_OUTPUT") == "" {
		return nil
	}
	if strings.Contains(value, delimiter) || strings.ContainsAny(name, "\r\n=<") {
		return fmt.Errorf("output %s was not set: its value could set other outputs", report.LogLine(name))
	}
	defer func() {
		if p := recover(); p != nil { // go-githubactions panics when the file cannot be written
			err = fmt.Errorf("cannot set the output %s: %v", name, p)
		}
	}()
	r.action.SetOutput(name, strings.ReplaceAll(value, "\r", ""))
	return nil
}

// Fail writes an error as annotations, one for each cause.
func (r *Runner) Fail(command string, err error) error {
	var errs []error
	for _, cause := range report.Causes(err) {
		errs = append(errs, report.WriteErrorAnnotation(r.stdout, command, cause.Error()))
	}
	return errors.Join(errs...)
}

func appendFile(path string, b []byte) (err error) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.Write(b)
	return err
}
