package workflow

import (
	"slices"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
)

// twin is a workflow that a rule must find, and a harmless one that differs little.
type twin struct{ name, rule, bad, good string }

// oneJob is a workflow with minimal permissions and one job.
func oneJob(on, text string) string {
	return "name: ci\non: " + on + "\npermissions: {}\njobs:\n  a:\n" + text
}

func found(t *testing.T, rule, text string) []string {
	t.Helper()
	return only(lines(scan(t, gatetest.Write(t, map[string]string{
		".github/workflows/w.yml": text, "actions/x/action.yml": "name: x\ndescription: x\nruns: {using: composite, steps: []}\n",
	}))), rule)
}

func runTwins(t *testing.T, all []twin) {
	t.Helper()
	for _, tt := range all {
		t.Run(tt.rule+" "+tt.name, func(t *testing.T) {
			if got := found(t, tt.rule, tt.bad); len(got) == 0 {
				t.Errorf("not found:\n%s", tt.bad)
			}
			if got := found(t, tt.rule, tt.good); len(got) != 0 {
				t.Errorf("the twin is reported: %v\n%s", got, tt.good)
			}
		})
	}
}

// TestTwinsOfTriggers: GP-GATE-13, attacks on privileged events from public write-ups.
func TestTwinsOfTriggers(t *testing.T) {
	const rule = "dangerous-trigger"
	target := func(text string) string { return steps("pull_request_target", text) }
	checkout := func(with string) string { return "      - uses: " + co + "\n        with: {" + with + "}\n" }
	gated := func(cond, text string) string {
		return oneJob("pull_request_target", "    if: "+cond+"\n    runs-on: ubuntu-latest\n    steps:\n"+text)
	}
	head := checkout("ref: '${{ github.event.pull_request.head.sha }}'")
	after := func(folder, text string) string {
		return steps("{workflow_run: {workflows: [x]}}", "      - uses: actions/download-artifact@"+sha+"\n        with: {run-id: 1, path: '"+folder+"'}\n"+text)
	}
	runTwins(t, []twin{
		{"another event", rule, target(head), steps("pull_request", head)},
		{"merge commit", rule, target(checkout("ref: '${{ github.event.pull_request.merge_commit_sha }}'")), target(checkout("ref: '${{ github.event.pull_request.base.sha }}'"))},
		{"repository of the fork", rule, target(checkout("repository: '${{ github.event.pull_request.head.repo.full_name }}'")), target(checkout("repository: '${{ github.repository }}'"))},
		{"label name of the head", rule, target(checkout("ref: '${{ github.event.pull_request.head.ref }}'")), target(checkout("ref: '${{ github.event.pull_request.base.ref }}'"))},
		{"format", rule, target(checkout("ref: \"${{ format('refs/pull/{0}/merge', github.event.number) }}\"")), target(checkout("ref: \"${{ format('refs/heads/{0}', github.base_ref) }}\""))},
		{"another spelling", rule, target(checkout("REF: '${{ GitHub.Event.Pull_Request.Head.SHA }}'")), target(checkout("REF: '${{ GitHub.SHA }}'"))},
		{"index", rule, target(checkout("ref: \"${{ github.event.pull_request['head'].sha }}\"")), target(checkout("ref: \"${{ github.event.pull_request['base'].sha }}\""))},
		{"or", rule, target(checkout("ref: '${{ github.head_ref || github.ref }}'")), target(checkout("ref: '${{ github.base_ref || github.ref }}'"))},
		{"fetch by number", rule, target("      - run: git fetch origin refs/pull/${{ github.event.number }}/merge\n"), target("      - run: git fetch origin refs/heads/main\n")},
		{"worktree", rule, target("      - run: git worktree add pr $GITHUB_HEAD_REF\n"), target("      - run: git worktree add pr $GITHUB_BASE_REF\n")},
		{"clone of the fork", rule, target("      - run: git clone ${{ github.event.pull_request.head.repo.clone_url }} pr\n"), target("      - run: git clone ${{ github.server_url }}/o/r pr\n")},
		{"variable of the job", rule, oneJob("pull_request_target", "    env: {SHA: '${{ github.event.pull_request.head.sha }}'}\n    runs-on: ubuntu-latest\n    steps:\n      - run: git checkout $SHA\n"), oneJob("pull_request_target", "    env: {SHA: '${{ github.sha }}'}\n    runs-on: ubuntu-latest\n    steps:\n      - run: git checkout $SHA\n")},
		{"printed", rule, target("      - run: gh pr checkout 1\n"), target("      - run: echo \"run gh pr checkout 1\"\n")},
		{"commented", rule, target("      - run: |\n          # first\n          gh pr checkout 1\n"), target("      - run: |\n          # gh pr checkout 1\n          make\n")},
		{"issue comment", rule, steps("issue_comment", "      - run: gh pr checkout ${{ github.event.issue.number }}\n"), steps("issue_comment", "      - run: gh pr comment ${{ github.event.issue.number }} --body ok\n")},
		{"workflow_run", rule, steps("{workflow_run: {workflows: [x]}}", checkout("ref: '${{ github.event.workflow_run.head_branch }}'")), steps("{workflow_run: {workflows: [x]}}", checkout("ref: main"))},
		{"same repository", rule, gated("github.event.pull_request.head.repo.full_name != github.repository", head), gated("github.event.pull_request.head.repo.full_name == github.repository", head)},
		{"fork flag", rule, gated("github.event.pull_request.head.repo.fork", head), gated("'!github.event.pull_request.head.repo.fork'", head)},
		{"owner", rule, gated("github.repository_owner != github.event.pull_request.head.repo.owner.login", head), gated("github.repository_owner == github.event.pull_request.head.repo.owner.login", head)},
		{"id of the repository", rule, gated("github.event.pull_request.head.repo.id != github.event.pull_request.base.repo.id", head), gated("github.event.pull_request.head.repo.id == github.event.pull_request.base.repo.id", head)},
		{"association", rule, gated("github.event.pull_request.author_association != 'OWNER'", head), gated("github.event.pull_request.author_association == 'OWNER'", head)},
		{"and", rule, gated("github.actor && github.event.action == 'labeled'", head), gated("github.event.action == 'labeled' && github.event.pull_request.merged", head)},
		{"negation twice", rule, gated("'!(!(true))'", head), gated("'!(!(false))'", head)},
		{"a condition that is a string", rule, gated("\"${{ 'false' }} x\"", head), gated("false", head)},
		{"text around an expression", rule, gated("\"${{ github.event.pull_request.merged }} \"", head), gated("github.event.pull_request.merged", head)},
		{"block with a line break", rule, gated("|\n      ${{ github.event.pull_request.merged }}", head), gated("|-\n      ${{ github.event.pull_request.merged }}", head)},
		{"block without braces", rule, gated("|\n      github.event.pull_request.merged ||\n      github.event.pull_request.draft", head), gated("|\n      github.event.pull_request.merged &&\n      github.event.pull_request.draft", head)},
		{"step condition", rule, target(strings.Replace(head, "- uses", "- if: github.event_name == 'pull_request_target'\n        uses", 1)), target(strings.Replace(head, "- uses", "- if: github.event_name == 'push'\n        uses", 1))},
		{"artifact by gh", rule, steps("{workflow_run: {workflows: [x]}}", "      - uses: dawidd6/action-download-artifact@"+sha+"\n        with: {path: in}\n      - run: ./in/build.sh\n"), steps("{workflow_run: {workflows: [x]}}", "      - uses: dawidd6/action-download-artifact@"+sha+"\n        with: {path: in}\n      - run: ./scripts/build.sh\n")},
		{"artifact in the temporary folder", rule, after("${{ runner.temp }}/in", "      - run: bash \"$RUNNER_TEMP/in/x.sh\"\n"), after("${{ runner.temp }}/in", "      - run: bash \"$RUNNER_TEMP/out/x.sh\"\n")},
		{"artifact by an expression", rule, after("${{ runner.temp }}/in", "      - run: node ${{ runner.temp }}/in/x.js\n"), after("${{ runner.temp }}/in", "      - run: node scripts/x.js ${{ runner.temp }}/in/x.json\n")},
		{"artifact by a variable", rule, after("${{ runner.temp }}/in", "      - run: |\n          DIR=\"$RUNNER_TEMP/in\"\n          source \"$DIR/env.sh\"\n"), after("${{ runner.temp }}/in", "      - run: |\n          DIR=\"$RUNNER_TEMP/in\"\n          cat \"$DIR/env.sh\"\n")},
		{"artifact entered", rule, after("in", "      - run: |\n          cd in\n          ./x.sh\n"), after("in", "      - run: |\n          cd in\n          cat x.txt\n          cd ..\n          ./x.sh\n")},
		{"artifact entered in a subshell", rule, after("in", "      - run: (cd in && make)\n"), after("in", "      - run: |\n          (cd in && ls)\n          make\n")},
		{"artifact left", rule, after("in", "      - run: |\n          cd in/x\n          make\n"), after("in", "      - run: |\n          cd in\n          cd \"$GITHUB_WORKSPACE\"\n          make\n")},
		{"artifact into a shell", rule, after("in", "      - run: cat in/x.sh | bash\n"), after("in", "      - run: cat in/x.sh | wc -l\n")},
		{"artifact unpacked again", rule, after("in", "      - run: |\n          tar -xzf in/x.tgz -C out\n          out/x\n"), after("in", "      - run: |\n          tar -xzf x.tgz -C out\n          out/x\n")},
		{"artifact as the working directory", rule, after("in", "      - run: npm ci\n        working-directory: in\n"), after("in", "      - run: npm ci\n      - run: node -e 'x(1)'\n        working-directory: in\n")},
		{"artifact by npm", rule, after("in", "      - run: npm ci --prefix in\n"), after("in", "      - run: npm ci --prefix site && cp in/x.json site\n")},
		{"artifact by make", rule, after("in", "      - run: make -C in test\n"), after("in", "      - run: make test INPUT=in\n")},
		{"artifact by pip", rule, after("in", "      - run: pip install -r in/requirements.txt\n"), after("in", "      - run: pip install -r requirements.txt\n")},
		{"artifact that an action is in", rule, after("in", "      - uses: ./in/x\n"), after("in", "      - uses: ./actions/x\n")},
		{"artifact as a module", rule, after("in", "      - uses: actions/github-script@"+sha+"\n        with: {script: \"require('./in/x.js')()\"}\n"), after("in", "      - uses: actions/github-script@"+sha+"\n        with: {script: \"require('fs').readFileSync('./in/x.json')\"}\n")},
		{"artifact run by JavaScript", rule, after("in", "      - uses: actions/github-script@"+sha+"\n        with: {script: \"await exec.exec('node', ['in/x.js'])\"}\n"), after("in", "      - uses: actions/github-script@"+sha+"\n        with: {script: \"await exec.exec('node', ['x.js', 'in/x.json'])\"}\n")},
		{"artifact by gh in the same script", rule, steps("{workflow_run: {workflows: [x]}}", "      - run: |\n          gh run download 1 \\\n            -D in\n          bash in/x.sh\n"), steps("{workflow_run: {workflows: [x]}}", "      - run: |\n          bash in/x.sh\n          gh run download 1 -D in\n")},
		{"artifact that is unpacked", rule, steps("{workflow_run: {workflows: [x]}}", "      - run: |\n          gh api repos/o/r/actions/artifacts/1/zip > in.zip\n          unzip in.zip -d in\n          ./in/x\n"), steps("{workflow_run: {workflows: [x]}}", "      - run: |\n          gh api repos/o/r/actions/artifacts/1/zip > in.zip\n          unzip tool.zip -d in\n          ./in/x\n")},
		{"artifact made executable", rule, steps("{workflow_run: {workflows: [x]}}", "      - uses: dawidd6/action-download-artifact@"+sha+"\n        with: {path: in}\n      - run: chmod +x in/tool\n"), steps("{workflow_run: {workflows: [x]}}", "      - uses: dawidd6/action-download-artifact@"+sha+"\n        with: {path: in}\n      - run: wc -c in/tool\n")},
	})
}

