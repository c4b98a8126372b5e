package workflow

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
)

// TestTakesCode: GP-GATE-13, the code of a pull request by every command that gets it,
// and commands that only look like it.
func TestTakesCode(t *testing.T) {
	const rule = "dangerous-trigger"
	run := func(script string) string {
		return steps("pull_request_target", "      - uses: "+co+"\n      - env:\n          N: ${{ github.event.number }}\n          SHA: ${{ github.event.pull_request.head.sha }}\n          REPO: ${{ github.event.pull_request.head.repo.full_name }}\n          URL: ${{ github.event.pull_request.head.repo.clone_url }}\n          BRANCH: ${{ github.head_ref }}\n          BASE: ${{ github.event.pull_request.base.sha }}\n          OWN: ${{ github.repository }}\n        run: "+indented(script))
	}
	action := func(text string) string {
		return steps("pull_request_target", "      - "+text+"\n")
	}
	js := func(script string) string {
		return steps("pull_request_target", "      - uses: actions/github-script@"+sha+"\n        env: {SHA: '${{ github.event.pull_request.head.sha }}'}\n        with:\n          script: "+strings.ReplaceAll(indented(script), "\n          ", "\n            "))
	}
	const head = "${{ github.event.pull_request.head.sha }}"
	runHigh(t, []twin{
		{"gh repo clone", rule, run(`gh repo clone "$REPO" pr -- --depth 1`), run(`gh repo clone "$OWN" base`)},
		{"remote", rule, run("git remote add fork \"$URL\"\ngit fetch fork\ngit checkout \"fork/$BRANCH\""), run("git remote add up https://github.com/o/r\ngit fetch up\ngit checkout up/main")},
		{"remote by address", rule, run("git remote add f \"https://github.com/$REPO.git\"\ngit fetch f main:pr\ngit checkout pr"), run("git remote add f \"https://github.com/$OWN.git\"\ngit fetch f main:pr\ngit checkout pr")},
		{"continued", rule, run("git fetch origin \\\n  \"pull/$N/head:pr\"\ngit checkout pr"), run("git fetch origin \\\n  main:base\ngit checkout base")},
		{"variable", rule, run("REF=\"pull/$N/merge\"\ngit fetch origin $REF\ngit checkout FETCH_HEAD"), run("REF=\"$BASE\"\ngit fetch origin $REF\ngit checkout FETCH_HEAD")},
		{"two variables", rule, run("A=refs/pull\nB=\"$A/$N/head\"\ngit fetch origin \"+$B:refs/remotes/origin/x\"\ngit switch --detach origin/x"), run("A=refs/heads\nB=\"$A/main\"\ngit fetch origin \"+$B:refs/remotes/origin/x\"\ngit switch --detach origin/x")},
		{"from the API", rule, run("S=$(gh pr view $N --json headRefOid -q .headRefOid)\ngit fetch origin $S && git checkout $S"), run("S=$(gh pr view $N --json baseRefOid -q .baseRefOid)\ngit fetch origin $S && git checkout $S")},
		{"from the API, jq", rule, run("S=$(gh api repos/o/r/pulls/$N | jq -r .head.sha)\ngit checkout \"$S\""), run("S=$(gh api repos/o/r/pulls/$N | jq -r .base.sha)\ngit checkout \"$S\"")},
		{"a number in a name", rule, run("git fetch origin pull/$N/head && git checkout -b pr-$N FETCH_HEAD"), run("git checkout -b pr-$N && git push origin pr-$N")},
		{"new branch", rule, run("git switch -c x-$N $SHA"), run("git switch -c x-$N origin/main\ngit pull --rebase origin main")},
		{"worktree", rule, run("git worktree add ../pr $SHA"), run("git worktree add -b pr-$N ../pr main")},
		{"fetched and compared", rule, run("git fetch origin pull/$N/head\ngit merge FETCH_HEAD"), run("git fetch origin pull/$N/head:pr\ngit diff --stat main pr\ngit checkout main -- tools")},
		{"fetched, base taken", rule, run("git fetch origin $SHA\ngit reset --hard $SHA"), run("git fetch origin $SHA\ngit log $SHA\ngit reset --hard origin/main")},
		{"fetched, base of the event taken", rule, run("git fetch origin pull/$N/head\ngit checkout $SHA"), run("git fetch origin pull/$N/head\ngit diff $BASE FETCH_HEAD\ngit checkout \"$BASE\"")},
		{"fetched, and taken later", rule, run("git fetch origin pull/$N/head:x") + "      - run: git switch x\n", run("git fetch origin pull/$N/head:x") + "      - env: {B: '${{ github.base_ref }}'}\n        run: git switch \"$B\"\n"},
		{"tarball of the API", rule, run("gh api repos/$REPO/tarball/$SHA > x.tgz\ntar xzf x.tgz"), run("gh api repos/$OWN/tarball/main > x.tgz\ntar xzf x.tgz")},
		{"npx", rule, run("npx degit \"$REPO#$SHA\" x"), run("npx degit o/r x")},
		{"output of the script", rule, run("echo \"sha=$SHA\" >> $GITHUB_OUTPUT\ngit checkout $(cat sha || echo $SHA)"), run("echo \"sha=$SHA\" >> $GITHUB_OUTPUT\ngit checkout $(git rev-parse main)")},
		{"repository of the author", rule, action("{uses: actions/checkout@" + sha + ", with: {repository: '${{ github.event.pull_request.user.login }}/x'}}"), action("{uses: actions/checkout@" + sha + ", with: {repository: '${{ github.repository_owner }}/x'}}")},
		{"patch", rule, run("gh pr diff $N > p\ngit apply --index p"), run("gh pr diff $N > p\ngrep -c '^+' p")},
		{"patch, piped", rule, run("gh pr diff \"$N\" --patch |\n  git am"), run("gh pr diff \"$N\" --patch | wc -l")},
		{"patch, curl", rule, run("curl -sL https://github.com/o/r/pull/$N.patch | patch -p1"), run("curl -sL https://github.com/o/r/pull/$N.patch | grep -c x")},
		{"archive", rule, run(`curl -L "https://github.com/$REPO/archive/$SHA.tar.gz" | tar xz`), run(`curl -L "https://github.com/$OWN/archive/$BASE.tar.gz" | tar xz`)},
		{"archive, file", rule, run("curl -Lo x.tgz \"https://codeload.github.com/$REPO/tar.gz/$SHA\"\ntar xzf x.tgz"), run("curl -Lo x.tgz \"https://codeload.github.com/$REPO/tar.gz/$SHA\"\nls -l x.tgz")},
		{"archive, wget", rule, run("wget -O x.zip \"https://github.com/$REPO/archive/$SHA.zip\"\nunzip x.zip"), run("wget -O x.zip \"https://github.com/o/r/archive/v1.zip\"\nunzip x.zip")},
		{"raw script", rule, run(`bash <(curl -s "https://raw.githubusercontent.com/$REPO/$SHA/x.sh")`), run(`bash <(curl -s "https://raw.githubusercontent.com/$OWN/main/x.sh")`)},
		{"raw script, piped", rule, run(`curl "https://raw.githubusercontent.com/$REPO/$SHA/x.py" | python3`), run(`curl "https://raw.githubusercontent.com/$REPO/$SHA/README.md" | wc -w`)},
		{"raw text, to a program", rule, run(`curl "https://raw.githubusercontent.com/$REPO/$SHA/x.sh" | bash -s -- x`), run(`curl "https://raw.githubusercontent.com/$REPO/$SHA/x.json" | python3 -c 'import json'`)},
		{"raw script, file", rule, run("curl -o x.sh https://raw.githubusercontent.com/$REPO/$SHA/x.sh\nchmod +x x.sh\n./x.sh"), run("curl -o x.md https://raw.githubusercontent.com/$REPO/$SHA/x.md\ncat x.md")},
		{"raw script, eval", rule, run("eval \"$(curl https://raw.githubusercontent.com/$REPO/$SHA/x.sh)\""), run("echo \"$(curl https://raw.githubusercontent.com/$REPO/$SHA/x.sh)\"")},
		{"pip", rule, run(`pip install "git+https://github.com/$REPO@$SHA"`), run(`pip install "git+https://github.com/o/r@v1" "x==$N"`)},
		{"npm", rule, run(`npm install "github:$REPO#$SHA"`), run(`npm version "1.0.0-$SHA"`)},
		{"docker", rule, run(`docker build "https://github.com/$REPO.git#$SHA"`), run(`docker build -t ghcr.io/${{ github.event.pull_request.head.repo.owner.login }}/r:$SHA .`)},
		{"in a condition", rule, run("if [ -n \"$N\" ]; then gh pr checkout \"$N\"; fi"), run("if [ -n \"$N\" ]; then echo 'gh pr checkout 1'; fi")},
		{"in a group", rule, run("( cd x && git fetch origin \"$SHA\" && git checkout \"$SHA\" )"), run("( cd x && git fetch origin && git checkout main )")},
		{"in a function", rule, run("take() { git checkout \"$1\"; }\ntake \"$SHA\""), run("take() { git checkout \"$1\"; }\ntake main")},
		{"in bash -c", rule, run(`bash -c "git fetch origin $SHA && git checkout FETCH_HEAD"`), run(`bash -c "git log $SHA"`)},
		{"behind sudo", rule, run(`sudo -u ci git checkout "$SHA"`), run(`sudo -u ci git checkout "$BASE"`)},
		{"in a loop", rule, run("for n in $N; do\n  gh pr checkout \"$n\"\ndone"), run("for n in $N; do\n  gh pr view \"$n\"\ndone")},
		{"one of two refs", rule, run("REF=main\nif [ -n \"$N\" ]; then REF=refs/pull/$N/head; fi\ngit pull origin $REF"), run("REF=main\nif [ -n \"$N\" ]; then REF=next; fi\ngit pull origin $REF")},
		{"text of a comment", rule, run("cat <<X | bash\ngh pr checkout $N\nX"), run("gh pr comment $N --body \"run gh pr checkout $N, or git checkout $SHA\"")},
		{"here-document", rule, run("bash <<X\ngit checkout $SHA\nX"), run("cat > body <<X\ngit checkout $SHA\nX\ngh pr comment $N -F body")},
		{"commented", rule, run("make # x\ngit checkout $SHA"), run("make # git checkout $SHA")},
		{"quoted", rule, run("git checkout '" + head + "'"), run("X='git checkout " + head + "'")},
		{"context of an image", rule, action("{uses: docker/build-push-action@" + sha + ", with: {context: 'https://github.com/${{ github.repository }}.git#" + head + "'}}"), action("{uses: docker/build-push-action@" + sha + ", with: {context: ., tags: 'x:" + head + "'}}")},
		{"checkout in a retry", rule, action("{uses: Wandalen/wretry.action@" + sha + ", with: {action: actions/checkout@" + sha + ", with: 'ref: " + head + "'}}"), action("{uses: Wandalen/wretry.action@" + sha + ", with: {action: actions/checkout@" + sha + ", with: 'ref: main'}}")},
		{"after", rule, action("{uses: actions/checkout@" + sha + ", with: {ref: '${{ github.event.after }}'}}"), action("{uses: actions/checkout@" + sha + ", with: {ref: '${{ github.event.before }}'}}")},
		{"matrix", rule, strings.Replace(action("{uses: actions/checkout@"+sha+", with: {ref: '${{ matrix.ref }}'}}"), "    steps", "    strategy: {matrix: {include: [{ref: '"+head+"'}]}}\n    steps", 1), strings.Replace(action("{uses: actions/checkout@"+sha+", with: {ref: '${{ matrix.ref }}'}}"), "    steps", "    strategy: {matrix: {ref: [main, next]}}\n    steps", 1)},
		{"github-script", rule, js("await exec.exec('git', ['checkout', context.payload.pull_request.head.sha])"), js("await exec.exec('git', ['checkout', context.payload.pull_request.base.sha])")},
		{"github-script, text", rule, js("const ref = context.payload.pull_request.head.sha\nawait exec.exec(`git fetch origin ${ref}`)\nawait exec.exec(`git checkout ${ref}`)"), js("const ref = context.payload.pull_request.head.sha\nawait exec.exec(`git diff ${ref}`)")},
		{"github-script, sum", rule, js("require('child_process').execSync('git checkout ' + process.env.SHA)"), js("require('child_process').execSync('git status')")},
		{"github-script, API", rule, js("const { data: pr } = await github.rest.pulls.get({})\nconst sha = pr.head.sha\nawait exec.exec('git', ['checkout', sha])"), js("const { data: pr } = await github.rest.pulls.get({})\nconst sha = pr.base.sha\nawait exec.exec('git', ['checkout', sha])")},
		{"user in an address", rule, run("git clone https://github.com/${{ github.actor }}/x pr || git clone \"https://github.com/${{ github.event.pull_request.user.login }}/x\" pr"), run("git clone \"https://github.com/${{ github.repository_owner }}/x\"")},
		{"PowerShell", rule, action("{shell: pwsh, run: 'git checkout " + head + "'}"), action("{shell: pwsh, run: 'git checkout main'}")},
	})
	for event, step := range map[string]string{
		"{schedule: [{cron: '0 4 * * *'}]}": "run: 'for p in $(gh pr list --json number --jq .[].number); do gh pr checkout $p; done'",
		"check_run":                         "{uses: actions/checkout@" + sha + ", with: {ref: '${{ github.event.check_run.head_sha }}'}}",
		"repository_dispatch":               "{uses: actions/checkout@" + sha + ", with: {ref: '${{ github.event.client_payload.pull_request.head.sha }}'}}",
	} {
		if n, lower := blocking(t, rule, map[string]string{".github/workflows/w.yml": steps(event, "      - "+step+"\n")}); n != 0 || lower != 1 {
			t.Errorf("%s: %d high, %d lower", event, n, lower)
		}
		if n, lower := blocking(t, rule, map[string]string{".github/workflows/w.yml": steps(event, "      - {uses: actions/checkout@"+sha+", with: {ref: '${{ steps.x.outputs.tag }}'}}\n")}); n+lower != 0 {
			t.Errorf("%s: a ref that is known at run time: %d high, %d lower", event, n, lower)
		}
	}
}

