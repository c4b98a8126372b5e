package trivy

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"github.com/seed-b235b314/goldenpath/internal/files"
)

// build is one place in the repository that builds an image of a Dockerfile.
type build struct {
	dockerfiles []string // the paths that it may mean
	target      string   // the stage; "": the last
	pushed      bool
	text        []byte // of the file, if the target is an expression
}

// maxBuilds is the size of the largest file in which builds are searched.
const maxBuilds = 1 << 20

// buildFolders are searched, and the folders above the Dockerfile.
var buildFolders = []string{".", ".github/workflows", ".ci", "bin", "build", "ci", "deploy", "docker", "hack", "script", "scripts", "tools"}

var (
	buildFile = regexp.MustCompile(`(?i)^(?:(?:gnu)?makefile|[\w.-]+\.mk|\.?justfile|taskfile\.ya?ml|package\.json|docker-bake\.(?:override\.)?(?:hcl|json)|(?:docker-)?compose(?:[._-][\w.-]+)?\.ya?ml|[\w.-]+\.(?:sh|bash|ps1)|\.gitlab-ci\.yml|build|release|publish)$`)
	workflows = regexp.MustCompile(`(?i)\.ya?ml$`)

	// buildCommand matches the beginning of a command that builds an image.
	buildCommand = regexp.MustCompile(`\b(?:(?:docker|podman|nerdctl)\s+(?:buildx\s+|image\s+|builder\s+)?build|buildah\s+(?:bud|build)|depot\s+build)\s`)
	commandEnd   = regexp.MustCompile(`[;|]|&&|\n|"\s*,?\s*(?:\n|$)`)
	bakeTarget   = regexp.MustCompile(`(?m)^\s*target\s+"[^"]*"\s*\{`)
	bakeSetting  = regexp.MustCompile(`(?m)^\s*(dockerfile|context|target|output|inherits)\s*=\s*(?:"([^"\n]*)"|(.+))`)
	continued    = regexp.MustCompile(`\\\r?\n`)
	expression   = regexp.MustCompile(`\$|\{\{`)
)

// builds reads each folder of a repository once.
type builds struct {
	root *os.Root
	mu   sync.Mutex
	in   map[string][]build // by folder
}

func newBuilds(root *os.Root) *builds { return &builds{root: root, in: map[string][]build{}} }