// TestTwinsOfInjection: GP-GATE-13, text of outsiders in scripts and in the files of
// the runner.
func TestTwinsOfInjection(t *testing.T) {
	echo := func(on, text string) string { return steps(on, "      - run: echo "+text+"\n") }
	env := func(expr, text string) string {
		return steps("issue_comment", "      - env: {T: '${{ "+expr+" }}'}\n        run: "+text+"\n")
	}
	js := func(text string) string {
		return steps("issues", "      - uses: actions/github-script@"+sha+"\n        env: {T: '${{ github.event.issue.title }}'}\n        with:\n          script: "+text+"\n")
	}
	const script, file = "script-injection", "env-file-injection"
	body := "github.event.comment.body"
	runTwins(t, []twin{
		{"title", script, echo("issues", "${{ github.event.issue.title }}"), echo("issues", "${{ github.event.issue.number }}")},
		{"by the environment", script, env(body, "echo ${{ env.T }}"), env(body, `echo "$T"`)},
		{"branch of a fork", script, echo("pull_request", "${{ github.event.pull_request.head.ref }}"), echo("pull_request", "${{ github.event.pull_request.head.sha }}")},
		{"file names", script, echo("push", "${{ github.event.head_commit.message }}"), echo("push", "${{ github.event.head_commit.id }}")},
		{"quoted for the shell", script, echo("issues", "'\"${{ github.event.issue.body }}\"'"), echo("issues", "'\"${{ github.event.issue.id }}\"'")},
		{"toJSON", script, echo("issues", "'${{ toJSON(github.event.issue) }}'"), echo("issues", "'${{ toJSON(github.event.issue.number) }}'")},
		{"format", script, echo("issues", "\"${{ format('a {0}', github.event.issue.title) }}\""), echo("issues", "\"${{ contains(github.event.issue.title, 'a') }}\"")},
		{"ternary", script, echo("pull_request", "\"${{ true && github.head_ref || 'x' }}\""), echo("pull_request", "\"${{ github.head_ref && 'y' || 'x' }}\"")},
		{"github-script", script, js("core.info('${{ github.event.issue.title }}')"), js("core.info(process.env.T)")},
		{"star", script, echo("push", "\"${{ join(github.event.commits.*.message, ',') }}\""), echo("push", "\"${{ join(github.event.commits.*.id, ',') }}\"")},
		{"two in one line", script, echo("issues", "${{ github.sha }} ${{ github.event.issue.body }}"), echo("issues", "${{ github.sha }} ${{ github.event.issue.id }}")},
		{"no spaces", script, echo("issues", "${{github.event.issue.title}}"), echo("issues", "$\\{\\{github.event.issue.title}}")},
		{"PowerShell", script, steps("issues", "      - shell: pwsh\n        run: Write-Host ${{ github.event.issue.title }}\n"), steps("issues", "      - shell: pwsh\n        env: {T: '${{ github.event.issue.title }}'}\n        run: Write-Host $env:T\n")},
		{"ENV", file, env(body, `echo "A=$T" >> "$GITHUB_ENV"`), env(body, `echo "A=$T" >> "$GITHUB_STEP_SUMMARY"`)},
		{"PATH", file, env(body, `echo "$T" >> $GITHUB_PATH`), env("github.workspace", `echo "$T" >> $GITHUB_PATH`)},
		{"braces", file, env(body, `echo "A=${T}" >> ${GITHUB_ENV}`), env("github.sha", `echo "A=${T}" >> ${GITHUB_ENV}`)},
		{"expression", file, steps("issue_comment", "      - run: echo \"A=${{ "+body+" }}\" >> $GITHUB_ENV\n"), steps("issue_comment", "      - run: echo \"A=${{ github.run_id }}\" >> $GITHUB_ENV\n")},
		{"fixed delimiter", file, env(body, "|\n          echo 'A<<EOF' >> $GITHUB_ENV\n          echo \"$T\" >> $GITHUB_ENV\n          echo EOF >> $GITHUB_ENV"), env(body, "|\n          D=$(openssl rand -hex 8)\n          echo \"A<<$D\" >> $GITHUB_ENV\n          echo \"$T\" >> $GITHUB_ENV\n          echo $D >> $GITHUB_ENV")},
		{"commented", file, env(body, `echo "A=$T" >> $GITHUB_ENV`), env(body, "|\n          # echo \"A=$T\" >> $GITHUB_ENV\n          make")},
	})
}

