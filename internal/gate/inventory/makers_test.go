package inventory

import (
	"encoding/json/v2"
	"fmt"
	"math/rand/v2"
	"strings"
)

// makers has a generator for every format that this package reads.
var makers = []maker{
	{"npm", makeNPM}, {"npm", makeNPM1}, {"Yarn", makeYarn1}, {"Yarn", makeBerry}, {"pnpm", makePNPM}, {"Bun", makeBun}, {"Deno", makeDeno},
	{"Poetry", makePoetry}, {"uv", makeUV}, {"PDM", makePDM}, {"pylock", makePylock}, {"Pipenv", makePipfile}, {"pixi", makePixi}, {"requirements", makeRequirements}, {Script, makeScript},
	{"Cargo", makeCargo}, {"Bundler", makeGemfile}, {"Composer", makeComposer}, {"Maven", makePOM}, {"Gradle", makeGradle},
	{"Gradle verification", makeVerification}, {"Gradle catalog", makeCatalog}, {"NuGet lock", makeNuGetLock}, {"NuGet packages", makeNuGetPackages},
	{"NuGet project", makeProject}, {"pub", makePub}, {"Mix", makeMix}, {"Swift", makeSwift}, {"actions", makeActions},
	{"renv", makeRenv}, {".NET tools", makeTools}, {"Bazel Maven", makeBazelMaven}, {"Gleam", makeGleam}, {"Cabal", makeCabal}, {"Stack", makeStack}, {"Conan", makeConan},
}

const word36 = "abcdefghijklmnopqrstuvwxyz0123456789-_"

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// indent writes spaces at random places where JSON allows them.
func (g *generator) indent() string { return g.pick("", " ", "\n", "\n\t", "\n    ") }

// object writes an object with the members in a random order.
func (g *generator) object(members ...string) string {
	g.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return g.list("{", members, "}")
}

func (g *generator) list(open string, all []string, end string) string {
	var b strings.Builder
	b.WriteString(open)
	for i, m := range all {
		if i > 0 {
			b.WriteString(g.indent() + ",")
		}
		b.WriteString(g.indent() + m)
	}
	return b.String() + g.indent() + end
}

func (g *generator) member(key string, value string) string {
	if g.IntN(10) == 0 && key != "" { // an escape is legal anywhere
		return fmt.Sprintf("\"\\u%04x%s\"%s:%s%s", key[0], quote(key[1:])[1:len(quote(key[1:]))-1], g.pick("", " "), g.pick("", " "), value)
	}
	return quote(key) + g.pick("", " ") + ":" + g.pick("", " ") + value
}

func (g *generator) scoped(name string) string {
	if g.IntN(4) == 0 {
		return "@scope/" + name
	}
	return name
}

func makeNPM(g *generator) sample {
	s := sample{name: g.pick("package-lock.json", "web/npm-shrinkwrap.json")}
	entries := []string{g.member("", g.object(g.member("name", `"app"`)))}
	for _, name := range g.names(word36) {
		name, version, key := g.scoped(name), g.version(), ""
		o := g.origin()
		fields := []string{g.member("version", quote(version))}
		switch {
		case o == Own && g.yes():
			key, fields = "packages/"+name, append(fields, g.member("name", quote(name)))
		case o == Own:
			key, fields = "node_modules/"+name, []string{g.member("link", "true"), g.member("resolved", quote("packages/"+name))}
		case o == Git:
			key = "node_modules/" + name
			fields = append(fields, g.member("resolved", quote("git+ssh://git@github.com/a/b.git#"+commit)))
		case g.yes():
			key = "node_modules/alias-" + strings.ReplaceAll(name, "/", "-")
			fields = append(fields, g.member("name", quote(name)))
		default:
			key = g.pick("", "node_modules/outer/", "packages/own/") + "node_modules/" + name
			fields = append(fields, g.member("resolved", g.pick(`"https://registry.example.org/x.tgz"`, "false")))
		}
		entries = append(entries, g.member(key, g.object(fields...)))
		s.want = append(s.want, entry(name, version, o))
	}
	s.text = g.object(g.member("name", `"app"`), g.member("lockfileVersion", g.pick("2", "3")), g.member("packages", g.object(entries...)))
	return s
}

