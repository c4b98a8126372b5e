package path

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Setup is `goldenpath setup`, which only the action of that name starts: the
// binary goes out of its container and onto the runner, where a step finds the
// toolchains of the job. It is the binary of the same image: one pin holds both.
type Setup struct {
	command.Output
}

// Quiet: that a tool is there is no news to who reads the summary of a job.
func (Setup) Quiet() {}

// Do copies the running binary.
func (Setup) Do(_ context.Context, env *command.Env) (*report.Report, error) {
	dir := env.Runner.Temp()
	if dir == "" {
		return nil, report.Usage("setup is for a step of a workflow: RUNNER_TEMP is not set")
	}
	to := filepath.Join(dir, "goldenpath-bin", "goldenpath")
	if err := install(env.Self, to); err != nil {
		return nil, fmt.Errorf("put goldenpath on the runner: %w", err)
	}
	r := &report.Report{
		Name: "setup", Verdict: report.Pass, Reason: report.ReasonInstalled, Title: "goldenpath " + command.Version() + " is in goldenpath-bin of the runner's folder of temporary files",
		Started: env.Now().UTC(),
	}
	return r, nil
}

// install writes a program in one step: what runs from there is whole.
func install(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.CreateTemp(filepath.Dir(to), ".goldenpath-*")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Chmod(0o755), out.Close()); err != nil {
		return err
	}
	return os.Rename(out.Name(), to)
}
