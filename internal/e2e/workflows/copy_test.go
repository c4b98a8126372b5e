//go:build e2e

package workflows

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// release is the commit that callers pin. The runner is configured to use a copy of the
// working tree as the files of that commit.
const release = "5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed"

const self = "seed-b235b314/goldenpath"

// standIns maps third-party actions that cannot be fetched here to the folders of their
// replacements. actions/checkout is provided by the runner.
var standIns = map[string]string{
	"actions/upload-artifact": "upload-artifact", "actions/download-artifact": "download-artifact", "actions/setup-go": "setup-go", "actions/cache": "cache",
	"github/codeql-action": "codeql-action", "gitleaks/gitleaks-action": "gitleaks-action", "google/osv-scanner-action": "osv-scanner-action",
	"aquasecurity/trivy-action": "trivy-action", "docker/setup-buildx-action": "setup-buildx-action", "docker/login-action": "login-action",
	"docker/build-push-action": "build-push-action", "marocchino/sticky-pull-request-comment": "sticky-pull-request-comment",
}

var (
	ownAction    = regexp.MustCompile(`uses: \$/(actions/\S+)`)
	ownWorkflow  = regexp.MustCompile(`uses: \./(\.github/workflows/\S+)`)
	dockerfile   = regexp.MustCompile(`(?m)^  image: (?:\.\./\.\./)?Dockerfile(\.security-gate)?$`)
	runsOn       = regexp.MustCompile(`(?m)^    runs-on: (?:ubuntu-24\.04|\$\{\{ fromJSON\(inputs\.runner\) \}\})$`)
	jobLine      = regexp.MustCompile(`(?m)^  ([a-z][a-z-]*):$`)
	workflowName = regexp.MustCompile(`(?m)^name: [a-z-]+$`)
	queued       = regexp.MustCompile(`(?m)^  queue: max\n`)
	othersUse    = regexp.MustCompile(`uses: ([\w.-]+/[\w.-]+)(/[\w./-]+)?@([0-9a-f]{40})`)
)

// publish copies the workflows and actions, changed for act: act supports neither `$/`
// nor, in a workflow called from another repository, `./`. Each job also gets folders
// that it shares with the containers of its actions, as a runner's jobs do, and, if its
// permissions have id-token: write, the variables to ask for the run's identity.
func (b *bench) publish() {
	b.t.Helper()
	b.copy = filepath.Join(b.dir, "goldenpath")
	for _, pattern := range []string{".github/workflows/*.yml", "actions/*/action.yml"} {
		files, err := filepath.Glob(filepath.Join(top(b.t), pattern))
		if err != nil || len(files) == 0 {
			b.t.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			rel, err := filepath.Rel(top(b.t), file)
			if err != nil {
				b.t.Fatal(err)
			}
			text := b.translate(rel, read(b.t, file))
			write(b.t, filepath.Join(b.copy, rel), text)
			b.replace(text)
		}
	}
	scripts, err := filepath.Glob(filepath.Join(top(b.t), "actions/*/*.sh"))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, file := range scripts {
		to := filepath.Join(b.copy, "actions", filepath.Base(filepath.Dir(file)), filepath.Base(file))
		write(b.t, to, read(b.t, file))
		if err := os.Chmod(to, 0o755); err != nil {
			b.t.Fatal(err)
		}
	}
	b.local[self+"@"+release] = b.copy
}

// replace gives the runner a stand-in for each third-party action of a workflow.
func (b *bench) replace(text string) {
	b.t.Helper()
	for _, m := range othersUse.FindAllStringSubmatch(text, -1) {
		if m[1] == "actions/checkout" || m[1] == self {
			continue
		}
		b.local[m[1]+"@"+m[3]] = filepath.Join(top(b.t), "internal/e2e/act/standins", cmp.Or(standIns[m[1]], "none"))
	}
}

func (b *bench) translate(rel, text string) string {
	text = ownAction.ReplaceAllString(text, "uses: "+self+"/$1@"+release)
	text = ownWorkflow.ReplaceAllString(text, "uses: "+self+"/$1@"+release)
	// act names the containers of a job after it and its workflow. The names of two runs that
	// share an engine must differ.
	text = workflowName.ReplaceAllString(text, "${0}-"+strings.TrimPrefix(filepath.Base(b.dir), "workflows-"))
	text = queued.ReplaceAllString(text, "") // act does not support it, and runs one job at a time
	text = dockerfile.ReplaceAllStringFunc(text, func(line string) string {
		if strings.HasSuffix(line, ".security-gate") {
			return "  image: docker://security-gate:e2e"
		}
		return "  image: docker://" + b.own
	})
	job, out, last := "", strings.Builder{}, 0
	for _, at := range runsOn.FindAllStringIndex(text, -1) {
		if names := jobLine.FindAllStringSubmatch(text[:at[0]], -1); len(names) > 0 {
			job = names[len(names)-1][1]
		}
		out.WriteString(text[last:at[1]])
		fmt.Fprintf(&out, "\n    container:\n      image: %s\n      volumes:\n", b.image)
		// The temporary folder, one for each job of each app.
		volume := fmt.Sprintf("%s%s-%s-${{ inputs.app }}", b.volumes(), strings.TrimSuffix(filepath.Base(rel), ".yml"), job)
		for _, v := range append([]string{volume + ":/tmp"}, b.binds...) {
			fmt.Fprintf(&out, "        - %s\n", v)
		}
		if rest, _, _ := strings.Cut(text[at[1]:], "\n\n"); strings.Contains(rest, "\n      id-token: write") && len(b.env) > 0 {
			out.WriteString("    env:\n")
			for _, key := range slices.Sorted(mapKeys(b.env)) {
				fmt.Fprintf(&out, "      %s: ${{ vars.%s }}\n", key, key)
			}
		}
		last = at[1]
	}
	return out.String() + text[last:]
}

func top(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
