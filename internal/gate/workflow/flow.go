package workflow

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

var (
	toFile     = regexp.MustCompile(`(?:>>?|\btee\b(?:\s+-a)?|(?i:Out-File|Add-Content|Set-Content|Tee-Object).*|\b(?:open|appendFileSync|writeFileSync|appendFile)\(.*)\s*["'(]?(?:\$\{?|\$\{?env:|%|process\.env\.|(?:os\.)?(?:environ|ENV)(?:\.get)?[\[(]["'])?(?:env\.)?GITHUB_(ENV|PATH|OUTPUT)\b`)
	variable   = regexp.MustCompile(`\$\{\s*process\.env\.([A-Za-z_][A-Za-z0-9_]*)|\$(?:\{|env:|\{env:)?([A-Za-z_][A-Za-z0-9_]*)|%([A-Za-z_][A-Za-z0-9_]*)%|process\.env\.([A-Za-z_][A-Za-z0-9_]*)|(?:environ(?:\.get)?|getenv|process\.env|ENV)(?:\.fetch)?[\[(]["']([A-Za-z_][A-Za-z0-9_]*)|\bprintenv\s+([A-Za-z_][A-Za-z0-9_]*)`)
	assigns    = regexp.MustCompile(`^\s*(?:export\s+|local\s+|declare\s+(?:-\w+\s+)*|readonly\s+|const\s+|let\s+|var\s+|set\s+)*(\$?)([A-Za-z_][A-Za-z0-9_]*)\s*\+?=([^=].*)$`)
	readsInto  = regexp.MustCompile(`\b(?:read|mapfile|readarray)\b(?:\s+-[a-zA-Z]+)*\s+([A-Za-z_][A-Za-z0-9_]*)`)
	sanitizes  = regexp.MustCompile(`\btr\s+(?:-dc|-cd)|\bsha\d+sum\b|\bmd5sum\b|\bbase64\.b64encode\b|\bwc\s+-|\bgrep\s+(?:-\w*q|-c)\b|\bjq\b.*(?:@base64|\|\s*length)|\bhexdigest\b|\bint\(|\bparseInt\(|\bencodeURIComponent\(|\bslugify\(|\bre\.sub\(\s*r?["']\\W\+?["']|\.replace\(\s*/\\W\+?/g|\.isalnum\(\)|\bprintf\s+["']?%q|\bprintf\s+["']?%d`)
	answers    = regexp.MustCompile(`\.(?:test|includes|startsWith|endsWith|indexOf|search|isdigit|startswith|endswith)\(|\.length\b|\bNumber\(|[=!]==?`)
	chooses    = regexp.MustCompile(`\?[^.]|&&|\|\||=>|\bif\b`)
	replaces   = regexp.MustCompile(`(?:\bre\.sub\(\s*r?["']|\.replace(?:All)?\(\s*/|-c?replace\s+["'])\[\^([^\]]+)\][+*]?(?:["']|/(\w*))`)
	heredoc    = regexp.MustCompile(`<<-?\s*(["']?)([A-Za-z_][A-Za-z0-9_]*)["']?`)
	opens      = regexp.MustCompile(`^\s*(?:\{|\(|while\b|for\b|until\b|if\b)|(?:&&|\|\||;|\|)\s*(?:\{|\(|while\b)\s*$|\|\s*while\b|\(\)\s*\{\s*$`)
	closes     = regexp.MustCompile(`^\s*(?:\}|\)|done\b|fi\b)`)
	alias      = regexp.MustCompile(`^\s*(?:export\s+|const\s+|let\s+|var\s+)?\$?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*["']?(?:\$\{?|\$env:|process\.env\.|os\.environ(?:\.get)?[\[(]["'])?GITHUB_(ENV|PATH|OUTPUT)["')\]}]*;?\s*$`)
	toVariable = regexp.MustCompile(`(?:>|\btee\b(?:\s+-a)?|\b(?:open|appendFileSync)\()\s*["']?\$?\{?([A-Za-z_][A-Za-z0-9_]*)`)
	splits     = regexp.MustCompile(`\bgrep\s+-\w*o|\btr\s+\S+\s+["']?\\n|\bsed\b.*\\n|\bxargs\b|\becho\s+-\w*e|%b|\bfold\b|\.split\(`)
	word       = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
	handle     = regexp.MustCompile(`\bas\s+(\w+)\s*:|^\s*(?:const\s+|let\s+|var\s+)?(\w+)\s*=\s*open\(`)
	eventText  = regexp.MustCompile(`\.((?:issue|pull_request|comment|review|discussion|head_commit|workflow_run)(?:\.[a-z_]+)+)`)
)