// TestTwinsOfUses: GP-GATE-13, code and images that others can replace, and secrets.
func TestTwinsOfUses(t *testing.T) {
	uses := func(name string) string { return steps("push", "      - uses: "+name+"\n") }
	job := func(text string) string {
		return oneJob("push", "    runs-on: ubuntu-latest\n"+text+"    steps: [{run: make}]\n")
	}
	call := func(text string) string { return oneJob("push", "    uses: "+text+"\n") }
	on := func(event, text string) string { return oneJob(event, text+"    steps: [{run: make}]\n") }
	sixty := strings.Repeat("0a", 32)
	runTwins(t, []twin{
		{"tag", "unpinned-uses", uses("o/r@v1.2.3"), uses("o/r@" + sha)},
		{"short commit", "unpinned-uses", uses("o/r@" + sha[:7]), uses("o/r@" + strings.ToUpper(sha))},
		{"a branch that looks like a commit", "unpinned-uses", uses("o/r@" + sha + "0"), uses("o/r@" + sixty)},
		{"path", "unpinned-uses", uses("o/r/a/b@main"), uses("o/r/a/b@" + sha)},
		{"reusable", "unpinned-uses", call("o/r/.github/workflows/x.yml@main"), call("o/r/.github/workflows/x.yml@" + sha)},
		{"local", "unpinned-uses", uses("o/r@x"), uses("./actions/x")},
		{"docker", "unpinned-image", uses("docker://alpine:3.20"), uses("docker://alpine@sha256:" + sixty)},
		{"short digest", "unpinned-image", uses("docker://alpine@sha256:" + sixty[:12]), uses("docker://alpine:3@sha256:" + sixty)},
		{"container", "unpinned-image", job("    container: {image: 'node:22'}\n"), job("    container: {image: 'node@sha256:" + sixty + "'}\n")},
		{"matrix include", "unpinned-image", job("    strategy: {matrix: {include: [{i: 'a:1'}]}}\n    container: '${{ matrix.i }}'\n"), job("    strategy: {matrix: {include: [{i: 'a@sha256:" + sixty + "'}]}}\n    container: '${{ matrix.i }}'\n")},
		{"tag of an incident", "compromised-action", uses("tj-actions/changed-files@v45.0.7"), uses("tj-actions/changed-files@v46.0.5")},
		{"malicious commit", "compromised-action", uses("tj-actions/changed-files@0e58ed8671d6b60d0890c21b07f8835ace038e67"), uses("tj-actions/changed-files@1e58ed8671d6b60d0890c21b07f8835ace038e67")},
		{"malicious commit in capitals", "compromised-action", uses("tj-actions/changed-files@0E58ED8671D6B60D0890C21B07F8835ACE038E67"), uses("other/changed-files@0e58ed8671d6b60d0890c21b07f8835ace038e67")},
		{"inherit", "secrets-inherit", call("o/r/.github/workflows/x.yml@" + sha + "\n    secrets: inherit"), call("o/r/.github/workflows/x.yml@" + sha + "\n    secrets: {A: '${{ secrets.A }}'}")},
		{"all secrets", "overprovisioned-secrets", steps("push", "      - run: make\n        env: {A: '${{ toJSON(secrets) }}'}\n"), steps("push", "      - run: make\n        env: {A: '${{ toJSON(vars) }}', B: '${{ secrets.B }}'}\n")},
		{"secret by name at run time", "overprovisioned-secrets", steps("push", "      - run: make\n        env: {A: '${{ secrets[format(''{0}'', matrix.x)] }}'}\n"), steps("push", "      - run: make\n        env: {A: \"${{ secrets['A'] }}\"}\n")},
		{"password", "hardcoded-credentials", job("    container: {image: x, credentials: {username: u, password: p}}\n"), job("    container: {image: x, credentials: {username: u, password: '${{ github.token }}'}}\n")},
		{"key of an action", "hardcoded-credentials", steps("push", "      - uses: actions/create-github-app-token@"+sha+"\n        with: {app-id: 1, private-key: abc}\n"), steps("push", "      - uses: actions/create-github-app-token@"+sha+"\n        with: {app-id: 1, private-key: '${{ secrets.KEY }}'}\n")},
		{"write-all", "excessive-permissions", strings.Replace(job(""), "permissions: {}", "permissions: write-all", 1), strings.Replace(job(""), "permissions: {}", "permissions: {contents: read}", 1)},
		{"none set", "excessive-permissions", strings.Replace(job(""), "permissions: {}\n", "", 1), strings.Replace(job("    permissions: {}\n"), "permissions: {}\n", "", 1)},
		{"own runner", "self-hosted-runner", on("pull_request", "    runs-on: self-hosted\n"), on("pull_request", "    runs-on: ubuntu-24.04\n")},
		{"bot", "bot-condition", on("pull_request_target", "    if: github.actor == 'renovate[bot]'\n    runs-on: ubuntu-latest\n"), on("pull_request_target", "    if: github.event.pull_request.user.login == 'renovate[bot]'\n    runs-on: ubuntu-latest\n")},
		{"bot, triggering", "bot-condition", on("pull_request_target", "    if: contains(fromJSON('[\"dependabot[bot]\"]'), github.triggering_actor)\n    runs-on: ubuntu-latest\n"), on("push", "    if: contains(fromJSON('[\"dependabot[bot]\"]'), github.triggering_actor)\n    runs-on: ubuntu-latest\n")},
		{"bot, by its ending", "bot-condition", on("pull_request", "    if: endsWith(github.actor, '[bot]')\n    runs-on: ubuntu-latest\n"), on("pull_request", "    if: \"!endsWith(github.actor, '[bot]')\"\n    runs-on: ubuntu-latest\n")},
		{"bot, by a part", "bot-condition", on("pull_request", "    if: contains(github.actor, '[bot]')\n    runs-on: ubuntu-latest\n"), on("pull_request", "    if: \"!contains(fromJSON('[\\\"a[bot]\\\"]'), github.actor)\"\n    runs-on: ubuntu-latest\n")},
		{"commands", "insecure-commands", job("    env: {ACTIONS_ALLOW_UNSECURE_COMMANDS: true}\n"), job("    env: {ACTIONS_ALLOW_UNSECURE_COMMANDS: false}\n")},
		{"commands of the workflow", "insecure-commands", "env: {actions_allow_unsecure_commands: 'TRUE'}\n" + job(""), "env: {ACTIONS_ALLOW_COMMANDS: 'true'}\n" + job("")},
	})
}

