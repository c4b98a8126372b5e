package scaffold

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// understood are programs in RUN that do not change what the app is, or that the part's
// own build repeats.
var understood = map[string][]string{
	"":       strings.Fields("apk apt apt-get mkdir chown chmod addgroup adduser useradd groupadd usermod rm echo true : set cd test [ update-ca-certificates touch export npm-cache"),
	"node":   strings.Fields("npm npx yarn pnpm corepack node bun"),
	"go":     strings.Fields("go make"),
	"python": strings.Fields("pip pip3 python python3 uv poetry pipenv flask django-admin manage.py"),
	"java":   strings.Fields("mvn mvnw gradle gradlew java"),
	"ruby":   strings.Fields("bundle gem ruby rake rails bundler bootsnap"),
	"php":    strings.Fields("composer php docker-php-ext-install a2enmod"),
	"rust":   strings.Fields("cargo rustup"),
	"dotnet": strings.Fields("dotnet"),
	"deno":   strings.Fields("deno"),
	"page":   strings.Fields("npm npx yarn pnpm corepack node bun"),
}

// harmless are packages of a distribution that an app does not need in order to run, or
// that any machine has.
var harmless = strings.Fields("bash build-base build-essential ca-certificates curl dumb-init g++ gcc git gnupg libc6-compat libc-dev make musl-dev netcat-openbsd openssl pkg-config python3 tini tzdata wget")

// unread returns the first line that init does not understand, or "", and the packages
// that the image installs.
func (d Dockerfile) unread(language string) (reason string, packages []string) {
	if d.broken != "" {
		return d.broken, nil
	}
	for _, s := range d.stages {
		for _, i := range s.lines {
			no := func(why string) string {
				text := strings.Join(strings.Fields(i.text), " ")
				return fmt.Sprintf("init does not understand line %d of %s (%.60s)%s", i.line, d.Path, text, why)
			}
			switch i.name {
			case "RUN":
				if i.here {
					return no(": it has a here-document"), nil
				}
				words, ok := i.programs()
				if !ok {
					return no(""), nil
				}
				for _, w := range words {
					name := path.Base(w[0])
					if !slices.Contains(understood[""], name) && !slices.Contains(understood[language], name) {
						return no(": " + name), nil
					}
					packages = append(packages, installed(w)...)
				}
			case "ADD":
				if len(i.args) > 0 && (strings.Contains(i.args[0], "://") || strings.HasSuffix(i.args[0], ".tar.gz") || strings.HasSuffix(i.args[0], ".tgz")) {
					return no(": it downloads or unpacks a file"), nil
				}
			case "ONBUILD", "SHELL":
				return no(""), nil
			case "COPY":
				if i.here {
					return no(": it has a here-document"), nil
				}
			}
		}
	}
	return "", packages
}

// programs returns the simple commands of RUN as words.
func (i instruction) programs() (all [][]string, ok bool) {
	if i.json {
		return [][]string{i.args}, len(i.args) > 0
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(strings.Join(i.args, " ")), "")
	if err != nil {
		return nil, false
	}
	ok = true
	syntax.Walk(file, func(n syntax.Node) bool {
		call, is := n.(*syntax.CallExpr)
		if !is || len(call.Args) == 0 {
			return true
		}
		var words []string
		for _, w := range call.Args {
			words = append(words, w.Lit())
		}
		if words[0] == "" {
			ok = false
			return false
		}
		all = append(all, words)
		return true
	})
	return all, ok
}

// installed returns the packages that a command of a distribution installs, except those
// that do not matter.
func installed(words []string) []string {
	at := slices.IndexFunc(words, func(w string) bool { return w == "add" || w == "install" })
	if at < 0 || !slices.Contains([]string{"apk", "apt", "apt-get"}, words[0]) {
		return nil
	}
	var all []string
	for _, w := range words[at+1:] {
		name, _, _ := strings.Cut(w, "=")
		if w != "" && !strings.HasPrefix(w, "-") && !strings.HasPrefix(w, ".") && !slices.Contains(harmless, name) {
			all = append(all, name)
		}
	}
	return all
}

// unpack returns how the image of a Dockerfile is packed from a folder without Docker,
// or the reason why init cannot read the Dockerfile. part is the code next to it; nil if
// there is none.
func (d Dockerfile) unpack(t *tree, part *Part) (s *start, reason string) {
	language := "page"
	if part != nil {
		language = part.Language
	}
	page := d.page()
	reason, packages := d.unread(language)
	switch {
	case reason != "":
		return nil, reason
	case page:
		s, reason = d.fromPage(t, part)
	case part == nil:
		return nil, "init found no code next to " + d.Path
	case language == "go":
		s, reason = d.fromGo(t, part.Dir)
	default:
		s, reason = d.fromPart(t, part)
	}
	if s == nil {
		return nil, reason
	}
	slices.Sort(packages)
	if packages = slices.Compact(packages); len(packages) > 0 && language != "go" {
		s.note("the image of " + d.Path + " has " + strings.Join(packages[:min(4, len(packages))], ", ") + ", which this machine must have")
	}
	s.env = append(s.env, d.env(s.env)...)
	if d.Health != "" {
		s.health = guess{d.Health, "HEALTHCHECK of " + d.Path}
	}
	return s, ""
}

// env returns the variables of the image that are not in have and have a fixed value.
func (d Dockerfile) env(have [][2]string) (all [][2]string) {
	for _, i := range d.final() {
		if i.name != "ENV" {
			continue
		}
		for n := 0; n+1 < len(i.args); n += 3 { // name, value, separator
			name, value := i.args[n], strings.Trim(i.args[n+1], `"'`)
			if !variableName.MatchString(name) || name == "PATH" || name == "PORT" || name == "HOST" || strings.Contains(value, "$") || len(value) > 200 ||
				slices.ContainsFunc(append(have, all...), func(kv [2]string) bool { return kv[0] == name }) {
				continue
			}
			all = append(all, [2]string{name, value})
		}
	}
	return all
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// note adds something that the reader must check.
func (s *start) note(text string) {
	if s.check != "" {
		text = s.check + "; " + text
	}
	s.check = text
}
