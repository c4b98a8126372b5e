package stage

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// imagePath is the PATH of an image that sets none.
const imagePath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// elsewhere lists the environments of a configuration whose target starts the image in a
// container, where only the programs of the image exist.
func elsewhere(c *config.Config) []string {
	var all []string
	if c.Preview.Target != "process" {
		all = append(all, "previews ("+c.Preview.Target+")")
	}
	for _, name := range c.Chain() {
		if t := c.Environments[name].Target; t != "process" {
			all = append(all, name+" ("+t+")")
		}
	}
	return all
}

// hostProgram returns the name of the program that a packed image starts, if that program
// has to come from the machine: its name has no folder, and pack, the packed folder, does
// not contain it. pack is "" before the build; then it is likely, not certain.
func hostProgram(a config.Artifact, pack string) string {
	if a.Pack == "" || len(a.Entrypoint) == 0 || strings.Contains(a.Entrypoint[0], "/") {
		return ""
	}
	name := a.Entrypoint[0]
	list := imagePath
	if set, ok := a.Env["PATH"]; ok {
		list = set
	}
	found := pack != "" && slices.ContainsFunc(strings.Split(list, ":"), func(dir string) bool {
		info, err := os.Stat(filepath.Join(pack, filepath.FromSlash(path.Clean("/"+dir)), name))
		return err == nil && info.Mode().IsRegular()
	})
	if found {
		return ""
	}
	return name
}

// entrypointCheck reports a program that the image lacks. ok is false if there is none.
// For the target process this is a note; a container would not start.
func (j *Job) entrypointCheck(pack string) (c report.Check, ok bool) {
	name := hostProgram(j.Config.Artifact, pack)
	if name == "" {
		return c, false
	}
	c = report.Check{Name: "entrypoint", State: report.OK, Result: name + " comes from this machine, because the image does not contain it"}
	if at, err := exec.LookPath(name); err == nil {
		c.Result = fmt.Sprintf("%s is this machine's %s, because the image does not contain it", name, at)
	}
	targets := elsewhere(j.declared())
	if len(targets) == 0 {
		c.Note = "other targets would need it in the image"
		return c, true
	}
	c.State = report.Warned
	if pack == "" {
		c.Result = fmt.Sprintf("the image starts %s, which artifact.pack must then contain", name)
	} else if !j.local() {
		c.State = report.Failed
	}
	c.Note = fmt.Sprintf("the image does not start in %s: build it with a Dockerfile, or pack a program that needs none and name it in artifact.entrypoint", english.WordSeries(targets, "and"))
	return c, true
}

// declared returns the configuration as it is in the commit.
func (j *Job) declared() *config.Config {
	if j.Declared != nil {
		return j.Declared
	}
	return j.Config
}

// local reports whether the job replaces the targets of the commit by this machine.
func (j *Job) local() bool { return j.Declared != nil && j.Declared != j.Config }
