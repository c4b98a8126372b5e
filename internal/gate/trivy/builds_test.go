package trivy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
)

// stagesFile has a stage with a user, one without, and a last one without.
const stagesFile = "FROM base:1 AS app\nUSER 1000\nCMD [\"a\"]\nFROM base:1 AS worker\nCMD [\"b\"]\nFROM base:1 AS tools\nRUN true\n"

// TestReleasedStage: the user is that of the stages which the repository builds and pushes, as
// far as it shows them. If none is known, it is that of the last stage.
func TestReleasedStage(t *testing.T) {
	step := func(with string) string {
		return "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n    - uses: docker/build-push-action@v6\n      with: {" + with + "}\n"
	}
	const last, doubted, worker = "DS-0002 high ", "DS-0002 medium ", "DS-0002 high (stage worker)"
	withCommand := stagesFile + "CMD [\"c\"]\n"
	for name, test := range map[string]struct {
		dockerfile, path, text string
		want                   []string
	}{
		"nothing known":                 {withCommand, "x", "", []string{last}},
		"the last starts no program":    {stagesFile, "x", "", []string{doubted}},
		"of another base":               {"FROM node:1 AS dev\nCMD [\"a\"]\nFROM nginx:1\nCOPY a b\n", "x", "", []string{last}},
		"one stage":                     {"FROM base:1\nRUN true\n", "Makefile", "a:\n\tdocker build --target app . --push\n", []string{last}},
		"a workflow":                    {withCommand, ".github/workflows/a.yml", step("context: ., target: app, push: true"), []string{doubted}},
		"a workflow, the other stage":   {withCommand, ".github/workflows/a.yml", step("context: ., target: worker, push: true"), []string{worker, doubted}},
		"a workflow, the last":          {withCommand, ".github/workflows/a.yml", step("target: tools, push: true"), []string{last}},
		"a workflow without a target":   {withCommand, ".github/workflows/a.yml", step("push: true"), []string{last}},
		"a workflow that does not push": {withCommand, ".github/workflows/a.yml", step("target: app"), []string{last}},
		"another Dockerfile":            {withCommand, ".github/workflows/a.yml", step("file: other/Dockerfile, target: app, push: true"), []string{last}},
		"a matrix":                      {withCommand, ".github/workflows/a.yml", step("target: '${{ matrix.stage }}', push: true") + "    strategy: {matrix: {stage: [app, worker]}}\n", []string{worker, doubted}},
		"a matrix with the last":        {withCommand, ".github/workflows/a.yml", step("target: '${{ matrix.stage }}', push: true") + "    strategy: {matrix: {stage: [app, tools]}}\n", []string{last}},
		"a command":                     {withCommand, ".github/workflows/a.yml", "jobs:\n  a:\n    steps:\n    - run: |\n        docker buildx build \\\n          --target=app \\\n          -t a:1 . --push\n", []string{doubted}},
		"package.json":                  {withCommand, "package.json", `{"scripts": {"image": "npm run x && docker buildx build -f Dockerfile --platform linux/amd64 -t a:1 --target app . --push"}}`, []string{doubted}},
		"a script that pushes later":    {withCommand, "scripts/release.sh", "docker build -t a:1 --target worker .\ndocker push a:1\n", []string{worker, doubted}},
		"a command in a comment":        {withCommand, "scripts/release.sh", "# docker build -t a:1 --target app . --push\n", []string{last}},
		"Compose, for development":      {withCommand, "compose.yaml", "services:\n  a:\n    build: {context: ., target: app}\n", []string{last}},
		"a bake file":                   {withCommand, "docker-bake.hcl", "target \"a\" {\n  dockerfile = \"Dockerfile\"\n  target = \"app\"\n  output = [\"type=registry\"]\n}\n", []string{doubted}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := gatetest.Write(t, map[string]string{"Dockerfile": test.dockerfile, test.path: test.text})
			res := scanned(t, dir)
			got := []string{}
			for _, f := range res.Findings {
				if f.Rule == rootUser {
					_, stage, _ := strings.Cut(f.Message, "argument ")
					got = append(got, fmt.Sprintf("%s %s %s", f.Rule, f.Severity, stage))
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(slices.Sorted(slices.Values(test.want)), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if got := buildsIn("docker", "compose.yml", []byte("services:\n  a: {build: {context: .., dockerfile: docker/Dockerfile}}\n  b: {build: ../web}\n")); len(got) != 2 {
		t.Errorf("%v", got)
	}
}

func scanned(t *testing.T, dir string) gate.Result {
	t.Helper()
	files, err := gate.Walk(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := new(Scanner).Scan(t.Context(), gate.Input{Dir: dir, Files: files})
	if err != nil {
		t.Fatal(err)
	}
	return res
}
