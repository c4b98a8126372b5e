package runnable

import (
	"strings"
	"testing"
)

// place is a repository of some files on a machine with some programs.
func place(programs string, files ...string) Place {
	all := map[string]string{}
	for _, f := range files {
		name, text, _ := strings.Cut(f, "=")
		all[name] = text
	}
	return Place{
		Read: func(name string) ([]byte, bool) { s, ok := all[name]; return []byte(s), ok },
		Exists: func(name string) bool {
			for f := range all {
				if f == name || strings.HasPrefix(f, name+"/") {
					return true
				}
			}
			return false
		},
		Program: func(name string) bool { return strings.Contains(" "+programs+" ", " "+name+" ") },
	}
}

// TestCheck (NEWCOMER 8): what a command needs is derived from its text, and what is
// only known when it runs is not reported.
func TestCheck(t *testing.T) {
	const pkg = `package.json={"scripts": {"lint": "next lint", "fix": "eslint . --fix", "start": "node --env-file=.env index.js", "test": "node --test", "watch": "vitest --watch"}}`
	for _, tt := range []struct{ line, want string }{
		{"npm ci", ""},
		{"npm run lint", "script lint of package.json asks a question: next lint has no ESLint configuration"},
		{"npm run fix", "script fix of package.json changes source files instead of checking them"},
		{"npm run watch", "script watch of package.json does not end: it watches for changes"},
		{"npm run build", "package.json has no script build"},
		{"npm start", "script start of package.json reads .env, which is not in the repository"},
		{"pnpm run test", "pnpm is not installed on this machine"},
		{"npm test -- --reporter=x", ""},
		{"cd api && npm test", "api/package.json is not in the repository"},
		{"cd web && npm run build", ""},
		{"(cd web && npm run build) && npm run nothing", "package.json has no script nothing"},
		{"cd nowhere && npm run x", ""},
		{"node server.js", "the file server.js is not in the repository"},
		{"node $FILE", ""},
		{"node -e 'x'", ""},
		{"node dist/server.js", ""},
		{"./gradlew check", "the program gradlew is not in the repository"},
		{"PORT=1 exec node index.js", ""},
		{"sh -c 'exec node other.js'", "the file other.js is not in the repository"},
		{"make all && make none", "Makefile has no target none"},
		{"make -C web x", "there is no Makefile in web"},
		{"mkdir -p x && test -d x; echo $(node missing.js)", "the file missing.js is not in the repository"},
		{"x() { :; }; x", ""},
		{"if true; then", "the shell cannot read"},
		{".venv/bin/python -m pytest", ""},
		{"exec ./server -port=$PORT", "the program server is not in the repository"},
	} {
		got := Check(tt.line, place("npm node sh make mkdir python3 test", pkg, "index.js=", "api/x.js=", `web/package.json={"scripts": {"build": "vite build"}}`, "Makefile=.PHONY: all\nall: x\n\tnone: y\n"))
		switch {
		case tt.want == "" && len(got) > 0:
			t.Errorf("%q: %v", tt.line, got)
		case tt.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0].What, tt.want) || got[0].Try == ""):
			t.Errorf("%q: %v, want %q", tt.line, got, tt.want)
		}
	}
	if got := Argv([]string{"sh", "-c", "exec ruby app.rb -p $PORT"}, place("sh")); len(got) != 2 {
		t.Errorf("%v, want that ruby and app.rb are missing", got)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("cd a && npm run x; $(make b)")
	f.Fuzz(func(t *testing.T, line string) { Check(line, place("npm")) })
}