// write is text that a script writes to a file which the runner reads.
type write struct {
	file   string // ENV, PATH or OUTPUT
	offset int    // of its line in the script
	lines  string // what is written, as the script spells it
	taint  taint  // the worst in it; name is empty without one
	// name is the variable or output that is set, in lower case; "" if only lines shows it.
	name string
	// guarded is set if a line break cannot end the value.
	guarded bool
}

// sets reports whether the text sets a variable or an output.
func (w write) sets(name string) bool {
	if w.name != "" {
		return w.name == name
	}
	return regexp.MustCompile(`(?i)(?:^|[^\w-])` + regexp.QuoteMeta(name) + `(?:=|<<)`).MatchString(w.lines)
}

// flow follows the variables of one script from line to line.
type flow struct {
	scope
	vars    map[string][]taint
	lines   []string
	offsets []int
	opening []bool // lines that begin a group or a loop
	closing []bool
	alias   map[string]string // variables that hold the path of a file: ENVFILE → ENV
	bare    map[string]bool   // variables of Python and JavaScript, which need no $
	objects map[string]string // variables of JavaScript with a part of the event: pr → pull_request
}

// maxBlock is how many lines a group or a here-document may have.
const maxBlock = 400

// writes lists what a script writes to the files of the runner, in order. A script that
// the shell does not run is followed line by line.
func (c scope) writes(script string) []write {
	if !sends.MatchString(script) {
		return nil
	}
	if s := c.runShell(); s != nil {
		return append(s.written(), s.other...)
	}
	return c.lineWrites(script, nil)
}

// sends matches every script that sets an output or a variable of later steps.
var sends = regexp.MustCompile(`(?i)GITHUB_(?:ENV|PATH|OUTPUT)\b|github\.(?:env|path|output)\b|set-output|setOutput|exportVariable|addPath|\breturn\b`)

// lineWrites is writes for Python, JavaScript, PowerShell and what cannot be parsed. It
// follows variables, groups of commands, here-documents and loops over input in
// outline. vars are variables that are known before.
func (c scope) lineWrites(script string, vars map[string][]taint) []write {
	f := flow{scope: c, vars: map[string][]taint{}, alias: map[string]string{}, bare: map[string]bool{}, objects: map[string]string{}}
	maps.Copy(f.vars, vars)
	offset := 0
	for line := range strings.Lines(script) {
		f.lines, f.offsets = append(f.lines, line), append(f.offsets, offset)
		f.opening, f.closing = append(f.opening, opens.MatchString(line)), append(f.closing, closes.MatchString(line))
		offset += len(line)
	}
	var out []write
	left := 20 * maxBlock
	open := map[string]string{} // handles of open files, in Python and JavaScript
	guarded := randomDelimiter.MatchString(script)
	for i := 0; i < len(f.lines); i++ {
		line := f.lines[i]
		if commentLine.MatchString(line) {
			continue
		}
		f.assign(i)
		if w, ok := f.toolkit(i); ok {
			out = append(out, w)
			continue
		}
		file := f.target(line)
		if m := handle.FindStringSubmatch(line); m != nil && file != "" {
			open[m[1]+m[2]] = file
		}
		for name, to := range open {
			if file == "" && (strings.Contains(line, name+".write") || strings.Contains(line, "file="+name)) {
				file = to
			}
		}
		if file == "" {
			continue
		}
		from, to := f.block(i)
		if left -= to - from; left < 0 {
			*c.budget = -1 // reported as not checked: no real script is like this
			break
		}
		quoted := heredoc.FindStringSubmatch(line)
		name := "" // the last line that begins a value
		for n := from; n < to; n++ {
			t := f.taintsOf(f.lines[n])
			if quoted != nil && quoted[1] != "" && n > i {
				t = f.taints(f.lines[n]) // the shell expands nothing
			}
			if cleans(f.lines[n]) {
				t = nil
			}
			if beginsValue.MatchString(f.lines[n]) {
				name = ""
			}
			name += f.lines[n]
			out = append(out, write{file: file, offset: f.offsets[i], lines: name, taint: worst(t), guarded: guarded})
		}
	}
	return out
}

// beginsValue matches a line that begins a value: title= or title<<.
var beginsValue = regexp.MustCompile(`[\w-](?:=|<<)`)

// cleans reports whether a line keeps only harmless characters of its input.
func cleans(line string) bool {
	m := replaces.FindStringSubmatch(line)
	return sanitizes.MatchString(line) || m != nil && safeSet(m[1]) && (!strings.Contains(m[0], "(/") || strings.Contains(m[0], "/g"))
}

