package trivy

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"sync"

	"github.com/aquasecurity/trivy/pkg/iac/rego"
	library "github.com/aquasecurity/trivy/pkg/iac/scanners/terraform"
	"github.com/aquasecurity/trivy/pkg/iac/scanners/terraform/parser"
	"github.com/aquasecurity/trivy/pkg/mapfs"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// files are held in memory: the library parses whatever it finds, so it gets these
// and no more, and nothing outside the repository is reached.
type files struct {
	*mapfs.FS
	count int
	size  int
}

func newFiles() *files { return &files{FS: mapfs.New()} }

func (f *files) add(name string, text []byte) error {
	if err := f.MkdirAll(path.Dir(name), fs.ModePerm); err != nil {
		return err
	}
	f.count++
	f.size += len(text)
	return f.WriteVirtualFile(name, text, 0o644)
}

// cloud is the library's own scanner: it compiles every check there is.
type cloud struct {
	once   sync.Once
	checks *rego.Scanner
	err    error
}

// scan checks Terraform, all of a repository's at once: modules refer to each other.
func (c *cloud) scan(ctx context.Context, all *files) ([]report.Finding, error) {
	c.once.Do(func() {
		c.checks = rego.NewScanner(rego.WithEmbeddedPolicies(true), rego.WithEmbeddedLibraries(true))
		c.err = c.checks.LoadPolicies(nil)
	})
	if c.err != nil {
		return nil, fmt.Errorf("compile checks: %w", c.err)
	}
	scan := library.New(rego.WithRegoScanner(c.checks), library.ScannerWithAllDirectories(true),
		library.ScannerWithDownloadsAllowed(false), library.ScannerWithSkipCachedModules(true))
	scan.AddParserOptions(parser.OptionWithWorkingDirectoryPath(".")) // else it asks for the process's
	found, err := scan.ScanFS(ctx, all, ".")
	return failures(found), err
}
