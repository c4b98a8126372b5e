package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// commits is how long the history of the measured repository is.
const commits = 3200

// gateBench is a repository, advisories, and the two that look at it.
type gateBench struct {
	dir, databases, gate, upstream string
	rounds                         int
}

// benchGate runs the gate against the four commands one after the other, each as
// its own action runs it, on the same checkout and advisories.
//
// The repositories are those of BENCH_REPOS, clones separated by spaces; else this
// project's files, grown line by line over 3,200 commits.
func benchGate(ctx context.Context, upstream, dir string) error {
	b := gateBench{databases: filepath.Join(dir, "databases"), rounds: 3}
	var err error
	if b.gate, err = filepath.Abs("bin/security-gate"); err != nil {
		return err
	}
	if b.upstream, err = filepath.Abs(upstream); err != nil {
		return err
	}
	if err := b.advisories(ctx); err != nil {
		return err
	}
	repositories := strings.Fields(os.Getenv("BENCH_REPOS"))
	if len(repositories) == 0 {
		grown := filepath.Join(dir, "grown")
		if err := grow(ctx, grown); err != nil {
			return err
		}
		repositories = []string{grown}
	}
	for i, from := range repositories {
		b.dir = filepath.Join(dir, fmt.Sprintf("history%d", i))
		if _, err := shell(ctx, dir, "git clone -q --no-tags "+from+" "+b.dir); err != nil {
			return err
		}
		if err := b.repository(ctx, filepath.Base(from)); err != nil {
			return fmt.Errorf("%s: %w", from, err)
		}
	}
	return b.sizes()
}

// repository measures everything about one repository.
func (b gateBench) repository(ctx context.Context, name string) error {
	count, err := shell(ctx, b.dir, "git rev-list --count HEAD && git ls-files | wc -l")
	if err != nil {
		return err
	}
	fmt.Printf("\nthe gate on %s, %s files, 2 sides in turns, %d rounds each\n", name, strings.Replace(count, "\n", " commits and ", 1), b.rounds)
	if err := b.whole(ctx); err != nil {
		return err
	}
	if err := b.pull(ctx, "pull request of ten files", ten); err != nil {
		return err
	}
	return b.pull(ctx, "pull request of one document", []string{"*.md"})
}

func (b gateBench) advisories(ctx context.Context) error {
	vulndb, err := shell(ctx, ".", "go mod download -json golang.org/x/vulndb@v0.0.0-20260813214354-9de686e1fb00")
	if err != nil {
		return err
	}
	var module struct{ Dir string }
	if err := json.Unmarshal([]byte(vulndb), &module); err != nil {
		return err
	}
	if _, err := shell(ctx, ".", b.gate+" database --from "+module.Dir+"/data/osv --to "+b.databases); err != nil {
		return err
	}
	// Upstream looks up nothing at all when an ecosystem has no advisories: it gets
	// empty ones.
	for _, eco := range []string{"npm", "PyPI", "Maven", "GitHub Actions", "crates.io", "RubyGems", "GIT"} {
		if err := emptyZip(filepath.Join(b.databases, "osv-scalibr", eco, "all.zip")); err != nil {
			return err
		}
	}
	return nil
}

// cost is what one side took.
type cost struct {
	took time.Duration
	peak int64 // KiB, of the largest process
}

// measured runs a program in a folder. Exit code 1 is findings; any other is a failure.
func measured(ctx context.Context, dir string, env []string, argv ...string) (cost, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.Discard, &stderr
	start := time.Now()
	err := cmd.Run()
	c := cost{took: time.Since(start)}
	if cmd.ProcessState == nil { // it did not start
		return c, err
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		c.peak = usage.Maxrss
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, stderr.String())
	}
	return c, err
}

// commands is one that is measured: its commands run one after the other.
type commands func() ([]cost, error)

