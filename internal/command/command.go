// Package command runs the command lines of both binaries: a command is a kong struct
// that declares its inputs once, and a Do method that returns a report or an error.
// Flags, INPUT_* variables, help, output and exit codes follow from that.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/runner"
)

// Env is everything that a command may use of its process.
type Env struct {
	Args           []string
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Now            func() time.Time
	Self           string        // path of this executable
	Out, Err       report.Screen // what Stdout and Stderr are shown on
	Runner         *runner.Runner
}

// System returns the Env of a real process.
func System() *Env {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	return &Env{
		Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Now: time.Now, Self: self,
		Out: screen(os.Stdout, os.Getenv), Err: screen(os.Stderr, os.Getenv),
		Runner: runner.New(os.Getenv, os.Stdout),
	}
}

// Command is one leaf of a command line.
type Command interface {
	Do(ctx context.Context, env *Env) (*report.Report, error)
}

// Output are the flags for a report's output.
type Output struct {
	Report  string `help:"Write the JSON report to this file." placeholder:"FILE" group:"output" type:"path"`
	Summary string `help:"Write the Markdown summary to this file." placeholder:"FILE" group:"output" type:"path"`
	JSON    bool   `help:"Print the JSON report instead of text." group:"output"`
}

func (o Output) output() Output { return o }

// App is a command line.
type App struct {
	Name, Help string
	CLI        any // pointer to a kong struct
}

// exit is the panic value with which kong's --help and --version leave the parser.
type exit int

// New returns the parser of an app. The contract tests read the inputs from it.
func New(env *Env, app App) (*kong.Kong, error) {
	return kong.New(app.CLI,
		kong.Name(app.Name), kong.Description(app.Help), kong.Writers(env.Stdout, env.Stderr),
		kong.Vars{"version": app.Name + " " + Built().String()},
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: false, WrapUpperBound: 100}),
		kong.Groups{"output": "Output:", "where": "Where things are:"},
		kong.Resolvers(inputs(env)),
	)
}

// inputs resolves flags from action inputs. An empty input is treated as absent, so that
// the configuration or the default applies.
func inputs(env *Env) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if !env.Runner.Present() {
			return nil, nil
		}
		if v, ok := env.Runner.Input(flag.Name); ok {
			return v, nil
		}
		return nil, nil
	})
}

// Main runs one command line and returns its exit code. A panic is exit 3.
func Main(ctx context.Context, env *Env, app App) (code int) {
	defer func() {
		if err := env.Runner.GiveBack(); err != nil { // the result is still valid
			fmt.Fprintf(env.Stderr, "%s: %s\n", app.Name, report.ErrorText(err))
		}
	}()
	defer func() {
		switch p := recover().(type) {
		case nil:
		case exit:
			code = int(p)
		case crash:
			fmt.Fprintf(env.Stderr, "%s: crashed: %v\n%s", app.Name, p.value, p.stack)
			code = report.ExitFailure
		default:
			fmt.Fprintf(env.Stderr, "%s: crashed: %v\n%s", app.Name, p, debug.Stack())
			code = report.ExitFailure
		}
	}()
	parser, err := New(env, app)
	if err != nil {
		fmt.Fprintln(env.Stderr, err)
		return report.ExitFailure
	}
	kongcompletion.Register(parser)
	selected, err := parser.Parse(words(env.Args))
	if err != nil {
		var parse *kong.ParseError
		if errors.As(err, &parse) && len(env.Args) == 0 {
			_ = parse.Context.PrintUsage(false)
			return report.ExitUsage
		}
		return fail(env, app.Name, report.Usage(mistake(app, err)))
	}
	name := app.Name + " " + selected.Command()
	node := selected.Selected()
	if node == nil {
		node = selected.Model.Node
	}
	command, ok := node.Target.Addr().Interface().(Command)
	if !ok { // a command of a library, such as completion
		if err := selected.Run(); err != nil {
			return fail(env, name, err)
		}
		return report.ExitOK
	}
	rep, err := do(ctx, env, command)
	if rep != nil {
		if publishErr := publish(env, rep, command); publishErr != nil {
			err = errors.Join(err, publishErr)
		}
	}
	if err != nil {
		return fail(env, name, err)
	}
	return report.ExitCode(rep, nil)
}

// unquoted returns the parser's message without the quoted value. A PEM block starts with
// a dash, so the parser takes a private key for a flag and would print the key.
func unquoted(err error) string {
	flag, _, found := strings.Cut(err.Error(), ": expected string value but got ")
	if !found {
		return err.Error()
	}
	return flag + ": a value that begins with a dash is given as " + flag + "=VALUE, or as a file"
}

// publish writes a report to every output.
func publish(env *Env, rep *report.Report, c Command) error {
	rep.Sort()
	if _, quiet := c.(interface{ Quiet() }); quiet && env.Runner.Present() {
		if err := rep.WriteLog(env.Stdout); err != nil {
			return err
		}
		return env.Runner.Outputs(rep)
	}
	var o Output
	if has, ok := c.(interface{ output() Output }); ok {
		o = has.output()
	}
	if o.Report == "" {
		o.Report = env.Runner.ReportPath(rep.Name)
	}
	if o.Report != "" {
		rep.Set("report", o.Report)
		if err := toFile(o.Report, rep.WriteJSON); err != nil {
			return fmt.Errorf("cannot write the report: %w", err)
		}
	}
	if o.Summary != "" {
		err := toFile(o.Summary, func(w io.Writer) error { return rep.WriteSummary(w, report.SummaryBudget) })
		if err != nil {
			return fmt.Errorf("cannot write the summary: %w", err)
		}
	}
	if o.JSON {
		return rep.WriteJSON(env.Stdout)
	}
	shown := *rep
	if rep.Name == "run" && rep.Reason != report.ReasonPlanned {
		shown.Checks = nil // the progress on stderr was this table
	}
	if err := shown.WriteTerminal(env.Stdout, env.Out); err != nil {
		return err
	}
	if env.Runner.Present() {
		return env.Runner.Publish(rep)
	}
	return nil
}

func toFile(path string, write func(io.Writer) error) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f)
}

// fail prints an error and returns its exit code.
func fail(env *Env, name string, err error) int {
	var problems config.Problems
	if errors.As(err, &problems) || errors.Is(err, config.ErrMissing) {
		err = report.Usage(err.Error())
	}
	for _, cause := range report.Causes(err) {
		for line := range strings.Lines(name + ": " + report.ErrorText(cause)) {
			fmt.Fprintln(env.Stderr, env.Err.Wrap(strings.TrimSuffix(line, "\n"), 4))
		}
	}
	if env.Runner.Present() {
		if err := env.Runner.Fail(name, err); err != nil {
			fmt.Fprintln(env.Stderr, err)
		}
	}
	return report.ExitCode(nil, err)
}

// ReadReport reads the JSON report of an earlier command.
func ReadReport(path string) (*report.Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("cannot read the report: %v", err))
	}
	defer f.Close()
	r, err := report.Read(io.LimitReader(f, 64<<20))
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("%s is not a goldenpath report: %v", path, err))
	}
	return r, nil
}
