package battery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/junit"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// run runs one command. All of its output goes to a file in Options.Out.
func (o Options) run(ctx context.Context, s config.Step) step {
	o.say("%s: %s", s.Name, s.Run)
	st := step{check: report.Check{Name: s.Name, State: report.OK}}
	var before *junit.Snapshot
	if s.JUnit != "" {
		if before, st.err = junit.Take(o.Dir, s.JUnit); st.err != nil {
			return st
		}
	}
	o.execute(ctx, s, &st)
	if st.err != nil || before == nil {
		st.check.Result = cmp.Or(st.check.Result, "ok")
		return st
	}
	o.collect(s, before, &st)
	return st
}

// execute runs the command and sets the state of the check. A command that exits with a
// status other than 0, or that exceeds its time limit, is a failed check; a command
// that does not start is an error.
func (o Options) execute(ctx context.Context, s config.Step, st *step) {
	log, err := os.Create(filepath.Join(o.Out, s.Name+".log"))
	if err != nil {
		st.err = err
		return
	}
	defer log.Close()
	env := make([]string, 0, len(o.Env))
	for k, v := range o.Env {
		env = append(env, k+"="+v)
	}
	res, err := tool.Command{
		Argv: tool.Shell(s.Run), Dir: o.Dir, Env: env, Timeout: s.Timeout.D(), Guard: o.Guard, Transcript: log, Secrets: o.Secrets,
	}.Run(ctx)
	st.check.Seconds = res.Elapsed.Seconds()
	if ctx.Err() != nil {
		st.err = context.Cause(ctx)
		return
	}
	if err == nil {
		return
	}
	st.check.State, st.check.Result, st.log = report.Failed, err.Error(), res.Tail
	st.file, st.check.Note = log.Name(), strings.TrimPrefix(tool.UnsetVariable(res.Tail)+"; the whole output: "+log.Name(), "; ")
	var exit *tool.ExitError
	switch {
	case errors.As(err, &exit):
		st.check.Result = fmt.Sprintf("exit status %d", exit.Code)
	case !errors.Is(err, tool.ErrTimeout):
		st.err = err
	}
}

// collect keeps the JUnit files that the command wrote. A command that declares JUnit
// files and writes none does not pass, because its tests may not have run.
func (o Options) collect(s config.Step, before *junit.Snapshot, st *step) {
	if st.junit, st.err = before.Collect(filepath.Join(o.Out, s.Name)); st.err != nil {
		return
	}
	if st.err = o.maskAll(st.junit); st.err != nil {
		return
	}
	if len(st.junit) > 0 {
		st.check.Result = cmp.Or(st.check.Result, english.Plural(len(st.junit), "JUnit file", ""))
		return
	}
	if st.check.State == report.OK {
		st.check.State = report.Missing
	}
	st.check.Result = cmp.Or(st.check.Result, "no JUnit file")
	st.check.Note = "the command wrote no file that matches " + s.JUnit
}

// maskAll replaces the secrets in the copies of JUnit files, which may become evidence.
func (o Options) maskAll(files []string) error {
	if len(o.Secrets) == 0 {
		return nil
	}
	mask := text.NewMask(o.Secrets...)
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err == nil {
			err = os.WriteFile(f, []byte(mask.Hide(string(b))), 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
