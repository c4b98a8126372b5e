package workflow

// documentComparison is the comparison with zizmor. Its figures are measured by hand.
const documentComparison = `
## Compared with zizmor

[zizmor](https://docs.zizmor.sh/audits/) 1.32.0, offline, regular persona, its own ignores off, on the same inputs as the rules above:
200 test inputs of zizmor's repository (commit 11bbf7e6, without its configurations and invalid files), and the workflows, actions
and Dependabot configurations of 61 public repositories (690 workflows; on a 62nd zizmor ended with a crash). The numbers are files
with a finding: zizmor, these rules, both.

| zizmor's audit | rule | test inputs | public repositories | differences |
|---|---|---|---|---|
| archived-uses | archived-uses | 3, 2, 2 | 2, 2, 2 | hooks of pre-commit are not looked up |
| artipacked | artipacked | 6, 0, 0 | 256, 0, 0 | by design: only a checkout whose folder is uploaded |
| bot-conditions | bot-condition | 1, 1, 1 | 1, 1, 1 | the same 11 rows in the test input |
| cache-poisoning | cache-poisoning | 19, 18, 17 | 59, 34, 24 | zizmor takes every push for a release, and expects that pull_request_target can write the cache; these rules want a tag, a release or a step that publishes, and evaluate conditions for them and the versions of actions that cache on their own; a release in a workflow that is only called is not seen |
| dangerous-triggers | dangerous-trigger | 12, 0, 0 | 65, 7, 6 | by design: only if code of a pull request is handled |
| dependabot-cooldown, -execution | the same | 5, 5, 5 | 31, 31, 31 | none |
| excessive-permissions | excessive-permissions | 11, 10, 9 | 134, 136, 133 | a write permission for a single job is accepted; a job without permissions: in a workflow that is only called has its caller's |
| github-app | github-app | 1, 1, 1 | 15, 15, 15 | none |
| github-env | env-file-injection | 4, 3, 3 | 3, 0, 0 | by design: only text of outsiders, not every variable of an action |
| hardcoded-container-credentials | hardcoded-credentials | 2, 2, 2 | 0, 0, 0 | none |
| insecure-commands | insecure-commands | 3, 3, 3 | 0, 0, 0 | none |
| insecure-url-scheme | insecure-url-scheme | 1, 1, 1 | 0, 0, 0 | none |
| obfuscation | obfuscation | 5, 1, 1 | 0, 0, 0 | a plain literal such as ` + "`" + `${{ false }}` + "`" + ` hides nothing (2 files); ` + "`" + `with:` + "`" + ` that is one expression is a ` + "`" + `syntax-check` + "`" + ` of actionlint (2 files) |
| overprovisioned-secrets | overprovisioned-secrets | 1, 1, 1 | 0, 0, 0 | none |
| secrets-inherit | secrets-inherit | 1, 1, 1 | 16, 16, 16 | none |
| template-injection | script-injection | 25, 19, 18 | 97, 33, 32 | numbers, commits, account names, branches of the base and inputs of a fixed choice, which GitHub restricts; a text that only selects a constant; outputs of a step and values of a matrix into which no text of outsiders is seen to flow; labels of a converted discussion |
| typosquat-uses | typosquat-uses | 1, 1, 1 | 0, 0, 0 | none |
| unpinned-images | unpinned-image | 5, 7, 5 | 12, 20, 7 | a tag other than latest counts here; a Dockerfile with another name does not; nor does an image that is unknown |
| unpinned-uses | unpinned-uses | 26, 26, 26 | 186, 186, 185 | one row for a file and reference |
| unredacted-secrets | unredacted-secrets | 1, 1, 1 | 0, 0, 0 | none |
| unsound-condition | if-cond of actionlint | 1, 4, 1 | 1, 2, 1 | actionlint reports constant conditions, too |
| unsound-contains | unsound-contains | 1, 1, 1 | 0, 0, 0 | contexts that no one can choose are left out |
| unsound-ternary | unsound-ternary | 1, 1, 1 | 0, 0, 0 | none |
| use-trusted-publishing | use-trusted-publishing | 16, 13, 13 | 4, 2, 2 | ` + "`" + `uv build publish` + "`" + ` and ` + "`" + `pnpm dlx pkg-pr-new publish` + "`" + ` do not publish to a registry |
| known-vulnerable-actions | the advisories of the gate | not measured | not measured | looked up with the dependencies |
| impostor-commit | impostor-commit | not measured | not measured | hooks of pre-commit are not looked up |
| ref-confusion | ref-confusion | not measured | not measured | none |
| ref-version-mismatch | ref-version-mismatch | not measured | not measured | a moving tag such as v4 that has moved on, and a version without a tag, are accepted; without the network the rule compares what the repository says itself |

The audits that need GitHub are not measured, because the comparison ran without the network. Not covered: adhoc-packages, misfeature,
self-repository, superfluous-actions, unpinned-tools, and stale-action-refs, a commit without a tag. zizmor has no audit for agents, for code of a pull request that a called workflow
or a local action checks out, and for a workflow_run that runs a fork's artifact.

Findings of high severity on the 62 repositories: 187 ` + "`" + `unpinned-uses` + "`" + `, 11 ` + "`" + `unpinned-image` + "`" + `, 4
` + "`" + `dangerous-trigger` + "`" + ` in one workflow that builds a fork's commit on workflow_run, 3 ` + "`" + `secrets-inherit` + "`" + `, 2
` + "`" + `write-all` + "`" + ` and one file that GitHub rejects. The workflows behind
` + "`" + `dangerous-trigger` + "`" + ` and the rejected file were read by hand, the references of ` + "`" + `unpinned-uses` + "`" + ` as a list. Rules whose
findings did not hold were corrected.
`
