//go:build e2e

package container

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"time"
)

// Job is the state that the steps of a job share.
type Job struct {
	Workspace string            // of the runner: a folder on this machine
	Temp      string            // RUNNER_TEMP of the runner
	GitHub    map[string]string // github context: actor, api_url, event_name, repository, sha, token…
	Event     []byte            // the payload; empty means {}
	Env       map[string]string // env context; GITHUB_ENV of a step adds to it
	Path      []string          // GITHUB_PATH of the steps so far
	Secrets   []string          // masked in the log and the summary; ::add-mask:: adds to them
}

// Step is one step that uses an action.
type Step struct {
	Dir     string            // folder of action.yml
	With    map[string]string // inputs
	Image   string            // replaces runs.image, already built
	Binary  string            // runs this program directly on this machine instead of an image
	Without []string          // variables that an older runner, or one from another vendor, does not set
	Line    func(string)      // called with each line of output as it arrives
}

// Result is the outcome of a step.
type Result struct {
	Exit        int
	Outputs     map[string]string
	Env         map[string]string
	State       map[string]string
	Path        []string
	Annotations []Annotation  // those that GitHub keeps
	Commands    []Command     // workflow commands in the log
	Summary     string        // masked; empty if GitHub rejects it
	Log         []string      // what a person sees
	Said        string        // the raw output of the action
	Complaints  []string      // errors and warnings from the runner
	Failed      bool          // whether the runner fails the step
	Ended       time.Duration // from the cancellation to the end
	Signals     []string      // sent, in order
}

// Run runs a step. Cancelling the context cancels the run as on GitHub.
// ActionRunner.cs: the files are processed whether or not the action succeeds.
func (j *Job) Run(ctx context.Context, s Step) (*Result, error) {
	a, err := readAction(s.Dir)
	if err != nil {
		return nil, err
	}
	in := inputs(a, s.With, j.GitHub)
	files, err := j.prepare()
	if err != nil {
		return nil, err
	}
	r := &Result{Outputs: map[string]string{}, Env: map[string]string{}, State: map[string]string{}}
	r.unexpected(a, s.With)
	paths := j.mounts()
	if s.Image == "" {
		paths = nil // the runner translates paths for containers only
	}
	l := &log{job: j, result: r, paths: paths, print: s.Line}
	p := process{job: j, step: s, args: a.Runs.Args, env: j.environment(in, files, paths, s.Without), paths: paths}
	err = p.run(ctx, r, l)
	if err == nil {
		r.Failed = r.Failed || r.Exit != 0
		j.process(files, l)
	}
	return r, err
}

// prepare creates the folders that are mounted, and the files of the file commands.
// FileCommandManager.cs, InitializeFiles.
func (j *Job) prepare() (map[string]string, error) {
	for _, name := range []string{"_github_home", "_github_workflow", "_runner_file_commands"} {
		if err := os.MkdirAll(filepath.Join(j.Temp, name), 0o755); err != nil {
			return nil, err
		}
	}
	event := j.Event
	if len(event) == 0 {
		event = []byte("{}")
	}
	if err := os.WriteFile(j.eventPath(), event, 0o644); err != nil {
		return nil, err
	}
	files := map[string]string{}
	for context, prefix := range map[string]string{
		"path": "add_path_", "env": "set_env_", "step_summary": "step_summary_", "state": "save_state_", "output": "set_output_",
	} {
		f, err := os.CreateTemp(filepath.Join(j.Temp, "_runner_file_commands"), prefix)
		if err != nil {
			return nil, err
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
		files[context] = f.Name()
	}
	return files, j.own()
}

// own gives the files that the runner creates to the owner of the workspace, because a
// runner runs as that user. The action runs as another one.
func (j *Job) own() error {
	uid, gid, err := owner(j.Workspace)
	if err != nil || os.Getuid() != 0 {
		return err
	}
	return filepath.WalkDir(j.Temp, func(name string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(name, uid, gid)
	})
}

func (j *Job) eventPath() string { return filepath.Join(j.Temp, "_github_workflow", "event.json") }

// Fold applies the variables and the path of a step to the steps that follow.
func (j *Job) Fold(r *Result) {
	if j.Env == nil {
		j.Env = map[string]string{}
	}
	maps.Copy(j.Env, r.Env)
	j.Path = append(j.Path, r.Path...)
}

func (r *Result) complain(format string, args ...any) {
	r.Complaints = append(r.Complaints, fmt.Sprintf(format, args...))
}
