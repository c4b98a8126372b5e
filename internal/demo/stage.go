package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/tool"
)

// vulndb is a version of the Go vulnerability database that the module proxy
// serves; the vulnerable module is fetched with it, so that the scenes run
// without a network.
const (
	vulndb           = "golang.org/x/vulndb@v0.0.0-20260813214354-9de686e1fb00"
	vulnerableModule = "golang.org/x/text@v0.20.0"
)

// stage holds the test repository and the binaries that the demo scenes share.
type stage struct {
	goldenpath, repo, databases string
	release                     string // commit of the last release that passed
}

// outcome is the result of a scene.
type outcome struct {
	code                 int
	reason, title, where string
	digest               string
	report               *report.Report
}

// prepare creates the repository and the advisory data.
func prepare(ctx context.Context) (*stage, error) {
	bin, err := filepath.Abs("bin")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "goldenpath-demo-*")
	if err != nil {
		return nil, err
	}
	s := &stage{goldenpath: filepath.Join(bin, "goldenpath"), repo: filepath.Join(dir, "where2eat"), databases: filepath.Join(dir, "databases")}
	fmt.Println("preparing a repository and advisory data in", dir)
	res, err := tool.Command{Argv: []string{"go", "mod", "download", "-json", vulndb, vulnerableModule}}.Run(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot fetch advisory data: %w", err)
	}
	var module struct{ Dir string }
	if err := json.NewDecoder(strings.NewReader(string(res.Stdout))).Decode(&module); err != nil {
		return nil, err
	}
	gate := filepath.Join(bin, "security-gate")
	if _, err := (tool.Command{Argv: []string{gate, "database", "--from", filepath.Join(module.Dir, "data/osv"), "--to", s.databases}}).Run(ctx); err != nil {
		return nil, err
	}
	if err := copyTree("testdata/where2eat", s.repo); err != nil {
		return nil, err
	}
	// Shorten the sample's soak of 30 s to 7 s.
	if err := s.replace(".goldenpath.yml", "{for: 30s, at-least: 50,", "{for: 7s, at-least: 50,"); err != nil {
		return nil, err
	}
	if _, err := s.git(ctx, "init", "--quiet", "--initial-branch=main"); err != nil {
		return nil, err
	}
	return s, s.commit(ctx, "W2E-1: a poll with options")
}

// copyTree copies the sample's files, without the output of its tests.
func copyTree(from, to string) error {
	root, err := os.OpenRoot(from)
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			// Skip the browser tests, which need npm and its advisories.
			if name == "dist" || name == "reports" || name == "e2e" {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		}
		b, err := fs.ReadFile(root.FS(), name)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), b, info.Mode().Perm()|0o600)
	})
}

func (s *stage) git(ctx context.Context, args ...string) (string, error) {
	return git.Own(s.repo).WithEnv("GIT_AUTHOR_NAME=demo", "GIT_AUTHOR_EMAIL=demo@example.com", "GIT_COMMITTER_NAME=demo", "GIT_COMMITTER_EMAIL=demo@example.com").Run(ctx, args...)
}

func (s *stage) commit(ctx context.Context, message string) error {
	if _, err := s.git(ctx, "add", "--all"); err != nil {
		return err
	}
	_, err := s.git(ctx, "commit", "--quiet", "--message", message)
	return err
}

// drop discards the last commit, to simulate a pull request that is closed without merging.
func (s *stage) drop(ctx context.Context) error {
	_, err := s.git(ctx, "reset", "--quiet", "--hard", "HEAD^")
	return err
}

func (s *stage) write(name, content string) error {
	path := filepath.Join(s.repo, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o644)
}

func (s *stage) replace(name, old, new string) error {
	b, err := os.ReadFile(filepath.Join(s.repo, name))
	if err != nil {
		return err
	}
	if !strings.Contains(string(b), old) {
		return fmt.Errorf("%s does not contain %q: the sample has changed", name, old)
	}
	return s.write(name, strings.Replace(string(b), old, new, 1))
}

// run runs `goldenpath run` on the tip.
func (s *stage) run(ctx context.Context, env []string, args ...string) (outcome, error) {
	o, err := s.call(ctx, env, append([]string{"run", "--repo", s.repo, "--databases", s.databases}, args...)...)
	if err != nil {
		return o, err
	}
	commit, err := s.git(ctx, "rev-parse", "HEAD")
	if err != nil {
		return o, err
	}
	o.where = filepath.Join(s.repo, ".git/goldenpath/runs", commit[:12], "summary.html")
	return o, nil
}

// call runs a goldenpath command, prints its output and reads its report.
func (s *stage) call(ctx context.Context, env []string, args ...string) (outcome, error) {
	file := filepath.Join(filepath.Dir(s.repo), "report.json")
	if err := os.RemoveAll(file); err != nil {
		return outcome{}, err
	}
	res, err := tool.Command{
		Argv: append([]string{s.goldenpath}, append(args, "--report", file)...), Env: env, Transcript: io.Writer(os.Stdout),
	}.Run(ctx)
	var exit *tool.ExitError
	if err != nil && !errors.As(err, &exit) {
		return outcome{}, err
	}
	f, err := os.Open(file)
	if err != nil {
		return outcome{}, fmt.Errorf("cannot read the command's report: %w", err)
	}
	defer f.Close()
	r, err := report.Read(f)
	if err != nil {
		return outcome{}, err
	}
	return outcome{code: res.Code, reason: string(r.Reason), title: r.Title, digest: r.Digest, report: r}, nil
}
