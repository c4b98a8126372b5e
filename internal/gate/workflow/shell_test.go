package workflow

import (
	"fmt"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
)

// blocking counts the findings of a rule in a workflow that are high, and those that are
// lower.
func blocking(t *testing.T, rule string, files map[string]string) (high, lower int) {
	t.Helper()
	for _, f := range scan(t, gatetest.Write(t, files)).Findings {
		switch {
		case f.Rule != rule:
		case f.Severity == "high":
			high++
		default:
			lower++
		}
	}
	return high, lower
}

// runHigh checks that each bad form has a high finding of the rule, and each good form
// none.
func runHigh(t *testing.T, all []twin) {
	t.Helper()
	for _, tt := range all {
		t.Run(tt.name, func(t *testing.T) {
			for text, want := range map[string]bool{tt.bad: true, tt.good: false} {
				if text == "" {
					continue
				}
				if n, _ := blocking(t, tt.rule, map[string]string{".github/workflows/w.yml": text}); n > 0 != want {
					t.Errorf("high: %v, want %v:\n%s", n > 0, want, text)
				}
			}
		})
	}
}

// indented is a script as the value of run: in a step.
func indented(script string) string {
	return "|\n          " + strings.ReplaceAll(script, "\n", "\n          ") + "\n"
}

// TestCleaning: GP-GATE-13, what takes the danger out of a text, and what only looks
// like it.
func TestCleaning(t *testing.T) {
	out := func(script string) string {
		return steps("issue_comment", "      - id: s\n        env: {T: '${{ github.event.comment.body }}', N: '${{ github.event.issue.number }}'}\n        run: "+indented(script)+"      - run: echo ${{ steps.s.outputs.v }}\n")
	}
	set := func(value string) string { return out("v=" + value + "\necho \"v=$v\" >> \"$GITHUB_OUTPUT\"") }
	var all []twin
	for i, pair := range [][2]string{
		{`$(echo "$T" | tr -d '\n')`, `$(echo "$T" | tr -dc '0-9')`},
		{`$(echo "$T" | tr '\r\n' '  ')`, `$(echo "$T" | tr -cd 'a-zA-Z0-9_.-')`},
		{`$(echo "$T" | tr -dc '[:print:]')`, `$(echo "$T" | tr -dc '[:alnum:]-')`},
		{`$(echo "$T" | tr -dc ' -~')`, `$(echo "$T" | tr -C -d 'a-z')`},
		{`$(echo "$T" | tr a-z A-Z)`, `$(echo "$T" | tr -sc a-z0-9 -)`},
		{`$(echo "$T" | sed 's/[^a-z]/-/')`, `$(echo "$T" | sed 's/[^a-z]/-/g')`},
		{`$(echo "$T" | sed 's/[^[:print:]]//g')`, `$(echo "$T" | sed -E 's/[^[:alnum:]]+/-/g; s/^-//')`},
		{`$(echo "$T" | sed 's/[^a-z$]//g')`, `$(sed -e 's|[^a-z]||g' <<< "$T")`},
		{`$(echo "$T" | sed 's/[a-z]//g')`, `$(echo "$T" | sed -nE 's/^.*#([0-9]+).*$/\1/p')`},
		{`$(echo "$T" | sed -nE 's/^#(.+)$/\1/p')`, `$(echo "$T" | sed -n 's/.*v\([0-9.]*\).*/\1/p')`},
		{`${T//[^a-z$]/}`, `${T//[^a-z0-9]/-}`},
		{`${T//\"/}`, `${#T}`},
		{`${T/[^a-z]/}`, `"${T//[^[:alnum:]]/}"`},
		{`${T%% *}`, `${T@Q}`},
		{`$(echo "$T" | grep -o '/deploy .*')`, `$(echo "$T" | grep -oE '[0-9]+')`},
		{`$(echo "$T" | grep -oE 'v\S+')`, `$(grep -oP '(?<=#)\d+' <<< "$T" | head -n1)`},
		{`$(echo "$T" | grep -v x)`, `$(echo "$T" | grep -c x)`},
		{`$(echo "$T" | base64 --decode)`, `$(echo "$T" | base64 -w0)`},
		{`$(echo "$T" | cut -d' ' -f2)`, `$(echo "$T" | sha256sum | cut -c1-8)`},
		{`$(jq -Rs . <<< "$T")`, `$(jq -Rs length <<< "$T")`},
		{`$(jq -n --arg t "$T" '$t')`, `$(jq -n --arg t "$N" '$t')`},
		{`$(awk '{print $2}' <<< "$T")`, `$(awk '{gsub(/[^a-z]/, ""); print}' <<< "$T")`},
		{`$(xargs <<< "$T")`, `$(wc -c <<< "$T")`},
		{`"$T" # sha256sum`, `"$N" # $T`},
		{`$(printf '%s' "$T")`, `$(printf '%d' "$T")`},
		{`$(printf '%s-%s' 1 "$T")`, `$(printf '%q' "$T")`},
		{`$(cat <<< "$T")`, `$(cat <<'X'` + "\n$T\nX\n)"},
		{`$(echo "$T" | awk -F: '{print $1}')`, `$(date +%s)`},
		{`$(python3 -c 'import sys; print(sys.argv[1])' "$T")`, `$((N + 1))`},
		{`$(echo "$T" | sed 's/[^a-z0-9.-_]//g')`, `${T//[!a-z0-9]/}`},
		{`$(perl -pe 's/[^a-z]//' <<< "$T")`, `$(perl -pe 's/[^a-z]+/-/g' <<< "$T")`},
		{`$(some-tool "$T")`, `$(git rev-parse "$T")`},
		{"$(if true; then echo \"$T\"; fi)", "$([[ \"$T\" == v* ]] && echo true || echo false)"},
		{`$(echo "$T" | head -1)`, `$(echo "$N" | head -1)`},
	} {
		all = append(all, twin{fmt.Sprint(i, " ", pair[0]), "script-injection", set(pair[0]), set(pair[1])})
	}
	const send = "echo \"v=$v\" >> $GITHUB_OUTPUT"
	all = append(all,
		twin{"tested", "script-injection", out("[[ -n \"$T\" ]] && echo \"v=$T\" >> $GITHUB_OUTPUT"), out("[[ \"$T\" == /x* ]] && echo \"v=true\" >> $GITHUB_OUTPUT")},
		twin{"condition", "script-injection", out("if [ -n \"$T\" ]; then v=$T; fi\n" + send), out("if [ \"$T\" = a ]; then v=1; else v=2; fi\n" + send)},
		twin{"matched", "script-injection", out("if [[ \"$T\" =~ ^.+$ ]]; then v=$T; fi\n" + send), out("if [[ \"$T\" =~ ^[0-9]+$ ]]; then v=$T; fi\n" + send)},
		twin{"matched or left", "script-injection", out("[[ \"$T\" =~ ^[0-9]+ ]] || exit 1\nv=$T\n" + send), out("[[ \"$T\" =~ ^[0-9]+$ ]] || { echo bad; exit 1; }\nv=$T\n" + send)},
		twin{"not matched and left", "script-injection", out("if [[ \"$T\" =~ ^[0-9]+$ ]]; then exit 1; fi\nv=$T\n" + send), out("if ! [[ \"$T\" =~ ^[0-9]+$ ]]; then exit 1; fi\nv=$T\n" + send)},
		twin{"part of a match", "script-injection", out("[[ \"$T\" =~ v(.*) ]]\nv=${BASH_REMATCH[1]}\n" + send), out("[[ \"$T\" =~ v([0-9.]+) ]]\nv=${BASH_REMATCH[1]}\n" + send)},
		twin{"choice", "script-injection", out("case \"$T\" in\n  /a*) v=$T ;;\nesac\n" + send), out("case \"$T\" in\n  a|b) v=$T ;;\n  *) exit 1 ;;\nesac\n" + send)},
		twin{"choice of numbers", "script-injection", out("case \"$T\" in *[!0-9]*) echo no ;; esac\nv=$T\n" + send), out("case \"$T\" in ''|*[!0-9]*) exit 1 ;; esac\nv=$T\n" + send)},
		twin{"one of two branches", "script-injection", out("v=x\nif true; then v=$T; else v=y; fi\n" + send), out("v=$T\nv=x\n" + send)},
		twin{"grep decides", "script-injection", out("v=$(echo \"$T\" | grep x)\n" + send), out("if echo \"$T\" | grep -q x; then echo v=1 >> $GITHUB_OUTPUT; fi")},
		twin{"function", "script-injection", out("set_output() { echo \"$1=$2\" >> \"$GITHUB_OUTPUT\"; }\nset_output v \"$T\""), out("set_output() { echo \"$1=$2\" >> \"$GITHUB_OUTPUT\"; }\nset_output v \"$N\"\nset_output w \"$T\"")},
		twin{"group", "script-injection", out("{\n  echo \"a=$N\"\n  echo \"v=$T\"\n} >> $GITHUB_OUTPUT"), out("{\n  echo \"a=$T\"\n  echo \"v=$N\"\n} >> $GITHUB_OUTPUT")},
		twin{"suffix", "script-injection", out("echo \"v=$T\" >> $GITHUB_OUTPUT\necho \"b-v=1\" >> $GITHUB_OUTPUT"), out("echo \"b-v=$T\" >> $GITHUB_OUTPUT\necho v=1 >> $GITHUB_OUTPUT")},
		twin{"here-document of several", "script-injection", out("cat <<EOF >> $GITHUB_OUTPUT\na=1\nv=$T\nEOF"), out("cat <<EOF >> $GITHUB_OUTPUT\na=$T\nv=1\nEOF")},
		twin{"printf of several", "script-injection", out("printf 'a=%s\\nv=%s\\n' 1 \"$T\" >> $GITHUB_OUTPUT"), out("printf 'a=%s\\nv=%s\\n' \"$T\" 1 >> $GITHUB_OUTPUT")},
		twin{"lines of a value", "script-injection", out("{\n  echo 'v<<E'\n  echo \"$T\"\n  echo E\n} | tee -a $GITHUB_OUTPUT"), out("{\n  echo 'a<<E'\n  echo \"$T\"\n  echo E\n  echo v=1\n} | tee -a $GITHUB_OUTPUT")},
		twin{"continued", "script-injection", out("echo \\\n  \"v=$T\" \\\n  >> $GITHUB_OUTPUT"), out("echo \"v=1\" \\\n  >> $GITHUB_OUTPUT; echo \"$T\"")},
		twin{"printed command", "script-injection", out("echo \"::set-output name=v::$T\""), out("echo \"::notice::v=$T\"")},
		twin{"to a file and back", "script-injection", out("echo \"$T\" > t\necho \"v=$(cat t)\" >> $GITHUB_OUTPUT"), out("echo \"$T\" > t\necho \"$N\" > n\necho \"v=$(cat n)\" >> $GITHUB_OUTPUT")},
		twin{"two scripts", "script-injection", out("bash -c 'echo \"v=$T\" >> $GITHUB_OUTPUT'"), out("bash -c 'echo \"v=$N\" >> $GITHUB_OUTPUT'")},
		twin{"Python in the shell", "script-injection", out("python3 - <<'X'\nimport os\nwith open(os.environ['GITHUB_OUTPUT'], 'a') as f:\n  f.write('v=' + os.environ['T'])\nX"), out("python3 - <<'X'\nimport os\nwith open(os.environ['GITHUB_OUTPUT'], 'a') as f:\n  f.write('v=' + os.environ['N'])\nX")},
		twin{"awaited", "script-injection", out("read -r v rest <<< \"$T\"\n" + send), out("read -r v rest <<< \"$N\"\n" + send)},
		twin{"default", "script-injection", out("v=${T:-main}\n" + send), out("v=${N:-main}\n" + send)},
		twin{"nested", "script-injection", out("v=\"x-$(echo \"$(echo \"$T\")\")\"\n" + send), out("v=\"x-$(echo \"$(echo \"$N\")\")\"\n" + send)},
		twin{"eval", "script-injection", out("eval \"set -- $T\""), out("eval \"set -- $N\"\necho \"$T\"")},
		twin{"sh -c", "script-injection", out("sh -c \"echo $T\""), out("sh -c 'echo \"$T\"'")},
		twin{"python -c", "script-injection", out("python -c \"print('$T')\""), out("python -c 'import os; print(os.environ[\"T\"])'")},
		twin{"API", "script-injection", out("v=$(gh pr view \"$N\" --json title --jq .title)\n" + send), out("v=$(gh pr view \"$N\" --json number,title --jq .number)\n" + send)},
		twin{"API, as text", "script-injection", out("v=$(gh issue view \"$N\")\n" + send), out("v=$(gh pr checks \"$N\")\n" + send)},
		twin{"a file with a default", "script-injection", out("echo \"v=$T\" >> \"${GITHUB_OUTPUT:-/dev/stdout}\""), out("echo \"$T\" >> \"${X:-/dev/stdout}\"")},
		twin{"indented", "script-injection", out("cat <<-X >> $GITHUB_OUTPUT\n\tv=$T\n\tX"), out("cat <<-X >> $GITHUB_OUTPUT\n\tv=$N\n\tX")},
		twin{"API, REST", "script-injection", out("v=$(gh api repos/o/r/issues/$N --jq .title)\n" + send), out("v=$(gh api repos/o/r/issues/$N --jq .state)\n" + send)},
		twin{"API, jq", "script-injection", out("pr=$(gh api repos/o/r/pulls/$N)\nv=$(jq -r .head.ref <<< \"$pr\")\n" + send), out("pr=$(gh api repos/o/r/pulls/$N)\nv=$(jq -r .head.sha <<< \"$pr\")\n" + send)},
		twin{"API, curl", "script-injection", out("v=$(curl -s https://api.github.com/repos/o/r/pulls/$N | jq -r .title)\n" + send), out("v=$(curl -s https://api.github.com/repos/o/r/pulls/$N | jq -r .id)\n" + send)},
	)
	runHigh(t, all)
}