// measure runs both sides in turns and prints the ratios: of the medians, of ours to the
// slowest command alone, and of the peaks.
func (b gateBench) measure(what string, ours, theirs commands) error {
	var took [2][]time.Duration
	var peak [2]int64
	var alone [][]time.Duration // of each of their commands
	for range b.rounds {
		for i, s := range []commands{ours, theirs} {
			all, err := s()
			if err != nil {
				return err
			}
			total := time.Duration(0)
			for j, c := range all {
				total += c.took
				peak[i] = max(peak[i], c.peak)
				if i == 1 {
					if j == len(alone) {
						alone = append(alone, nil)
					}
					alone[j] = append(alone[j], c.took)
				}
			}
			took[i] = append(took[i], total)
		}
	}
	slowest := time.Duration(0)
	for _, times := range alone {
		slowest = max(slowest, median(times))
	}
	x, y := median(took[0]), median(took[1])
	fmt.Printf("%-30s %8.0f ms against %8.0f ms: ratio %.3f; to the slowest alone %.2f; peak %4d MB against %4d MB of the largest: ratio %.2f\n",
		what, ms(x), ms(y), ms(x)/ms(y), ms(x)/ms(slowest), peak[0]>>10, peak[1]>>10, float64(peak[0])/float64(peak[1]))
	return nil
}

// forget removes what the gate keeps of a history between runs.
func (b gateBench) forget() error { return os.RemoveAll(filepath.Join(b.databases, "history")) }

func (b gateBench) ours(ctx context.Context, args ...string) commands {
	return func() ([]cost, error) {
		c, err := measured(ctx, b.dir, nil, append([]string{b.gate, "scan", "--offline", "--missing-database", "warn", "--databases", b.databases}, args...)...)
		return []cost{c}, err
	}
}

// theirs are command lines, each in its folder.
func (b gateBench) theirs(ctx context.Context, lines ...[2]string) commands {
	env := []string{"OSV_SCANNER_LOCAL_DB_CACHE_DIRECTORY=" + b.databases}
	return func() ([]cost, error) {
		var all []cost
		for _, l := range lines {
			argv := strings.Fields(l[1])
			argv[0] = filepath.Join(b.upstream, argv[0])
			c, err := measured(ctx, l[0], env, argv...)
			if err != nil {
				return nil, err
			}
			all = append(all, c)
		}
		return all, nil
	}
}

const (
	osvLine   = "osv-scanner scan source --offline --no-call-analysis=all --recursive ."
	trivyLine = "trivy config --quiet --skip-check-update --cache-dir "
)

func (b gateBench) trivy() string { return trivyLine + filepath.Join(b.databases, "scratch") + " ." }

// whole is what a schedule runs: history, files, everything. First as on a new machine,
// then as the second run sees it, with one commit more.
func (b gateBench) whole(ctx context.Context) error {
	theirs := b.theirs(ctx,
		[2]string{b.dir, "gitleaks git --no-banner --log-level error"}, [2]string{b.dir, osvLine}, [2]string{b.dir, b.trivy()}, [2]string{b.dir, "actionlint"})
	ours := b.ours(ctx)
	cold := func() ([]cost, error) {
		if err := b.forget(); err != nil {
			return nil, err
		}
		return ours()
	}
	if err := b.measure("everything, first run", cold, theirs); err != nil {
		return err
	}
	one := func() ([]cost, error) {
		if _, err := shell(ctx, b.dir, "echo more >>bench.txt && git add bench.txt && git -c user.name=b -c user.email=b@example.com commit -qm more"); err != nil {
			return nil, err
		}
		return ours()
	}
	return b.measure("everything, one commit more", one, theirs)
}

// ten are what a pull request changes: code, a dependency, a workflow, an image.
var ten = []string{"*.go", "*.go", "*.go", "*.go", "*.go", "*.go", "*.md", "go.mod", ".github/workflows/*.y*ml", "Dockerfile*"}

