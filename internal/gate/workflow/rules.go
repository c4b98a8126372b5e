package workflow

import "github.com/seed-b235b314/goldenpath/internal/report"

// rule is one check, with its entry in docs/workflow-rules.md.
type rule struct {
	id       string
	severity []report.Severity // severities it can have, worst first
	catches  string
	on       string // events of the example
	example  string // a job in flow style that the rule reports
	remedy   string
	instead  string // the example corrected, in the same form
	check    func(*File) []report.Finding
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
			"A tag that once pointed to malicious code: tj-actions/changed-files up to 45.0.7, reviewdog, trivy-action below 0.35.0, setup-trivy below 0.2.6, xygeni v5, KICS, actions-cool.",
			"push", `{steps: [{uses: tj-actions/changed-files@v45}]}`,
			"Use a commit of a release after the incident, and rotate every secret that runs had access to during it.",
			`{steps: [{uses: tj-actions/changed-files@0123456789abcdef0123456789abcdef01234567}]}`, compromisedAction},
		{"unpinned-uses", []report.Severity{high, medium},
			"An action or reusable workflow of another repository that is referenced by tag or branch. Medium for actions/ and github/.",
			"push", `{steps: [{uses: docker/login-action@v3}]}`,
			"Pin the full commit id and put the version in a comment. Dependabot updates both.",
			`{steps: [{uses: docker/login-action@0123456789abcdef0123456789abcdef01234567}]}`, unpinnedUses},
		{"unpinned-image", []report.Severity{high, medium, low},
			"An image without a digest. High in a step or an action, medium as the container of a job, low as a service.",
			"push", `{container: "node:22", steps: [{run: npm test}]}`,
			"Add the digest after the tag; docker buildx imagetools inspect prints it.",
			`{container: "node:22@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", steps: [{run: npm test}]}`, unpinnedImage},
		{"dangerous-trigger", []report.Severity{high, medium},
			"Pull request code that runs with the base repository's token and secrets: checked out under pull_request_target, workflow_run or issue_comment with an action, gh or git; a local action from that checkout; a program from an artifact. Medium if what is checked out is known only at run time. Not reported if conditions exclude forks.",
			"pull_request_target", `{steps: [{uses: actions/checkout@0123456789abcdef0123456789abcdef01234567, with: {ref: "${{ github.event.pull_request.head.sha }}"}}]}`,
			"Use on: pull_request, or split the workflow in two, and do not handle that code in the privileged one.",
			`{steps: [{uses: actions/checkout@0123456789abcdef0123456789abcdef01234567}]}`, dangerousTrigger},
		{"script-injection", []report.Severity{high, medium, low},
			"Untrusted input expanded inside run:, github-script or an action's script input, in workflows and composite actions, directly or through env and the outputs of steps and jobs. High if anyone can write the input, also if a workflow of the repository passes it to a called one. Medium for an input of an action, and if conditions exclude forks. Low if only members can write it, reported once per job.",
			"issues", `{steps: [{run: "echo ${{ github.event.issue.title }}"}]}`,
			"Set an environment variable in env: of the step, and use it quoted in the script.",
			`{steps: [{run: "echo \"$TITLE\"", env: {TITLE: "${{ github.event.issue.title }}"}}]}`, scriptInjection},
		{"env-file-injection", []report.Severity{high, medium, low},
			"Untrusted input, or a file from an artifact that a fork may have created, written to GITHUB_ENV, GITHUB_PATH or GITHUB_OUTPUT.",
			"issue_comment", `{steps: [{run: "echo \"BODY=$BODY\" >> \"$GITHUB_ENV\"", env: {BODY: "${{ github.event.comment.body }}"}}]}`,
			"Set env: in the step that needs the value, or write it with a random delimiter.",
			`{steps: [{run: "printf %s \"$BODY\"", env: {BODY: "${{ github.event.comment.body }}"}}]}`, envFileInjection},
		{"excessive-permissions", []report.Severity{high, medium},
			"write-all; or no permissions: key, which leaves the default of the repository's settings, often write.",
			"push", `{permissions: write-all, steps: [{run: make}]}`,
			"Set permissions: {} at the top of the workflow, and the scopes that each job needs in the job.",
			`{permissions: {contents: read}, steps: [{run: make}]}`, excessivePermissions},
		{"secrets-inherit", []report.Severity{high, low},
			"secrets: inherit in a call of a reusable workflow. High if the workflow is in another repository.",
			"push", `{uses: example/ci/.github/workflows/deploy.yml@0123456789abcdef0123456789abcdef01234567, secrets: inherit}`,
			"Pass the secrets it needs by name.",
			`{uses: example/ci/.github/workflows/deploy.yml@0123456789abcdef0123456789abcdef01234567, secrets: {KEY: "${{ secrets.KEY }}"}}`, secretsInherit},
		{"overprovisioned-secrets", []report.Severity{medium},
			"An expression that reads all secrets at once.",
			"push", `{steps: [{run: ./deploy, env: {ALL: "${{ toJSON(secrets) }}"}}]}`,
			"Pass the one secret by name.",
			`{steps: [{run: ./deploy, env: {KEY: "${{ secrets.KEY }}"}}]}`, overprovisionedSecrets},
		{"hardcoded-credentials", []report.Severity{high},
			"A password in plain text: of a container, of a service, or in an action input that only holds a secret.",
			"push", `{container: {image: "example.com/ci@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", credentials: {username: ci, password: not-a-real-one}}, steps: [{run: make}]}`,
			"Revoke the password and store a new one in the repository's secrets.",
			`{container: {image: "example.com/ci@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", credentials: {username: ci, password: "${{ secrets.REGISTRY }}"}}, steps: [{run: make}]}`, hardcodedCredentials},
		{"cache-poisoning", []report.Severity{high, medium},
			"A job with id-token: write, packages: write, or contents: write and a release, that restores or saves a cache on an event that outsiders can trigger. High if the event is privileged, such as pull_request_target. cache-mode: none and read are safe.",
			"pull_request_target", `{permissions: {id-token: write}, steps: [{uses: actions/cache@0123456789abcdef0123456789abcdef01234567, with: {path: x, key: x}}]}`,
			"Set cache-mode: none in that job, or publish in a separate job.",
			`{permissions: {id-token: write}, cache-mode: none, steps: [{uses: actions/cache@0123456789abcdef0123456789abcdef01234567, with: {path: x, key: x}}]}`, cachePoisoning},
		{"artipacked", []report.Severity{medium},
			"An artifact of the whole folder, which includes the token that the checkout stores in .git/config.",
			"push", `{steps: [{uses: actions/checkout@v4}, {uses: actions/upload-artifact@v3, with: {path: .}}]}`,
			"Set persist-credentials: false in the checkout, and name the files to upload.",
			`{steps: [{uses: actions/checkout@v4, with: {persist-credentials: false}}, {uses: actions/upload-artifact@v3, with: {path: dist}}]}`, artipacked},
		{"self-hosted-runner", []report.Severity{low},
			"A self-hosted runner in a job that outsiders can trigger.",
			"pull_request", `{runs-on: self-hosted, steps: [{run: make}]}`,
			"Use GitHub-hosted or ephemeral runners for events that outsiders can trigger.",
			`{runs-on: ubuntu-latest, steps: [{run: make}]}`, selfHostedRunner},
		{"bot-condition", []report.Severity{medium, low},
			"A condition that trusts github.actor to be a bot. Low if the event is not privileged.",
			"pull_request_target", `{if: "github.actor == 'dependabot[bot]'", steps: [{run: gh pr merge}]}`,
			"Compare the author of the pull request, and require that its branch is in this repository.",
			`{if: "github.event.pull_request.user.login == 'dependabot[bot]' && github.event.pull_request.head.repo.full_name == github.repository", steps: [{run: gh pr merge}]}`, botCondition},
		{"insecure-commands", []report.Severity{high},
			"ACTIONS_ALLOW_UNSECURE_COMMANDS, which lets the output of a step set variables of later steps.",
			"push", `{env: {ACTIONS_ALLOW_UNSECURE_COMMANDS: true}, steps: [{run: make}]}`,
			"Write to the files GITHUB_ENV and GITHUB_PATH instead.",
			`{steps: [{run: make}]}`, insecureCommands},
	}
}