// TestLargeScripts: a script that nothing can follow is read line by line, in bounded
// time.
func TestLargeScripts(t *testing.T) {
	for _, begin := range []string{strings.Repeat("x=$(", 100_000), strings.Repeat("$(", 20_000), strings.Repeat("( ", 20_000), strings.Repeat("f() { f; f; f; f; }; f\n", 500), "x=y\n" + strings.Repeat("x=$x$x\n", 2_000), strings.Repeat("echo $A\n", 6_000)} {
		text := steps("issues", "      - env: {T: '${{ github.event.issue.body }}'}\n        run: "+indented(begin+"\necho \"T=$T\" >> $GITHUB_ENV"))
		if got := found(t, "env-file-injection", text); len(got) != 1 {
			t.Errorf("%.40s: %v", begin, got)
		}
	}
}

// TestDelimiters: GP-GATE-13, a random delimiter protects its own value only.
func TestDelimiters(t *testing.T) {
	env := func(script string) string {
		return steps("issue_comment", "      - env: {T: '${{ github.event.comment.body }}', D: EOF}\n        run: "+indented(script))
	}
	block := func(set, d string) string {
		return env(set + "\n{\n  echo \"B<<" + d + "\"\n  echo \"$T\"\n  echo \"" + d + "\"\n} >> \"$GITHUB_ENV\"")
	}
	const file = "env-file-injection"
	runHigh(t, []twin{
		{"fixed by the environment", file, block("", "$D"), block("D=$(uuidgen)", "$D")},
		{"fixed in the script", file, block("X=EOF", "$X"), block("X=\"EOF_$RANDOM$RANDOM\"", "$X")},
		{"known", file, block("X=$GITHUB_SHA", "$X"), block("X=$(openssl rand -hex 8)", "$X")},
		{"printed", file, block("X=$(echo EOF)", "$X"), block("X=$(dd if=/dev/urandom bs=15 count=1 status=none | base64)", "$X")},
		{"beside it", file, env("X=$(uuidgen)\n{\n  echo \"A<<$X\"\n  echo 1\n  echo \"$X\"\n  echo \"B=$T\"\n} >> $GITHUB_ENV"), env("X=$(uuidgen)\necho \"A<<$X\" >> $GITHUB_ENV\necho \"$T\" >> $GITHUB_ENV\necho \"$X\" >> $GITHUB_ENV\necho B=1 >> $GITHUB_ENV")},
		{"of a here-document", file, env("cat <<$X > f\na\n$X\necho \"B=$T\" >> $GITHUB_ENV"), env("cat <<$X > f\n$T\n$X\necho B=1 >> $GITHUB_ENV")},
		{"printf", file, env("printf 'A<<EOF\\n%s\\nEOF\\n' \"$T\" >> $GITHUB_ENV"), env("X=$(uuidgen)\nprintf 'A<<%s\\n%s\\n%s\\n' \"$X\" \"$T\" \"$X\" >> $GITHUB_ENV")},
		{"two texts", file, strings.Replace(env("echo \"B=$A $T\" >> $GITHUB_ENV"), "{T:", "{A: '${{ github.event.issue.title }}', T:", 1), strings.Replace(env("echo \"B=$A\" >> $GITHUB_ENV"), "{T:", "{A: '${{ github.event.issue.title }}', T:", 1)},
		{"body from the API", file, env("echo \"B=$(gh pr view 1 --json body --jq .body)\" >> $GITHUB_ENV"), env("echo \"B=$(gh pr view 1 --json state --jq .state)\" >> $GITHUB_ENV")},
	})
}

