package trivy

import (
	"io/fs"
	"path"

	"github.com/aquasecurity/trivy/pkg/iac/rego"
	"github.com/aquasecurity/trivy/pkg/iac/scanners"
	"github.com/aquasecurity/trivy/pkg/iac/scanners/dockerfile"
	"github.com/aquasecurity/trivy/pkg/iac/scanners/helm"
	"github.com/aquasecurity/trivy/pkg/iac/scanners/kubernetes"
	"github.com/aquasecurity/trivy/pkg/iac/scanners/terraform"
	"github.com/aquasecurity/trivy/pkg/iac/scanners/terraform/parser"
	"github.com/aquasecurity/trivy/pkg/mapfs"
)

// kind is one sort of configuration.
type kind struct {
	noun string
	*files
	rendered bool // lines are those of a rendering, not of the file
	scanner  func(*rego.Scanner) scanners.FSScanner
}

// files are held in memory: the scanners of the library parse whatever they find,
// so each gets its own and no more, and nothing outside the repository is reached.
type files struct {
	*mapfs.FS
	count int
}

func (f *files) add(name string, text []byte) error {
	if err := f.MkdirAll(path.Dir(name), fs.ModePerm); err != nil {
		return err
	}
	return f.WriteVirtualFile(name, text, 0o644)
}

// kinds is the table of what is checked.
func (f *collected) kinds() []kind {
	return []kind{
		{"Dockerfile", f.dockerfiles, false, func(r *rego.Scanner) scanners.FSScanner {
			return dockerfile.NewScanner(rego.WithRegoScanner(r))
		}},
		{"Kubernetes file", f.kubernetes, false, func(r *rego.Scanner) scanners.FSScanner {
			return kubernetes.NewScanner(rego.WithRegoScanner(r))
		}},
		{"Helm chart", f.charts, true, func(r *rego.Scanner) scanners.FSScanner {
			return helm.New(rego.WithRegoScanner(r))
		}},
		{"Terraform file", f.terraform, false, func(r *rego.Scanner) scanners.FSScanner {
			scan := terraform.New(rego.WithRegoScanner(r), terraform.ScannerWithAllDirectories(true),
				terraform.ScannerWithDownloadsAllowed(false), terraform.ScannerWithSkipCachedModules(true))
			scan.AddParserOptions(parser.OptionWithWorkingDirectoryPath(".")) // else it asks for the process's
			return scan
		}},
	}
}
