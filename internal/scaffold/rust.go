package scaffold

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// crate is the part of a Cargo.toml that init reads.
type crate struct {
	Package struct {
		Name       string `toml:"name"`
		DefaultRun string `toml:"default-run"`
		Autobins   *bool  `toml:"autobins"`
	} `toml:"package"`
	Workspace *struct {
		Members        []string `toml:"members"`
		DefaultMembers []string `toml:"default-members"`
		Exclude        []string `toml:"exclude"`
	} `toml:"workspace"`
	Bin          []struct{ Name, Path string } `toml:"bin"`
	Dependencies map[string]any                `toml:"dependencies"`
	Target       map[string]any                `toml:"target"`
}

// rustServers are libraries that serve HTTP, the most telling first.
var rustServers = []string{"axum", "actix-web", "rocket", "warp", "poem", "salvo", "tide", "ntex", "viz", "loco-rs", "gotham", "rouille", "tiny_http", "tonic", "hyper"}

// binary is one program of a crate.
type binary struct {
	dir, pkg, name string
	server         int // rank in rustServers
	named          bool
	chosen         bool // by default-run
}

// rustPart reads a crate or a workspace. cargo test writes no JUnit.
func rustPart(t *tree, dir, marker string) *Part {
	var c crate
	if _, err := toml.Decode(t.text(marker), &c); err != nil {
		t.note("%s is not used: %v", marker, err)
		return nil
	}
	p := &Part{Manager: "cargo", Ecosystem: "cargo", From: marker}
	locked := ""
	if t.has(path.Join(dir, "Cargo.lock")) {
		locked = " --locked"
		p.From += ", " + path.Join(dir, "Cargo.lock")
	} else {
		p.Lacks = marker + " has no Cargo.lock: run cargo generate-lockfile and commit it"
	}
	all := ""
	if c.Workspace != nil {
		all = " --workspace"
	}
	p.Steps = []step{{name: "unit", run: "cargo test" + locked + all, why: marker}}
	if t.has(path.Join(dir, "rustfmt.toml")) || t.has(path.Join(dir, ".rustfmt.toml")) {
		p.Steps = slices.Insert(p.Steps, 0, step{name: "lint", run: "cargo fmt --all --check", why: "rustfmt.toml"})
	}
	p.Hooks = []hook{{id: "cargo-fmt", entry: "cargo fmt --all --check", files: `\.rs$`}}
	p.Start = rustStart(t, dir, c, locked)
	return p
}

// crates returns the crates of a workspace by folder, with that of dir itself.
func crates(t *tree, dir string, root crate) map[string]crate {
	all := map[string]crate{dir: root}
	if root.Workspace == nil {
		return all
	}
	for _, name := range t.find("Cargo.toml", dirDepth(dir)+4) {
		at := path.Dir(name)
		rel := strings.TrimPrefix(at, dir+"/")
		member := func(patterns []string) bool {
			return slices.ContainsFunc(patterns, func(pattern string) bool { ok, _ := path.Match(path.Clean(pattern), rel); return ok })
		}
		var c crate
		if at == dir || !within(dir, at) || !member(root.Workspace.Members) || member(root.Workspace.Exclude) {
			continue
		}
		if _, err := toml.Decode(t.text(name), &c); err == nil {
			all[at] = c
		}
	}
	return all
}

