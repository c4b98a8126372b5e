package path

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/host"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// HostLogs is `goldenpath host logs`.
type HostLogs struct {
	environmentOfApp `embed:""`
	Lines            int `help:"Number of lines." default:"200"`
	command.Output
}

// Do prints the log of the generation that serves.
func (c *HostLogs) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	var lines []string
	err := onHost(env, func(h *host.Host) (err error) {
		lines, err = h.Logs(ctx, c.App, c.Environment, max(1, c.Lines))
		return err
	})
	if errors.Is(err, target.ErrNotDeployed) {
		return nil, report.Usage(fmt.Sprintf("%.60s of %.60s does not exist on this server: goldenpath host status lists what does", c.Environment, c.App))
	}
	if err != nil {
		return nil, err
	}
	r := done(env, "host logs", english.Plural(len(lines), "line", "")+" of "+c.App+" "+c.Environment)
	r.Sections = []report.Section{{Title: "log", Open: true, Text: strings.Join(lines, "\n") + "\n"}}
	return r, nil
}
