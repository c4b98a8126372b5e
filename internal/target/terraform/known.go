package terraform

import (
	"encoding/json"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Limits on the `goldenpath` map: the length of a value in bytes, and the highest price.
const (
	maxKnown   = 512
	maxPerHour = 1e9
)

// known returns the `goldenpath` map of a deployment.
func (t *Target) known(d target.Deployment, workspace string, before map[string]string) map[string]string {
	now := t.now().UTC().Format(time.RFC3339)
	k := map[string]string{
		"app": d.App, "environment": d.Environment, "commit": d.Commit, "digest": d.Digest, "image": d.Reference, "name": workspace,
		"repository": d.Tags.Repository, "owner": d.Tags.Owner, "cost_centre": d.Tags.CostCentre,
		"generation": "1", "started": now, "created": now,
	}
	if d.Image != nil {
		if platform, err := d.Image.Digest(); err == nil {
			k["platform_digest"] = platform.String()
		}
	}
	if d.Tags.PullRequest > 0 {
		k["number"] = strconv.Itoa(d.Tags.PullRequest)
	} else {
		k["number"] = number(workspace)
	}
	if !d.Tags.Expires.IsZero() {
		k["expires"] = d.Tags.Expires.UTC().Format(time.RFC3339)
	}
	if d.Tags.PerHour > 0 {
		k["per_hour"] = strconv.FormatFloat(d.Tags.PerHour, 'f', -1, 64)
	}
	if before["created"] != "" {
		k["created"] = before["created"]
	}
	// The same artifact again is the same generation: its data is not seeded twice.
	if n, err := strconv.Atoi(before["generation"]); err == nil && n > 0 {
		k["generation"] = strconv.Itoa(n + 1)
		if before["digest"] == d.Digest && before["commit"] == d.Commit {
			k["generation"], k["started"] = before["generation"], before["started"]
		}
	}
	for name, v := range k {
		if k[name] = plain(v, maxKnown); v == "" {
			delete(k, name)
		}
	}
	return k
}

// number returns the number of the pull request in the name of a workspace: "12" for
// pr-12, otherwise "".
func number(workspace string) string {
	if !previewName.MatchString(workspace) {
		return ""
	}
	return strings.TrimPrefix(workspace, "pr-")
}

// labels returns the parts of known that are useful in a cloud console or a bill. The
// values contain only characters that Google Cloud, the strictest provider, accepts.
func labels(known map[string]string) map[string]string {
	l := map[string]string{"managed-by": "goldenpath"}
	for label, name := range map[string]string{
		"app": "app", "environment": "environment", "repository": "repository", "pull-request": "number",
		"owner": "owner", "commit": "commit", "cost-centre": "cost_centre", "expires": "expires",
	} {
		if v := safe(known[name]); v != "" {
			l[label] = v
		}
	}
	return l
}

var unsafe = regexp.MustCompile(`[^a-z0-9_-]+`)

func safe(s string) string {
	s = unsafe.ReplaceAllString(strings.ToLower(s), "-")
	return strings.Trim(s[:min(len(s), 63)], "-_")
}

// readKnown reads the output `goldenpath`. The output is written by the configuration,
// which may come from a pull request, so values of a wrong type and long values are
// ignored.
func readKnown(outputs map[string]tfexec.OutputMeta) map[string]string {
	o, ok := outputs["goldenpath"]
	if !ok || o.Sensitive {
		return nil
	}
	var raw map[string]any
	if json.Unmarshal(o.Value, &raw) != nil {
		return nil
	}
	k := map[string]string{}
	for name, v := range raw {
		switch v := v.(type) {
		case string:
			k[name] = plain(v, maxKnown)
		case float64:
			k[name] = strconv.FormatFloat(v, 'f', -1, 64)
		}
	}
	if _, digest, ok := strings.Cut(k["image"], "@"); ok && k["digest"] == "" {
		k["digest"] = digest
	}
	return k
}

// running returns the state of an environment from its outputs. A pull request can
// change the outputs, so the number of the pull request is always taken from the name of
// the workspace.
func running(environment, workspace string, k map[string]string) target.Running {
	r := target.Running{
		Environment: environment, App: k["app"], Commit: k["commit"], Digest: k["digest"], PlatformDigest: k["platform_digest"], Place: place(workspace),
		Started: when(k["started"]), Created: when(k["created"]),
		Tags: target.Tags{Repository: k["repository"], Owner: k["owner"], CostCentre: k["cost_centre"], Expires: when(k["expires"])},
	}
	if n, err := strconv.Atoi(k["generation"]); err == nil && n > 0 {
		r.Generation = n
	}
	if r.Tags.PullRequest, _ = strconv.Atoi(number(workspace)); r.Tags.PullRequest == 0 {
		r.Tags.PullRequest, _ = strconv.Atoi(k["number"])
	}
	if n, err := strconv.ParseFloat(k["per_hour"], 64); err == nil && n > 0 && n < maxPerHour {
		r.Tags.PerHour = n
	}
	return r
}

func when(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// recalled returns the `goldenpath` map of an environment when there is no deployment:
// the content of its output, and what its name implies.
func recalled(environment, workspace string, k map[string]string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, k)
	all["environment"], all["name"] = environment, workspace
	if n := number(workspace); n != "" {
		all["number"] = n
	}
	return all
}