// target returns the file that a line writes to, or "".
func (f *flow) target(line string) string {
	if m := toFile.FindStringSubmatch(line); m != nil {
		return m[1]
	}
	for _, m := range toVariable.FindAllStringSubmatch(line, -1) {
		if file := f.alias[m[1]]; file != "" {
			return file
		}
	}
	return ""
}

// block returns the lines whose output the redirection in line i writes: the line
// itself, the group that it closes, or the here-document that follows.
func (f *flow) block(i int) (from, to int) {
	line := f.lines[i]
	if m := heredoc.FindStringSubmatch(line); m != nil && !strings.Contains(line, "<<<") && !echoed.MatchString(line) {
		for n := i + 1; n < min(len(f.lines), i+maxBlock); n++ {
			if strings.TrimSpace(f.lines[n]) == m[2] {
				return i, n
			}
		}
	}
	if !f.closing[i] {
		return i, i + 1
	}
	depth := 0
	for n := i - 1; n >= max(0, i-maxBlock); n-- {
		switch {
		case f.closing[n]:
			depth++
		case f.opening[n] && depth == 0:
			return n, i + 1
		case f.opening[n]:
			depth--
		}
	}
	return i, i + 1
}

// echoed matches a line that prints "<<": the delimiter of a value in the file, not of
// a here-document.
var echoed = regexp.MustCompile(`\b(?:echo|printf)\b.*<<`)

// assign remembers the taints of a variable that line i sets.
func (f *flow) assign(i int) {
	line := strings.TrimRight(f.lines[i], "\r\n")
	f.object(line)
	if m := alias.FindStringSubmatch(line); m != nil {
		f.alias[m[1]] = m[2]
		return
	}
	if m := readsInto.FindStringSubmatch(line); m != nil {
		source := line
		if strings.Contains(line, "while") { // what the loop reads stands after its done
			for n := i; n < min(len(f.lines), i+maxBlock); n++ {
				if f.closing[n] && strings.Contains(f.lines[n], "done") {
					source += f.lines[n]
					break
				}
			}
		}
		var all []taint
		for _, t := range f.taintsOf(source) {
			t.oneLine = true // read stops at a line break
			all = append(all, t)
		}
		f.vars[m[1]] = all
		return
	}
	m := assigns.FindStringSubmatch(line)
	if m == nil || toFile.MatchString(line) {
		return
	}
	f.bare[m[2]] = m[1] == "" && (strings.Contains(line, m[2]+" = ") || strings.Contains(line, m[2]+" += "))
	if cleans(m[3]) || answers.MatchString(m[3]) && !chooses.MatchString(m[3]) {
		f.vars[m[2]] = nil
		return
	}
	if strings.Contains(line, m[2]+"+=") || strings.Contains(line, m[2]+" +=") {
		f.vars[m[2]] = append(f.taintsOf(m[3]), f.vars[m[2]]...)
		return
	}
	f.vars[m[2]] = f.taintsOf(m[3])
}

// taintsOf returns the taints in one line of a script: from expressions, variables and
// the file of the event.
func (f *flow) taintsOf(line string) []taint {
	out := f.taints(line)
	for _, m := range variable.FindAllStringSubmatch(line, -1) {
		name := strings.Join(m[1:], "")
		all, assigned := f.vars[name]
		switch {
		case assigned:
			out = append(out, all...)
		case name == "GITHUB_HEAD_REF":
			out = append(out, taint{f.gain("github.head_ref"), "$GITHUB_HEAD_REF", "the author of a pull request", true})
		case f.depth < maxTaintDepth:
			out = append(out, scope{f.File, f.job, f.step, f.depth + 1, f.from}.taints(f.env(name))...)
		}
	}
	if strings.Contains(line, "GITHUB_EVENT_PATH") || strings.Contains(line, "github.event_path") || strings.Contains(line, "context.payload") {
		for _, m := range eventText.FindAllStringSubmatch(strings.ReplaceAll(line, "?.", "."), -1) {
			out = append(out, f.property(m[1])...)
		}
	}
	out = append(out, f.ofObjects(line)...)
	for _, m := range word.FindAllStringIndex(line, -1) {
		before, after := strings.TrimRight(line[:m[0]], " "), strings.TrimLeft(line[m[1]:], " ")
		if f.bare[line[m[0]:m[1]]] && strings.TrimRight(before, "{(,+=") != before && (after == "" || strings.ContainsAny(after[:1], "})+,[.;\n\r")) {
			out = append(out, f.vars[line[m[0]:m[1]]]...)
		}
	}
	if splits.MatchString(line) { // one line of input becomes several
		for i := range out {
			out[i].oneLine = false
		}
	}
	slices.SortStableFunc(out, func(a, b taint) int { return strings.Compare(a.name, b.name) })
	return slices.Compact(out)
}
