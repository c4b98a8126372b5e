package workflow

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// popular maps the name of a widely used action's repository to its owners.
var popular = sync.OnceValue(func() map[string][]string {
	out := map[string][]string{}
	add := func(name string) {
		name, _, _ = strings.Cut(strings.ToLower(name), "@")
		if parts := strings.Split(name, "/"); len(parts) > 1 && !slices.Contains(out[parts[1]], parts[0]) {
			out[parts[1]] = append(out[parts[1]], parts[0])
		}
	}
	for name := range actionlint.PopularActions {
		add(name)
	}
	for name := range setups {
		add(strings.TrimSuffix(name, " automatic"))
	}
	for name := range publishers {
		add(name)
	}
	return out
})

// slug returns owner and repository of a uses: in another repository, in lower case, or
// "".
func slug(uses string) (owner, repository string) {
	name, _, _ := strings.Cut(strings.ToLower(uses), "@")
	parts := strings.Split(name, "/")
	if local(name) || strings.HasPrefix(name, "docker://") || len(parts) < 2 {
		return "", ""
	}
	return parts[0], parts[1]
}

// typosquatUses reports an owner that is one slip of the finger from the owner of a
// widely used action of the same name.
func typosquatUses(w *File) []report.Finding {
	var out []report.Finding
	for _, uses := range w.everyUses() {
		owner, name := slug(uses.Value)
		owners := popular()[name]
		if len(owner) < 5 || slices.Contains(owners, owner) {
			continue
		}
		i := slices.IndexFunc(owners, func(known string) bool { return slips(owner, known) })
		if i < 0 {
			continue
		}
		out = append(out, report.Finding{
			Rule: "typosquat-uses", Severity: report.High, At: w.at(uses.Pos),
			Message: fmt.Sprintf("%s/%s is spelled almost like %s/%s: someone else may own it", short(owner), short(name), owners[i], name),
			Fix:     fmt.Sprintf("use %s/%s if it is meant", owners[i], name),
		})
	}
	return out
}

// slips reports whether a differs from b by one character that is missing, added,
// replaced, or exchanged with its neighbour.
func slips(a, b string) bool {
	if a == b {
		return false
	}
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	x, y := a[i:], b[i:]
	switch {
	case len(x) == len(y) && len(x) > 1 && x[0] == y[1] && x[1] == y[0] && x[2:] == y[2:]:
		return true
	case len(x) == len(y):
		return x[1:] == y[1:]
	case len(x) == len(y)+1:
		return x[1:] == y
	case len(y) == len(x)+1:
		return x == y[1:]
	}
	return false
}

// archived maps repositories that their owners have archived, so that no one fixes
// them, to what to use instead.
var archived = map[string]string{
	"actions/setup-ruby": "ruby/setup-ruby", "actions/create-release": "gh release create", "actions/upload-release-asset": "gh release upload",
	"actions/setup-haskell": "haskell-actions/setup", "actions/setup-elixir": "erlef/setup-beam",
	"actions-rs/toolchain": "dtolnay/rust-toolchain or rustup", "actions-rs/cargo": "cargo in a run: step", "actions-rs/clippy-check": "cargo clippy in a run: step",
	"actions-rs/audit-check": "rustsec/audit-check", "actions-rs/install": "taiki-e/install-action", "actions-rs/tarpaulin": "cargo tarpaulin in a run: step",
	"actions-rs/grcov": "grcov in a run: step", "tibdex/github-app-token": "actions/create-github-app-token",
	"gradle/gradle-build-action": "gradle/actions/setup-gradle", "delaguardo/setup-graalvm": "graalvm/setup-graalvm",
	"crazy-max/ghaction-docker-buildx": "docker/setup-buildx-action", "grafana/k6-action": "grafana/setup-k6-action",
	"marvinpinto/action-automatic-releases": "gh release create", "artichoke/setup-rust": "dtolnay/rust-toolchain or rustup",
	"8398a7/action-slack": "", "azure/container-scan": "", "azure/get-keyvault-secrets": "", "azure/k8s-actions": "", "cedrickring/golang-action": "",
	"cirrus-actions/rebase": "", "contributor-assistant/github-action": "", "convictional/trigger-workflow-and-wait": "", "expo/expo-preview-action": "",
	"hashicorp/terraform-cdk-action": "", "helaili/jekyll-action": "", "irgolic/autopr": "", "paambaati/codeclimate-action": "",
	"repo-sync/pull-request": "", "repo-sync/repo-sync": "", "secrethub/actions": "",
}

