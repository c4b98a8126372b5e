package actionlint

import "github.com/seed-b235b314/goldenpath/internal/report"

// rule is one check of our own, with what docs/workflow-rules.md says of it.
type rule struct {
	id       string
	severity []report.Severity // that it can have, the worst first
	catches  string
	on       string // events of the example; "action" is the metadata of an action
	example  string // a job in flow style, or of an action what runs: is
	remedy   string
	instead  string // the example made good, in the same form
	check    func(workflow) []report.Finding
}

const (
	critical = report.Critical
	high     = report.High
	medium   = report.Medium
	low      = report.Low
)

func rules() []rule {
	return []rule{
		{"compromised-action", []report.Severity{critical},
			"a tag through which malicious code came: tj-actions/changed-files to 45.0.7, reviewdog, trivy-action below 0.35.0, setup-trivy below 0.2.6, xygeni v5, KICS, actions-cool",
			"push", `{steps: [{uses: tj-actions/changed-files@v45}]}`,
			"a commit of a release after the incident; and new secrets for every run of those days",
			`{steps: [{uses: tj-actions/changed-files@0123456789abcdef0123456789abcdef01234567}]}`, compromisedAction},
		{"unpinned-uses", []report.Severity{high, medium},
			"an action or a workflow of another repository by tag or branch; medium for those of actions/ and github/",
			"push", `{steps: [{uses: docker/login-action@v3}]}`,
			"the full commit id, with the version as a comment; Dependabot keeps both up to date",
			`{steps: [{uses: docker/login-action@0123456789abcdef0123456789abcdef01234567}]}`, unpinnedUses},
		{"unpinned-image", []report.Severity{high, medium, low},
			"an image without digest: high as a step or an action, medium as the job's container, low as a service",
			"push", `{container: "node:22", steps: [{run: npm test}]}`,
			"the digest beside the tag, from docker buildx imagetools inspect",
			`{container: "node:22@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", steps: [{run: npm test}]}`, unpinnedImage},
		{"dangerous-trigger", []report.Severity{high, medium},
			"code of a pull request that runs with the token and secrets of the base: its checkout under pull_request_target, workflow_run or issue_comment by action, gh or git; a local action out of it; a program out of an artifact. Medium where only the run knows what is checked out. Silent where conditions keep out forks",
			"pull_request_target", `{steps: [{uses: actions/checkout@0123456789abcdef0123456789abcdef01234567, with: {ref: "${{ github.event.pull_request.head.sha }}"}}]}`,
			"on: pull_request; or two workflows, of which the one with rights does not touch that code",
			`{steps: [{uses: actions/checkout@0123456789abcdef0123456789abcdef01234567}]}`, dangerousTrigger},
		{"script-injection", []report.Severity{high, medium, low},
			"text of others that becomes a part of run:, of actions/github-script or of another action's script, in workflows and in composite actions; also through env, outputs of steps and of jobs. High is anybody's text, also when a workflow of the repository hands it to the input of a called one; medium an input of an action, or anybody's text where conditions keep out forks; low what members choose, named once in a job",
			"issues", `{steps: [{run: "echo ${{ github.event.issue.title }}"}]}`,
			"env: at the step, and the variable in quotes in the script",
			`{steps: [{run: "echo \"$TITLE\"", env: {TITLE: "${{ github.event.issue.title }}"}}]}`, scriptInjection},
		{"env-file-injection", []report.Severity{high, medium, low},
			"text of others, or a file out of an artifact of a fork, that is written to GITHUB_ENV, GITHUB_PATH or GITHUB_OUTPUT",
			"issue_comment", `{steps: [{run: "echo \"BODY=$BODY\" >> \"$GITHUB_ENV\"", env: {BODY: "${{ github.event.comment.body }}"}}]}`,
			"env: at the step that needs it; or a delimiter that nobody can guess",
			`{steps: [{run: "printf %s \"$BODY\"", env: {BODY: "${{ github.event.comment.body }}"}}]}`, envFileInjection},
		{"excessive-permissions", []report.Severity{high, medium},
			"write-all; or no permissions at all, which is what the repository's settings say, often write",
			"push", `{permissions: write-all, steps: [{run: make}]}`,
			"permissions: {} at the top of the workflow, and in each job what it needs",
			`{permissions: {contents: read}, steps: [{run: make}]}`, excessivePermissions},
		{"secrets-inherit", []report.Severity{high, low},
			"secrets: inherit in a call of a workflow; high when it is of another repository",
			"push", `{uses: example/ci/.github/workflows/deploy.yml@0123456789abcdef0123456789abcdef01234567, secrets: inherit}`,
			"the secrets it needs, by name",
			`{uses: example/ci/.github/workflows/deploy.yml@0123456789abcdef0123456789abcdef01234567, secrets: {KEY: "${{ secrets.KEY }}"}}`, secretsInherit},
		{"overprovisioned-secrets", []report.Severity{medium},
			"an expression that takes all secrets at once",
			"push", `{steps: [{run: ./deploy, env: {ALL: "${{ toJSON(secrets) }}"}}]}`,
			"the one secret, by name",
			`{steps: [{run: ./deploy, env: {KEY: "${{ secrets.KEY }}"}}]}`, overprovisionedSecrets},
		{"hardcoded-credentials", []report.Severity{high},
			"a password that is written out: of a container, a service, or an action whose input holds nothing else",
			"push", `{container: {image: "example.com/ci@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", credentials: {username: ci, password: not-a-real-one}}, steps: [{run: make}]}`,
			"a new one, in the repository's secrets",
			`{container: {image: "example.com/ci@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", credentials: {username: ci, password: "${{ secrets.REGISTRY }}"}}, steps: [{run: make}]}`, hardcodedCredentials},
		{"cache-poisoning", []report.Severity{high, medium},
			"a job with id-token: write, packages: write, or contents: write and a release, restoring or writing a cache on an event that code of others can cause; high where that is an event with rights, as pull_request_target. cache-mode: none and read are safe",
			"pull_request_target", `{permissions: {id-token: write}, steps: [{uses: actions/cache@0123456789abcdef0123456789abcdef01234567, with: {path: x, key: x}}]}`,
			"cache-mode: none in that job, or a job of its own that publishes",
			`{permissions: {id-token: write}, cache-mode: none, steps: [{uses: actions/cache@0123456789abcdef0123456789abcdef01234567, with: {path: x, key: x}}]}`, cachePoisoning},
		{"artipacked", []report.Severity{medium},
			"an artifact of the whole folder, with the token in it that a checkout has left in .git/config",
			"push", `{steps: [{uses: actions/checkout@v4}, {uses: actions/upload-artifact@v3, with: {path: .}}]}`,
			"persist-credentials: false at the checkout, and the files to upload by name",
			`{steps: [{uses: actions/checkout@v4, with: {persist-credentials: false}}, {uses: actions/upload-artifact@v3, with: {path: dist}}]}`, artipacked},
		{"self-hosted-runner", []report.Severity{low},
			"a machine of one's own in a job that strangers can cause",
			"pull_request", `{runs-on: self-hosted, steps: [{run: make}]}`,
			"runners of GitHub for what strangers cause, or runners that are thrown away after one job",
			`{runs-on: ubuntu-latest, steps: [{run: make}]}`, selfHostedRunner},
		{"bot-condition", []report.Severity{medium, low},
			"a condition on github.actor being a bot; low where the event has no rights",
			"pull_request_target", `{if: "github.actor == 'dependabot[bot]'", steps: [{run: gh pr merge}]}`,
			"who opened the pull request, and that it is of this repository",
			`{if: "github.event.pull_request.user.login == 'dependabot[bot]' && github.event.pull_request.head.repo.full_name == github.repository", steps: [{run: gh pr merge}]}`, botCondition},
		{"insecure-commands", []report.Severity{high},
			"ACTIONS_ALLOW_UNSECURE_COMMANDS: what a step prints sets variables of later steps",
			"push", `{env: {ACTIONS_ALLOW_UNSECURE_COMMANDS: true}, steps: [{run: make}]}`,
			"GITHUB_ENV and GITHUB_PATH, which are files",
			`{steps: [{run: make}]}`, insecureCommands},
	}
}