// TestTwinsOfTheMeasurement: GP-GATE-13, forms that a measurement found missing.
func TestTwinsOfTheMeasurement(t *testing.T) {
	const digest = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	on := func(event, text string) string {
		return "on: " + event + "\npermissions: {}\njobs:\n  a:\n" + text + "    steps: [{run: make}]\n"
	}
	two := func(top, second string) string {
		return "on: push\npermissions: " + top + "\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n  b:\n    runs-on: ubuntu-latest\n" + second + "    steps: [{run: make}]\n"
	}
	runTwins(t, []twin{
		{"group", "self-hosted-runner", on("pull_request", "    runs-on: {group: big}\n"), on("pull_request", "    runs-on: {group: big, labels: ubuntu-24.04-16core}\n")},
		{"shell", "script-injection", steps("issues", "      - run: make\n        shell: 'bash -c \"${{ github.event.issue.title }}\" {0}'\n"), steps("issues", "      - run: make\n        shell: 'bash -x {0}'\n")},
		{"options of a container", "script-injection", on("issues", "    runs-on: ubuntu-latest\n    container: {image: x, options: '-e ${{ github.event.issue.title }}'}\n"), on("issues", "    runs-on: ubuntu-latest\n    container: {image: x, options: '-e ${{ github.event.issue.number }}'}\n")},
		{"image by the caller's text", "script-injection", on("issue_comment", "    runs-on: ubuntu-latest\n    container: 'x/${{ github.event.comment.body }}'\n"), on("issue_comment", "    runs-on: ubuntu-latest\n    container: 'x/${{ vars.IMAGE }}'\n")},
		{"image with an expression as its tag", "unpinned-image", on("push", "    runs-on: ubuntu-latest\n    container: 'node:${{ inputs.v }}'\n"), on("push", "    runs-on: ubuntu-latest\n    container: 'node@${{ inputs.digest }}'\n")},
		{"image by a variable", "unpinned-image", on("push", "    runs-on: ubuntu-latest\n    env: {I: 'node:22'}\n    container: '${{ env.I }}'\n"), on("push", "    runs-on: ubuntu-latest\n    env: {I: 'node:22"+digest+"'}\n    container: '${{ env.I }}'\n")},
		{"image by a choice", "unpinned-image", on("push", "    runs-on: ubuntu-latest\n    services: {r: {image: \"${{ inputs.r && 'redis:7' || '' }}\"}}\n"), on("push", "    runs-on: ubuntu-latest\n    services: {r: {image: \"${{ inputs.r && 'redis"+digest+"' || '' }}\"}}\n")},
		{"write for every job", "excessive-permissions", two("{contents: write}", ""), two("{contents: write}", "    permissions: {}\n")},
		{"read-all for a job", "excessive-permissions", two("read-all", "    permissions: {}\n"), strings.Replace(two("read-all", "    permissions: {}\n"), "    runs-on: ubuntu-latest\n    steps", "    runs-on: ubuntu-latest\n    permissions: {}\n    steps", 1)},
		{"read for every job", "excessive-permissions", two("{contents: write, issues: read}", ""), two("{contents: read, issues: read}", "")},
		{"generator of SLSA", "unpinned-uses", "on: push\npermissions: {}\njobs:\n  a:\n    uses: slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@v2\n", "on: push\npermissions: {}\njobs:\n  a:\n    uses: slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@v2.1.0\n"},
	})
}