// archivedUses reports an action of an archived repository.
func archivedUses(w *File) []report.Finding {
	var out []report.Finding
	for _, uses := range w.everyUses() {
		owner, name := slug(uses.Value)
		instead, ok := archived[owner+"/"+name]
		if !ok {
			continue
		}
		out = append(out, report.Finding{
			Rule: "archived-uses", Severity: report.Low, At: w.at(uses.Pos),
			Message: fmt.Sprintf("%s/%s is archived: its owner fixes nothing in it, vulnerabilities included", owner, name),
			Fix:     "use " + cmp.Or(instead, "a maintained action") + " instead",
		})
	}
	return out
}

// pin is a reference to an action with the version that its comment claims.
type pin struct {
	file    *File
	uses    *actionlint.String
	repo    string // owner/repository
	ref     string
	comment string // "" without a version
	claim   string // the version as it is written, if the comment is nothing else
	places  int    // how many references of the repository are the same, if it is the first of them
}

var claimed = regexp.MustCompile(`#\s*(?:tag\s*[=:]\s*|ratchet:\S+?@|pin@)?[vV]?(\d+(?:\.\d+)*)\b`)

// pins lists the references of a file.
func (w *File) pins() []pin {
	var out []pin
	for _, uses := range w.everyUses() {
		owner, name := slug(uses.Value)
		_, ref, _ := strings.Cut(uses.Value, "@")
		if owner == "" || ref == "" || uses.Pos == nil || uses.Pos.Line < 1 || uses.Pos.Line > len(w.lines) {
			continue
		}
		p := pin{file: w, uses: uses, repo: owner + "/" + name, ref: strings.ToLower(ref)}
		if _, after, ok := strings.Cut(w.lines[uses.Pos.Line-1], uses.Value); ok {
			if m := claimed.FindStringSubmatch(after); m != nil {
				p.comment = m[1]
			}
			if m := claimWord.FindStringSubmatch(after); m != nil {
				p.claim = strings.TrimRight(m[1], ".")
			}
		}
		out = append(out, p)
	}
	return out
}

// agrees reports whether two versions may be the same one: v4 agrees with 4.2.1.
func agrees(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	n := min(len(x), len(y))
	return slices.Equal(x[:n], y[:n])
}

// refVersionMismatch reports a version in a comment that contradicts the reference next
// to it, or another place of the repository.
func refVersionMismatch(w *File) []report.Finding {
	var out []report.Finding
	add := func(p pin, why string) {
		out = append(out, report.Finding{
			Rule: "ref-version-mismatch", Severity: report.Low, At: w.at(p.uses.Pos),
			Message: fmt.Sprintf("the comment says %s of %s, but %s", p.comment, p.repo, why),
			Fix:     "look up the commit of that version, and correct the comment or the reference",
		})
	}
	for _, p := range w.pins() {
		if p.comment == "" {
			continue
		}
		if !commitRef.MatchString(p.ref) {
			if tag := strings.TrimPrefix(p.ref, "v"); tag != "" && tag[0] >= '0' && tag[0] <= '9' && !agrees(strings.SplitN(tag, "-", 2)[0], p.comment) {
				add(p, "the reference is "+short(p.ref))
			}
			continue
		}
		for _, first := range w.pinned[p.repo] {
			if first.ref == p.ref && first.comment == p.comment {
				p.places = first.places
			}
		}
		for _, other := range w.pinned[p.repo] {
			if other.comment == "" || !commitRef.MatchString(other.ref) {
				continue
			}
			same := other.ref == p.ref
			switch {
			case same && !agrees(other.comment, p.comment) && other.places >= p.places:
				add(p, fmt.Sprintf("%s:%d says %s for the same commit", other.file.Path, other.uses.Pos.Line, other.comment))
			case !same && other.places >= p.places && other.comment == p.comment && strings.Count(p.comment, ".") == 2:
				add(p, fmt.Sprintf("%s:%d has another commit for this version", other.file.Path, other.uses.Pos.Line))
			default:
				continue
			}
			break
		}
	}
	return out
}

// allPins maps each repository to the references of all files, one for each commit and
// version.
func allPins(files []*File) map[string][]pin {
	out := map[string][]pin{}
	for _, f := range files {
		for _, p := range f.pins() {
			i := slices.IndexFunc(out[p.repo], func(o pin) bool { return o.ref == p.ref && o.comment == p.comment })
			if i < 0 {
				i = len(out[p.repo])
				out[p.repo] = append(out[p.repo], p)
			}
			out[p.repo][i].places++
		}
	}
	for _, repo := range slices.Sorted(maps.Keys(out)) {
		slices.SortFunc(out[repo], func(a, b pin) int {
			return cmp.Or(cmp.Compare(a.file.Path, b.file.Path), cmp.Compare(a.uses.Pos.Line, b.uses.Pos.Line))
		})
	}
	return out
}
