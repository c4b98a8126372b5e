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

// Job is what the steps of a job share.
type Job struct {
	Workspace string            // of the runner: a folder of this machine
	Temp      string            // RUNNER_TEMP of the runner
	GitHub    map[string]string // context github: actor, api_url, event_name, repository, sha, token…
	Event     []byte            // the payload; empty is {}
	Env       map[string]string // context env; GITHUB_ENV of a step adds to it
	Path      []string          // GITHUB_PATH of the steps so far
	Secrets   []string          // masked in the log and the summary; ::add-mask:: adds to them
}

// Step is one step that uses an action.
type Step struct {
	Dir     string            // folder of action.yml
	With    map[string]string // inputs
	Image   string            // stands for runs.image, which is built already
	Binary  string            // instead of an image: the entrypoint, on this machine itself
	Without []string          // variables that this runner does not set: an older one, another maker's
	Line    func(string)      // is told each line that the action writes, as it comes
}

// Result is what a step leaves.
type Result struct {
	Exit        int
	Outputs     map[string]string
	Env         map[string]string
	State       map[string]string
	Path        []string
	Annotations []Annotation  // those that GitHub keeps
	Commands    []Command     // workflow commands that the log held
	Summary     string        // masked; empty when GitHub refuses it
	Log         []string      // what a person sees
	Said        string        // what the action wrote, unprocessed
	Complaints  []string      // of the runner's
	Failed      bool          // what the runner makes of it
	Ended       time.Duration // from the cancellation to the end
	Signals     []string      // sent, in order
}

// Run runs a step. Cancelling the context is cancelling the run on GitHub.
// ActionRunner.cs: the files are processed whatever becomes of the action.
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
		paths = nil // the runner translates for a container only
	}
	l := &log{job: j, result: r, paths: paths, told: s.Line}
	p := process{job: j, step: s, args: a.Runs.Args, env: j.environment(in, files, paths, s.Without), paths: paths}
	err = p.run(ctx, r, l)
	if err == nil {
		r.Failed = r.Failed || r.Exit != 0
		j.process(files, l)
	}
	return r, err
}

// prepare makes the folders that are mounted, and the files of the file commands.
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

// own gives what the runner has made to the user that it runs as, the owner of the
// workspace: the action is another one.
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

// Fold puts what a step has set into the steps that follow.
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
