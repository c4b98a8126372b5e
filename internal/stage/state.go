package stage

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/target/process"
)

// checkState checks, before anything is built, what the environments on this machine need:
// values of secrets and variables, and a database server.
func (j *Job) checkState() ([]report.Check, error) {
	var all []report.Check
	if j.Here {
		c, err := j.checkValues()
		if err != nil {
			return nil, err
		}
		all = append(all, c...)
	}
	if !j.reaches("preview") {
		return all, nil
	}
	for _, k := range target.ServicesOf(j.Config.Services).Wanted(nil) {
		c, err := j.checkService(k)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// reaches reports whether the job goes as far as a stage.
func (j *Job) reaches(stage string) bool { return j.Reaches == nil || j.Reaches(stage) }

// places lists the environments of the configuration, with "" for previews.
func (j *Job) places() []string { return append([]string{""}, j.Config.Chain()...) }

func (j *Job) deploy(environment string) config.Deploy {
	if environment == "" {
		return j.Config.Preview.Deploy
	}
	return j.Config.Environments[environment].Deploy
}

func (j *Job) checkValues() ([]report.Check, error) {
	found := map[string]bool{}
	var problems []error
	for _, environment := range j.places() {
		if j.deploy(environment).Target != "process" || !j.reaches(cmp.Or(environment, "preview")) {
			continue
		}
		values, err := j.Secrets(environment)
		problems = append(problems, err)
		for name := range values {
			found[name] = true
		}
	}
	for _, commands := range []string{"checks", "build", "seed", "battery"} {
		if !j.reaches(map[string]string{"checks": "test", "build": "package", "seed": "preview", "battery": "battery"}[commands]) {
			continue
		}
		values, err := j.variables(commands)
		problems = append(problems, err)
		for name := range values {
			found[name] = true
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, report.Usage(strings.Join(distinct(strings.Split(err.Error(), "\n")), "\n"))
	}
	if len(found) == 0 {
		return nil, nil
	}
	return []report.Check{{Name: "secrets", State: report.OK, Result: english.Plural(len(found), "value is", "values are") + " set", Note: strings.Join(slices.Sorted(maps.Keys(found)), ", ")}}, nil
}

// distinct removes lines that occur again later.
func distinct(lines []string) (out []string) {
	for i, l := range lines {
		if !slices.Contains(lines[i+1:], l) {
			out = append(out, l)
		}
	}
	return out
}

// checkService reports which environments get a server, and fails if this machine has none
// to give.
func (j *Job) checkService(k *target.ServiceKind) (report.Check, error) {
	version := k.Of(target.ServicesOf(j.Config.Services)).Version
	c := report.Check{Name: k.Name, State: report.OK}
	var here, own []string
	for _, environment := range j.places() {
		d := j.deploy(environment)
		name := environment
		if name == "" {
			name = "previews"
		}
		_, env := d.Env[k.Address]
		_, secret := d.Secrets[k.Address]
		switch {
		case d.Target == "process" && !env:
			here = append(here, name)
		case d.Target == "server" && !env && !secret:
			c.Note = "each environment on a server gets one of its own"
		case d.Target == "kubernetes" && environment == "" && !env && !secret:
			c.Note = "each preview gets a server in its namespace"
		case env || secret:
			own = append(own, name+" ("+k.Address+")")
		default:
			own = append(own, name+" (set environments."+name+".secrets."+k.Address+", unless its chart or configuration sets it)")
		}
	}
	c.Result = fmt.Sprintf("%d", version)
	if len(here) > 0 && j.Here {
		note, err := process.CheckService(k, version, os.Getenv("PATH"))
		if err != nil {
			return c, report.Usage(j.Config.Place("services", k.Name) + " services." + k.Name + ": " + err.Error())
		}
		c.Result += ": " + english.WordSeries(here, "and") + " on this machine"
		c.Note = strings.TrimPrefix(c.Note+"; "+note, "; ")
		c.Note = strings.TrimSuffix(c.Note, "; ")
	}
	if len(own) > 0 {
		c.Note = strings.TrimPrefix(c.Note+"; with one of their own: "+strings.Join(own, ", "), "; ")
	}
	return c, nil
}
