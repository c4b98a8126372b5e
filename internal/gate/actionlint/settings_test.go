package actionlint

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
)

// A label names runners; a pattern that matches everything is ignored (GP-GATE-6).
func TestLabels(t *testing.T) {
	for pattern, silenced := range map[string]bool{
		"our-own": true, "our-*": true, "ubuntu-lates": true,
		"*": false, "**": false, "?*": false, "[a-z]*": false, "[!u]*": false, "o*": false, "ubuntu-*": false, "ubu*": false, "macos-1*": false, `\u*`: false, "[": false,
	} {
		label := "our-own"
		if strings.HasPrefix(pattern, "ub") || strings.HasPrefix(pattern, `\u`) {
			label = "ubuntu-lates"
		}
		if strings.HasPrefix(pattern, "mac") {
			label = "macos-1"
		}
		dir := gatetest.Write(t, map[string]string{
			".github/workflows/w.yml": strings.Replace(steps("push", "      - run: make\n"), "ubuntu-latest", label, 1),
			".github/actionlint.yml":  fmt.Sprintf("self-hosted-runner: {labels: ['%s']}\n", pattern),
		})
		if got := len(only(lines(scan(t, dir)), "runner-label")) == 0; got != silenced {
			t.Errorf("%s: silenced %v", pattern, got)
		}
	}
}

// A configuration without config-variables allows every variable.
func TestVariables(t *testing.T) {
	for config, want := range map[string]int{"{}\n": 0, "config-variables: null\n": 0, "config-variables: [OTHER]\n": 1, "config-variables: []\n": 1} {
		dir := gatetest.Write(t, map[string]string{".github/workflows/w.yml": steps("push", "      - run: echo ${{ vars.ONE }}\n"), ".github/actionlint.yaml": config})
		if got := lines(scan(t, dir)); len(got) != want {
			t.Errorf("%s: %v", config, got)
		}
	}
}

func TestConfigurationIsAFile(t *testing.T) {
	dir := gatetest.Write(t, map[string]string{".github/workflows/w.yml": steps("push", "      - run: make\n")})
	if err := os.Symlink("/dev/zero", filepath.Join(dir, ".github/actionlint.yaml")); err != nil {
		t.Fatal(err)
	}
	if _, err := (Scanner{}).Scan(context.Background(), inputOf(t, dir)); err == nil || !strings.Contains(err.Error(), "actionlint.yaml") {
		t.Error(err)
	}
}
