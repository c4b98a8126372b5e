package scaffold

import (
	"cmp"
	"errors"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Facts is what init detects in a repository.
type Facts struct {
	Folder            string // of the app, if it is one of several; "": the root
	App, Image, Owner string
	Branch            string // default branch; "" if unknown
	Pin, Version      string
	With              []string
	Parts             []Part
	Dockerfiles       []Dockerfile
	Charts            []string // folders
	Kustomizations    []string
	Terraform         []string // folders
	stacks            []stack  // those of them that deploy an app
	Migrations        string   // folder of SQL files
	Site              string   // folder of a static page; "." is the root
	Health, HealthIn  string   // health path, and the file it was found in
	Workflows         []string
	Deploys           string // target of the environments: process, server, kubernetes or terraform
	Host, HostKey     string // of the server, for target server
	DeploysWhy        string // where that was found
	Existing          error  // what is wrong with the existing .goldenpath.yml, or nil

	Others []App // apps that were not chosen

	several  bool              // the repository has apps in folders
	force    string            // flag of git add, if git ignores what init writes
	app      *App              // the chosen one; nil if there is none
	webs     map[string]string // web commands of Procfiles, by folder
	writes   []string          // paths of the files that init was asked to write
	artifact artifact
	notes    []string
}

// Part is the code of one language in one folder.
type Part struct {
	Dir       string   `json:"dir"` // "." is the root
	Language  string   `json:"language"`
	Manager   string   `json:"manager"`
	From      string   `json:"from"` // the files it was detected from
	Steps     []step   `json:"-"`    // install, lint and test, in the order in which they run
	Ecosystem string   `json:"-"`    // Dependabot's name for it
	Start     *start   `json:"-"`    // how it becomes an artifact; nil if unknown
	Hooks     []hook   `json:"-"`
	Lacks     string   `json:"-"` // why its builds are not reproducible, or ""
	page      string   // command that builds a static page; "" if the part is not one
	members   []string // folders of its workspaces
	workspace bool     // whether it is a workspace, which the root installs and checks
	Refused   []string `json:"-"` // what was found and is not used, with the reason, such as a script that asks questions
}

// guess is a value that was derived from the repository, and the reason.
type guess struct{ value, why string }

// step is one command of checks. why names the file or script that it comes from.
type step struct{ name, run, junit, why string }

// start is how a part becomes an image from a folder, without Docker.
type start struct {
	build, pack string
	entrypoint  []string // $PORT in it needs [sh, -c, "exec …"]
	env         [][2]string
	why         string // where the command that starts the app comes from
	port        guess  // value is how the app takes its port, such as $PORT or the flag --port; "" if unknown
	health      guess  // value is a path that answers 200 when the app is ready; "" leaves it to the search of the sources
	runtime     string // program that the image lacks and the machine must provide, such as node; "" if the image is complete
	check       string // what the reader must check, or ""
	workdir     string // in the image; "" is /
	program     string // package of a Go program, relative to its module
	site        string // folder of a page in the repository, whose files are packed
	base        string // image of a Dockerfile whose files are not packed; "" if nothing is left out
}

// errNoApp means that a folder of the repository is not that of an app.
var errNoApp = errors.New("the folder has no app")

// detect reads the repository, or the folder of one of its apps.
func detect(root *os.Root, o Options) (*Facts, error) {
	t, err := listFiles(root)
	if err != nil {
		return nil, err
	}
	f := &Facts{Folder: o.Folder, Owner: owner(o.Owner), Branch: o.Branch, Pin: o.Pin, Version: o.Version, With: o.With}
	if err := f.name(o); err != nil {
		return nil, err
	}
	f.Parts = parts(t)
	if p := procfilePart(t, f.Parts); p != nil {
		f.Parts = append(f.Parts, *p)
	}
	f.Dockerfiles = dockerfiles(t, o.AppDir)
	f.delivery(t)
	f.stacks = stacks(t, f.Terraform)
	f.webs = map[string]string{}
	for _, p := range f.Parts {
		if web := procfile(t, p.Dir); web != "" {
			f.webs[p.Dir] = web
		}
	}
	f.Site = site(t, f.Parts)
	f.Workflows = t.match(2, func(name string) bool {
		return strings.HasPrefix(name, ".github/workflows/") && (strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".yaml"))
	})
	nested := slices.DeleteFunc(t.find(config.File, maxDepth), func(name string) bool { return name == config.File })
	f.several = len(nested) > 0 || o.Folder != ""
	if err := f.choose(o, t.has(config.File) || f.several); err != nil {
		return nil, err
	}
	if o.Folder != "" && !t.has(config.File) && (len(nested) > 0 || f.app == nil && f.Site == "") {
		return nil, errNoApp
	}
	if more := len(f.own()) - maxParts; more > 0 {
		t.note("%d more folders with code are not in the configuration: add the important ones to checks", more)
	}
	if err := f.target(o); err != nil {
		return nil, err
	}
	if o.Offer != nil && len(o.With) == 0 && !t.has(config.File) {
		with, err := o.Offer(f.offered())
		if err != nil {
			return nil, err
		}
		f.With = with
	}
	for _, file := range files() {
		if f.wants(file.group) {
			f.writes = append(f.writes, file.path)
		}
	}
	f.artifact = f.chooseArtifact(t)
	if f.Health == "" {
		f.Health, f.HealthIn = health(t, f.folder())
	}
	f.notes = t.notes
	return f, nil
}

