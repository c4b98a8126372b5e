package image

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/aquasecurity/trivy/pkg/fanal/analyzer"
	"github.com/aquasecurity/trivy/pkg/fanal/types"

	// Analyzers for images. analyzer/all also has those for repositories.
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/buildinfo"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/language/conda/meta"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/language/dotnet/deps"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/language/golang/binary"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/language/nodejs/pkg"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/language/php/composer"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/language/python/packaging"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/language/ruby/gemspec"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/language/rust/binary"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/os/alpine"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/os/amazonlinux"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/os/debian"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/os/redhatbase"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/os/release"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/os/ubuntu"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/pkg/apk"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/pkg/bottlerocket_inventory"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/pkg/dpkg"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/pkg/rpm"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/rapidfort"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/repo/apk"
	_ "github.com/aquasecurity/trivy/pkg/fanal/analyzer/sbom"
)

// analyzers are the analyzers of the library. The library would run them in its own
// goroutines, where a panic ends the process, and reports parse errors only in its
// debug log. So this package takes the list of analyzers and runs them itself.
type analyzers struct {
	files []fileAnalyzer
	trees []analyzer.PostAnalyzer // of several files at once
}

type fileAnalyzer interface {
	Type() analyzer.Type
	Required(name string, info os.FileInfo) bool
	Analyze(ctx context.Context, in analyzer.AnalysisInput) (*analyzer.AnalysisResult, error)
}

var errNoAnalyzers = errors.New("cannot find the analyzers in this version of trivy: use the version that go.mod pins")

func newAnalyzers() (analyzers, error) {
	group, err := analyzer.NewAnalyzerGroup(analyzer.AnalyzerOptions{
		DisabledAnalyzers:    append(slices.Clone(analyzer.TypeLockfiles), analyzer.TypeRpmArchive),
		LicenseScannerOption: analyzer.LicenseScannerOption{ClassifierConfidenceLevel: 0.9}, // the library's own default
	})
	if err != nil {
		return analyzers{}, err
	}
	var a analyzers
	for v := range elements(&group, "analyzers") {
		a.files = append(a.files, v.(fileAnalyzer))
	}
	for v := range elements(&group, "postAnalyzers") {
		a.trees = append(a.trees, v.(analyzer.PostAnalyzer))
	}
	if len(a.files) == 0 || len(a.trees) == 0 {
		return analyzers{}, errNoAnalyzers
	}
	slices.SortFunc(a.files, func(x, y fileAnalyzer) int { return cmp.Compare(x.Type(), y.Type()) })
	slices.SortFunc(a.trees, func(x, y analyzer.PostAnalyzer) int { return cmp.Compare(x.Type(), y.Type()) })
	return a, nil
}

// elements yields the elements of an unexported list of the group.
func elements(group *analyzer.AnalyzerGroup, name string) func(yield func(any) bool) {
	return func(yield func(any) bool) {
		field := reflect.ValueOf(group).Elem().FieldByName(name)
		if !field.IsValid() || field.Kind() != reflect.Slice {
			return
		}
		field = reflect.NewAt(field.Type(), field.Addr().UnsafePointer()).Elem()
		for i := range field.Len() {
			if !yield(field.Index(i).Interface()) {
				return
			}
		}
	}
}

// guard runs an analyzer and converts a panic to an error.
func guard(kind analyzer.Type, do func() (*analyzer.AnalysisResult, error)) (res *analyzer.AnalysisResult, err error) {
	defer func() {
		if p := recover(); p != nil {
			res, err = nil, fmt.Errorf("%w: %v", errPanic, p)
		}
	}()
	res, err = do()
	if err != nil || res == nil {
		return nil, err
	}
	for i := range res.PackageInfos {
		mark(res.PackageInfos[i].Packages, kind)
	}
	for i := range res.Applications {
		mark(res.Applications[i].Packages, kind)
	}
	return res, nil
}

var errPanic = errors.New("the parser panicked")

func mark(packages types.Packages, kind analyzer.Type) {
	for i := range packages {
		packages[i].AnalyzedBy = kind
	}
}

// withoutSystemFiles removes packages that the package manager of the system
// installed: the advisories of the distribution apply to them.
func withoutSystemFiles(apps []types.Application, installed []string) []types.Application {
	system := map[string]bool{ // distroless images do not list these
		"usr/lib/python2.7/argparse.egg-info": true, "usr/lib/python2.7/lib-dynload/Python-2.7.egg-info": true,
		"usr/lib/python2.7/wsgiref.egg-info": true,
	}
	for _, name := range installed {
		system[strings.TrimPrefix(name, "/")] = true
	}
	delete(system, "")
	var out []types.Application
	for _, app := range apps {
		app.Packages = slices.DeleteFunc(app.Packages, func(p types.Package) bool { return system[p.FilePath] })
		if !system[app.FilePath] && len(app.Packages) > 0 {
			out = append(out, app)
		}
	}
	return out
}
