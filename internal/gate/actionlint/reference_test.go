package actionlint

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
)

// actionlint does not open files outside the repository, or devices.
func TestReferencesStayInside(t *testing.T) {
	outside := gatetest.Write(t, map[string]string{"x/action.yml": "name: [\n", "w.yml": "on: [\n"})
	dir := gatetest.Write(t, map[string]string{
		"actions/ok/action.yml": "name: ok\ndescription: ok\ninputs: {a: {description: a}}\nruns: {using: composite, steps: []}\n",
		".github/workflows/a.yml": "on: push\npermissions: {}\njobs:\n  a:\n    uses: ./../../../../../../../../dev/zero\n  b:\n    uses: ./.github/workflows/link.yml\n  c:\n    runs-on: ubuntu-latest\n    steps:\n" +
			"      - uses: ./actions/link\n      - uses: ./../../../../../../../../dev\n      - uses: $/../../../../../../dev\n      - {uses: ./actions/ok, with: {b: 1}}\n      - uses: \"./actions/l\\x69nk\"\n",
		".github/workflows/b.yml": "on: push\npermissions: {}\njobs:\n  a:\n    uses: \"./\\x2e./../../../../../../../dev/zero\"\n",
	})
	for link, to := range map[string]string{"actions/link": filepath.Join(outside, "x"), ".github/workflows/link.yml": "/dev/zero"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan gate.Result, 1)
	go func() {
		res, _ := Scanner{}.Scan(context.Background(), inputOf(t, dir))
		done <- res
	}()
	select {
	case res := <-done:
		var gaps []string
		for _, g := range res.Missing {
			gaps = append(gaps, g.What)
		}
		if diff := cmp.Diff([]string{"./.github/workflows/link.yml in .github/workflows/a.yml", "./actions/link in .github/workflows/a.yml"}, gaps); diff != "" {
			t.Error(diff)
		}
		if strings.Contains(fmt.Sprint(res), outside) {
			t.Errorf("%+v", res)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it reads what does not end")
	}
}

func TestReferenceOutOfTheRepository(t *testing.T) {
	dir := gatetest.Write(t, map[string]string{
		".github/workflows/a.yml": steps("push", "      - uses: ./actions/link\n      - uses: ./../beside\n      - run: echo ${{ github.evnt }}\n"),
		"actions/x/action.yml":    "runs: {using: composite, steps: []}\n",
	})
	if err := os.Symlink(t.TempDir(), filepath.Join(dir, "actions/link")); err != nil {
		t.Fatal(err)
	}
	res := scan(t, dir)
	if len(res.Missing) != 1 || res.Missing[0].What != "./actions/link in .github/workflows/a.yml" {
		t.Errorf("%+v", res.Missing)
	}
	if diff := cmp.Diff([]string{"a.yml:10 expression medium"}, lines(res)); diff != "" {
		t.Error(diff)
	}
}