// of returns the builds of a Dockerfile that the repository shows: in workflows, in Compose
// and bake files, in Makefiles, in package.json and in shell scripts. Those whose Dockerfile is
// an expression are left out.
func (b *builds) of(name string) []build {
	folders := slices.Clone(buildFolders)
	for dir := path.Dir(name); dir != "." && dir != "/"; dir = path.Dir(dir) {
		if !slices.Contains(folders, dir) {
			folders = append(folders, dir)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []build
	for _, dir := range folders {
		all, known := b.in[dir]
		if !known {
			all = b.folder(dir)
			b.in[dir] = all
		}
		for _, one := range all {
			if slices.Contains(one.dockerfiles, name) {
				out = append(out, one)
			}
		}
	}
	return out
}

// folder returns the builds in the files of a folder.
func (b *builds) folder(dir string) (out []build) {
	entries, err := fs.ReadDir(b.root.FS(), dir)
	if err != nil {
		return nil // there is none
	}
	for _, e := range entries {
		base := e.Name()
		if dir == ".github/workflows" && !workflows.MatchString(base) || dir != ".github/workflows" && !buildFile.MatchString(base) || !e.Type().IsRegular() {
			continue
		}
		text, err := files.Read(b.root, path.Join(dir, base), maxBuilds)
		if err != nil || !bytes.Contains(text, []byte("build")) && !bytes.Contains(text, []byte("target")) {
			continue
		}
		out = append(out, buildsIn(dir, base, utf8From(text))...)
	}
	return out
}

// buildsIn returns the builds in one file.
func buildsIn(dir, base string, text []byte) (out []build) {
	add := func(dockerfile, context, target string, pushed bool, wd ...string) {
		if expression.MatchString(dockerfile) || dockerfile == "" && expression.MatchString(context) {
			return
		}
		b := build{target: target, pushed: pushed}
		if expression.MatchString(target) {
			b.text = text
		}
		for _, from := range wd {
			if dockerfile == "" {
				b.dockerfiles = append(b.dockerfiles, path.Join(from, context, "Dockerfile"))
				continue
			}
			b.dockerfiles = append(b.dockerfiles, path.Join(from, dockerfile))
			if !expression.MatchString(context) {
				b.dockerfiles = append(b.dockerfiles, path.Join(from, context, dockerfile))
			}
		}
		out = append(out, b)
	}
	switch ext := strings.ToLower(path.Ext(base)); {
	case ext == ".hcl":
		bakeBuilds(dir, string(text), add)
		return out
	case strings.HasPrefix(strings.ToLower(base), "docker-bake") && ext == ".json":
		var bake struct {
			Target map[string]struct {
				Dockerfile, Context, Target string
				Output                      []string
			}
		}
		if json.Unmarshal(text, &bake) == nil {
			for _, t := range bake.Target {
				add(t.Dockerfile, t.Context, t.Target, isPushed(strings.Join(t.Output, " ")), dir)
			}
		}
		return out
	case ext == ".yml" || ext == ".yaml":
		documents := yaml.NewDecoder(bytes.NewReader(text))
		for range 100 {
			var document any
			if documents.Decode(&document) != nil {
				break
			}
			yamlBuilds(dir, document, add)
		}
	}
	commandBuilds(dir, string(text), add)
	return out
}

type addBuild func(dockerfile, context, target string, pushed bool, wd ...string)

func isPushed(options string) bool {
	return strings.Contains(options, "--push") || strings.Contains(options, "push=true") || strings.Contains(options, "type=registry")
}

// yamlBuilds finds the steps of docker/build-push-action and its like, and the services of Compose.
func yamlBuilds(dir string, node any, add addBuild) {
	text := func(m map[string]any, key string) string {
		if m[key] == nil {
			return ""
		}
		s, _ := m[key].(string)
		return strings.TrimSpace(s)
	}
	switch n := node.(type) {
	case []any:
		for _, item := range n {
			yamlBuilds(dir, item, add)
		}
	case map[string]any:
		if uses, with := text(n, "uses"), (map[string]any)(nil); strings.Contains(uses, "build-push-action") {
			if with, _ = n["with"].(map[string]any); with == nil {
				with = map[string]any{}
			}
			push, isSet := with["push"]
			add(text(with, "file"), strings.TrimPrefix(text(with, "context"), "."), text(with, "target"),
				isSet && push != false && push != "false" || isPushed(text(with, "outputs")), ".")
		}
		services, _ := n["services"].(map[string]any)
		for _, service := range services {
			s, _ := service.(map[string]any)
			switch b := s["build"].(type) {
			case string:
				add("", b, "", false, dir)
			case map[string]any:
				if b["dockerfile_inline"] == nil {
					add(text(b, "dockerfile"), text(b, "context"), text(b, "target"), false, dir)
				}
			}
		}
		for _, value := range n {
			yamlBuilds(dir, value, add)
		}
	}
}

// bakeBuilds finds the targets of a bake file. What one inherits is not followed: it is left out.
func bakeBuilds(dir, text string, add addBuild) {
	for _, at := range bakeTarget.FindAllStringIndex(text, -1) {
		body, depth := text[at[1]:], 1
		for i := 0; i < len(body) && depth > 0; i++ {
			switch body[i] {
			case '{':
				depth++
			case '}':
				if depth--; depth == 0 {
					body = body[:i]
				}
			}
		}
		set := map[string]string{}
		for _, m := range bakeSetting.FindAllStringSubmatch(body, -1) {
			set[m[1]] = m[2]
			if m[3] != "" {
				set[m[1]] = "$" + m[3]
			}
		}
		if set["inherits"] == "" || set["target"] != "" {
			add(set["dockerfile"], set["context"], set["target"], isPushed(set["output"]), dir)
		}
	}
}

// valued are the options of docker build that take a value.
var valued = regexp.MustCompile(`^(?:-[tofm]|--(?:tag|file|target|platform|build-arg|build-context|label|annotation|cache-from|cache-to|output|secret|ssh|progress|network|builder|iidfile|metadata-file|add-host|memory|shm-size|attest|sbom|provenance|allow|isolation|ulimit|cgroup-parent|no-cache-filter|project))$`)

// commandBuilds finds commands that build an image.
func commandBuilds(dir, text string, add addBuild) {
	text = continued.ReplaceAllString(text, " ")
	for _, at := range buildCommand.FindAllStringIndex(text, -1) {
		if begin := strings.LastIndexByte(text[:at[0]], '\n') + 1; strings.HasPrefix(strings.TrimLeft(text[begin:at[0]], " \t"), "#") {
			continue
		}
		rest := text[at[1]:]
		if end := commandEnd.FindStringIndex(rest); end != nil {
			rest = rest[:end[0]]
		}
		file, target, context := "", "", ""
		words := strings.Fields(rest)
		for i := 0; i < len(words); i++ {
			word := strings.Trim(words[i], `"'`)
			option, value, given := strings.Cut(word, "=")
			switch {
			case !strings.HasPrefix(word, "-"):
				context = word
				continue
			case !given && valued.MatchString(option) && i+1 < len(words):
				i++
				value = strings.Trim(words[i], `"'`)
			}
			switch option {
			case "-f", "--file":
				file = value
			case "--target":
				target = value
			}
		}
		pushed := isPushed(rest) || strings.Contains(text, "docker push") || strings.Contains(text, "podman push")
		// A path is that of the folder where the command runs: of the file, or of the repository.
		wd := []string{dir}
		if dir != "." {
			wd = append(wd, ".")
		}
		if file != "" {
			context = "" // the path does not begin at the context, as it does in Compose
		}
		add(file, context, target, pushed, wd...)
	}
}

// released says which stages of a Dockerfile are released, as far as the repository shows. doubt
// is why the last stage may not be, or "".
func released(all []build, stages []image) (named []int, doubt string) {
	last := len(stages) - 1
	if last <= 0 {
		return nil, ""
	}
	pushed := false
	for _, b := range all {
		var found []int
		switch {
		case b.target == "":
			return nil, ""
		case b.text != nil: // an expression: the file has the names that it can have
			for i, s := range stages {
				if s.name != "" && regexp.MustCompile(`(?i)(?:^|[^\w.-])`+regexp.QuoteMeta(s.name)+`(?:$|[^\w.-])`).Match(b.text) {
					found = append(found, i)
				}
			}
		default:
			for i, s := range stages {
				if strings.EqualFold(s.name, b.target) || b.target == strconv.Itoa(i) {
					found = append(found, i)
				}
			}
		}
		pushed = pushed || b.pushed
		if slices.Contains(found, last) {
			return nil, ""
		}
		for _, i := range found {
			if b.pushed && !slices.Contains(named, i) {
				named = append(named, i)
			}
		}
	}
	runs := func(s image) bool {
		return slices.ContainsFunc(s.commands, func(c command) bool { return c.Cmd == "cmd" || c.Cmd == "entrypoint" })
	}
	switch {
	case pushed:
		doubt = "the repository pushes other stages of this file, and not the last"
	case !runs(stages[last]) && slices.ContainsFunc(stages, func(s image) bool { return s.base == stages[last].base && runs(s) }):
		doubt = "the last stage starts no program, and another stage of the same base does"
	}
	slices.Sort(named)
	return named, doubt
}
