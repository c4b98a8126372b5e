package githubtest

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Image is a version of a container package.
type Image struct {
	ID   int64
	Tags []string
}

// packages handles the calls about accounts and their container packages, which are not below
// the repository. Only a token that may write packages can delete.
func (s *Server) packages(r *http.Request, who Token, known bool) (answer, bool) {
	seg := strings.Split(strings.Trim(r.URL.EscapedPath(), "/"), "/")
	if seg[0] != "users" && seg[0] != "orgs" || len(seg) < 2 {
		return answer{}, false
	}
	kind := "users"
	if s.Settings.Organization {
		kind = "orgs"
	}
	if len(seg) == 2 && seg[0] == "users" && r.Method == http.MethodGet {
		j := person(seg[1]).json()
		if kind == "orgs" {
			j["type"] = "Organization"
		}
		for _, field := range []string{"name", "company", "blog", "location", "email", "hireable", "bio"} {
			j[field] = nil
		}
		for _, field := range []string{"public_repos", "public_gists", "followers", "following"} {
			j[field] = 0
		}
		j["user_view_type"] = "public"
		j["created_at"], j["updated_at"] = stamp(s.Now()), stamp(s.Now())
		return ok(j), true
	}
	if seg[0] != kind || len(seg) < 6 || seg[2] != "packages" || seg[3] != "container" || seg[5] != "versions" {
		return refuse(http.StatusNotFound, "Not Found"), true
	}
	scope := "packages: read"
	if r.Method == http.MethodDelete {
		scope = "packages: write"
	}
	if a, no := s.forbid(endpoint{permission: scope}, who, known); no {
		return a, true
	}
	name, err := url.PathUnescape(seg[4])
	images, has := s.Packages[seg[1]+"/"+name]
	if err != nil || !has {
		return refuse(http.StatusNotFound, "Package not found."), true
	}
	if len(seg) == 6 && r.Method == http.MethodGet {
		all := []map[string]any{}
		for _, v := range images {
			at := s.URL + "/" + strings.Join(seg[:6], "/") + "/" + strconv.FormatInt(v.ID, 10)
			all = append(all, map[string]any{
				"id": v.ID, "name": "sha256:" + strings.Repeat("0", 64), "url": at, "package_html_url": "https://github.com/" + seg[1] + "/packages",
				"created_at": stamp(s.Now()), "updated_at": stamp(s.Now()),
				"metadata": map[string]any{"package_type": "container", "container": map[string]any{"tags": append([]string{}, v.Tags...)}},
			})
		}
		return page(s, r, all), true
	}
	id, _ := strconv.ParseInt(seg[len(seg)-1], 10, 64)
	i := slices.IndexFunc(images, func(v *Image) bool { return v.ID == id })
	if len(seg) != 7 || r.Method != http.MethodDelete || i < 0 {
		return refuse(http.StatusNotFound, "Package not found."), true
	}
	s.Packages[seg[1]+"/"+name] = slices.Delete(images, i, i+1)
	return answer{status: http.StatusNoContent}, true
}
