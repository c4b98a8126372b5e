package osv

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/google/osv-scanner/v2/pkg/models"
	"github.com/ossf/osv-schema/bindings/go/osvschema"
	"golang.org/x/sync/errgroup"
	"osv.dev/bindings/go/api"
	"osv.dev/bindings/go/osvdev"
	"osv.dev/bindings/go/osvdevexperimental"
)

// isUnasked reports whether osv-scanner did not query osv.dev for a package of a list: it
// knows ten ecosystems there, and silently skips the packages of every other one, among
// them GitHub Actions, Hex and SwiftURL.
func isUnasked(p models.PackageVulns) bool {
	pkg := p.Package.Inventory
	return pkg.Ecosystem().IsEmpty() && (pkg.SourceCode == nil || pkg.SourceCode.Commit == "")
}

// query gets the advisories about the packages from osv.dev, for every version, and keeps
// those that affect the version of the package, as offline.
func query(ctx context.Context, client *http.Client, packages []*models.PackageVulns) error {
	type name struct{ ecosystem, name string }
	names := func(p *models.PackageVulns) []name {
		eco := ecosystem(*p)
		all := []name{{eco, p.Package.Name}}
		if lower := strings.ToLower(p.Package.Name); lower != p.Package.Name && spelling(eco, p.Package.Name) == lower {
			all = append(all, name{eco, lower}) // osv.dev compares names as texts
		}
		return all
	}
	known := map[name][]*vulnerability{}
	for _, p := range packages {
		for _, n := range names(p) {
			known[n] = nil
		}
	}
	osv := osvdev.DefaultClient()
	osv.HTTPClient = client
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(osv.Config.MaxConcurrentBatchRequests)
	for _, n := range slices.Collect(maps.Keys(known)) { // known changes in the loop
		g.Go(func() error {
			got, err := osvdevexperimental.QueryPaging(ctx, osv, &api.Query{Package: &osvschema.Package{Ecosystem: n.ecosystem, Name: n.name}})
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			known[n] = got.GetVulns()
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, p := range packages {
		var about []*vulnerability
		for _, n := range names(p) {
			about = append(about, known[n]...)
		}
		p.Vulnerabilities = affecting(about, *p)
	}
	return nil
}
