package trivy

import (
	"bytes"
	"context"
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/aquasecurity/trivy/pkg/iac/providers/dockerfile"
	docker "github.com/aquasecurity/trivy/pkg/iac/scanners/dockerfile/parser"
	"github.com/aquasecurity/trivy/pkg/iac/types"

	"github.com/seed-b235b314/goldenpath/internal/files"
)

// dockerfile checks a Dockerfile. Comments that ignore checks have no effect, because a
// repository must not loosen the gate.
func (s *Scanner) dockerfile(ctx context.Context, root *os.Root, name string) result {
	const noun = "Dockerfile"
	text, err := files.Read(root, name, maxDockerfile)
	if err != nil {
		return failed(noun, name, err)
	}
	parsed, err := docker.NewParser().Parse(ctx, bytes.NewReader(utf8From(text)), name)
	if err != nil {
		return failed(noun, name, err)
	}
	if err := s.docker.load(types.SourceDockerfile); err != nil {
		return failed(noun, name, err)
	}
	a := result{noun: noun}
	for _, f := range parsed {
		found, err := s.stages(ctx, f)
		a.findings = append(a.findings, findings(name, found)...)
		if err != nil {
			a.gaps = append(a.gaps, unread(name, err))
		}
	}
	return a
}

// Rules about an image, not about a line. The library applies them to all stages
// together, as if they were one image.
const (
	rootUser    = "DS-0002" // aquasecurity/trivy-checks: the last USER of any stage counts
	curlAndWget = "DS-0014" // aquasecurity/trivy#10333
	noHealth    = "DS-0026"
)

// stages runs the checks on a Dockerfile: the rules about an image on what a stage
// inherits and adds, the others on all stages.
func (s *Scanner) stages(ctx context.Context, f *dockerfile.Dockerfile) ([]denial, error) {
	perImage := []string{rootUser, curlAndWget, noHealth}
	out, err := s.docker.run(ctx, f.ToRego())
	out = slices.DeleteFunc(out, func(d denial) bool { return slices.Contains(perImage, d.about.ID) })
	errs := []error{err}
	images := imagesOf(f)
	for i, image := range images {
		rules := []string{curlAndWget}
		if i == len(images)-1 {
			rules = append(rules, noHealth)
			if image.user != "" || !rootless(image.base) {
				rules = append(rules, rootUser)
			}
		}
		alone := dockerfile.Dockerfile{Stages: []dockerfile.Stage{{Name: image.base, Commands: image.commands}}}
		found, err := s.docker.run(ctx, alone.ToRego(), rules...)
		out, errs = append(out, found...), append(errs, err)
	}
	return out, errors.Join(errs...)
}

// image is what one stage builds.
type image struct {
	base     string               // the image of the first FROM, with its arguments replaced
	commands []dockerfile.Command // of the stage, and of the stages it begins with
	user     string               // the last USER; "": that of the base
}

// imagesOf returns the image of each stage, in order.
func imagesOf(f *dockerfile.Dockerfile) []image {
	arguments := map[string]string{}
	named := map[string]int{}
	var out []image
	for _, stage := range f.Stages {
		var one image
		from := slices.IndexFunc(stage.Commands, func(c dockerfile.Command) bool { return c.Cmd == "from" })
		if from < 0 { // the arguments before the first FROM
			for _, c := range stage.Commands {
				if key, value, ok := strings.Cut(strings.Join(c.Value, " "), "="); c.Cmd == "arg" && ok {
					arguments[key] = strings.Trim(value, `"'`)
				}
			}
			continue
		}
		value := stage.Commands[from].Value
		if len(value) > 0 {
			one.base = expand(value[0], arguments)
		}
		if i, ok := named[strings.ToLower(one.base)]; ok {
			one = image{base: out[i].base, user: out[i].user, commands: slices.Clone(out[i].commands)}
		}
		if len(value) > 2 && strings.EqualFold(value[1], "as") {
			named[strings.ToLower(value[2])] = len(out)
		}
		one.commands = append(one.commands, stage.Commands...)
		for _, c := range stage.Commands {
			if c.Cmd == "user" && len(c.Value) > 0 {
				one.user = c.Value[0]
			}
		}
		out = append(out, one)
	}
	return out
}

var variable = regexp.MustCompile(`\$(?:\{([A-Za-z_]\w*)(?::?[-+]([^}]*))?\}|([A-Za-z_]\w*))`)

// expand replaces the arguments of a FROM by their defaults.
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
