package terraform

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/config"
)

const example = "../../../docs/examples/cloud-run"

// GP-PREV-11: the worked example is written as Terraform writes it, and what its
// README sets and goldenpath knows is all it needs, to raise and to remove it.
func TestExample(t *testing.T) {
	conf, err := readConfiguration(example, example, false)
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(example, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(readme), "```yaml\n")
	block, _, _ = strings.Cut(block, "```")
	dir := t.TempDir()
	write(t, filepath.Join(dir, ".goldenpath.yml"), block)
	if err := os.CopyFS(filepath.Join(dir, "infra"), os.DirFS(example)); err != nil {
		t.Fatal(err)
	}
	c, err := config.Read(dir)
	if err != nil {
		t.Fatalf("its .goldenpath.yml: %v", err)
	}
	s := &session{t: &Target{Dir: example, Vars: c.Preview.Vars}, conf: conf, workspace: "pr-12"}
	if err := s.checkURL(); err != nil {
		t.Error(err)
	}
	known := s.t.known(deployment1(), "pr-12", nil)
	v, err := s.fill(standard("pr-12", "12", known, map[string]string{"A": "b"}), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"variables set by goldenpath: app, env, goldenpath, image, labels, name"}, v.notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	for name, e := range c.Environments {
		s := &session{t: &Target{Dir: example, Vars: e.Vars}, conf: conf, workspace: name}
		if _, err := s.fill(standard(name, "", s.t.known(deployment1(), name, nil), map[string]string{}), nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	std := standard("pr-12", "12", recalled("preview/pr-12", "pr-12", nil), map[string]string{})
	s.stand(std, nil)
	if v, err = s.fill(std, nil); err != nil || v.file["image"] != standIns["image"] {
		t.Errorf("without any memory: %v, %v", v, err)
	}
	if conf.backend != "gcs" || !conf.outputs["goldenpath"] {
		t.Errorf("backend %q, outputs %v", conf.backend, conf.outputs)
	}
	program, err := (&Target{}).find(t.Context())
	if err != nil {
		t.Skipf("its format is not proven here: %v", err)
	}
	if out, err := exec.CommandContext(context.Background(), program, "fmt", "-check", "-diff", example).CombinedOutput(); err != nil {
		t.Errorf("fmt: %v\n%s", err, out)
	}
}
