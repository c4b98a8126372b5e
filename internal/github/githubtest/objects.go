package githubtest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The objects in this file have every field of GitHub's description and examples.

func (a Account) json() map[string]any {
	kind := "User"
	if a.Bot {
		kind = "Bot"
	}
	at, login := "https://api.github.com/users/", escape(a.Login)
	return map[string]any{
		"login": a.Login, "id": a.ID, "node_id": "U_" + strconv.FormatInt(a.ID, 36), "type": kind, "site_admin": false,
		"gravatar_id": "", "avatar_url": fmt.Sprintf("https://avatars.githubusercontent.com/u/%d?v=4", a.ID),
		"url": at + login, "html_url": "https://github.com/" + login,
		"followers_url": at + login + "/followers", "following_url": at + login + "/following{/other_user}",
		"gists_url": at + login + "/gists{/gist_id}", "starred_url": at + login + "/starred{/owner}{/repo}",
		"subscriptions_url": at + login + "/subscriptions", "organizations_url": at + login + "/orgs", "repos_url": at + login + "/repos",
		"events_url": at + login + "/events{/privacy}", "received_events_url": at + login + "/received_events",
	}
}

// person returns an account that has only a login in this server.
func person(login string) Account { return Account{ID: 77, Login: login} }

// app returns the app that a job's token belongs to.
func app() map[string]any {
	began := stamp(time.Date(2018, 7, 30, 9, 30, 0, 0, time.UTC))
	return map[string]any{
		"id": 15368, "slug": "github-actions", "node_id": "MDM6QXBwMTUzNjg=", "name": "GitHub Actions",
		"client_id": "Iv1.05c79e9ad1f6bdfa", "owner": Account{ID: 9919, Login: "github"}.json(),
		"description": "Automate your workflow from idea to production", "external_url": "https://help.github.com/en/actions",
		"html_url": "https://github.com/apps/github-actions", "created_at": began, "updated_at": began,
		"permissions": map[string]string{"contents": "write", "deployments": "write", "pull_requests": "write"}, "events": []string{},
	}
}

// repositoryURLs are the URLs in every repository object: the name of the field without
// _url, and the path after the repository's own URL.
var repositoryURLs = map[string]string{
	"archive": "/{archive_format}{/ref}", "assignees": "/assignees{/user}", "blobs": "/git/blobs{/sha}", "branches": "/branches{/branch}",
	"collaborators": "/collaborators{/collaborator}", "comments": "/comments{/number}", "commits": "/commits{/sha}",
	"compare": "/compare/{base}...{head}", "contents": "/contents/{+path}", "contributors": "/contributors", "deployments": "/deployments",
	"downloads": "/downloads", "events": "/events", "forks": "/forks", "git_commits": "/git/commits{/sha}", "git_refs": "/git/refs{/sha}",
	"git_tags": "/git/tags{/sha}", "hooks": "/hooks", "issue_comment": "/issues/comments{/number}", "issue_events": "/issues/events{/number}",
	"issues": "/issues{/number}", "keys": "/keys{/key_id}", "labels": "/labels{/name}", "languages": "/languages", "merges": "/merges",
	"milestones": "/milestones{/number}", "notifications": "/notifications{?since,all,participating}", "pulls": "/pulls{/number}",
	"releases": "/releases{/id}", "stargazers": "/stargazers", "statuses": "/statuses/{sha}", "subscribers": "/subscribers",
	"subscription": "/subscription", "tags": "/tags", "teams": "/teams", "trees": "/git/trees{/sha}",
}

func (s *Server) repositoryJSON(id int, fullName string, fork bool) map[string]any {
	owner, name, _ := strings.Cut(fullName, "/")
	api, web := s.URL+"/repos/"+fullName, "https://github.com/"+fullName
	visibility, now := "public", stamp(s.Now())
	if s.Private {
		visibility = "private"
	}
	j := map[string]any{
		"id": id, "node_id": fmt.Sprintf("R_%d", id), "name": name, "full_name": fullName, "owner": person(owner).json(),
		"private": s.Private, "visibility": visibility, "fork": fork, "description": nil, "homepage": nil, "language": nil, "license": nil,
		"url": api, "html_url": web, "git_url": strings.Replace(web, "https:", "git:", 1) + ".git", "ssh_url": "git@github.com:" + fullName + ".git",
		"clone_url": web + ".git", "svn_url": web, "mirror_url": nil, "default_branch": "main", "archived": false, "disabled": false,
		"has_downloads": true, "has_issues": true, "has_projects": true, "has_wiki": true, "has_pages": false, "size": 108,
		"forks": 0, "forks_count": 0, "open_issues": 0, "open_issues_count": 0, "stargazers_count": 0, "watchers": 0, "watchers_count": 0,
		"created_at": now, "updated_at": now, "pushed_at": now,
	}
	for field, path := range repositoryURLs {
		j[field+"_url"] = api + path
	}
	return j
}
