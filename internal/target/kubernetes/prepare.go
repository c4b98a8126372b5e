package kubernetes

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/seed-b235b314/goldenpath/internal/manifest"
	"github.com/seed-b235b314/goldenpath/internal/render"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// prepared is what a deployment applies.
type prepared struct {
	namespace string
	host      string // of the URL; "": none is configured
	url       string
	objects   []*unstructured.Unstructured // in the order they are applied
	hooks     []hook
	notes     []string
	hash      string // of objects and hooks
}

// prepare renders what is deployed, fills in the artifact, and refuses what may
// not be deployed. Nothing of the cluster is changed.
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
	all, problems = p.own(ctx, c, all, preview)
	problems = append(problems, p.artifact(all, t.ReplaceImage, d, t.PullSecret != "")...)
	if preview {
		p.harden(all, t.ReplaceImage, d)
		problems = append(problems, p.refuse(all)...)
	}
	if len(problems) > 0 {
		return nil, &target.Refusal{Problems: problems}
	}
	p.hooks, p.objects = takeHooks(all)
	sortObjects(p.objects)
	b, err := json.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", d.Environment, err)
	}
	sum := sha256.Sum256(b)
	p.hash = hex.EncodeToString(sum[:])
	return p, nil
}

// words are what is filled in for placeholders.
func (t *Target) words(p *prepared, d target.Deployment) (*strings.Replacer, error) {
	name, preview := previewName(d.Environment)
	if !preview {
		name = d.Environment
	}
	number := ""
	if n := d.Tags.PullRequest; n > 0 {
		number = strconv.Itoa(n)
	} else if n, ok := strings.CutPrefix(name, "pr-"); ok {
		number = n
	}
	if number == "" && strings.Contains(t.URL, "{number}") {
		return nil, report.Usage(fmt.Sprintf("url %s: %s is of no pull request and has no number: use {name}", t.URL, name))
	}
	if t.URL != "" {
		p.url = strings.TrimSuffix(strings.NewReplacer("{name}", name, "{number}", number).Replace(t.URL), "/")
		u, err := url.Parse(p.url)
		if err != nil || u.Hostname() == "" {
			return nil, report.Usage(fmt.Sprintf("url %s: it is no address", p.url))
		}
		p.host = u.Hostname()
	}
	return strings.NewReplacer("{name}", name, "{number}", number, "{host}", p.host, "{url}", p.url, "{namespace}", p.namespace,
		"{commit}", d.Commit, "{digest}", d.Digest, "{image}", d.Reference), nil
}

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
	version, apis, err := c.capabilities(ctx, source.Chart != "")
	if err != nil {
		return nil, err
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
		p.notes = append(p.notes, "the chart uses "+strings.Join(res.Varying, ", ")+": what that makes is another with every deployment")
	}
	var all []*unstructured.Unstructured
	for _, o := range res.Objects {
		all = append(all, &unstructured.Unstructured{Object: plain(o.Map).(map[string]any)})
	}
	return all, nil
}

// capabilities are what a chart may ask about the cluster.
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

// plain copies a value into the types that Kubernetes' libraries know.
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