// GP-GATE-13: an update of an action that was unpinned before does not bring a new finding, and
// one edit is one finding.
func TestUnpinnedIsKnownAfterAnUpdate(t *testing.T) {
	prints := func(text string) []string {
		out := []string{}
		for _, f := range scan(t, gatetest.Write(t, map[string]string{".github/workflows/w.yml": steps("push", text)})).Findings {
			out = append(out, f.Fingerprint)
		}
		return out
	}
	before, after := prints("      - uses: a/b@v1\n      - uses: a/b@v1\n      - uses: docker://x:1\n"), prints("      - uses: a/b@v2\n      - uses: docker://x:2\n")
	if len(before) != 2 || !slices.Equal(before, after) {
		t.Errorf("%v %v", before, after)
	}
	if other := prints("      - uses: a/c@v1\n"); other[0] == before[0] {
		t.Error("another action has the same fingerprint")
	}
}

// TestTwinsInDisguise: GP-GATE-13, the same attack in other forms of YAML.
func TestTwinsInDisguise(t *testing.T) {
	plain := steps("issues", "      - run: echo ${{ github.event.issue.title }}\n")
	for name, text := range map[string]string{
		"byte order mark":  "\ufeff" + plain,
		"Windows":          strings.ReplaceAll(plain, "\n", "\r\n"),
		"on in quotes":     strings.Replace(plain, "on: issues", "'on': issues", 1),
		"list of events":   strings.Replace(plain, "on: issues", "on: [issues]", 1),
		"map of events":    strings.Replace(plain, "on: issues", "on: {issues: {types: [opened]}}", 1),
		"double quotes":    strings.Replace(plain, "echo ${{ github.event.issue.title }}", `"echo ${{ \x67ithub.event.issue.title }}"`, 1),
		"folded":           strings.Replace(plain, "echo ${{ github.event.issue.title }}", ">-\n          echo\n          ${{ github.event.issue.title }}", 1),
		"literal":          strings.Replace(plain, "echo ${{ github.event.issue.title }}", "|+\n          echo ${{ github.event.issue.title }}\n", 1),
		"over two lines":   strings.Replace(plain, "echo ${{ github.event.issue.title }}", "|\n          echo ${{\n          github.event.issue.title }}", 1),
		"an anchor":        strings.Replace(plain, "- run: echo", "- run: &x echo", 1) + "      - run: *x\n",
		"flow":             "on: issues\npermissions: {}\njobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'echo ${{ github.event.issue.title }}'}]}}\n",
		"JSON":             `{"on": "issues", "permissions": {}, "jobs": {"a": {"runs-on": "ubuntu-latest", "steps": [{"run": "echo ${{ github.event.issue.title }}"}]}}}`,
		"document marker":  "---\n" + plain,
		"a key in capital": strings.Replace(plain, "- run:", "- Run:", 1) + "      - run: echo ${{ github.event.issue.body }}\n",
	} {
		t.Run(name, func(t *testing.T) {
			if got := found(t, "script-injection", text); len(got) == 0 {
				t.Errorf("not found:\n%s", text)
			}
		})
	}
}
