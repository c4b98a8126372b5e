package terraform

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

const filesApp = `
terraform {
  backend "local" {}
  required_providers {
    local = { source = "hashicorp/local" }
  }
}
variable "dir" {}
variable "region" {}
resource "local_file" "config" {
  filename = "${var.dir}/config"
  content  = "as deployed"
}
resource "local_file" "other" {
  filename = "${var.dir}/other"
  content  = "as deployed"
}
output "url" { value = var.region }
`

// GP-PREV-11: what was removed behind Terraform's back is told, and not mended. It
// needs a provider with something to look at, as an executable on PATH.
func TestDrift(t *testing.T) {
	provider, err := exec.LookPath("terraform-provider-local")
	if err != nil {
		t.Skip("drift of a real resource is not proven here: terraform-provider-local is not on PATH")
	}
	mirror := t.TempDir()
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		dir := filepath.Join(mirror, host, "hashicorp", "local", "1.4.0", runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(provider, filepath.Join(dir, "terraform-provider-local_v1.4.0")); err != nil {
			t.Fatal(err)
		}
	}
	rc := filepath.Join(mirror, "rc")
	write(t, rc, fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror))
	t.Setenv("TF_CLI_CONFIG_FILE", rc)
	w := newWorld(t, filesApp)
	ctx := context.Background()
	w.Vars = map[string]string{"dir": w.dir, "region": w.Vars["url"]}
	write(t, filepath.Join(w.dir, "version"), commit1)
	if _, err := w.Deploy(ctx, deployment1()); err != nil {
		t.Fatal(err)
	}
	delete(w.Vars, "region") // as after a merge: nothing knows it any more
	if err := os.Remove(filepath.Join(w.dir, "config")); err != nil {
		t.Fatal(err)
	}
	got, err := w.Drift(ctx, "preview/pr-12")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]target.Change{{Object: "local_file.config", What: "remove"}}, got); diff != "" {
		t.Errorf("Drift (-want +got):\n%s", diff)
	}
	if exists(filepath.Join(w.dir, "config")) {
		t.Error("it was mended")
	}
	if err := w.Down(ctx, "preview/pr-12"); err != nil || w.left(t) != nil || exists(filepath.Join(w.dir, "other")) {
		t.Errorf("down: %v, left %v", err, w.left(t))
	}
}

// GP-PREV-11: the same, of a plan that was recorded; what is not of local_file was
// added to it.
func TestDrifted(t *testing.T) {
	b, err := os.ReadFile("testdata/drift.json")
	if err != nil {
		t.Fatal(err)
	}
	var p tfjson.Plan
	if err := json.Unmarshal(b, &p); err != nil {
		t.Fatal(err)
	}
	want := []target.Change{{Object: "local_file.config", What: "remove"}, {Object: "random_pet.name", What: "change"}}
	if diff := cmp.Diff(want, drifted(&p)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