// binaries lists the programs of a crate.
func (c crate) binaries(t *tree, dir string) []binary {
	var all []binary
	add := func(name string) {
		if name != "" && plainName.MatchString(name) && !slices.ContainsFunc(all, func(b binary) bool { return b.name == name }) {
			b := binary{dir: dir, pkg: c.Package.Name, name: name, server: len(rustServers), chosen: name == c.Package.DefaultRun}
			for i, lib := range rustServers {
				if _, ok := c.Dependencies[lib]; ok {
					b.server = min(b.server, i)
				}
			}
			b.named = regexp.MustCompile(`(?i)server|api|web|http|backend`).MatchString(name + " " + c.Package.Name)
			all = append(all, b)
		}
	}
	for _, b := range c.Bin {
		add(b.Name)
	}
	if c.Package.Autobins != nil && !*c.Package.Autobins {
		return all
	}
	if main := path.Join(dir, "src/main.rs"); t.has(main) && !slices.ContainsFunc(c.Bin, func(b struct{ Name, Path string }) bool { return path.Clean(b.Path) == "src/main.rs" }) {
		add(c.Package.Name)
	}
	for _, name := range t.names {
		switch at := path.Join(dir, "src/bin"); {
		case path.Dir(name) == at && path.Ext(name) == ".rs":
			add(strings.TrimSuffix(path.Base(name), ".rs"))
		case path.Dir(path.Dir(name)) == at && path.Base(name) == "main.rs":
			add(path.Base(path.Dir(name)))
		}
	}
	return all
}

// rustStart builds the program that is most likely the app: the one of a crate that
// depends on a web framework, default-run, one with the name of a server, or the first.
func rustStart(t *tree, dir string, root crate, locked string) *start {
	var all []binary
	for at, c := range crates(t, dir, root) {
		all = append(all, c.binaries(t, at)...)
	}
	if len(all) == 0 {
		return nil
	}
	first := func(is bool) int {
		if is {
			return 0
		}
		return 1
	}
	slices.SortFunc(all, func(a, b binary) int {
		return cmp.Or(cmp.Compare(a.server, b.server), first(a.chosen)-first(b.chosen), first(a.named)-first(b.named),
			first(a.name == a.pkg)-first(b.name == b.pkg), strings.Compare(a.dir, b.dir), strings.Compare(a.name, b.name))
	})
	b := all[0]
	s := &start{pack: "dist/app", why: path.Join(b.dir, "Cargo.toml")}
	build := "cargo build --release" + locked
	if root.Workspace != nil {
		build += " -p " + b.pkg
	}
	build += " --bin " + b.name
	from := path.Join("target/release", b.name)
	if dir != "." {
		build = "(cd " + dir + " && " + build + ")"
		from = path.Join(dir, from)
	}
	copyTo := "cp " + from + " dist/app/" + b.name
	sources := rustSources(t, b.dir)
	if rustFiles.MatchString(sources) {
		s.build = build + " && " + strings.TrimSuffix(archive(dir), " && cd dist/app") + " && " + copyTo
	} else {
		s.build = build + " && rm -rf dist/app && mkdir -p dist/app && " + copyTo
	}
	if len(all) > 1 {
		var names []string
		for _, other := range all[1:min(len(all), 5)] {
			names = append(names, other.name)
		}
		s.check = "the programs are " + b.name + ", " + strings.Join(names, ", ")
	}
	s.rustPort(t, dir, b, sources)
	return s
}

// rustFiles matches source that reads files from its working directory, which are then
// packed with the program.
var rustFiles = regexp.MustCompile(`ServeDir::new\(|ServeFile::new\(|Files::new\(|NamedFile|FileServer|Tera::new\(|warp::fs::|File::with_name\(|File::from\(|fs::read|\.(toml|ya?ml|html)"\)?`)

// rustSources is the text of a crate's sources without its tests.
func rustSources(t *tree, dir string) string {
	var text strings.Builder
	for _, name := range t.names {
		if path.Ext(name) == ".rs" && within(path.Join(dir, "src"), path.Dir(name)) && text.Len() < 4*maxFile {
			text.WriteString(t.text(name))
		}
	}
	return text.String()
}

var (
	rustEnv    = regexp.MustCompile(`(?:env::var(?:_os)?\(\s*|env(?:\s*=\s*|!\(\s*)|const \w+: &(?:'static )?str = )"([A-Z][A-Z0-9_]*)"`)
	rustFlag   = regexp.MustCompile(`(?s)#\[(?:arg|clap|structopt)\([^\]]*\blong\b[^\]]*\)\]\s*(?:pub )?(port|http_port|listen_port|listen|addr|address|bind)\s*:`)
	rustLayers = regexp.MustCompile(`Environment::(?:default\(\)|with_prefix\("(\w+)"\))((?:\s*\.\w+\([^)]*\))*)`)
	separator  = regexp.MustCompile(`\.separator\("([^"]+)"\)`)
	portName   = regexp.MustCompile(`(^|_)(PORT|LISTEN_PORT|HTTP_PORT)$`)
	hostPort   = regexp.MustCompile(`(^|_)(ADDR|ADDRESS|LISTEN|BIND|LISTEN_ADDR|BIND_ADDR|ADDRESS_PORT|HOST_PORT|LISTEN_ADDRESS|BIND_ADDRESS)$`)
)

