package path

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/files"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Setup is `goldenpath setup`, for the action of that name. It copies the binary from
// its container to the runner, where later steps can run it with the job's toolchains.
// The commit that pins the action also pins this binary, because both come from the same
// image.
type Setup struct {
	command.Output
}

// Quiet keeps the report out of the job summary.
func (Setup) Quiet() {}

// Do copies the running binary.
func (Setup) Do(_ context.Context, env *command.Env) (*report.Report, error) {
	dir := env.Runner.Temp()
	if dir == "" {
		return nil, report.Usage("RUNNER_TEMP is not set: goldenpath setup runs only as a step of a workflow")
	}
	to := filepath.Join(dir, "goldenpath-bin", "goldenpath")
	if err := install(env.Self, to); err != nil {
		return nil, fmt.Errorf("cannot copy goldenpath to the runner: %w", err)
	}
	r := &report.Report{
		Name: "setup", Verdict: report.Pass, Reason: report.ReasonInstalled, Title: "goldenpath " + command.Version() + " is installed in goldenpath-bin of the runner's temporary folder",
		Started: env.Now().UTC(),
	}
	return r, nil
}

// install copies a program. The copy is complete or absent.
func install(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return files.WriteWith(to, 0o755, func(w io.Writer) error {
		_, err := io.Copy(w, in)
		return err
	})
}
