package workflow

import (
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
)

// TestEnvFileForms: GP-GATE-13, untrusted input reaches GITHUB_ENV and GITHUB_PATH in
// many ways; the same ways with trusted or cleaned input are not reported.
func TestEnvFileForms(t *testing.T) {
	const rule = "env-file-injection"
	script := func(run string) string {
		return steps("issue_comment", "      - env: {T: '${{ github.event.comment.body }}', N: '${{ github.event.issue.number }}'}\n        run: |\n          "+strings.ReplaceAll(run, "\n", "\n          ")+"\n")
	}
	for name, tt := range map[string]struct{ bad, good string }{
		"group":                {"{\n  echo \"A=1\"\n  echo \"T=$T\"\n} >> \"$GITHUB_ENV\"", "{\n  echo \"A=1\"\n  echo \"N=$N\"\n} >> \"$GITHUB_ENV\""},
		"subshell":             {"(\n  echo \"T=$T\"\n) >> $GITHUB_ENV", "echo \"$T\"\n(\n  echo \"N=$N\"\n) >> $GITHUB_ENV"},
		"here-document":        {"cat <<EOF >> $GITHUB_ENV\nT=$T\nEOF", "cat <<EOF >> $GITHUB_ENV\nN=$N\nEOF\necho \"$T\""},
		"here-document, after": {"cat >> \"$GITHUB_ENV\" << EOF\nT=${T}\nEOF", "cat >> \"$GITHUB_ENV\" << 'EOF'\nT=$T\nEOF"},
		"variable":             {"m=$(echo \"$T\" | sed s/a/b/)\necho \"m=$m\" >> $GITHUB_ENV", "m=$(echo \"$T\" | tr -cd a-z)\necho \"m=$m\" >> $GITHUB_ENV"},
		"two variables":        {"a=\"$T\"\nexport b=\"x$a\"\necho \"m=$b\" >> $GITHUB_ENV", "a=\"$T\"\na=$N\necho \"m=$a\" >> $GITHUB_ENV"},
		"loop":                 {"while read -r line; do\n  echo \"$line\" >> $GITHUB_ENV\ndone <<< \"$T\"", "while read -r line; do\n  echo \"$line\" >> $GITHUB_ENV\ndone <<< \"$N\""},
		"loop, pipe":           {"echo \"$T\" | while IFS= read -r line; do\n  echo \"$line\" >> $GITHUB_PATH\ndone", "echo \"$N\" | while IFS= read -r line; do\n  echo \"$line\" >> $GITHUB_PATH\ndone"},
		"loop, whole":          {"for x in 1 2; do\n  echo \"T$x=$T\"\ndone >> $GITHUB_ENV", "for x in 1 2; do\n  echo \"T$x=$N\"\ndone >> $GITHUB_ENV"},
		"event file":           {"echo \"T=$(jq -r .comment.body \"$GITHUB_EVENT_PATH\")\" >> $GITHUB_ENV", "echo \"N=$(jq -r .issue.number \"$GITHUB_EVENT_PATH\")\" >> $GITHUB_ENV"},
		"event file, variable": {"b=$(jq -r '.comment.body' $GITHUB_EVENT_PATH)\necho \"T=$b\" >> $GITHUB_ENV", "b=$(jq -r '.comment.id' $GITHUB_EVENT_PATH)\necho \"T=$b\" >> $GITHUB_ENV"},
		"python":               {"import os\nwith open(os.environ['GITHUB_ENV'], 'a') as f:\n  f.write('T=' + os.environ['T'])", "import os\nwith open(os.environ['GITHUB_ENV'], 'a') as f:\n  f.write('N=' + os.environ['N'])"},
		"python, variable":     {"title = os.getenv('T')\nwith open(os.environ[\"GITHUB_ENV\"], 'a') as out:\n  print(f'T={title}', file=out)", "title = os.getenv('N')\nwith open(os.environ[\"GITHUB_ENV\"], 'a') as out:\n  print(f'T={title}', file=out)"},
		"node":                 {"fs.appendFileSync(process.env.GITHUB_ENV, `T=${process.env.T}`)", "fs.appendFileSync(process.env.GITHUB_ENV, `N=${process.env.N}`)"},
		"PowerShell":           {"$x = $env:T\nAdd-Content -Path $env:GITHUB_ENV -Value \"T=$x\"", "$x = $env:N\nAdd-Content -Path $env:GITHUB_ENV -Value \"T=$x\""},
		"Out-File":             {"\"T=$env:T\" | Out-File -FilePath $env:GITHUB_ENV -Append", "\"N=$env:N\" | Out-File -FilePath $env:GITHUB_ENV -Append"},
		"cmd":                  {"echo T=%T% >> %GITHUB_ENV%", "echo T=%N% >> %GITHUB_ENV%"},
		"file by variable":     {"out=\"$GITHUB_ENV\"\necho \"T=$T\" >> \"$out\"", "out=\"$GITHUB_ENV\"\necho \"N=$N\" >> \"$out\"\necho \"$T\" >> log"},
		"printenv":             {"echo \"T=$(printenv T)\" >> $GITHUB_ENV", "echo \"T=$(printenv N)\" >> $GITHUB_ENV"},
		"a comment":            {"echo \"T=$T\" >> $GITHUB_ENV", "# echo \"T=$T\" >> $GITHUB_ENV"},
		"a fixed delimiter":    {"echo 'T<<EOF' >> $GITHUB_ENV\necho \"$T\" >> $GITHUB_ENV\necho EOF >> $GITHUB_ENV", "echo 'T<<EOF' >> $GITHUB_ENV\necho \"$N\" >> $GITHUB_ENV\necho EOF >> $GITHUB_ENV"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := found(t, rule, script(tt.bad)); len(got) == 0 {
				t.Errorf("not found:\n%s", tt.bad)
			}
			if got := found(t, rule, script(tt.good)); len(got) > 0 {
				t.Errorf("%v:\n%s", got, tt.good)
			}
		})
	}
}

// A file whose expressions refer to each other too often is reported as not checked.
func TestTooManyReferences(t *testing.T) {
	var b strings.Builder
	for range 3_000 {
		b.WriteString("      - run: echo A=${{ env.A }} >> $GITHUB_ENV\n")
	}
	b.WriteString("      - uses: " + co + "\n")
	res := scan(t, gatetest.Write(t, map[string]string{".github/workflows/w.yml": steps("pull_request_target", b.String())}))
	if len(res.Missing) != 1 {
		t.Errorf("%v", res.Missing)
	}
}

// A script of many lines is read in bounded time.
func TestFlowIsBounded(t *testing.T) {
	for _, line := range []string{"} >> $GITHUB_ENV\n", "cat <<EOF >> $GITHUB_ENV\n", "while read x; do\n", "a=$a$b >> $GITHUB_ENV\n", "x = y\n"} {
		w := newFile("w.yml", workflow, nil)
		scope{File: w, job: nil, depth: maxTaintDepth}.writes(strings.Repeat(line, 3_000) + "$GITHUB_ENV")
	}
}
