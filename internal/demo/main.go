// Command demo creates a repository from the sample app, takes it to production, and
// then tries things that the path must block.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/tool"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// scene is one step of the demonstration with its expected outcome.
type scene struct {
	name   string
	does   string
	expect string // exit code, reason
	play   func(ctx context.Context, s *stage) (outcome, error)
}

// scenes returns all scenes in the order in which they run.
var scenes = []scene{
	{"first release", "the sample app as it is", "0 completed", firstRelease},
	{"leaked key", "a commit adds a file with an access key", "1 findings", leakedKey},
	{"vulnerable dependency", "a commit uses golang.org/x/text 0.20.0 (GO-2026-5970)", "1 findings", vulnerable},
	{"waiver", "reason, owner and expiry are committed for it", "0 completed", waived},
	{"expired waiver", "the same waiver with a date in the past", "1 findings", expired},
	{"failing release", "/healthz begins to fail in production during the soak", "1 slo-breach", failing},
	{"rebuilt artifact", "the released commit is built again and promoted", "1 not-staged", rebuilt},
}

func run(ctx context.Context) error {
	s, err := prepare(ctx)
	if err != nil {
		return err
	}
	defer s.down()
	start := time.Now()
	rows := [][]string{{"", "scene", "expected", "seen", "what happened", "where to look"}}
	var wrong []string
	for _, sc := range scenes {
		head("%s: %s", sc.name, sc.does)
		o, err := sc.play(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", sc.name, err)
		}
		mark, seen := "✓", fmt.Sprintf("%d %s", o.code, o.reason)
		if seen != sc.expect {
			mark = "✗"
			wrong = append(wrong, sc.name)
		}
		rows = append(rows, []string{mark, sc.name, sc.expect, seen, o.title, o.where})
	}
	if err := s.down(); err != nil {
		return err
	}
	head("what happened, in %s", time.Since(start).Round(time.Second))
	printTable(rows)
	fmt.Printf("\nrepository %s (kept for you to look at; remove it when done)\nledger     git -C %s log --stat goldenpath-ledger\n", s.repo, s.repo)
	if len(wrong) > 0 {
		return fmt.Errorf("not as expected: %s", strings.Join(wrong, ", "))
	}
	return nil
}

// head prints a heading, bold on a terminal.
func head(format string, args ...any) {
	line := fmt.Sprintf("── "+format, args...)
	if info, err := os.Stdout.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		line = "\x1b[1m" + line + "\x1b[0m"
	}
	fmt.Println("\n" + line)
}

func printTable(rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, c := range r {
			widths[i] = max(widths[i], len([]rune(c)))
		}
	}
	for _, r := range rows {
		line := ""
		for i, c := range r[:len(r)-1] {
			line += c + strings.Repeat(" ", widths[i]-len([]rune(c))+2)
		}
		fmt.Println(strings.TrimRight(line, " "))
		if where := r[len(r)-1]; where != "" && where != "where to look" {
			fmt.Println("   → " + where)
		}
	}
}

// down stops all environments and returns an error if a process is still running.
func (s *stage) down() error {
	_, err := tool.Command{Argv: []string{s.goldenpath, "down", "--repo", s.repo}}.Run(context.Background())
	if err != nil {
		return err
	}
	left, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		return err
	}
	for _, name := range left {
		b, err := os.ReadFile(name)
		if err == nil && strings.Contains(string(b), "GOLDENPATH_INSTANCE=") && strings.Contains(string(b), s.repo) {
			return errors.New("a process is still running: " + filepath.Dir(name))
		}
	}
	return nil
}
