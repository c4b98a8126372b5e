package scaffold

import (
	"cmp"
	"errors"
	"os"
	"regexp"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Facts is what a repository says of itself.
type Facts struct {
	App, Image, Owner string
	Branch            string // the default one; "": not known
	Pin, Version      string
	With              []string
	Parts             []Part
	Dockerfiles       []Dockerfile
	Charts            []string // folders
	Kustomizations    []string
	Terraform         []string
	Migrations        string // folder of SQL files
	Web               string // command of the Procfile's web process
	Site              string // folder of a page that needs no program; "." is the root
	Health, HealthIn  string // path that tells health, and the file that has it
	Workflows         []string
	Existing          error // what is wrong with the .goldenpath.yml that is there

	artifact artifact
	notes    []string
}

// Part is the work of one language in one folder.
type Part struct {
	Dir       string `json:"dir"` // "." is the root
	Language  string `json:"language"`
	Manager   string `json:"manager"`
	From      string `json:"from"` // the files that say so
	Steps     []step `json:"-"`
	Ecosystem string `json:"-"` // Dependabot's name of it
	Start     *start `json:"-"` // how it becomes an artifact, where that is known
	Hooks     []hook `json:"-"`
	Lacks     string `json:"-"` // what makes its builds differ from day to day
}

// step is a check of a commit.
type step struct{ name, run, junit string }

// start is how a part becomes an image from a folder, without Docker.
type start struct {
	build, pack string
	entrypoint  []string
	env         [][2]string
	check       string // what its reader has to look at
}

// markers are the files that begin a part, or are looked for elsewhere.
var markers = map[string]bool{
	"package.json": true, "go.mod": true, "requirements.txt": true, "pyproject.toml": true, "pom.xml": true, "build.gradle": true,
	"build.gradle.kts": true, "Dockerfile": true, "Chart.yaml": true, "kustomization.yaml": true,
}

// look reads the repository.
func look(root *os.Root, o Options) (*Facts, error) {
	t, err := grow(root)
	if err != nil {
		return nil, err
	}
	f := &Facts{Owner: owner(o.Owner), Branch: o.Branch, Pin: o.Pin, Version: o.Version, With: o.With}
	if err := f.name(o); err != nil {
		return nil, err
	}
	f.Parts = parts(t)
	f.Dockerfiles = dockerfiles(t)
	f.delivery(t)
	f.Web = procfile(t)
	f.Site = site(t, f.Parts)
	f.Health, f.HealthIn = health(t)
	f.Workflows = t.match(2, func(name string) bool {
		return strings.HasPrefix(name, ".github/workflows/") && (strings.HasSuffix(name, ".yml") || strings.HasSuffix(name, ".yaml"))
	})
	f.artifact = f.chooseArtifact()
	f.notes = t.notes
	return f, nil
}

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

// name settles the app and its image: as asked, as the configuration that is there
// says, or as the repository is called.
func (f *Facts) name(o Options) error {
	have, err := config.Read(o.Dir)
	if err != nil && !errors.Is(err, config.ErrMissing) {
		f.Existing = err
	}
	if have == nil {
		have = &config.Config{}
	}
	f.App = cmp.Or(o.App, have.App, slug(o.Name), slug(folderName(o.Dir)), "app")
	if !appName.MatchString(f.App) {
		return report.Usage("--app " + report.Clean(f.App) + " is no name of an app: lower-case letters, digits and hyphens, at most 40, such as where2eat")
	}
	f.Image = o.Image
	if f.Image == "" && have.Artifact.Image != have.App {
		f.Image = have.Artifact.Image
	}
	if f.Image == "" && f.Owner != "" {
		f.Image = "ghcr.io/" + strings.ToLower(f.Owner) + "/" + f.App
	}
	if f.Image != "" && (!imageName.MatchString(f.Image) || len(f.Image) > 200) {
		return report.Usage("--image " + report.Clean(f.Image) + " is no repository of images: without tag and digest, such as ghcr.io/acme/where2eat")
	}
	return nil
}

// slug makes a name of an app from a name of something else.
func slug(name string) string {
	s := strings.Trim(notInName.ReplaceAllString(strings.ToLower(name), "-"), "-")
	return strings.Trim(s[:min(len(s), 40)], "-")
}

// Prefix begins the ids of the app's requirements.
func (f *Facts) Prefix() string {
	p := strings.ToUpper(strings.ReplaceAll(f.App, "-", ""))
	p = strings.TrimLeft(p, "0123456789")
	if len(p) < 2 {
		return "APP"
	}
	return p[:min(len(p), 8)]
}

// Who is the owner as documents name one.
func (f *Facts) Who() string {
	if f.Owner == "" {
		return "nobody yet"
	}
	return "@" + f.Owner
}