// own puts the objects into the namespace. What is of the whole cluster, or of
// another namespace, is refused: a deployment stays within its own.
func (p *prepared) own(ctx context.Context, c *cluster, all []*unstructured.Unstructured, preview bool) (kept []*unstructured.Unstructured, problems []string) {
	seen := map[string]bool{}
	for _, o := range all {
		name := o.GetKind() + "/" + o.GetName()
		if strings.Contains(o.GetAnnotations()[hookKey], "test") || o.GetKind() == "List" {
			continue
		}
		switch {
		case o.GetKind() == "" || o.GetAPIVersion() == "":
			problems = append(problems, name+": it has no kind or no apiVersion: correct the template")
			continue
		case o.GetName() == "":
			problems = append(problems, name+": metadata.name is missing (generateName makes another object with every deployment): give it a name")
			continue
		}
		_, namespaced, err := c.resource(ctx, o.GroupVersionKind(), p.namespace)
		switch {
		case err != nil:
			problems = append(problems, fmt.Sprintf("%s: the cluster knows no %s %s: install what defines it, or leave it out", name, o.GetAPIVersion(), o.GetKind()))
			continue
		case !namespaced:
			problems = append(problems, fmt.Sprintf("%s: kind: %s is of the whole cluster, and this deployment only of namespace %s: install it once by hand, and leave it out here", name, o.GetKind(), p.namespace))
			continue
		}
		if ns := o.GetNamespace(); ns != "" && ns != p.namespace {
			problems = append(problems, fmt.Sprintf("%s: metadata.namespace: %s is another namespace than %s: write .Release.Namespace, or nothing", name, clip(ns), p.namespace))
			continue
		}
		if preview && slices.Contains(wallKinds, o.GetKind()) {
			p.notes = append(p.notes, name+" is left out: a preview's walls are goldenpath's")
			continue
		}
		o.SetNamespace(p.namespace)
		o.SetManagedFields(nil)
		unstructured.RemoveNestedField(o.Object, "status")
		if key := refOf(o).String(); seen[key] {
			problems = append(problems, name+": there are two of it: remove one")
			continue
		} else {
			seen[key] = true
		}
		kept = append(kept, o)
	}
	return kept, problems
}

// refuse holds a preview to the rules no preview may break.
func (p *prepared) refuse(all []*unstructured.Unstructured) (problems []string) {
	var objects []manifest.Object
	for _, o := range all {
		objects = append(objects, manifest.Object{Map: o.Object})
	}
	for _, v := range manifest.Check(objects) {
		if tolerated[v.Rule] {
			continue
		}
		problems = append(problems, fmt.Sprintf("%s: %s: it %s: %s", v.Object, v.Field, strings.TrimPrefix(v.Message, "it "), v.Fix))
	}
	for _, o := range all {
		problems = append(problems, p.reach(o)...)
	}
	slices.Sort(problems)
	return slices.Compact(problems)
}

// tolerated are the rules that are good practice, or that the namespace itself
// sees to (limits), and no way out of it.
var tolerated = map[string]bool{"missing-limits": true, "latest-tag": true, "unpinned-image": true, "service-account-token": true}

// reach refuses what lets a preview be reached, or reach, where it should not.
func (p *prepared) reach(o *unstructured.Unstructured) (problems []string) {
	name := o.GetKind() + "/" + o.GetName()
	switch o.GetKind() {
	case "RoleBinding":
		if kind, _, _ := unstructured.NestedString(o.Object, "roleRef", "kind"); kind == "ClusterRole" {
			problems = append(problems, name+": roleRef.kind: ClusterRole gives rights over the walls of the preview: bind a Role that lists what is needed")
		}
	case "Service":
		if ips, _, _ := unstructured.NestedStringSlice(o.Object, "spec", "externalIPs"); len(ips) > 0 {
			problems = append(problems, name+": spec.externalIPs: takes traffic of other addresses over: remove it")
		}
	case "Ingress":
		rules, _, _ := unstructured.NestedSlice(o.Object, "spec", "rules")
		hosts := map[string]bool{}
		for _, r := range rules {
			m, _ := r.(map[string]any)
			host, _ := m["host"].(string)
			hosts[host] = true
		}
		if backend, _, _ := unstructured.NestedMap(o.Object, "spec", "defaultBackend"); backend != nil {
			hosts[""] = true
		}
		for _, host := range slices.Sorted(maps.Keys(hosts)) {
			switch {
			case p.host == "":
				problems = append(problems, name+": spec.rules: it takes "+hostWord(host)+", and the preview's own host is not known: set preview.url")
			case host != p.host && !strings.HasSuffix(host, "."+p.host):
				problems = append(problems, name+": spec.rules: it takes "+hostWord(host)+", and the preview's own host is "+p.host+`: set it to that, for a chart with set: {ingress.host: "{host}"}`)
			}
		}
	}
	return problems
}

func hostWord(host string) string {
	if host == "" {
		return "every host"
	}
	return "the host " + clip(host)
}

// clip keeps a hostile text from filling a message.
func clip(s string) string {
	if r := []rune(s); len(r) > 100 {
		return string(r[:100]) + "…"
	}
	return s
}