func makeNPM1(g *generator) sample {
	s := sample{name: "package-lock.json"}
	var top []string
	for _, name := range g.names(word36) {
		name, version, o := g.scoped(name), g.version(), g.origin()
		var fields []string
		switch {
		case o == Own:
			fields = []string{g.member("version", quote("file:../"+name))}
		case o == Git:
			fields = []string{g.member("version", quote("git+https://github.com/a/b.git#"+commit))}
		default:
			fields = []string{g.member("version", quote(version))}
		}
		s.want = append(s.want, entry(name, version, o))
		if g.IntN(3) == 0 {
			inner := "inner-" + strings.ReplaceAll(name, "/", "-")
			fields = append(fields, g.member("dependencies", g.object(g.member(inner, g.object(g.member("version", quote(version)))))))
			s.want = append(s.want, entry(inner, version, Registry))
		}
		top = append(top, g.member(name, g.object(fields...)))
	}
	s.text = g.object(g.member("lockfileVersion", "1"), g.member("requires", "true"), g.member("dependencies", g.object(top...)))
	return s
}

// chained returns the entries in an order in which each one requires the next, as in a
// real file every entry is required by something.
func chained[T any](r *rand.Rand, all []T) []T {
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

func makeYarn1(g *generator) sample {
	s := sample{name: "yarn.lock", text: "# yarn lockfile v1\n\n\n", open: "\n\n", beside: map[string]string{}}
	names := chained(g.Rand, g.names(word36))
	for i, name := range names {
		names[i] = g.scoped(name)
	}
	if len(names) > 0 {
		s.beside["package.json"] = `{"devDependencies": {` + quote(names[0]) + `: "^1"}}`
	}
	for i, name := range names {
		version, o := g.version(), g.origin()
		key := name + "@^" + version
		resolved := "https://registry.example.org/x.tgz#aa"
		switch o {
		case Own:
			key = name + "@file:./libs/x"
			resolved = ""
		case Git:
			key, resolved = name+"@a/b#main", "https://codeload.github.com/a/b/tar.gz/"+commit
		}
		if g.yes() || strings.HasPrefix(key, "@") {
			key = quote(key)
		}
		if g.IntN(3) == 0 && o == Registry {
			key += ", " + quote(name+"@~"+version)
		}
		s.text += key + ":\n  version " + quote(version) + "\n"
		if resolved != "" {
			s.text += "  resolved " + quote(resolved) + "\n"
		}
		if i+1 < len(names) {
			s.text += "  " + g.pick("dependencies:\n    ", "dependencies:\n    ", "dependencies:\n    ") + quote(names[i+1]) + " \"^1\"\n"
		}
		s.text += "\n"
		s.want = append(s.want, entry(name, version, o))
	}
	return s
}

func makeBerry(g *generator) sample {
	s := sample{name: "yarn.lock", text: "__metadata:\n  version: 8\n\n"}
	names := append([]string{"app"}, chained(g.Rand, g.names(word36))...)
	for i, name := range names {
		version, o := g.version(), g.origin()
		key, resolution, link := name+"@npm:^1.0.0", name+"@npm:"+version, "hard"
		switch o {
		case Own:
			key, resolution, link = name+"@workspace:libs/x", name+"@workspace:libs/x", "soft"
		case Git:
			key, resolution = name+"@https://github.com/a/b.git", name+"@https://github.com/a/b.git#commit="+commit
		}
		s.text += fmt.Sprintf("%s:\n  version: %s\n  resolution: %s\n", quote(key), version, quote(resolution))
		if i+1 < len(names) {
			s.text += "  dependencies:\n    " + quote(names[i+1]) + ": \"npm:^1\"\n"
		}
		s.text += "  linkType: " + link + "\n\n"
		s.want = append(s.want, entry(name, version, o))
	}
	return s
}

func makePNPM(g *generator) sample {
	major := g.pick("5.4", "'6.0'", "'9.0'", "'9.0'")
	s := sample{name: "pnpm-lock.yaml", text: "lockfileVersion: " + major + "\n"}
	importer, packages, snapshots, some := "", "", "", ""
	for _, name := range g.names(word36) {
		name, version := g.scoped(name), g.version()
		id := map[string]string{"5.4": "/" + name + "/" + version, "'6.0'": "/" + name + "@" + version, "'9.0'": name + "@" + version}[major]
		reference, o := version, Registry
		resolution := "{integrity: sha512-AA}"
		if major == "'9.0'" {
			switch o = g.origin(); o {
			case Own:
				id, reference, resolution = name+"@file:libs/x", "file:libs/x", "{directory: libs/x, type: directory}"
			case Git:
				reference = "https://codeload.github.com/a/b/tar.gz/" + commit
				id, resolution = name+"@"+reference, "{tarball: "+reference+"}\n    version: "+version
			}
		}
		some = name
		importer += fmt.Sprintf("      '%s':\n        specifier: ^1\n        version: %s\n", name, reference)
		packages += fmt.Sprintf("  %s:\n    resolution: %s\n", g.pick("'"+id+"'", quote(id)), resolution)
		snapshots += fmt.Sprintf("  '%s': {}\n", id)
		s.want = append(s.want, entry(name, version, o))
	}
	s.beside = map[string]string{"package.json": `{}`}
	if importer != "" {
		s.beside["package.json"] = `{"dependencies": {` + quote(some) + `: "^1"}}`
		s.text += "importers:\n  .:\n    dependencies:\n" + importer + "packages:\n" + packages
		if major == "'9.0'" {
			s.text += "snapshots:\n" + snapshots
		}
	}
	return s
}

func makeBun(g *generator) sample {
	s := sample{name: "bun.lock"}
	var all []string
	for _, name := range g.names(word36) {
		name, version, o := g.scoped(name), g.version(), g.origin()
		value := `[` + quote(name+"@"+version) + `, "", {}, "sha512-AA"]`
		switch o {
		case Own:
			value = `[` + quote(name+"@workspace:packages/x") + `]`
		case Git:
			value = `[` + quote(name+"@github:a/b#"+commit) + `, {}, "x"]`
		}
		all = append(all, g.member(name, value)+g.pick("", " /* , */")+",")
		s.want = append(s.want, entry(name, version, o))
	}
	s.text = "{ // }\n\"lockfileVersion\": 1,\n\"workspaces\": {},\n\"packages\": {\n" + strings.Join(all, "\n") + "\n},\n}"
	return s
}

func makeDeno(g *generator) sample {
	s := sample{name: "deno.lock"}
	var all, wanted []string
	for _, name := range g.names(word36) {
		name, version := g.scoped(name), g.version()
		all = append(all, g.member(name+"@"+version+g.pick("", "_peer@1.0.0"), `{"integrity":"x"}`))
		s.want = append(s.want, entry(name, version, Registry))
	}
	s.text = g.object(g.member("version", g.pick(`"4"`, `"5"`)), g.member("specifiers", g.object(wanted...)), g.member("npm", g.object(all...)))
	return s
}

func makeComposer(g *generator) sample {
	s := sample{name: "composer.lock"}
	var lists [2][]string
	for _, name := range g.names("abcxyz") {
		name, version, o := "vendor/"+name, g.version(), g.origin()
		fields := []string{g.member("name", quote(name))}
		switch o {
		case Own:
			fields = append(fields, g.member("version", quote(version)), g.member("dist", `{"type":"path"}`))
		case Git:
			fields = append(fields, g.member("version", `"dev-main"`), g.member("source", `{"type":"git","reference":"`+commit+`"}`))
		default:
			fields = append(fields, g.member("version", quote(g.pick("", "v")+version)))
		}
		i := g.IntN(2)
		lists[i] = append(lists[i], g.object(fields...))
		s.want = append(s.want, entry(name, version, o))
	}
	s.text = g.object(g.member("packages", g.list("[", lists[0], "]")), g.member("packages-dev", g.list("[", lists[1], "]")))
	return s
}

func makeSwift(g *generator) sample {
	s := sample{name: "Package.resolved"}
	var pins []string
	for _, name := range g.names(word36) {
		version, o := g.version(), g.pick("registry", "git")
		state := g.object(g.member("revision", quote(commit)), g.member("version", quote(version)))
		if o == "git" {
			state = g.object(g.member("revision", quote(commit)), g.member("branch", `"main"`))
		}
		address := g.pick("https://github.com/a/"+name+".git", "https://github.com/a/"+name, "git@github.com:a/"+name+".git", "ssh://git@github.com/a/"+name)
		pins = append(pins, g.object(g.member("identity", quote(name)), g.member("kind", `"remoteSourceControl"`), g.member("location", quote(address)), g.member("state", state)))
		s.want = append(s.want, entry("github.com/a/"+name, version, Origin(o)))
	}
	s.text = g.object(g.member("version", g.pick("2", "3")), g.member("pins", g.list("[", pins, "]")))
	return s
}
