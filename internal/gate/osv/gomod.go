package osv

import (
	"strings"

	"golang.org/x/mod/modfile"
)

// parseGoMod reads which requirements are indirect. Which dependency requires an
// indirect one is unknown, because only the module cache has that information.
func parseGoMod(text []byte, _ func(string) []byte) manifest {
	f, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return nil
	}
	m := manifest{}
	add := func(name, version string, indirect bool) {
		m[[2]string{name, strings.TrimPrefix(version, "v")}] = dependency{direct: !indirect}
	}
	indirect := map[string]bool{}
	for _, r := range f.Require {
		add(r.Mod.Path, r.Mod.Version, r.Indirect)
		indirect[r.Mod.Path] = r.Indirect
	}
	for _, by := range f.Replace {
		m[[2]string{by.New.Path, strings.TrimPrefix(by.New.Version, "v")}] = dependency{direct: !indirect[by.Old.Path], replaces: true}
	}
	if f.Go != nil {
		add("stdlib", f.Go.Version, false)
	}
	if f.Toolchain != nil {
		version, _, _ := strings.Cut(f.Toolchain.Name, "-")
		add("stdlib", strings.TrimPrefix(version, "go"), false)
	}
	return m
}
