package change

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// absent returns a gap for files of the commit that are not in the checkout. Outside
// CI, a file may have been removed on purpose, so only files that a sparse checkout
// leaves out are reported.
func (c *Change) absent(ctx context.Context, names []string) ([]gate.Gap, error) {
	if len(names) > 0 && !c.committed {
		out, err := c.git(ctx, "ls-files", "-v", "-z")
		if err != nil {
			return nil, err
		}
		names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !strings.Contains("\x00"+out, "\x00S "+name+"\x00") })
	}
	if len(names) == 0 {
		return nil, nil
	}
	what := names[0]
	if more := len(names) - 1; more > 0 {
		what += fmt.Sprintf(" and %d more", more)
	}
	return []gate.Gap{{What: what, Why: "in the commit, but not in the checkout", Remedy: "check out without a sparse-checkout, or exclude it (gate.exclude)"}}, nil
}

// submodules returns a gap for each changed submodule that was not checked out.
func (r repository) submodules(modules []string, changed gate.Changes) []gate.Gap {
	var out []gate.Gap
	for _, name := range modules {
		if entries, err := os.ReadDir(filepath.Join(r.dir, filepath.FromSlash(name))); !changed.Has(name) || err == nil && len(entries) > 0 {
			continue
		}
		out = append(out, gate.Gap{What: "submodule " + name, Why: "the submodule was not checked out",
			Remedy: "check out with submodules: true, or exclude it (gate.exclude)"})
	}
	return out
}
