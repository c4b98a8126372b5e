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

// memoryFiles is a file system in memory. The library parses every file it finds, so it
// is given only these files and cannot read outside the repository.
type memoryFiles struct {
	*mapfs.FS
	count int
	size  int
}

func newFiles() *memoryFiles { return &memoryFiles{FS: mapfs.New()} }

func (f *memoryFiles) add(name string, text []byte) error {
	if err := f.MkdirAll(path.Dir(name), fs.ModePerm); err != nil {
		return err
	}
	f.count++
	f.size += len(text)
	return f.WriteVirtualFile(name, text, 0o644)
}

// terraformChecks holds the library's own Terraform scanner, which compiles every
// check.
type terraformChecks struct {
	once   sync.Once
	checks *rego.Scanner
	err    error
}

// scan checks all Terraform of a repository at once, because modules refer to each
// other.
func (c *terraformChecks) scan(ctx context.Context, all *memoryFiles) ([]report.Finding, error) {
	c.once.Do(func() {
		c.checks = rego.NewScanner(rego.WithEmbeddedPolicies(true), rego.WithEmbeddedLibraries(true))
		c.err = c.checks.LoadPolicies(nil)
	})
	if c.err != nil {
		return nil, fmt.Errorf("cannot compile the checks for Terraform: %w", c.err)
	}
	scan := library.New(rego.WithRegoScanner(c.checks), library.ScannerWithAllDirectories(true),
		library.ScannerWithDownloadsAllowed(false), library.ScannerWithSkipCachedModules(true))
	scan.AddParserOptions(parser.OptionWithWorkingDirectoryPath(".")) // otherwise it uses that of the process
	found, err := scan.ScanFS(ctx, all, ".")
	return failures(found), err
}
