package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/tool"
)

func firstRelease(ctx context.Context, s *stage) (outcome, error) { return s.run(ctx, nil) }

// leakedKey commits a random key, so that no file of goldenpath contains one, and checks
// that no report contains it.
func leakedKey(ctx context.Context, s *stage) (outcome, error) {
	key := "AKIA" + rand.Text()[:16]
	if err := s.write("internal/web/upload.go", "package web\n\nconst uploadKey = \""+key+"\"\n"); err != nil {
		return outcome{}, err
	}
	if err := s.commit(ctx, "W2E-1: upload a picture of the menu"); err != nil {
		return outcome{}, err
	}
	o, err := s.run(ctx, nil)
	if err != nil {
		return o, err
	}
	if err := s.neverPrinted(key); err != nil {
		return o, err
	}
	o.title += "; the key is in no report"
	return o, s.drop(ctx)
}

// neverPrinted checks that no report of any run contains a secret.
func (s *stage) neverPrinted(key string) error {
	reports, err := filepath.Glob(filepath.Join(s.repo, ".git/goldenpath/runs/*/*"))
	if err != nil {
		return err
	}
	for _, name := range reports {
		b, err := os.ReadFile(name)
		if err == nil && bytes.Contains(b, []byte(key)) {
			return fmt.Errorf("the leaked key is in %s", name)
		}
	}
	if len(reports) == 0 {
		return errors.New("no reports were written")
	}
	return nil
}

// normalize is source code that calls the vulnerable package: code that is not called does
// not block.
const normalize = `package web

import "golang.org/x/text/unicode/norm"

// Normal makes one spelling of a restaurant's name that can be typed in two.
func Normal(name string) string { return norm.NFC.String(name) }
`

func vulnerable(ctx context.Context, s *stage) (outcome, error) {
	if err := s.write("internal/web/normal.go", normalize); err != nil {
		return outcome{}, err
	}
	if err := s.goGet(ctx, vulnerableModule); err != nil {
		return outcome{}, err
	}
	if err := s.commit(ctx, "W2E-2: one spelling for each restaurant"); err != nil {
		return outcome{}, err
	}
	return s.run(ctx, nil)
}

// goGet adds a Go module to the sample app.
func (s *stage) goGet(ctx context.Context, module string) error {
	_, err := tool.Command{Argv: []string{"go", "get", module}, Dir: s.repo}.Run(ctx)
	return err
}

const waiverFile = `version: 1
waivers:
  - id: GO-2026-5970
    reason: options are at most 100 characters of valid UTF-8; the upgrade is planned
    owner: "@acme/where2eat"
    expires: %s
`

func waived(ctx context.Context, s *stage) (outcome, error) {
	return s.waive(ctx, "W2E-2: waive GO-2026-5970 until the upgrade", inDays(30))
}

func expired(ctx context.Context, s *stage) (outcome, error) {
	o, err := s.waive(ctx, "W2E-2: a month later", inDays(-1))
	if err != nil {
		return o, err
	}
	return o, s.drop(ctx)
}

func (s *stage) waive(ctx context.Context, message, until string) (outcome, error) {
	if err := s.write(".goldenpath/waivers.yml", fmt.Sprintf(waiverFile, until)); err != nil {
		return outcome{}, err
	}
	if err := s.commit(ctx, message); err != nil {
		return outcome{}, err
	}
	return s.run(ctx, nil)
}

// failing releases a commit whose bug appears only in production.
func failing(ctx context.Context, s *stage) (outcome, error) {
	const old = "func (s *server) healthy(ctx context.Context) error {\n"
	fault := old + `	if os.Getenv("GOLDENPATH_ENVIRONMENT") == "production" && time.Since(booted) > 2*time.Second {
		return errors.New("too many connections")
	}
`
	if err := s.replace("internal/web/health.go", old, fault); err != nil {
		return outcome{}, err
	}
	if err := s.write("internal/web/booted.go", "package web\n\nimport \"time\"\n\nvar booted = time.Now()\n"); err != nil {
		return outcome{}, err
	}
	if err := s.imports("internal/web/health.go", "errors", "os", "time"); err != nil {
		return outcome{}, err
	}
	if err := s.commit(ctx, "W2E-4: reuse connections"); err != nil {
		return outcome{}, err
	}
	o, err := s.run(ctx, nil)
	if err != nil {
		return o, err
	}
	return o, s.drop(ctx)
}

// rebuilt builds the released commit again with another compiler setting, which gives
// another digest.
func rebuilt(ctx context.Context, s *stage) (outcome, error) {
	elsewhere := filepath.Join(filepath.Dir(s.repo), "elsewhere")
	again, err := s.run(ctx, []string{"GOFLAGS=-gcflags=-l"}, "--state", elsewhere,
		"--registry", filepath.Join(s.repo, ".git/goldenpath/registry"), "--until", "package")
	if err != nil {
		return again, err
	}
	if again.code != 0 || again.digest == "" {
		return again, errors.New("the rebuild left no artifact")
	}
	o, err := s.call(ctx, nil, "promote", "--repo", s.repo, "--digest", again.digest)
	o.where = "goldenpath promote --dry-run --digest " + again.digest
	return o, err
}

// inDays returns the date n days from now.
func inDays(days int) string { return time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly) }

// imports adds imports to a file that has an import block.
func (s *stage) imports(name string, packages ...string) error {
	b, err := os.ReadFile(filepath.Join(s.repo, name))
	if err != nil {
		return err
	}
	text := string(b)
	for _, p := range packages {
		if line := "\"" + p + "\"\n"; !strings.Contains(text, line) {
			text = strings.Replace(text, "import (\n", "import (\n\t"+line, 1)
		}
	}
	return s.write(name, text)
}