// folder is the app's folder.
func (f *Facts) folder() string {
	if f.app == nil {
		return "."
	}
	return f.app.Dir
}

// web returns the web command of a part's Procfile, or "".
func (f *Facts) web(p *Part) string { return f.webs[p.Dir] }

var (
	appName   = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$`)
	imageName = regexp.MustCompile(`^([a-z0-9][-a-z0-9.]*(:[0-9]+)?/)?[a-z0-9][-a-z0-9._]*(/[a-z0-9][-a-z0-9._]*)*$`)
	ownerName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,37}[A-Za-z0-9])?$`)
	notInName = regexp.MustCompile(`[^a-z0-9]+`)
)

func owner(name string) string {
	if ownerName.MatchString(name) {
		return name
	}
	return ""
}

// name sets the app and its image: from the options, the existing configuration, or the
// repository's name.
func (f *Facts) name(o Options) error {
	have, err := config.Read(filepath.Join(o.Dir, filepath.FromSlash(o.Folder)))
	if err != nil && !errors.Is(err, config.ErrMissing) {
		f.Existing = err
	}
	if have == nil {
		have = &config.Config{}
	}
	name := o.Name
	if o.Folder != "" {
		name = path.Base(o.Folder)
	}
	f.App = cmp.Or(o.App, have.App, slug(name), slug(folderName(o.Dir)), "app")
	if !appName.MatchString(f.App) {
		return report.Usage("--app " + report.LogLine(f.App) + " is not a valid app name: use at most 40 lower-case letters, digits and hyphens, such as where2eat")
	}
	f.Image = o.Image
	if f.Image == "" && have.Artifact.Image != have.App {
		f.Image = have.Artifact.Image
	}
	if f.Image == "" && f.Owner != "" {
		f.Image = "ghcr.io/" + strings.ToLower(f.Owner) + "/" + f.App
		if repository := slug(o.Name); o.Folder != "" && repository != "" {
			f.Image = "ghcr.io/" + strings.ToLower(f.Owner) + "/" + repository + "/" + f.App
		}
	}
	if f.Image != "" && (!imageName.MatchString(f.Image) || len(f.Image) > 200) {
		return report.Usage("--image " + report.LogLine(f.Image) + " is not a valid image repository: use a name without tag and digest, such as ghcr.io/acme/where2eat")
	}
	return nil
}

// slug turns any name into an app name.
func slug(name string) string {
	s := strings.Trim(notInName.ReplaceAllString(strings.ToLower(name), "-"), "-")
	return strings.Trim(s[:min(len(s), 40)], "-")
}

// Prefix is the prefix of the app's requirement ids.
func (f *Facts) Prefix() string {
	p := strings.ToUpper(strings.ReplaceAll(f.App, "-", ""))
	p = strings.TrimLeft(p, "0123456789")
	if len(p) < 2 {
		return "APP"
	}
	return p[:min(len(p), 8)]
}

// Who is the owner as the documents show it.
func (f *Facts) Who() string {
	if f.Owner == "" {
		return "not set"
	}
	return "@" + f.Owner
}
