package path

import (
	"context"
	"fmt"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/comment"
	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Comment is `goldenpath comment`.
type Comment struct {
	Reports        string `help:"Folder that contains only JSON reports from other steps, at most 8. The file names do not matter." required:"" type:"path" placeholder:"DIR"`
	PullRequest    int    `help:"Pull request to comment on. Default: that of the workflow run that triggered this one." placeholder:"NUMBER"`
	Head           string `help:"Head commit of the workflow run that triggered this one. Default: from the event." placeholder:"COMMIT"`
	HeadRepository string `help:"Repository of that commit, which may be a fork. Default: from the event." placeholder:"OWNER/NAME"`
	HeadBranch     string `help:"Branch of that commit. Default: from the event." placeholder:"BRANCH"`
	App            string `help:"App that the reports are about, if the repository has several: each has its own part of the comment." placeholder:"NAME"`
	GitHub
	command.Output
}

// Help is shown by --help.
func (Comment) Help() string {
	return "Publishes reports from other steps in goldenpath's comment on a pull request, one section for each report. A workflow run of a fork has no permission to comment. That run uploads its reports as an artifact, and a second workflow (on: workflow_run) downloads the artifact into an empty folder and calls this command. The folder is treated as hostile: files that are not reports are refused, the pull request is looked up on GitHub and not read from a report, and URLs in reports are shown as plain text."
}

// Do publishes the reports.
func (c *Comment) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	hub, err := c.client(env)
	if err != nil {
		return nil, err
	}
	if hub == nil {
		return nil, report.Usage("no GitHub token or no repository name: pass the job's token in GITHUB_TOKEN, with the permission `pull-requests: write`")
	}
	run, err := comment.SelectRun(env.Runner, c.repository(env), comment.Selection{PullRequest: c.PullRequest, Head: c.Head, Repository: c.HeadRepository, Branch: c.HeadBranch})
	if err != nil {
		return nil, err
	}
	if c.App != "" && !config.ValidApp(c.App) {
		return nil, report.Usage(fmt.Sprintf("--app %.60q is not the name of an app", c.App))
	}
	run.App = c.App
	return comment.Publish(ctx, hub, run, c.Reports, env.Now())
}
