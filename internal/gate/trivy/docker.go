package trivy

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/aquasecurity/trivy/pkg/iac/detection"
	"github.com/aquasecurity/trivy/pkg/iac/providers/dockerfile"
	docker "github.com/aquasecurity/trivy/pkg/iac/scanners/dockerfile/parser"
	"github.com/aquasecurity/trivy/pkg/iac/types"

	"github.com/seed-b235b314/goldenpath/internal/files"
)

// dockerfile checks a Dockerfile. Comments that ignore checks have no effect, because a
// repository must not loosen the gate.
func (s *Scanner) dockerfile(ctx context.Context, root *os.Root, name string, known *builds) result {
	const noun = "Dockerfile"
	text, err := files.Read(root, name, maxDockerfile)
	if err != nil {
		return failed(noun, name, err)
	}
	text = utf8From(text)
	named := detection.IsType(name, nil, detection.FileTypeDockerfile) || strings.EqualFold(path.Base(name), noun) || path.Clean(s.Dockerfile) == name
	if !named && !beginsDockerfile(text) {
		return result{}
	}
	parsed, err := parseDockerfile(ctx, text, name)
	if err != nil && isTemplateOf(name) {
		var a result
		a.omit(templateFile, 1)
		return a
	}
	if err != nil {
		return failed(noun, name, err)
	}
	if err := s.docker.load(types.SourceDockerfile); err != nil {
		return failed(noun, name, err)
	}
	a := result{noun: noun}
	for _, f := range parsed {
		if len(imagesOf(f)) == 0 {
			return failed(noun, name, errors.New("it has no FROM, so it builds no image"))
		}
		found, err := s.stages(ctx, f, func() []build {
			all := known.of(name)
			if s.Dockerfile != "" && path.Clean(s.Dockerfile) == name { // goldenpath builds its last stage
				all = append(all, build{pushed: true})
			}
			return all
		})
		a.findings, a.aside = append(a.findings, findings(name, found)...), append(a.aside, setAside(name, found)...)
		if err != nil {
			a.gaps = append(a.gaps, unread(name, err))
		}
	}
	return a
}

// checkComment matches a comment that sets what Docker's own linter checks. Where it is not
// among the first lines, it has no effect, and the library panics.
var checkComment = regexp.MustCompile(`(?mi)^([ \t]*#)[ \t]*check[ \t]*=.*$`)

// parseDockerfile parses a Dockerfile. The library panics over some that are valid.
func parseDockerfile(ctx context.Context, text []byte, name string) (all []*dockerfile.Dockerfile, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("the parser of trivy failed")
		}
	}()
	return docker.NewParser().Parse(ctx, bytes.NewReader(checkComment.ReplaceAll(text, []byte("$1"))), name)
}

// instruction matches the first instruction of a Dockerfile: FROM or ARG.
var instruction = regexp.MustCompile(`(?i)^(?:FROM(?:\s+--\S+)*\s+\S+(?:\s+AS\s+\S+)?|ARG\s+\S.*)\s*$`)

func beginsDockerfile(text []byte) bool {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return instruction.Match(line)
		}
	}
	return false
}

// Rules about an image, not about a line. The library applies them to all stages
// together, as if they were one image.
const (
	rootUser    = "DS-0002" // aquasecurity/trivy-checks: the last USER of any stage counts
	curlAndWget = "DS-0014" // aquasecurity/trivy#10333
	noHealth    = "DS-0026"
)

// stages runs the checks on a Dockerfile: the rules about an image on what a stage
// inherits and adds, the others on all stages. That the user is root is judged for the stages
// that are released.
func (s *Scanner) stages(ctx context.Context, f *dockerfile.Dockerfile, known func() []build) ([]denial, error) {
	perImage := []string{rootUser, curlAndWget, noHealth}
	f = plain(f)
	out, err := s.docker.run(ctx, f.ToRego())
	out = slices.DeleteFunc(out, func(d denial) bool { return slices.Contains(perImage, d.about.ID) })
	for i := range out {
		d := &out[i]
		d.wrong = d.about.ID == secretEnv && publicEnv(f, *d) ||
			d.about.ID == "DS-0011" && strings.Contains(d.message, "argument '.'") // a folder: BuildKit's dispatchCopy
	}
	errs := []error{err}
	images := imagesOf(f)
	var named []int
	doubt := ""
	if len(images) > 1 {
		named, doubt = released(known(), images)
	}
	for i, image := range images {
		rules := []string{curlAndWget}
		last := i == len(images)-1
		if last {
			rules = append(rules, noHealth)
		}
		if (last || slices.Contains(named, i)) && (image.user != "" || !rootless(image.base)) {
			rules = append(rules, rootUser)
		}
		alone := dockerfile.Dockerfile{Stages: []dockerfile.Stage{{Name: image.base, Commands: image.commands}}}
		found, err := s.docker.run(ctx, alone.ToRego(), rules...)
		for j := range found {
			switch d := &found[j]; {
			case d.about.ID != rootUser:
			case last:
				d.doubt = doubt
			default:
				d.message += " (stage " + image.name + ")"
			}
		}
		out, errs = append(out, found...), append(errs, err)
	}
	return out, errors.Join(errs...)
}

