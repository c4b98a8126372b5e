// Command superset runs the four upstream commands and the gate over the same
// checkouts and advisories, and prints what the commands find and the gate does not.
//
//	go run ./internal/bench/superset -upstream DIR -gate FILE -databases DIR REPOSITORY...
//
// With -newer DIR it also runs newer versions of the commands and prints what they find
// more and less. It prints Markdown: docs/gate-comparison.md holds what it printed. The exit code
// is 1 if something is missing that no known difference explains.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// errMissing means that the gate did not report something that a command reports.
var errMissing = errors.New("the gate does not report findings of other tools, and no known difference explains it")

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "superset:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("superset", flag.ContinueOnError)
	upstream := flags.String("upstream", ".cache/upstream", "folder of gitleaks, osv-scanner, trivy and actionlint")
	gate := flags.String("gate", "bin/security-gate", "the gate")
	databases := flags.String("databases", "", "folder of advisories")
	newer := flags.String("newer", "", "folder of newer versions of the four commands, to compare before an upgrade")
	treeOnly := flags.Bool("tree-only", false, "leave gitleaks git out: it takes long over a large history")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *databases == "" || flags.NArg() == 0 {
		return errors.New("usage: superset -upstream DIR -gate FILE -databases DIR REPOSITORY...")
	}
	scratch, err := os.MkdirTemp("", "superset-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	for _, p := range []*string{upstream, gate, databases, newer} {
		if *p == "" {
			continue
		}
		if *p, err = filepath.Abs(*p); err != nil {
			return err
		}
	}
	if err := versions(out, *upstream, *gate); err != nil {
		return err
	}
	if *newer != "" {
		if err := versions(out, *newer, *gate); err != nil {
			return err
		}
	}
	var errs []error
	for _, dir := range flags.Args() {
		r := &repository{upstream: *upstream, gate: *gate, databases: *databases, newer: *newer, scratch: scratch, treeOnly: *treeOnly}
		if r.dir, err = filepath.Abs(dir); err != nil {
			return err
		}
		if err := r.compare(ctx, out); err != nil {
			errs = append(errs, fmt.Errorf("cannot compare %s: %w", filepath.Base(dir), err))
		}
	}
	return errors.Join(errs...)
}