// rustPort finds how the program takes its port: a variable, a flag, Rocket's variables,
// or an address in a configuration file that variables override.
func (s *start) rustPort(t *tree, dir string, b binary, sources string) {
	in := path.Join(b.dir, "src")
	if in != path.Join(dir, "src") { // a workspace may keep its settings in another crate
		for at := range crates(t, dir, mustCrate(t, dir)) {
			if at != b.dir && at != dir {
				sources += rustSources(t, at)
			}
		}
	}
	program := "./" + b.name
	s.entrypoint = []string{"/" + b.name}
	variable := func(prefix, why string) {
		s.entrypoint = []string{"sh", "-c", prefix + " exec " + program}
		s.port = guess{strings.Fields(prefix)[0], why}
	}
	var names []string
	for _, m := range rustEnv.FindAllStringSubmatch(sources, -1) {
		names = append(names, m[1])
	}
	slices.SortStableFunc(names, func(a, b string) int { return len(a) - len(b) })
	_, rocket := mustCrate(t, b.dir).Dependencies["rocket"]
	switch i, j := slices.IndexFunc(names, portName.MatchString), slices.IndexFunc(names, hostPort.MatchString); {
	case slices.Contains(names, "PORT"):
		s.port = guess{"$PORT", in}
	case rocket:
		variable("ROCKET_PORT=$PORT ROCKET_ADDRESS="+address, "Rocket")
	case j >= 0:
		variable(names[j]+"="+address+":$PORT", in)
	case i >= 0:
		variable(names[i]+"=$PORT", in)
	default:
		if m := rustFlag.FindStringSubmatch(sources); m != nil {
			flag, value := "--"+strings.ReplaceAll(m[1], "_", "-"), "$PORT"
			if !strings.Contains(m[1], "port") {
				value = address + ":$PORT"
			}
			s.entrypoint = []string{"sh", "-c", "exec " + program + " " + flag + "=" + value}
			s.port = guess{flag, in}
		} else if name := layered(t, dir, sources); name != "" {
			variable(name+"="+address+":$PORT", "config.toml")
		} else {
			s.check = strings.TrimPrefix(s.check+"; "+b.name+" must listen on 127.0.0.1:$PORT, and init did not find where it reads a port", "; ")
		}
	}
}

func mustCrate(t *tree, dir string) (c crate) {
	_, _ = toml.Decode(t.text(path.Join(dir, "Cargo.toml")), &c)
	return c
}

// layered returns the variable that overrides the address in a configuration file of
// the crate config, such as SERVER__ADDRESS for address in [server].
func layered(t *tree, dir, sources string) string {
	m := rustLayers.FindStringSubmatch(sources)
	if m == nil {
		return ""
	}
	between := "_"
	if sep := separator.FindStringSubmatch(m[2]); sep != nil {
		between = sep[1]
	}
	for _, name := range []string{"config.toml", "config/default.toml", "settings.toml", "Settings.toml"} {
		var tables map[string]any
		if _, err := toml.Decode(t.text(path.Join(dir, name)), &tables); err != nil {
			continue
		}
		for table, v := range tables {
			inner, _ := v.(map[string]any)
			for _, key := range []string{"address", "addr", "listen", "bind"} {
				if value, _ := inner[key].(string); strings.Contains(value, ":") && plainName.MatchString(table) {
					variable := strings.ToUpper(table + between + key)
					if m[1] != "" {
						variable = strings.ToUpper(m[1]) + between + variable
					}
					return variable
				}
			}
		}
	}
	return ""
}
