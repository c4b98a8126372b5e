package workflow

import (
	"regexp"
	"strings"
)

// outsideRoles are the values of author_association for people without a role in the
// repository. A CONTRIBUTOR only has a commit in it.
var outsideRoles = []string{"NONE", "FIRST_TIMER", "FIRST_TIME_CONTRIBUTOR", "CONTRIBUTOR", "MANNEQUIN"}

// identity matches the properties of a repository that no other one has, or of its owner.
const identity = `(?:full_name|(?:owner\.)?(?:id|node_id|(?:html_|clone_|git_|ssh_)?url)|owner\.login)$`

// identities are patterns of properties of github.event, and the value that they have.
var identities = []struct {
	path  *regexp.Regexp
	value []string
}{
	{regexp.MustCompile(`^(?:pull_request\.head\.repo|workflow_run\.head_repository)\.` + identity), []string{forkValue}},
	{regexp.MustCompile(`^pull_request\.head\.(?:user\.(?:login|id|node_id|html_url)|label)$`), []string{forkValue}},
	{regexp.MustCompile(`^(?:pull_request\.head\.repo|workflow_run\.head_repository)\.fork$`), []string{typed + "true"}},
	{regexp.MustCompile(`^(?:pull_request\.base\.repo|repository|workflow_run\.repository)\.` + identity), []string{ourValue}},
	{regexp.MustCompile(`^pull_request\.base\.user\.(?:login|id|node_id|html_url)$`), []string{ourValue}},
	{regexp.MustCompile(`^(?:pull_request|issue|discussion|comment|review)\.user\.(?:login|id|node_id|html_url)$`), []string{userValue}},
	{regexp.MustCompile(`^(?:pull_request|issue|discussion|comment|review)\.author_association$`), outsideRoles},
	{regexp.MustCompile(`^pull_request\.merged$`), []string{typed + "false"}},
	{regexp.MustCompile(`^pull_request\.merged_(?:at|by(?:\..*)?)$`), []string{typed + "null"}},
	{regexp.MustCompile(`^workflow_run\.event$`), []string{"pull_request"}},
}

var (
	byStarter = regexp.MustCompile(`^(?:comment|review)\.|^pull_request\.merged`)
	bySubject = regexp.MustCompile(`^(?:issue|pull_request|discussion)\.`)
)

// eventValues is values for a property of the context github.
func eventValues(path, event string) []string {
	name := strings.TrimRight(event, about+unlabelled)
	switch path {
	case "github.event_name":
		return []string{name}
	case "github.repository", "github.repository_owner", "github.repository_id", "github.repository_owner_id":
		return []string{ourValue}
	case "github.ref":
		switch {
		case name == "release" || event == pushedTag:
			return []string{tagValue}
		case strings.HasPrefix(name, "pull_request") && name != "pull_request_target":
			return []string{"refs/pull/1/merge"}
		}
	case "github.ref_type":
		if name == "release" || event == pushedTag {
			return []string{"tag"}
		}
		return []string{"branch"}
	}
	property, ok := strings.CutPrefix(path, "github.event.")
	comment := strings.HasSuffix(name, "_comment") || name == "pull_request_review"
	switch {
	case strings.HasSuffix(event, unlabelled) && strings.HasPrefix(property, "label."):
		return []string{typed + "null"}
	case strings.HasSuffix(event, unlabelled) && property == "action":
		return []string{"opened", "synchronize", "reopened", "edited"}
	case !ok, strings.HasSuffix(event, about) && byStarter.MatchString(property):
		return nil
	case event == name && comment && strings.HasPrefix(property, "pull_request.head.repo."):
		// The run has rights only if the pull request comes from this repository.
		if property == "pull_request.head.repo.fork" {
			return []string{typed + "false"}
		}
		property = strings.Replace(property, "head", "base", 1)
	case event == name && comment && bySubject.MatchString(property):
		return nil
	}
	for _, i := range identities {
		if i.path.MatchString(property) {
			return i.value
		}
	}
	return nil
}
