// Command publish makes a release of goldenpath: reproducible binaries and images, and
// the commits and tags that pin them.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintln(os.Stderr, "publish:", report.LogLine(line))
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var o Options
	parser, err := kong.New(&o, kong.Name("publish"), kong.Writers(out, os.Stderr),
		kong.Description("Make a release, or resume an interrupted one. For an existing release, verify that it matches its source."))
	if err != nil {
		return err
	}
	if _, err := parser.Parse(args); err != nil {
		return fmt.Errorf("%w\n  try: go run ./internal/publish --help", err)
	}
	return Publish(ctx, o, out)
}

// step is one step of a release. It returns what it found or did, one line each.
type step struct {
	name string
	do   func(ctx context.Context, r *release) ([]string, error)
}

// steps lists the steps of a release in order. The steps up to assemble change nothing
// remote, the steps up to scan push only unreferenced blobs, and the step refs is one
// transaction. A release therefore exists completely or not at all, and an interrupted run
// can be repeated.
var steps = []step{
	{"source", checkSource},
	{"base", readBase},
	{"build", buildBinaries},
	{"assemble", assembleImages},
	{"push", pushImages},
	{"sbom", attachSBOMs},
	{"scan", scanImages},
	{"commits", makeCommits},
	{"refs", pushRefs},
	{"names", nameImages},
	{"result", writeResult},
}

// Publish makes a release.
func Publish(ctx context.Context, o Options, out io.Writer) error {
	r, err := begin(ctx, o)
	if err != nil {
		return err
	}
	defer os.RemoveAll(r.scratch)
	title := "publish"
	if o.DryRun {
		title = "publish, dry run: nothing is pushed, committed or tagged"
	}
	fmt.Fprintf(out, "%s · %s · %s\n", title, o.Version, r.source.short())
	if r.o.Move {
		line, err := r.move(ctx)
		if err != nil {
			return fmt.Errorf("move: %w", err)
		}
		fmt.Fprintf(out, "  %-10s  %s\n", "move", report.LogLine(line))
		return nil
	}
	for _, s := range steps {
		lines, err := s.do(ctx, r)
		for _, line := range lines {
			fmt.Fprintf(out, "  %-10s  %s\n", s.name, report.LogLine(line))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if s.name == o.Until {
			fmt.Fprintf(out, "until %s · run it again without --until to continue\n", s.name)
			return writeOutput(r)
		}
	}
	return nil
}