// TestWholeContexts: GP-GATE-13, all properties of a context at once.
func TestWholeContexts(t *testing.T) {
	step := func(on, more, expr string) string {
		return steps(on, "      - id: s\n        env: {T: '${{ github.event.issue.title }}'}\n        run: echo \"t=$T\" >> \"$GITHUB_OUTPUT\"\n      - run: |\n          echo '${{ "+expr+" }}'\n        env: {"+more+"}\n")
	}
	job := func(needs, expr string) string {
		return "on: issues\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    outputs: {t: '${{ github.event.issue.title }}'}\n    steps: [{run: make}]\n  c:\n    runs-on: ubuntu-latest\n    outputs: {t: x}\n    steps: [{run: make}]\n  b:\n    needs: [" + needs + "]\n    runs-on: ubuntu-latest\n    steps: [{run: \"echo ${{ " + expr + " }}\"}]\n"
	}
	const title = "A: '${{ github.event.issue.title }}'"
	runHigh(t, []twin{
		{"steps", "script-injection", step("issues", "", "toJSON(steps)"), step("issues", "", "toJSON(steps.s.outcome)")},
		{"outputs", "script-injection", step("issues", "", "toJSON(steps.s.outputs)"), step("issues", "", "toJSON(steps.x.outputs)")},
		{"any step", "script-injection", step("issues", "", "join(steps.*.outputs.t)"), step("issues", "", "join(steps.*.outputs.u)")},
		{"env", "script-injection", step("issues", title, "toJSON(env)"), step("issues", "A: x", "toJSON(env)")},
		{"env.*", "script-injection", step("issues", title, "join(env.*)"), step("issues", title, "env.B")},
		{"needs", "script-injection", job("a, c", "toJSON(needs)"), job("c", "toJSON(needs)")},
		{"needs.*", "script-injection", job("a, c", "join(needs.*.outputs.t)"), job("c", "join(needs.*.outputs.t)")},
		{"one job", "script-injection", job("a", "toJSON(needs.a)"), job("a, c", "toJSON(needs.c)")},
	})
}

