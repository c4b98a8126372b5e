package house

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const module = "github.com/seed-b235b314/goldenpath/"

// layers lists the packages from the top down. A package imports only layers
// below its own.
var layers = []string{
	"cmd/goldenpath cmd/security-gate internal/demo internal/e2e internal/e2e/workflows internal/e2e/cluster/pause internal/e2e/cluster/registry internal/e2e/cloud internal/bench internal/bench/superset internal/house internal/publish",
	"internal/e2e/container internal/e2e/workflows/look internal/e2e/names",
	"internal/command/path internal/command/gate internal/command/commandtest",
	"internal/command internal/run",
	"internal/stage internal/targets",
	"internal/gate/actionlint internal/gate/change internal/gate/database internal/gate/gitleaks internal/gate/image internal/gate/osv internal/gate/runtime internal/gate/sarif internal/gate/sbom internal/gate/vex",
	"internal/gate/image/oci internal/gate/inventory internal/gate/reach internal/gate/trivy internal/gate/workflow",
	"internal/battery internal/doctor internal/gate internal/gate/gatetest internal/preview internal/release internal/scaffold internal/scorecard",
	"internal/github/githubtest internal/target/kubernetes internal/release/indicator internal/target/process internal/target/targettest internal/target/terraform internal/host internal/target/server",
	"internal/comment internal/notify internal/render internal/trust internal/host/protocol",
	"internal/preview/budget internal/preview/data",
	"internal/apps internal/artifact internal/evidence internal/gate/origin internal/github internal/junit internal/ledger internal/manifest internal/target",
	"internal/config internal/git internal/github/githubtest/openapi internal/runner",
	"internal/tool",
	"internal/files internal/lockfile internal/report internal/runnable internal/text workflows",
}

func TestLayers(t *testing.T) {
	depth := map[string]int{}
	for i, l := range layers {
		for p := range strings.FieldsSeq(l) {
			depth[p] = i
		}
	}
	for line := range strings.Lines(list(t, "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...")) {
		f := strings.Fields(line)
		pkg := strings.TrimPrefix(f[0], module)
		d, ok := depth[pkg]
		if !ok {
			t.Errorf("%s has no layer", pkg)
			continue
		}
		for _, imp := range f[1:] {
			if p, ours := strings.CutPrefix(imp, module); ours && depth[p] <= d {
				t.Errorf("%s imports %s, which is not below it", pkg, p)
			}
		}
	}
}

// TestPathLinksNoScanner: the binary with deploy credentials links no scanner.
func TestPathLinksNoScanner(t *testing.T) {
	scanners := regexp.MustCompile(`aquasecurity/|osv-scan|osv-scalibr|gitleaks|rhysd/actionlint|` + module + `internal/gate/|` + module + `internal/command/gate`)
	for line := range strings.Lines(list(t, "-deps", module+"cmd/goldenpath")) {
		if scanners.MatchString(line) {
			t.Errorf("goldenpath links %s", strings.TrimSpace(line))
		}
	}
}

// TestNoTestCode: no binary links test helpers or their libraries.
func TestNoTestCode(t *testing.T) {
	tests := regexp.MustCompile(`getkin/kin-openapi|` + module + `internal/[a-z/]+test(/|$)`)
	for line := range strings.Lines(list(t, "-deps", module+"cmd/goldenpath", module+"cmd/security-gate")) {
		if tests.MatchString(strings.TrimSpace(line)) {
			t.Errorf("a binary links %s", strings.TrimSpace(line))
		}
	}
}

// TestGateMeetsNoCredential: the gate links no package that deploys or calls
// GitHub's API, so it needs no token. Actions are looked up with git, as a stranger.
func TestGateMeetsNoCredential(t *testing.T) {
	for line := range strings.Lines(list(t, "-deps", module+"cmd/security-gate")) {
		p, ours := strings.CutPrefix(strings.TrimSpace(line), module)
		for _, not := range []string{"internal/target", "internal/release", "internal/preview", "internal/evidence", "internal/stage", "internal/run", "internal/github"} {
			if ours && strings.HasPrefix(p+"/", not+"/") {
				t.Errorf("security-gate links %s", p)
			}
		}
	}
}

func list(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestCompromisedReleases: trivy 0.69.4 to 0.69.6 (GHSA-69fq-xp46-6x23) never.
func TestCompromisedReleases(t *testing.T) {
	b, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if m := regexp.MustCompile(`aquasecurity/trivy v0\.69\.[456]\b`).Find(b); m != nil {
		t.Errorf("go.mod asks for %s", m)
	}
}

func TestNoSymlinks(t *testing.T) {
	err := filepath.WalkDir("../..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == ".cache" || d.Name() == "bin" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if d.Type()&fs.ModeSymlink != 0 {
			t.Errorf("%s is a symbolic link: actions are copied without them", name)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestRequirementIDs: the project's own requirements have one id each.
func TestRequirementIDs(t *testing.T) {
	b, err := os.ReadFile("../../docs/requirements/goldenpath.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\| (GP-[A-Z]+-[0-9]+) \|`).FindAllStringSubmatch(string(b), -1) {
		if seen[m[1]] {
			t.Errorf("%s is defined twice", m[1])
		}
		seen[m[1]] = true
	}
	if len(seen) < 60 {
		t.Errorf("%d requirements, want all of them", len(seen))
	}
}
