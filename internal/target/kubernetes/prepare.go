package kubernetes

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/render"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// prepared is what a deployment applies.
type prepared struct {
	namespace string
	host      string // of the URL; "": no URL is configured
	url       string
	node      string                       // address of a node, if the preview's address is that of a node
	objects   []*unstructured.Unstructured // in the order in which they are applied
	hooks     []hook
	notes     []string
	hash      string // of objects and hooks
}

// prepare renders the objects, inserts the artifact, and refuses objects that must not
// be deployed. It changes nothing in the cluster.
func (t *Target) prepare(ctx context.Context, c *cluster, d target.Deployment, upgrade bool) (*prepared, error) {
	p := &prepared{namespace: t.namespace(d.Environment)}
	words, err := t.words(p, d)
	if err != nil {
		return nil, err
	}
	all, err := t.render(ctx, c, p, words, upgrade)
	if err != nil {
		return nil, err
	}
	_, preview := previewName(d.Environment)
	var problems []string
	all, problems, err = p.own(ctx, c, all, preview)
	if err != nil {
		return nil, err
	}
	problems = append(problems, artifact(all, t.ReplaceImage, d, t.PullSecret != "")...)
	if len(problems) == 0 {
		job, more := migration(all, d, p.namespace)
		if problems = append(problems, more...); job != nil {
			all = append(all, job)
		}
	}
	if preview {
		p.harden(all, d)
		problems = append(problems, p.refuse(all, t.Isolation.Kinds)...)
	}
	if len(problems) > 0 {
		return nil, &target.Refusal{Problems: problems}
	}
	p.hooks, p.objects = takeHooks(all)
	for _, h := range p.hooks {
		if !slices.ContainsFunc(h.events, func(e string) bool { return strings.HasSuffix(e, "-install") || strings.HasSuffix(e, "-upgrade") }) {
			p.notes = append(p.notes, fmt.Sprintf("%s does not run: the hook %s is not supported", refOf(h.object).word(), clip(strings.Join(h.events, ", "))))
		}
	}
	sortObjects(p.objects)
	b, err := json.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("cannot prepare %s: %w", d.Environment, err)
	}
	sum := sha256.Sum256(b)
	p.hash = hex.EncodeToString(sum[:])
	return p, nil
}

// words returns a replacer for the placeholders in the configured URL and values.
func (t *Target) words(p *prepared, d target.Deployment) (*strings.Replacer, error) {
	name, preview := previewName(d.Environment)
	if !preview {
		name = d.Environment
	}
	number := ""
	if n := d.Tags.PullRequest; n > 0 {
		number = strconv.Itoa(n)
	} else if n, err := strconv.ParseUint(strings.TrimPrefix(name, "pr-"), 10, 31); err == nil && strings.HasPrefix(name, "pr-") {
		number = strconv.FormatUint(n, 10)
	}
	if number == "" && strings.Contains(t.URL, "{number}") {
		return nil, report.Usage(fmt.Sprintf("url %s uses {number}, but %s does not belong to a pull request: use {name} instead", t.URL, name))
	}
	if t.URL != "" {
		p.url = strings.TrimSuffix(strings.NewReplacer("{name}", name, "{number}", number).Replace(t.URL), "/")
		u, err := url.Parse(p.url)
		if err != nil || u.Hostname() == "" {
			return nil, report.Usage(fmt.Sprintf("url %s is not a valid URL", p.url))
		}
		p.host = u.Hostname()
	}
	return strings.NewReplacer("{name}", name, "{number}", number, "{host}", p.host, "{url}", p.url, "{namespace}", p.namespace,
		"{commit}", d.Commit, "{digest}", d.Digest, "{image}", d.Reference), nil
}

// render renders the source for the cluster, or for an assumed one if c is nil.
func (t *Target) render(ctx context.Context, c *cluster, p *prepared, words *strings.Replacer, upgrade bool) ([]*unstructured.Unstructured, error) {
	tree, err := render.Open(t.Dir)
	if err != nil {
		return nil, err
	}
	defer tree.Close()
	source := t.Source
	source.Set = map[string]any{}
	for k, v := range t.Source.Set {
		if text, ok := v.(string); ok {
			v = words.Replace(text)
		}
		source.Set[k] = plain(v)
	}
	var version string
	var apis []string
	if c != nil {
		if version, apis, err = c.capabilities(ctx, source.Chart != ""); err != nil {
			return nil, err
		}
	}
	res, err := tree.Render(ctx, source, render.Release{Name: t.App, Namespace: p.namespace, Upgrade: upgrade, KubeVersion: version, APIVersions: apis})
	if err != nil {
		return nil, err
	}
	if len(res.Gaps) > 0 {
		var problems []string
		for _, g := range res.Gaps {
			problems = append(problems, fmt.Sprintf("%s: %s: %s", g.What, g.Why, g.Remedy))
		}
		return nil, &target.Refusal{Problems: problems}
	}
	if len(res.Varying) > 0 {
		p.notes = append(p.notes, "the chart uses "+strings.Join(res.Varying, ", ")+": its result differs with each deployment")
	}
	var all []*unstructured.Unstructured
	for _, o := range res.Objects {
		all = append(all, &unstructured.Unstructured{Object: plain(o.Map).(map[string]any)})
	}
	return all, nil
}

// capabilities returns what a chart can query about the cluster.
func (c *cluster) capabilities(ctx context.Context, chart bool) (version string, apis []string, err error) {
	if !chart {
		return "", nil, nil
	}
	err = c.try(ctx, func(context.Context) error {
		info, err := c.discover.ServerVersion()
		if err != nil {
			return err
		}
		version = info.GitVersion
		_, lists, err := c.discover.ServerGroupsAndResources()
		if err != nil && len(lists) == 0 {
			return err
		}
		for _, l := range lists {
			apis = append(apis, l.GroupVersion)
			for _, r := range l.APIResources {
				apis = append(apis, l.GroupVersion+"/"+r.Kind)
			}
		}
		return nil
	})
	return version, apis, err
}

// plain copies a value into the types that the Kubernetes libraries support.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = plain(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plain(e)
		}
		return out
	case uint64:
		if v <= 1<<63-1 {
			return int64(v)
		}
		return float64(v)
	}
	return v
}
