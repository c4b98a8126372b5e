package workflow

import (
	"regexp"
	"strings"
)

var (
	toolkitCall = regexp.MustCompile(`\b(setOutput|exportVariable|addPath)\(\s*(?:["'\x60]([\w-]+)["'\x60]\s*,)?`)
	payload     = regexp.MustCompile(`^\s*(?:const|let|var)?\s*(?:(\w+)|\{\s*data:?\s*(\w*)\s*\}|\{([\w\s,:]+)\})\s*=\s*\(?\s*(?:await\s+)?(?:context\.payload((?:\??\.\w+)*)\s*(?:;|\|\||\?\?|$)|[\w.]*\.(pulls|issues)\.(get|getComment|getReviewComment)\b.*?(\)\.data)?)`)
	property    = regexp.MustCompile(`\b([A-Za-z_]\w*(?:\.data)?)((?:\??\.[a-z_]+)+)`)
)

// toolkit returns what a line of actions/github-script sets: setOutput, exportVariable,
// or return, which sets the output "result". The toolkit writes a value with a
// delimiter that no one can guess.
func (f *flow) toolkit(i int) (write, bool) {
	if f.step == nil || actionName(f.step) != "actions/github-script" {
		return write{}, false
	}
	line := f.lines[i]
	w := write{file: "OUTPUT", offset: f.offsets[i], lines: line, guarded: true}
	m := toolkitCall.FindStringSubmatch(line)
	switch {
	case m == nil && !returns.MatchString(line):
		return write{}, false
	case m == nil:
		w.name = "result"
	case m[1] == "exportVariable":
		w.file, w.name = "ENV", strings.ToLower(m[2])
	case m[1] == "addPath":
		w.file = "PATH"
	default:
		w.name = strings.ToLower(m[2])
	}
	for n := i + 1; n < min(len(f.lines), i+20) && strings.Count(w.lines, "(")+strings.Count(w.lines, "{") > strings.Count(w.lines, ")")+strings.Count(w.lines, "}"); n++ {
		w.lines += f.lines[n]
	}
	if m != nil && m[2] == "" { // the name is on the next line
		if again := toolkitCall.FindStringSubmatch(w.lines); again != nil {
			w.name = strings.ToLower(again[2])
		}
	}
	set := w.lines
	if m != nil {
		set = w.lines[toolkitCall.FindStringIndex(w.lines)[0]:]
	}
	if !cleans(set) && (!answers.MatchString(set) || chooses.MatchString(set)) {
		w.taint = worst(f.taintsOf(set))
	}
	return w, true
}

// object notes a variable that holds a part of the event, or what the API answers about
// it: const pr = context.payload.pull_request.
func (f *flow) object(line string) {
	m := payload.FindStringSubmatch(line)
	if m == nil {
		return
	}
	part := strings.Trim(strings.ReplaceAll(m[4], "?", ""), ".")
	data := ""
	switch {
	case m[6] == "getComment" || m[6] == "getReviewComment":
		part = "comment"
	case m[5] == "pulls":
		part = "pull_request"
	case m[5] == "issues":
		part = "issue"
	}
	if m[5] != "" && m[7] == "" {
		data = ".data"
	}
	switch {
	case m[1] != "":
		f.objects[m[1]+data] = part
	case m[5] != "":
		name := m[2]
		if name == "" {
			name = "data"
		}
		f.objects[name] = part
	default:
		for _, one := range strings.Split(m[3], ",") {
			from, to, renamed := strings.Cut(strings.ReplaceAll(one, " ", ""), ":")
			if !renamed {
				to = from
			}
			f.objects[to] = strings.Trim(part+"."+from, ".")
			f.vars[to], f.bare[to] = f.property(f.objects[to]), true
		}
	}
}

// ofObjects returns the taints of the properties of such variables in a line.
func (f *flow) ofObjects(line string) []taint {
	var out []taint
	for _, m := range property.FindAllStringSubmatch(line, -1) {
		if part, ok := f.objects[m[1]]; ok {
			out = append(out, f.property(strings.Trim(part+strings.ReplaceAll(m[2], "?", ""), "."))...)
		}
	}
	return out
}

// property returns the taints of a property of the event, behind which a method may
// stand: issue.title.trim.
func (f *flow) property(part string) []taint {
	path := strings.Split("github.event."+part, ".")
	for n := len(path); n > 2; n-- {
		if t := f.github(read{path: path[:n]}, strings.Join(path[:n], ".")); len(t) > 0 {
			return t
		}
	}
	return nil
}
