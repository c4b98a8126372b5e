package stage

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// dockerWait bounds the question whether Docker runs. Docker answers within 50 ms.
const dockerWait = 5 * time.Second

// withoutDocker is the way to an image that does not need Docker.
const withoutDocker = "start Docker, or build without it: replace artifact.dockerfile by build, pack and entrypoint; goldenpath init writes these lines in a clone without .goldenpath.yml and Dockerfile"

// dockerCheck asks whether Docker can build the image, before minutes are spent on tests.
// ok is false if the configuration does not need Docker.
func (j *Job) dockerCheck(ctx context.Context) (c report.Check, ok bool) {
	file := j.Config.Artifact.Dockerfile
	if file == "" {
		return c, false
	}
	c = report.Check{Name: "docker", State: report.Failed}
	if info, err := os.Stat(filepath.Join(j.Dir, filepath.FromSlash(file))); err != nil || !info.Mode().IsRegular() {
		c.Result, c.Note = "artifact.dockerfile: the commit has no file "+file, "commit it, or correct artifact.dockerfile"
		return c, true
	}
	res, err := tool.Command{Argv: []string{"docker", "version", "--format", "{{.Server.Version}}"}, Timeout: dockerWait}.Run(ctx)
	switch {
	case errors.Is(err, tool.ErrNotFound):
		c.Result, c.Note = "artifact.dockerfile needs Docker, and docker is not installed", withoutDocker
	case errors.Is(err, tool.ErrTimeout):
		c.Result, c.Note = "artifact.dockerfile needs Docker, and it did not answer within "+dockerWait.String(), withoutDocker
	case err != nil:
		c.Result, c.Note = "artifact.dockerfile needs Docker, and it does not run", withoutDocker
	default:
		c.State, c.Result = report.OK, "runs, version "+strings.TrimSpace(string(res.Stdout))
	}
	return c, true
}