// TestEventsWithoutCode: what only a pull request carries is empty on other events.
func TestEventsWithoutCode(t *testing.T) {
	ref := func(on, ref string) string {
		return steps(on, "      - {uses: actions/checkout@"+sha+", with: {ref: '${{ "+ref+" }}'}}\n")
	}
	for name, text := range map[string]string{
		"pull request and schedule": ref("{pull_request: {}, schedule: [{cron: '0 4 * * *'}]}", "github.event.pull_request.head.sha || github.sha"),
		"push and comment":          ref("[push, issue_comment]", "github.event.after"),
		"check of a push":           ref("{check_run: {}, push: {}}", "github.event.after"),
	} {
		if n, lower := blocking(t, "dangerous-trigger", map[string]string{".github/workflows/w.yml": text}); n+lower != 0 {
			t.Errorf("%s: %d high, %d lower", name, n, lower)
		}
	}
}

// TestLinkedAction: an action that is reached by a symbolic link runs as any other.
func TestLinkedAction(t *testing.T) {
	dir := gatetest.Write(t, map[string]string{
		".github/workflows/w.yml": steps("pull_request_target", "      - uses: ./.github/actions/x\n"),
		"tools/x/action.yml":      "name: x\ndescription: x\nruns:\n  using: composite\n  steps:\n    - uses: " + co + "\n      with: {ref: '${{ github.event.pull_request.head.sha }}'}\n",
		".github/actions/y":       "",
	})
	if err := os.Symlink("../../tools/x", filepath.Join(dir, ".github/actions/x")); err != nil {
		t.Fatal(err)
	}
	if got := only(lines(scan(t, dir)), "dangerous-trigger"); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

// TestActionsLock: an action whose commit is in actions.lock is medium, for the workflow
// that the file names.
func TestActionsLock(t *testing.T) {
	lock := "version: v0.0.2\nworkflows:\n  .github/workflows/w.yml: [o/r@v1, o/broken@v1]\ndependencies:\n  o/r@v1: {ref: v1, commit: sha1-" + sha + "}\n  o/other@v1: {ref: v1, commit: sha1-" + sha + "}\n  o/broken@v1: {ref: v1, commit: v1}\n"
	text := steps("push", "      - uses: o/r@v1\n      - uses: o/other@v1\n      - uses: o/broken@v1\n")
	got := lines(scan(t, gatetest.Write(t, map[string]string{".github/workflows/w.yml": text, ".github/workflows/v.yml": text, lockName: lock})))
	want := "v.yml:8 unpinned-uses high, v.yml:9 unpinned-uses high, v.yml:10 unpinned-uses high, w.yml:8 unpinned-uses medium, w.yml:9 unpinned-uses high, w.yml:10 unpinned-uses high"
	if strings.Join(got, ", ") != want {
		t.Errorf("%v", got)
	}
}
