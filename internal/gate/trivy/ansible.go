package trivy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	adapter "github.com/aquasecurity/trivy/pkg/iac/adapters/ansible"
	"github.com/aquasecurity/trivy/pkg/iac/scanners/ansible/parser"
	"gopkg.in/yaml.v3"

	"github.com/seed-b235b314/goldenpath/internal/files"
	"github.com/seed-b235b314/goldenpath/internal/gate"
)

const ansibleNoun = "Ansible project"

// bucketTask matches a task of the only module that trivy has checks for.
var bucketTask = regexp.MustCompile(`(?m)^[ \t]*(?:-[ \t]+)*["']?(?:amazon\.aws\.)?s3_bucket["']?[ \t]*:`)

// ansible checks the Ansible projects of a repository. It runs only if a file has a task
// that a check concerns.
func (s *Scanner) ansible(ctx context.Context, root *os.Root, all []gate.File) (a result) {
	a.noun = ansibleNoun
	defer func() {
		if p := recover(); p != nil {
			a.gaps = append(a.gaps, unread(ansibleNoun, fmt.Errorf("the parser panicked: %T", p)))
		}
	}()
	project := newFiles()
	var tasks []string
	for _, f := range all {
		if !slices.Contains([]string{"", ".yml", ".yaml", ".json", ".ini", ".cfg"}, path.Ext(f.Path)) {
			continue
		}
		text, err := files.Read(root, f.Path, maxManifest)
		if err != nil {
			continue // document reports it
		}
		if bucketTask.Match(text) && sortOf(f.Path) == manifestFile {
			tasks = append(tasks, f.Path)
			if _, _, err = placesIn(text); err == nil {
				err = yaml.Unmarshal(utf8From(text), new(yaml.Node))
			}
		}
		if err == nil {
			err = project.add(f.Path, utf8From(text))
		}
		if project.size > maxChart {
			err = errTooLarge
		}
		if err != nil {
			a.gaps = append(a.gaps, unread(f.Path, err))
		}
	}
	dirs, err := parser.FindProjects(project, ".")
	if err != nil {
		a.gaps = append(a.gaps, unread(ansibleNoun, err))
	}
	reached := map[string]bool{}
	for _, dir := range dirs {
		read, err := parser.ParseProject(project, dir)
		if err == nil {
			present := read.ListTasks().FilterByState("absent")
			for _, task := range read.ListTasks() {
				file := task.Metadata.Range()
				reached[project.extended(file.GetFilename())] = true
			}
			resources := adapter.Adapt(present)
			found, failed := s.cloud(ctx, dir, &resources)
			for i := range found {
				found[i].At.Path = project.extended(found[i].At.Path)
			}
			a.findings, err = append(a.findings, found...), errors.Join(failed, ctx.Err())
		}
		if err != nil {
			a.gaps = append(a.gaps, unread(ansibleNoun+" "+dir, err))
		}
	}
	if len(a.gaps) == 0 {
		a.files = len(dirs)
	}
	for _, name := range tasks {
		if !reached[name] && len(a.gaps) == 0 {
			a.omit(omission{"file of Ansible tasks that no playbook reaches", "files of Ansible tasks that no playbook reaches"}, 1)
		}
	}
	return a
}

// extended returns the name of a file that the library names without its extension.
func (f *memoryFiles) extended(name string) string {
	for _, end := range []string{"", ".yml", ".yaml", ".json"} {
		if slices.Contains(f.names, name+end) {
			return name + end
		}
	}
	return name
}

// playsIn returns a function that reports whether a file may be part of an Ansible
// project, by the folders that are next to it or above it.
func playsIn(files []gate.File) func(name string) bool {
	dirs := map[string]bool{}
	for _, f := range files {
		if path.Base(f.Path) == "ansible.cfg" {
			dirs[path.Dir(f.Path)] = true
		}
		for _, anchor := range []string{"roles", "playbooks"} {
			if before, _, ok := strings.Cut("/"+f.Path, "/"+anchor+"/"); ok {
				dirs[path.Clean(strings.TrimPrefix(before, "/"))] = true
			}
		}
	}
	return func(name string) bool {
		return slices.Contains([]string{"", ".yml", ".yaml", ".json", ".ini", ".cfg"}, path.Ext(name)) && outermost(name, dirs) != ""
	}
}