// plain returns the Dockerfile with one argument in each ARG and with the names of stages
// in lower case, as the checks take them.
func plain(f *dockerfile.Dockerfile) *dockerfile.Dockerfile {
	out := &dockerfile.Dockerfile{}
	named := map[string]bool{}
	for _, stage := range f.Stages {
		var commands []dockerfile.Command
		for _, c := range stage.Commands {
			if c.Cmd == "arg" {
				for _, one := range c.Value {
					c.Value = []string{one}
					commands = append(commands, c)
				}
				continue
			}
			if c.Cmd == "from" && len(c.Value) > 0 {
				c.Value = slices.Clone(c.Value)
				if base := strings.ToLower(c.Value[0]); named[base] {
					c.Value[0] = base
				}
				if len(c.Value) > 2 {
					c.Value[2] = strings.ToLower(c.Value[2])
					named[c.Value[2]] = true
				}
			}
			commands = append(commands, c)
		}
		out.Stages = append(out.Stages, dockerfile.Stage{Name: stage.Name, Commands: commands})
	}
	return out
}

type command = dockerfile.Command

// image is what one stage builds.
type image struct {
	name      string               // of the stage; "": it has none
	base      string               // the image of the first FROM, with its arguments replaced
	commands  []dockerfile.Command // of the stage, and of the stages it begins with
	user      string               // the last USER; "": that of the base
	variables map[string]string    // by ARG and ENV
}

// imagesOf returns the image of each stage of a plain Dockerfile, in order.
func imagesOf(f *dockerfile.Dockerfile) []image {
	arguments := map[string]string{} // before the first FROM
	named := map[string]int{}
	var out []image
	for _, stage := range f.Stages {
		one := image{variables: map[string]string{}}
		from := slices.IndexFunc(stage.Commands, func(c dockerfile.Command) bool { return c.Cmd == "from" })
		if from < 0 {
			for _, c := range stage.Commands {
				define(arguments, nil, c)
			}
			continue
		}
		value := stage.Commands[from].Value
		if len(value) > 0 {
			one.base = expand(value[0], arguments)
		}
		if i, ok := named[strings.ToLower(one.base)]; ok {
			one = image{base: out[i].base, user: out[i].user, commands: slices.Clone(out[i].commands), variables: maps.Clone(out[i].variables)}
		}
		if len(value) > 2 && strings.EqualFold(value[1], "as") {
			named[value[2]] = len(out)
			one.name = value[2]
		}
		for _, c := range stage.Commands {
			define(one.variables, arguments, c)
			if c.Cmd == "user" && len(c.Value) > 0 {
				if user := strings.Trim(expand(c.Value[0], one.variables), `"'`); user != "" {
					c.Value = []string{user}
				}
				one.user = c.Value[0]
			}
			one.commands = append(one.commands, c)
		}
		out = append(out, one)
	}
	return out
}

// define adds the variables that ARG or ENV sets. An ARG without a value has the one of
// the ARG before the first FROM.
func define(variables, global map[string]string, c dockerfile.Command) {
	for name, value := range assignments(c) {
		if before, ok := global[name]; ok && c.Cmd == "arg" && value == "" {
			value = before
		}
		if c.Cmd == "env" || value != "" {
			variables[name] = value
		}
	}
}

// assignments returns the variables of an ARG or ENV.
func assignments(c dockerfile.Command) map[string]string {
	out := map[string]string{}
	switch c.Cmd {
	case "arg":
		for _, one := range c.Value {
			name, value, _ := strings.Cut(one, "=")
			out[name] = strings.Trim(value, `"'`)
		}
	case "env":
		for i := 0; i+2 < len(c.Value); i += 3 { // name, value, separator
			out[c.Value[i]] = strings.Trim(c.Value[i+1], `"'`)
		}
	}
	return out
}

var variable = regexp.MustCompile(`\$(?:\{([A-Za-z_]\w*)(?::?[-+]([^}]*))?\}|([A-Za-z_]\w*))`)

// expand replaces variables by their values or defaults.
func expand(text string, arguments map[string]string) string {
	for range 5 { // an argument may refer to another
		next := variable.ReplaceAllStringFunc(text, func(ref string) string {
			m := variable.FindStringSubmatch(ref)
			if value, ok := arguments[m[1]+m[3]]; ok {
				return value
			}
			return m[2]
		})
		if next == text {
			break
		}
		text = next
	}
	return text
}

// rootless reports whether the name of an image promises a user other than root, as
// gcr.io/distroless/static:nonroot and nginxinc/nginx-unprivileged do.
func rootless(image string) bool {
	image, _, _ = strings.Cut(image, "@")
	name, tag := image[strings.LastIndexByte(image, '/')+1:], ""
	name, tag, _ = strings.Cut(name, ":")
	return slices.ContainsFunc(strings.FieldsFunc(tag, func(r rune) bool { return strings.ContainsRune("-_.", r) }), func(part string) bool {
		return part == "nonroot" || part == "rootless"
	}) || strings.HasSuffix(name, "-unprivileged") || strings.HasSuffix(name, "-nonroot") || strings.HasSuffix(name, "-rootless")
}
