package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/seed-b235b314/goldenpath/workflows"
)

// folder is where GitHub looks for workflows. It ignores subfolders.
const folder = ".github/workflows"

// workflow is what the checks read of a workflow file.
type workflow struct {
	file   string // file name in folder
	broken error  // why it cannot be read, or nil
	events []string
	crons  []string
	grant  grant
	jobs   []job
	text   string
}

type job struct {
	name  string // its id
	shown string // its name if that is a literal, else its id
	event string // the only event that its condition accepts; "" for any
	grant grant
	uses  []reference // of the job itself, or of its steps
	runs  []string    // our actions whose command its scripts run
	shell []string    // its scripts
}

// command matches a call of goldenpath or security-gate in a script.
var command = regexp.MustCompile(`(?m)(?:^|[\s;&|(/])(?:goldenpath\s+(promote|rollback|scorecard|preview\s+(?:up|down|sweep))|(security-gate))(?:\s|$)`)

// does returns the actions whose command a script runs.
func does(script string) (actions []string) {
	for _, m := range command.FindAllStringSubmatch(script, -1) {
		switch verb := strings.Join(strings.Fields(m[1]+m[2]), "-"); verb {
		case "rollback":
			actions = append(actions, "promote")
		case "preview-sweep":
			actions = append(actions, "preview-down")
		default:
			actions = append(actions, verb)
		}
	}
	return actions
}

// reference is the value of a uses: key.
type reference struct {
	text string
	line int
	job  bool // true for a job, false for a step
	with map[string]any
}

// grant is a permissions: block. The zero value means that there is none.
type grant struct {
	stated bool
	all    string // read, write
	scopes map[string]string
}

func (g grant) level(scope string) int {
	if g.all != "" {
		return level(g.all)
	}
	return level(g.scopes[scope])
}

func level(permission string) int {
	return max(0, slices.Index([]string{"none", "read", "write"}, permission))
}

// readWorkflows reads every workflow of the checkout, sorted by file name.
func readWorkflows(root *os.Root) ([]workflow, error) {
	entries, err := fs.ReadDir(root.FS(), folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w: it must be a folder inside the checkout", folder, err)
	}
	var all []workflow
	for _, e := range entries {
		if ext := path.Ext(e.Name()); e.IsDir() || ext != ".yml" && ext != ".yaml" {
			continue
		}
		b, err := readFile(root, folder+"/"+e.Name())
		w := workflow{file: e.Name(), broken: err}
		if err == nil {
			w = parseWorkflow(e.Name(), b)
		}
		all = append(all, w)
	}
	return all, nil
}

func parseWorkflow(file string, b []byte) (w workflow) {
	w = workflow{file: file, text: string(b)}
	defer func() {
		if p := recover(); p != nil { // the library panics on some hostile input
			w.broken = errors.New("is not valid YAML")
		}
	}()
	var doc struct {
		On          yaml.Node            `yaml:"on"`
		Permissions yaml.Node            `yaml:"permissions"`
		Jobs        map[string]yaml.Node `yaml:"jobs"`
	}
	if err := yaml.Unmarshal(b, &doc); err != nil {
		w.broken = err
		return w
	}
	w.grant = grantOf(doc.Permissions)
	w.events, w.crons = eventsOf(doc.On)
	for name, n := range doc.Jobs {
		w.jobs = append(w.jobs, jobOf(name, n))
	}
	slices.SortFunc(w.jobs, func(a, b job) int { return strings.Compare(a.name, b.name) })
	return w
}

func eventsOf(n yaml.Node) (events, crons []string) {
	var one string
	var several []string
	var mapping map[string]yaml.Node
	switch {
	case n.Decode(&one) == nil && one != "":
		return []string{one}, nil
	case n.Decode(&several) == nil && several != nil:
		return several, nil
	case n.Decode(&mapping) != nil:
		return nil, nil
	}
	for event, with := range mapping {
		events = append(events, event)
		var schedules []struct {
			Cron string `yaml:"cron"`
		}
		if event == "schedule" && with.Decode(&schedules) == nil {
			for _, s := range schedules {
				crons = append(crons, s.Cron)
			}
		}
	}
	slices.Sort(events)
	return events, crons
}

func grantOf(n yaml.Node) grant {
	g := grant{stated: !n.IsZero()}
	var all string
	if n.Decode(&all) == nil && all != "" {
		g.all = strings.TrimSuffix(all, "-all")
		return g
	}
	_ = n.Decode(&g.scopes) // anything else grants nothing
	return g
}

// onlyOn matches the condition of a job that runs on one event only.
var onlyOn = regexp.MustCompile(`^\s*(?:\$\{\{)?\s*github\.event_name\s*==\s*'([a-z_]+)'\s*(?:\}\})?\s*$`)

func jobOf(name string, n yaml.Node) job {
	type use struct {
		Uses yaml.Node `yaml:"uses"`
		With yaml.Node `yaml:"with"`
		Run  string    `yaml:"run"`
	}
	var in struct {
		Name        string    `yaml:"name"`
		If          string    `yaml:"if"`
		Permissions yaml.Node `yaml:"permissions"`
		Uses        yaml.Node `yaml:"uses"`
		Steps       []use     `yaml:"steps"`
	}
	j := job{name: name, shown: name}
	if n.Decode(&in) != nil {
		return j
	}
	if in.Name != "" {
		j.shown = in.Name
	}
	if m := onlyOn.FindStringSubmatch(in.If); m != nil {
		j.event = m[1]
	}
	j.grant = grantOf(in.Permissions)
	if in.Uses.Value != "" {
		j.uses = append(j.uses, reference{text: in.Uses.Value, line: in.Uses.Line, job: true})
	}
	for _, s := range in.Steps {
		j.runs = append(j.runs, does(s.Run)...)
		if s.Run != "" {
			j.shell = append(j.shell, s.Run)
		}
		if s.Uses.Value != "" {
			ref := reference{text: s.Uses.Value, line: s.Uses.Line}
			_ = s.With.Decode(&ref.with) // anything but a mapping has no inputs
			j.uses = append(j.uses, ref)
		}
	}
	return j
}

// ours matches references to goldenpath: to a workflow, an action or the repository.
var ours = regexp.MustCompile(`^(?i:` + regexp.QuoteMeta(workflows.Repository()) + `)((?:/[^@]*)?)@(.*)$`)

// parse splits a reference to goldenpath. name is the file name of a workflow or the
// name of an action; the repository itself is the scorecard.
func (ref reference) parse() (name, pin string, is bool) {
	m := ours.FindStringSubmatch(ref.text)
	if m == nil {
		return "", "", false
	}
	if name = path.Base(m[1]); m[1] == "" {
		name = "scorecard"
	}
	return name, m[2], true
}

// calls returns a workflow's references to goldenpath.
func (w workflow) calls() []reference {
	var all []reference
	for _, j := range w.jobs {
		for _, ref := range j.uses {
			if _, _, is := ref.parse(); is {
				all = append(all, ref)
			}
		}
	}
	return all
}

func (w workflow) on(event string) bool { return slices.Contains(w.events, event) }