// TestOutputs: GP-GATE-13, the outputs of actions/github-script, and of actions and
// workflows of the repository.
func TestOutputs(t *testing.T) {
	js := func(output, script string) string {
		return steps("issues", "      - id: s\n        uses: actions/github-script@"+sha+"\n        env: {T: '${{ github.event.issue.title }}'}\n        with:\n          script: "+strings.ReplaceAll(indented(script), "\n          ", "\n            ")+"      - run: echo ${{ steps.s.outputs."+output+" }}\n")
	}
	const script = "script-injection"
	runHigh(t, []twin{
		{"setOutput", script, js("t", "core.setOutput('t', context.payload.issue.title)"), js("t", "core.setOutput('t', context.payload.issue.number)\ncore.setOutput('u', context.payload.issue.title)")},
		{"a method", script, js("t", "core.setOutput('t', context.payload.issue.body.trim().split(' ')[1])"), js("t", "core.setOutput('t', context.payload.issue.body.includes('x'))")},
		{"chosen", script, js("t", "core.setOutput('t', context.payload.issue.title.includes('x') ? context.payload.issue.title : '')"), js("t", "core.setOutput('t', context.payload.issue.title.length)")},
		{"optional", script, js("t", "core.setOutput('t', context.payload.issue?.title)"), js("t", "core.setOutput('t', context.payload.issue?.id)")},
		{"variable", script, js("t", "const title = context.payload.issue.title\ncore.setOutput('t', title)"), js("t", "const title = context.payload.issue.state\ncore.setOutput('t', title)")},
		{"object", script, js("t", "const issue = context.payload.issue;\ncore.setOutput('t', issue.title);"), js("t", "const issue = context.payload.issue;\ncore.setOutput('t', issue.number);")},
		{"taken apart", script, js("t", "const { title, number } = context.payload.issue\ncore.setOutput('t', title)"), js("t", "const { title, number } = context.payload.issue\ncore.setOutput('t', number)")},
		{"API", script, js("t", "const { data: pr } = await github.rest.pulls.get({owner, repo, pull_number: 1})\ncore.setOutput('t', pr.title)"), js("t", "const { data: pr } = await github.rest.pulls.get({owner, repo, pull_number: 1})\ncore.setOutput('t', pr.head.sha)")},
		{"API, data", script, js("t", "const pr = await github.rest.pulls.get({})\ncore.setOutput('t', pr.data.head.ref)"), js("t", "const pr = await github.rest.pulls.get({})\ncore.setOutput('t', pr.data.base.sha)")},
		{"environment", script, js("t", "core.setOutput('t', process.env.T)"), js("t", "core.setOutput('t', process.env.U)")},
		{"over lines", script, js("t", "core.setOutput(\n  't',\n  context.payload.issue.title\n)"), js("t", "core.setOutput(\n  't',\n  context.payload.issue.number\n)\nconsole.log(context.payload.issue.title)")},
		{"result", script, js("result", "return context.payload.issue.title"), js("result", "return context.payload.issue.number")},
		{"replaced", script, js("t", "core.setOutput('t', context.payload.issue.title.replace(/[^a-z]/, ''))"), js("t", "core.setOutput('t', context.payload.issue.title.replace(/[^a-z0-9]+/g, '-'))")},
		{"to ENV", "env-file-injection", js("t", "fs.appendFileSync(process.env.GITHUB_ENV, `B=${context.payload.issue.body}\\n`)"), js("t", "core.exportVariable('B', context.payload.issue.body)")},
	})
	const w = ".github/workflows/w.yml"
	composite := "name: x\ndescription: x\ninputs: {t: {description: x}, d: {description: x, default: '${{ github.event.issue.title }}'}}\noutputs:\n  t: {description: x, value: '${{ steps.s.outputs.t }}'}\n  u: {description: x, value: '${{ steps.s.outputs.u }}'}\n  d: {description: x, value: '${{ inputs.d }}'}\nruns:\n  using: composite\n  steps:\n    - id: s\n      shell: bash\n      env: {T: '${{ inputs.t }}'}\n      run: |\n        echo \"t=$T\" >> $GITHUB_OUTPUT\n        echo u=1 >> $GITHUB_OUTPUT\n"
	use := func(on, with, output string) map[string]string {
		return map[string]string{"actions/x/action.yml": composite, w: steps(on, "      - id: x\n        uses: ./actions/x\n        with: {"+with+"}\n      - run: echo ${{ steps.x.outputs."+output+" }}\n")}
	}
	called := "on: {workflow_call: {inputs: {t: {type: string}}, outputs: {t: {value: '${{ jobs.j.outputs.t }}'}, u: {value: '${{ jobs.j.outputs.u }}'}}}}\npermissions: {}\njobs:\n  j:\n    runs-on: ubuntu-latest\n    outputs: {t: '${{ steps.s.outputs.t }}', u: '${{ steps.s.outputs.u }}'}\n    steps:\n      - id: s\n        env: {T: '${{ inputs.t }}', U: '${{ github.event.issue.title }}'}\n        run: |\n          echo \"t=$T\" >> $GITHUB_OUTPUT\n          echo \"u=$U\" >> $GITHUB_OUTPUT\n"
	call := func(on, with, output string) map[string]string {
		return map[string]string{".github/workflows/c.yml": called, w: "on: " + on + "\npermissions: {}\njobs:\n  c:\n    uses: ./.github/workflows/c.yml\n    with: {t: '" + with + "'}\n  b:\n    needs: c\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ needs.c.outputs." + output + " }}\n"}
	}
	const title = "t: '${{ github.event.issue.title }}'"
	for name, tt := range map[string]struct {
		files map[string]string
		want  bool
	}{
		"action":                    {use("issues", title, "t"), true},
		"action, other output":      {use("issues", title, "u"), false},
		"action, fixed":             {use("issues", "t: x", "t"), false},
		"action, default":           {use("issues", "t: x", "d"), true},
		"action, no default":        {use("issues", "d: x", "d"), false},
		"action, without rights":    {use("pull_request", "t: '${{ github.event.pull_request.title }}'", "t"), false},
		"workflow":                  {call("issues", "${{ github.event.issue.title }}", "t"), true},
		"workflow, fixed":           {call("issues", "x", "t"), false},
		"workflow, by itself":       {call("issues", "x", "u"), true},
		"workflow, event of others": {call("pull_request", "${{ github.head_ref }}", "t"), false},
	} {
		n := 0
		for _, f := range scan(t, gatetest.Write(t, tt.files)).Findings {
			if f.Rule == script && f.Severity == "high" && f.At.Path == w {
				n++
			}
		}
		if n > 0 != tt.want {
			t.Errorf("%s: high %v, want %v", name, n > 0, tt.want)
		}
	}
}

// TestSinks: GP-GATE-13, places where text of outsiders is run or chooses what runs.
func TestSinks(t *testing.T) {
	action := func(name, key, text string) string {
		return steps("issues", "      - uses: "+name+"\n        with: {"+key+": '"+text+"'}\n")
	}
	image := "docker://alpine" + digest
	var all []twin
	for _, x := range [][2]string{{"devcontainers/ci@" + sha, "runCmd"}, {"vmactions/freebsd-vm@" + sha, "run"}, {"nick-fields/retry@" + sha, "on_retry_command"}, {image, "args"}, {image, "entrypoint"}, {"vmactions/openbsd-vm@" + sha, "prepare"}} {
		all = append(all, twin{x[0] + " " + x[1], "script-injection", action(x[0], x[1], "echo ${{ github.event.issue.title }}"), action(x[0], x[1], "echo ${{ github.event.issue.number }}")})
	}
	runHigh(t, all)
	runner := strings.Replace(steps("issue_comment", "      - run: make\n"), "ubuntu-latest", "${{ github.event.comment.body }}", 1)
	if _, n := blocking(t, "script-injection", map[string]string{".github/workflows/w.yml": runner}); n != 1 {
		t.Errorf("%d findings for a runner that anyone chooses", n)
	}
}
