package runnable

import (
	"strings"
	"testing"
)

// TestManagers (NEWCOMER 8): a build tool needs its manifest, and what its flags demand.
func TestManagers(t *testing.T) {
	for _, tt := range []struct{ files, line, want string }{
		{"", "cargo test", "Cargo.toml is not in the root, and cargo needs it"},
		{"Cargo.toml", "cargo test --locked", "Cargo.lock is not in the repository, and --locked needs it"},
		{"Cargo.toml Cargo.lock", "cargo build --locked -p web && cargo test", ""},
		{"", "cargo test --manifest-path x/Cargo.toml", ""},
		{"uv.lock pyproject.toml", "uv sync --frozen && uv run --frozen pytest && uv pip install x", ""},
		{"pyproject.toml", "uv sync --frozen", "uv.lock is not in the repository, and --frozen needs it"},
		{"", "uv pip install x", ""},
		{"api/pom.xml", "mvn -B test", "pom.xml is not in the root, and mvn needs it"},
		{"api/pom.xml", "cd api && mvn -B test", ""},
		{"", "mvn -f api/pom.xml test", ""},
		{"settings.gradle.kts", "gradle check", ""},
		{"", "bundle exec rspec", "Gemfile is not in the root, and bundle needs it"},
		{"", "deno task start", "deno.json or deno.jsonc is not in the root, and deno needs it"},
		{"", "deno run main.ts", ""},
		{"requirements.txt", ".venv/bin/pip install -q -r requirements.txt -r dev.txt", "the file dev.txt is not in the repository"},
		{"a.sln", "dotnet test a.sln && dotnet test b.sln", "the project b.sln is not in the repository"},
		{"", "rm -rf dist/app && mkdir dist/app && cd dist/app && composer install", ""},
	} {
		got := Check(tt.line, place("cargo uv mvn gradle bundle deno dotnet composer rm mkdir", strings.Fields(tt.files)...))
		switch {
		case tt.want == "" && len(got) > 0:
			t.Errorf("%q: %v", tt.line, got)
		case tt.want != "" && (len(got) != 1 || got[0].What != tt.want || got[0].Try == ""):
			t.Errorf("%q: %v, want %q", tt.line, got, tt.want)
		}
	}
}
