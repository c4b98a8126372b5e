package path

import (
	"context"
	"fmt"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Comment is `goldenpath comment`.
type Comment struct {
	Reports        string `help:"Folder with the JSON reports to tell of: files of any name, nothing else, at most 8." required:"" type:"path" placeholder:"DIR"`
	PullRequest    int    `help:"Pull request to tell, in a run of its own. Default: the one whose run this run follows." placeholder:"NUMBER"`
	Head           string `help:"Commit of the run that this one follows. Default: what the event says." placeholder:"COMMIT"`
	HeadRepository string `help:"Repository of that commit, a fork perhaps. Default: what the event says." placeholder:"OWNER/NAME"`
	HeadBranch     string `help:"Branch of that commit. Default: what the event says." placeholder:"BRANCH"`
	GitHub
	command.Output
}

// Help is shown by --help.
func (Comment) Help() string {
	return "Puts reports of other steps into the sticky comment of a pull request, one section each. A fork's run may not comment: it keeps its reports in an artifact, and a run that follows it (on: workflow_run) downloads that into an empty folder and calls this. The folder is taken for hostile: whatever is no report in it is refused, the pull request is found through GitHub and not through what the reports say, and their addresses are no links."
}

// Do tells.
func (c *Comment) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	hub, err := c.client(env)
	if err != nil {
		return nil, err
	}
	if hub == nil {
		return nil, report.Usage("no token, or no repository: pass the job's token in GITHUB_TOKEN; it needs `pull-requests: write`")
	}
	rep := &report.Report{Name: "comment", Started: env.Now().UTC()}
	run, err := c.run(env)
	if err != nil {
		return nil, err
	}
	rep.Commit = run.head
	if run.none != "" {
		return finish(rep, answer{Verdict: report.Skip, Reason: report.ReasonNothingToReport, Title: run.none}), nil
	}
	all, refused, err := readReports(c.Reports)
	if err != nil {
		return nil, err
	}
	rep.Checks = refused
	if len(all) == 0 && len(refused) == 0 {
		return finish(rep, answer{Verdict: report.Skip, Reason: report.ReasonNothingToReport, Title: "the run has left no report"}), nil
	}
	pulls, err := c.find(ctx, hub, run, rep)
	if err != nil {
		return nil, err
	}
	untold := 0
	for _, p := range pulls {
		n, err := tell(ctx, hub, p, run, all, rep)
		if err != nil {
			return nil, err
		}
		untold += n
	}
	switch {
	case len(refused) > 0: // also where there is nobody to tell: somebody should look
		return finish(rep, answer{Verdict: report.Fail, Reason: report.ReasonReportsRefused, Title: english.Plural(len(refused), "file", "") + " of the run is no report that can be told"}), nil
	case len(pulls) == 0:
		return rep, nil
	case untold > 0:
		return finish(rep, answer{Verdict: report.Warn, Reason: report.ReasonCommentIncomplete, Title: "not every report was told: the summary of the run that made it has it"}), nil
	}
	return finish(rep, answer{Verdict: report.Pass, Reason: report.ReasonCommented, Title: english.Plural(len(all), "report", "") + " told on " + named(pulls)}), nil
}

// answer is what the command has come to.
type answer struct {
	Verdict report.Verdict
	Reason  report.Reason
	Title   string
}

func finish(rep *report.Report, a answer) *report.Report {
	rep.Verdict, rep.Reason, rep.Title = a.Verdict, a.Reason, a.Title
	return rep
}

func named(pulls []github.PullRequest) string {
	var all []string
	for _, p := range pulls {
		all = append(all, fmt.Sprintf("pull request %d", p.Number))
	}
	return english.OxfordWordSeries(all, "and")
}
