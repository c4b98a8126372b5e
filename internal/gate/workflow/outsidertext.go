package workflow

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
)

// outsiderText lists properties of github.event that anyone can write. Those that hold
// a single line are marked with *1. Numbers, ids, hashes and names that GitHub
// restricts are not listed.
var outsiderText = strings.Fields(`
	issue.body pull_request.body comment.body review.body review_comment.body discussion.body
	*1issue.title *1pull_request.title *1discussion.title *1changes.title.from changes.body.from
	*1pull_request.head.ref *1pull_request.head.label *1pull_request.head.repo.default_branch
	*1pull_request.head.repo.description *1pull_request.head.repo.homepage *1forkee.description *1forkee.default_branch
	*1pages.*.page_name *1pages.*.title pages.*.summary
	commits.*.message *1commits.*.author.email *1commits.*.author.name *1commits.*.committer.email *1commits.*.committer.name
	answer.body *1changes.head.ref.from *1changes.ref.from *1changes.base.ref.from
	head_commit.message *1head_commit.author.email *1head_commit.author.name *1head_commit.committer.email *1head_commit.committer.name
	merge_group.head_commit.message *1merge_group.head_commit.author.email *1merge_group.head_commit.author.name
	*1merge_group.head_commit.committer.email *1merge_group.head_commit.committer.name
	*1check_suite.head_commit.author.email *1check_suite.head_commit.author.name
	*1workflow_run.head_branch *1workflow_run.display_title workflow_run.head_commit.message
	*1workflow_run.head_commit.author.email *1workflow_run.head_commit.author.name *1workflow_run.path
	*1workflow_run.head_commit.committer.email *1workflow_run.head_commit.committer.name
	*1workflow_run.head_repository.description *1workflow_run.pull_requests.*.head.ref
	*1check_suite.head_branch check_suite.head_commit.message *1check_suite.pull_requests.*.head.ref
	*1check_run.check_suite.head_branch *1check_run.pull_requests.*.head.ref`)

// membersText lists properties of github.event that need a role in the repository.
var membersText = strings.Fields(`
	label.name issue.labels.*.name pull_request.labels.*.name
	milestone.title milestone.description issue.milestone.title pull_request.milestone.title
	release.name release.body release.tag_name deployment.payload deployment.description deployment.ref`)

// outsiderOutputs lists outputs of actions that pass on what outsiders write.
var outsiderOutputs = map[string][]string{
	"peter-evans/find-comment":              {"comment-body"},
	"khan/pull-request-comment-trigger":     {"comment_body"},
	"xt0rted/pull-request-comment-branch":   {"head_ref"},
	"alessbell/pull-request-comment-branch": {"head_ref"},
	"eficode/resolve-pr-refs":               {"head_ref"},
	"potiuk/get-workflow-origin":            {"sourceheadbranch"},
	"trilom/file-changes-action":            {"files", "files_added", "files_modified", "files_removed"},
	"jitterbit/get-changed-files":           {"all", "added", "modified", "removed", "renamed", "added_modified"},
	"8bitjonny/gh-get-current-pr":           {"pr", "pr_title", "pr_body", "pr_head_ref"},
	"jwalton/gh-find-current-pr":            {"title", "body"},
	"stefanbuck/github-issue-parser":        {"jsonstring"}, // and issueparser_*
	"peter-murray/issue-forms-body-parser":  {"payload"},
	"issue-ops/parser":                      {"json"},
	"tj-actions/branch-names":               {"current_branch", "head_ref_branch", "ref_branch"},
	"tim-actions/get-pr-commits":            {"commits"},
	"octokit/request-action":                {"data"},
}

// fileOutputs lists the outputs of actions that pass on names of files, which the author
// of a pull request chooses. The input, if it is not "false", makes the action escape
// them.
var fileOutputs = map[string]string{
	"tj-actions/changed-files": "safe_output",
	"dorny/paths-filter":       "",
}

var changedFiles = regexp.MustCompile(`^(?:all_|any_|other_|only_)?(?:\w+_)?(?:changed|modified|added|deleted|renamed|copied|unmerged|unknown|type_changed)(?:_and_\w+)?_files$|^(?:\w+_)?(?:all_old_new_renamed|modified|changed)_keys$|_files$`)

// passesOn reports whether an output of the step is what an outsider wrote.
func passesOn(s *actionlint.Step, output string) bool {
	name := actionName(s)
	if escape, ok := fileOutputs[name]; ok && changedFiles.MatchString(output) {
		return escape != "" && value(input(s, escape)) == "false" || escape == "" && slices.Contains([]string{"csv", "json"}, value(input(s, "list-files")))
	}
	if name == "octokit/request-action" {
		return output == "data" && strings.Contains(value(input(s, "route")), "/pulls/")
	}
	return slices.ContainsFunc(outsiderOutputs[name], func(o string) bool { return matches(output, o) }) || name == "stefanbuck/github-issue-parser" && strings.HasPrefix(output, "issueparser_")
}
