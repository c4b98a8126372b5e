package gate

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// release records in the ledger that a commit was released.
func (c checkout) release(t *testing.T, commit string) {
	t.Helper()
	l := &ledger.Ledger{Git: git.Own(c.dir), Now: time.Now}
	err := l.Update(t.Context(), "release", func(ctx context.Context, tx *ledger.Tx) error {
		_, err := tx.Record(ctx, ledger.Entry{Kind: ledger.KindRelease, Environment: "staging", Commit: commit, Verdict: "pass", Data: json.RawMessage("{}")})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (c checkout) push(t *testing.T, before string, args ...string) result {
	t.Helper()
	return c.run(t, event(t, "push", "public", map[string]any{"before": before, "after": c.git(t, "rev-parse", "HEAD"), "ref": "refs/heads/main"}), args...)
}

func (r result) status(rule, path string) report.Status {
	for _, f := range r.report.Findings {
		if f.Rule == rule && f.At.Path == path {
			return f.Status
		}
	}
	return "not reported"
}

func (r result) data(t *testing.T) gate.Data {
	t.Helper()
	d, err := report.DataOf[gate.Data](r.report)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestPushAfterRefusal: a push that the gate refused does not pass with the next one,
// whatever that changes. What is released is the whole commit, so all of its findings
// are in the report.
func TestPushAfterRefusal(t *testing.T) {
	c := newCheckout(t) // base, and head, which the gate refuses
	c.git(t, "checkout", "-q", "-B", "main", c.base)
	c.release(t, c.base)
	c.git(t, "merge", "-q", "--ff-only", c.head)
	a := c.push(t, c.base)
	if a.code != report.ExitVerdict || a.report.Reason != report.ReasonFindings {
		t.Fatalf("push A: exit %d\n%s", a.code, strings.Join(a.says(t), "\n"))
	}
	c.write(t, map[string]string{"README.md": "nothing else\n"})
	c.commit(t)
	b := c.push(t, c.head)
	if b.code != report.ExitVerdict || b.report.Output("blocking") != a.report.Output("blocking") {
		t.Errorf("push B: exit %d\n%s", b.code, strings.Join(b.says(t), "\n"))
	}
	for _, want := range []struct {
		rule, path string
		status     report.Status
	}{{"github-pat", "new.env", report.New}, {"github-pat", "old.env", report.Known}, {"DS-0002", "Dockerfile", report.Waived}} {
		if got := b.status(want.rule, want.path); got != want.status {
			t.Errorf("%s in %s: %s, want %s", want.rule, want.path, got, want.status)
		}
	}
	if d := b.data(t); d.Base != c.base || !strings.HasPrefix(d.BaseProof, "last release: ") || !strings.Contains(d.BaseProof, " of staging, recorded in goldenpath-ledger at ") || !strings.Contains(d.Scope, "everything at ") {
		t.Errorf("base %q, proof %q, scope %q", d.Base, d.BaseProof, d.Scope)
	}

	// The findings can be fixed, or waived by the waivers before the push, each of which
	// the report names.
	day := time.Now().AddDate(0, 1, 0).Format(time.DateOnly)
	waivers := c.git(t, "show", c.base+":.goldenpath/waivers.yml") + "\n"
	for _, f := range b.report.Findings {
		if f.Blocking {
			waivers += "  - {fingerprint: \"" + f.Fingerprint + "\", reason: accepted until then, owner: ann, expires: \"" + day + "\"}\n"
		}
	}
	c.write(t, map[string]string{".goldenpath/waivers.yml": waivers})
	before := c.commit(t)
	if r := c.push(t, c.head); r.code != report.ExitVerdict {
		t.Errorf("a push waived itself: exit %d\n%s", r.code, strings.Join(r.says(t), "\n"))
	}
	c.write(t, map[string]string{"README.md": "again\n"})
	c.commit(t)
	r := c.push(t, before)
	if r.code != 0 || r.report.Output("blocking") != "0" || r.status("github-pat", "new.env") != report.Waived {
		t.Errorf("waived: exit %d\n%s", r.code, strings.Join(r.says(t), "\n"))
	}
	if row := r.report.Checks[0]; row.Name != "policy" || row.Result != "policy of the base commit "+c.base[:7]+", waivers of "+before[:7] {
		t.Errorf("row %+v", row)
	}
}

// TestPushLoosensTheGate: a refused push does not set the rules of the next one.
func TestPushLoosensTheGate(t *testing.T) {
	c := newCheckout(t)
	c.git(t, "checkout", "-q", "-B", "main", c.base)
	c.release(t, c.base)
	c.write(t, map[string]string{
		".goldenpath.yml": "version: 1\napp: shop\nartifact: {pack: dist, entrypoint: [/shop]}\ngate: {exclude: [src], fail-on: critical}\n",
		"src/key.env":     "TOKEN=" + token + "\n",
	})
	a := c.commit(t)
	if r := c.push(t, c.base); r.code != report.ExitVerdict {
		t.Fatalf("push A: exit %d\n%s", r.code, strings.Join(r.says(t), "\n"))
	}
	c.write(t, map[string]string{"README.md": "nothing else\n"})
	c.commit(t)
	r := c.push(t, a)
	if r.code != report.ExitVerdict || r.status("github-pat", "src/key.env") != report.New {
		t.Errorf("push B: exit %d\n%s", r.code, strings.Join(r.says(t), "\n"))
	}
	if i := slices.IndexFunc(r.report.Checks, func(c report.Check) bool { return c.Name == "policy" }); i < 0 || !strings.Contains(r.report.Checks[i].Note, "not in effect yet: .goldenpath.yml") {
		t.Errorf("rows %+v", r.report.Checks)
	}
}

// TestFirstPush proves GP-GATE-4 and 17 (NEWCOMER 1): without a release, what the
// repository had when goldenpath was added is known. A secret in the files blocks
// whatever its age.
func TestFirstPush(t *testing.T) {
	c := newCheckout(t)
	r := c.push(t, c.base)
	if r.code != report.ExitVerdict || r.status("CVE-2023-45288", "go.mod") != report.Known || r.status("github-pat", "old.env") != report.New || r.status("CVE-2022-32149", "go.mod") != report.New {
		t.Errorf("exit %d\n%s", r.code, strings.Join(r.says(t), "\n"))
	}
	if d := r.data(t); d.Base != c.base || d.BaseKind != "adoption" || d.BaseProof != "baseline: "+c.base[:7]+" added goldenpath; this repository has no branch goldenpath-ledger, so no release is recorded" {
		t.Errorf("base %q, proof %q", d.Base, d.BaseProof)
	}
	byHand := c.push(t, c.base, "--base", c.base)
	if d := byHand.data(t); d.Base != c.base || d.BaseProof != "given by hand: --base "+c.base || byHand.report.Output("blocking") != "3" {
		t.Errorf("base %q, proof %q", d.Base, d.BaseProof)
	}
}

// TestBaselineOfALaptop proves GP-GATE-17 (NEWCOMER 1): a repository with findings passes
// its first run without a waiver, a laptop and a push agree on what is new, and a push
// that was refused does not become the baseline.
func TestBaselineOfALaptop(t *testing.T) {
	c := newCheckout(t)
	c.git(t, "checkout", "-q", "-B", "main", c.base)
	c.git(t, "checkout", "-q", "--orphan", "first") // a history without goldenpath
	c.git(t, "rm", "-q", "--cached", ".goldenpath.yml", ".goldenpath/waivers.yml")
	c.git(t, "commit", "-q", "-m", "with a token, which is removed later")
	c.write(t, map[string]string{"Dockerfile": "FROM debian\nCOPY shop /\n", "go.mod": "module example.com/shop\n\ngo 1.26\n\nrequire golang.org/x/text v0.3.6\n", "old.env": "TOKEN=\n"})
	c.git(t, "add", "old.env", "Dockerfile", "go.mod")
	c.git(t, "commit", "-q", "-m", "before")
	c.write(t, map[string]string{".goldenpath.yml": "version: 1\napp: shop\nartifact: {dockerfile: Dockerfile}\n", ".goldenpath/waivers.yml": "version: 1\n"})
	added := c.commit(t)
	both := func(before string, args ...string) result {
		t.Helper()
		laptop, push := c.run(t, nil, args...), c.push(t, before, args...)
		if diff := cmp.Diff(laptop.says(t), push.says(t)); diff != "" {
			t.Errorf("(-laptop +push):\n%s", diff)
		}
		return laptop
	}
	r := both("")
	if r.code != 0 || r.report.Output("new") != "0" || r.status("CVE-2022-32149", "go.mod") != report.Known || r.status("DS-0002", "Dockerfile") != report.Known || r.status("github-pat", "old.env") != report.Known {
		t.Fatalf("first run: exit %d\n%s\n%s", r.code, strings.Join(r.says(t), "\n"), r.all["stderr"])
	}
	c.write(t, map[string]string{"tools/Dockerfile": "FROM debian\n", "deploy.yaml": privileged})
	refused := c.commit(t)
	r = both(added)
	if r.code != report.ExitVerdict || r.status("KSV-0017", "deploy.yaml") != report.New || r.status("DS-0002", "Dockerfile") != report.Known {
		t.Errorf("a new finding: exit %d\n%s", r.code, strings.Join(r.says(t), "\n"))
	}
	for _, f := range r.report.Findings {
		if f.At.Path == "tools/Dockerfile" && (f.Blocking || f.Unused != "not used: .goldenpath.yml builds Dockerfile") {
			t.Errorf("a Dockerfile that is not used: %+v", f)
		}
	}
	c.write(t, map[string]string{"README.md": "nothing else\n"})
	c.commit(t)
	if r := both(refused); r.code != report.ExitVerdict || r.status("KSV-0017", "deploy.yaml") != report.New {
		t.Errorf("after a refused push: exit %d\n%s", r.code, strings.Join(r.says(t), "\n"))
	}
	c.write(t, map[string]string{"live.env": "TOKEN=" + token + "\n"})
	c.git(t, "checkout", "-q", added)
	c.git(t, "checkout", "-q", "-B", "other")
	c.git(t, "add", "live.env")
	c.git(t, "commit", "-q", "--amend", "-m", "with a secret")
	if r := both(""); r.code != report.ExitVerdict || r.status("github-pat", "live.env") != report.New || r.report.Output("blocking") != "1" {
		t.Errorf("a secret at the first run: exit %d\n%s", r.code, strings.Join(r.says(t), "\n"))
	}
}

const privileged = `apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: shop
          image: shop:1
          securityContext: {privileged: true}
`

// TestPolicyChangesAreShown: what decides who may change the policy, whose signature
// is trusted and whether the gate runs is shown when a change touches it, however it is
// hidden.
func TestPolicyChangesAreShown(t *testing.T) {
	c := newCheckout(t)
	c.git(t, "checkout", "-q", "-B", "main", c.base)
	uses := "on: pull_request\njobs:\n  gate:\n    uses: seed-b235b314/goldenpath/.github/workflows/security.yml@" + strings.Repeat("0", 40) + " # v0\n"
	c.write(t, map[string]string{".goldenpath/evidence.pub": "ours\n", ".github/CODEOWNERS": "/.github/ @ann\n", ".github/workflows/goldenpath.yml": uses})
	base := c.commit(t)
	c.write(t, map[string]string{
		".gitattributes":                   ".goldenpath.yml -diff\n.goldenpath/* binary\n",
		".goldenpath.yml":                  strings.Repeat("# padding\n", 3000) + "version: 1\napp: shop\nartifact: {pack: dist, entrypoint: [/shop]}\ngate: {exclude: [src]}\n",
		".goldenpath/evidence.pub":         "theirs\n",
		".github/CODEOWNERS":               "# none\n",
		".github/workflows/goldenpath.yml": "on: pull_request\njobs:\n  gate:\n    runs-on: ubuntu-24.04\n    steps: [run: \"true\"]\n",
	})
	head := c.commit(t)
	r := c.run(t, event(t, "pull_request", "public", pullRequest(head, base, "mallory/shop")))
	text := map[string]string{}
	for _, s := range r.report.Sections {
		name, ok := strings.CutPrefix(s.Title, "policy change, not in effect yet: ")
		if ok {
			text[name] = s.Text
		}
	}
	for name, want := range map[string]string{
		".goldenpath.yml": "+gate: {exclude: [src]}", ".goldenpath/evidence.pub": "+theirs", ".github/CODEOWNERS": "-/.github/ @ann",
		".github/workflows/goldenpath.yml": "-    uses: seed-b235b314/goldenpath/.github/workflows/security.yml@",
	} {
		if !strings.Contains(text[name], want) {
			t.Errorf("%s: no %q in\n%s", name, want, text[name])
		}
	}
	if !strings.Contains(text[".goldenpath.yml"], "(3000 changed comment lines are not shown)") {
		t.Errorf("the padding:\n%.300s", text[".goldenpath.yml"])
	}
}
