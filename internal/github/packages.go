package github

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	gh "github.com/google/go-github/v74/github"
)

// newest is how many versions of a package are read, the newest first. A package keeps a
// version for each image, each of its platforms and each piece of evidence.
const newest = 2000

// DeleteImages deletes the images of a container package all of whose tags are accepted by the
// function which, and returns how many. kept is the number of images that also have another
// tag, and are not changed. GitHub's registry deletes whole images only, not single tags.
func (c *Client) DeleteImages(ctx context.Context, owner, name string, which func(tag string) bool) (deleted, kept int, err error) {
	a := request{"read the package " + bounded(name, 255), "packages: read"}
	account, _, err := c.api.Users.Get(ctx, owner)
	if err := c.judge(ctx, a, err); err != nil {
		return 0, 0, err
	}
	// go-github v74 does not escape a package's name below users/.
	versions := "users/" + owner + "/packages/container/" + url.PathEscape(name) + "/versions"
	if account.GetType() == "Organization" {
		versions = "orgs" + strings.TrimPrefix(versions, "users")
	}
	var doomed []int64
	read := 0
	err = pages(a, func(page gh.ListOptions) (*gh.Response, error) {
		var all []*gh.PackageVersion
		at := paged(versions, page)
		if strings.HasPrefix(versions, "users") { // GitHub describes no parameters here; its response links to the next page
			if at = versions; page.Page > 1 {
				at += fmt.Sprintf("?page=%d", page.Page)
			}
		}
		res, err := c.do(ctx, a, http.MethodGet, at, &all)
		if err != nil {
			return nil, err
		}
		for _, v := range all {
			switch ours, others := tagged(v, which); {
			case ours > 0 && others == 0:
				doomed = append(doomed, v.GetID())
			case ours > 0:
				kept++
			}
		}
		if read += len(all); read >= newest {
			res.NextPage = 0
		}
		return res, nil
	})
	if err != nil {
		return 0, kept, err
	}
	a = request{"delete images of the package " + bounded(name, 255), "packages: write"}
	for _, id := range doomed {
		_, err := c.do(ctx, a, http.MethodDelete, fmt.Sprintf("%s/%d", versions, id), nil)
		if err != nil && !absent(err) {
			return deleted, kept, fmt.Errorf("%w; the repository needs the role Admin in the package's settings", err)
		}
		deleted++
	}
	return deleted, kept, nil
}

// tagged counts the tags of a version.
func tagged(v *gh.PackageVersion, which func(tag string) bool) (ours, others int) {
	var m gh.PackageMetadata
	if json.Unmarshal(v.Metadata, &m) != nil || m.Container == nil {
		return 0, 0
	}
	for _, tag := range m.Container.Tags {
		if which(tag) {
			ours++
		} else {
			others++
		}
	}
	return ours, others
}
