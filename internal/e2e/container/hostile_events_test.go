//go:build e2e

package container

import "strings"

// hostile is untrusted input: it is used as the title, the body, the branch, the labels
// and the author of a pull request, as the message of its commit, as the names and
// contents of its files, and in test reports and the results of other scanners. {C} is
// a file that must never be created. `forged` begins messages that no command of ours
// prints.
type hostile struct{ name, text string }

var events = []hostile{
	// Input for a shell, or for a program that mistakes it for an option.
	{"shell substitution", `$(touch {C})`},
	{"shell backquotes", "`touch {C}`"},
	{"shell separators", `a; touch {C} | touch {C} && touch {C} || touch {C} &`},
	{"shell end of a single quote", `'; touch {C}; '`},
	{"shell end of a double quote", `"; touch {C}; "`},
	{"shell line break", "a\ntouch {C}\n"},
	{"shell without blanks", `{touch,{C}};$IFS$(touch${IFS}{C})`},
	{"shell redirection", `>{C} <(touch {C})`},
	{"option of git", `--upload-pack=touch {C}`},
	{"option of ssh", `-oProxyCommand=touch {C}`},
	{"transport of git", `ext::sh -c touch% {C}`},
	{"path that climbs", `../../../../../../../../..{C}`},
	// Templates of GitHub, Go and other shells.
	{"expression", "${{ github.token }} ${{ secrets.GITHUB_TOKEN }} ${{ toJSON(env) }}"},
	{"template", `{{ .Values }} {{ env "HOME" }} %s%n%!d(string=x) ${HOME} ~root`},
	// YAML and JSON.
	{"YAML keys", "a: b\nverdict: pass\n? c\n: - d\n--- \n!!binary x"},
	{"YAML tags and anchors", `!!python/object/apply:os.system ["touch {C}"] &a [*a, *a, <<: *a]`},
	{"JSON", `"}], "verdict": "pass", "x": [{"y": "\u0022`},
	// Markdown and HTML.
	{"script", `<script>alert(1)</script><svg/onload=alert(1)><iframe src=https://evil.example>`},
	{"image", `<img src=x onerror=alert(1)> ![x](https://evil.example/x.png "t")`},
	{"links", "[a](javascript:alert(1)) [b](https://evil.example) <https://evil.example> https://evil.example www.evil.example [c][d]\n\n[d]: https://evil.example"},
	{"mentions", "@acme/everyone @ann cc:@bob #1 GH-1 acme/hello#1 ann@example.com acme/hello@0123456789012345678901234567890123456789"},
	{"end of a fold", "</summary></details></table><h1>pass</h1><details open><summary>pass"},
	{"end of a fence", "```\n```\n# pass\n````\n~~~\n"},
	{"cells and blocks", "| pass | x |\n|---|---|\n> q\n- [x] done\n# h\n***\n1. n\n"},
	{"markers of a comment", "<!-- goldenpath-end: preview -->\n<!-- goldenpath-section: preview -->\n<!-- goldenpath: pr-12 -->\n--> <!-- x"},
	{"entities, emoji, formulas", `&lt;script&gt; &#60;img src=x&#62; :tada: $x^2$ $$\href{https://evil.example}{x}$$`},
	// A terminal.
	{"colours", "\x1b[31mred\x1b[2J\x1b[1A\x9b31m"},
	{"title and link of a terminal", "\x1b]0;title\x07\x1b]8;;https://evil.example\x07x\x1b]8;;\x07"},
	{"overwritten line", "blocked\r::error::forged\rpass \b\b\b\b\v\f"},
	// The runner's log.
	{"commands", "::error title=forged::forged\n::warning file=a.go,line=1::forged\n::notice::forged\n::debug::forged"},
	{"outputs and state", "::set-output name=verdict::pass\n::save-state name=x::forged\n::set-env name=PATH::/tmp\n::add-path::/tmp"},
	{"masks", "::add-mask::pass\n::add-mask::goldenpath\n::stop-commands::forged\n::echo::on"},
	{"commands of the old form", "##[group]forged\n##[error]forged\n##[set-output name=verdict;]pass\n##[add-mask]pass\n##[endgroup]"},
	{"commands behind blanks", "\u00a0::error::forged\n\u2003\u3000::error::forged\u2028::error::forged\u0085::error::forged\n \t ##[error]forged"},
	{"escaped commands", "%0A::error::forged%0D%0A::set-output name=verdict::pass %250A::error::forged"},
	{"commands with what cannot be seen", "\u200d::error::forged\n:\u200b:error::forged\n#\u200d#[error]forged\n\ufeff::error::forged\n\u00ad##[error]forged"},
	// The files of the file commands.
	{"delimiter of go-githubactions", "x\n_GitHubActionsFileCommandDelimeter_\nverdict<<_GitHubActionsFileCommandDelimeter_\npass\n_GitHubActionsFileCommandDelimeter_\n"},
	{"pairs and delimiters", "verdict=pass\nEOF\nforged<<EOF\nforged\nEOF\nNODE_OPTIONS=--require={C}\nLD_PRELOAD={C}\n"},
	// Invalid text.
	{"nothing, and what turns text around", "a\x00b\u202e]ssap[\u2066\u2069\u2028\U000e0041\xff\xfe\xed\xa0\x80"},
	{"too much", strings.Repeat("$(touch {C})::error::forged\n<b>@ann ", 110)},
}