// pull is a pull request that changes files. Their actions compare in their own
// ways: gitleaks by the range of commits, osv-scanner by scanning both sides, trivy
// and actionlint not at all.
func (b gateBench) pull(ctx context.Context, what string, patterns []string) error {
	base := filepath.Join(filepath.Dir(b.dir), "base")
	if err := os.RemoveAll(base); err != nil {
		return err
	}
	if _, err := shell(ctx, b.dir, "git clone -q --shared . "+base+" && git checkout -q -B pull"); err != nil {
		return err
	}
	var done []string
	for i, p := range patterns {
		names, err := shell(ctx, b.dir, "git ls-files -- ':(glob)**/"+p+"' ':(glob)"+p+"'")
		if err != nil {
			return err
		}
		all := strings.Fields(names)
		for j := range all {
			// Spread over the repository, and no file twice.
			name := all[(i*37+j)%len(all)]
			if !slices.Contains(done, name) {
				done = append(done, name)
				break
			}
		}
	}
	for _, name := range done {
		f, err := os.OpenFile(filepath.Join(b.dir, name), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		comment := "# one more line\n"
		if strings.HasSuffix(name, ".go") || strings.HasSuffix(name, ".mod") {
			comment = "// one more line\n"
		}
		_, err = f.WriteString(comment)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	if _, err := shell(ctx, b.dir, "git -c user.name=b -c user.email=b@example.com commit -qam pull"); err != nil {
		return err
	}
	defer shell(ctx, b.dir, "git reset -q --hard HEAD~1")
	fmt.Printf("  (%s: %s)\n", what, strings.Join(done, ", "))
	return b.measure(what, b.ours(ctx, "--base", "HEAD~1"), b.theirs(ctx,
		[2]string{b.dir, "gitleaks git --no-banner --log-level error --log-opts=HEAD~1..HEAD"}, [2]string{base, osvLine}, [2]string{b.dir, osvLine},
		[2]string{b.dir, b.trivy()}, [2]string{b.dir, "actionlint"}))
}

// sizes compares the binary with the four, all stripped and without cgo.
func (b gateBench) sizes() error {
	info, err := os.Stat(b.gate)
	if err != nil {
		return err
	}
	var sum int64
	for _, name := range []string{"gitleaks", "osv-scanner", "trivy", "actionlint"} {
		other, err := os.Stat(filepath.Join(b.upstream, name))
		if err != nil {
			return err
		}
		sum += other.Size()
	}
	fmt.Printf("%-30s %8.0f MB against %8.0f MB of the four: ratio %.2f\n", "size of the binary", float64(info.Size())/1e6, float64(sum)/1e6, float64(info.Size())/float64(sum))
	return nil
}

// grow makes a repository of this project's files, each grown over many commits.
func grow(ctx context.Context, dir string) error {
	names, err := shell(ctx, ".", "git ls-files")
	if err != nil {
		return err
	}
	var in bytes.Buffer
	all := strings.Fields(names)
	text := map[string]string{}
	for _, name := range all {
		b, err := os.ReadFile(name)
		if err == nil && bytes.IndexByte(b, 0) < 0 {
			text[name] = string(b)
		}
	}
	all = slices.DeleteFunc(all, func(n string) bool { return text[n] == "" })
	steps := commits/len(all) + 1
	for step := 1; step <= steps; step++ {
		for i, name := range all {
			lines := strings.SplitAfter(text[name], "\n")
			now := strings.Join(lines[:len(lines)*step/steps], "")
			fmt.Fprintf(&in, "commit refs/heads/main\ncommitter b <b@example.com> %d +0000\ndata 4\ngrow\nM 100644 inline %s\ndata %d\n%s\n", 1700000000+step*100000+i, name, len(now), now)
		}
	}
	if _, err := shell(ctx, filepath.Dir(dir), "git init -q -b main "+dir); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "git", "-C", dir, "fast-import", "--quiet", "--force")
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	_, err = shell(ctx, dir, "git checkout -q -f main")
	return err
}
