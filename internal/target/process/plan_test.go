package process

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

const script = "#!/bin/sh\nexec true\n"

// host is a folder of host programs.
func host(t *testing.T, names ...string) string {
	dir := t.TempDir()
	for _, n := range names {
		if err := os.WriteFile(filepath.Join(dir, n), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func planFor(t *testing.T, cfg v1.Config, host string, files ...file) (*plan, string, error) {
	t.Helper()
	dir := t.TempDir()
	if err := unpackLayers(t, dir, defaultLimits, layer(files...)); err != nil {
		t.Fatal(err)
	}
	p, err := newPlan(dir, &v1.ConfigFile{Config: cfg}, host)
	return p, dir, err
}

func TestPlan(t *testing.T) {
	bin := host(t, "node", "python3")
	note := "node is the host's " + bin + "/node, because the image does not contain it: other targets need it in the image"
	shell := "sh is the host's /bin/sh, because the image does not contain it: other targets need it in the image"
	cases := map[string]struct {
		cfg   v1.Config
		files []file
		want  run // with ROOT for the image's root
		notes []string
	}{
		"absolute": {
			v1.Config{Entrypoint: []string{"/srv/app"}, Cmd: []string{"--port", "1"}},
			[]file{{name: "srv/app", content: script}, {name: "bin/sh", content: script}},
			run{Path: "ROOT/srv/app", Argv: []string{"ROOT/srv/app", "--port", "1"}, Dir: "ROOT"}, nil,
		},
		"by the working directory": {
			v1.Config{Cmd: []string{"./bin/app"}, WorkingDir: "/srv"},
			[]file{{name: "srv/bin/app", content: script}},
			run{Path: "ROOT/srv/bin/app", Argv: []string{"ROOT/srv/bin/app"}, Dir: "ROOT/srv"}, []string{shell},
		},
		"by the image's PATH": {
			v1.Config{Cmd: []string{"node", "x"}, Env: []string{"PATH=/opt/bin:/usr/bin"}},
			[]file{{name: "usr/bin/node", content: script}, {name: "opt/bin/node", content: "not executable", head: header(0o644)}},
			run{Path: "ROOT/usr/bin/node", Argv: []string{"node", "x"}, Dir: "ROOT"}, []string{shell},
		},
		"by the host's PATH, arguments mapped": {
			v1.Config{Entrypoint: []string{"node"}, Cmd: []string{"/srv/server.js", "/not/there", "/", "srv/server.js"}, WorkingDir: "/made"},
			[]file{{name: "srv/server.js"}},
			run{Path: bin + "/node", Argv: []string{"node", "ROOT/srv/server.js", "/not/there", "/", "srv/server.js"}, Dir: "ROOT/made"}, []string{note},
		},
		"through links": {
			v1.Config{Cmd: []string{"/bin/app"}, WorkingDir: "/current"},
			[]file{symlink("bin", "/usr/bin"), symlink("usr/bin/app", "/srv/app"), {name: "srv/app", content: script}, symlink("current", "/releases/1")},
			run{Path: "ROOT/bin/app", Argv: []string{"ROOT/bin/app"}, Dir: "ROOT/releases/1"}, []string{shell},
		},
		"a script for env": {
			v1.Config{Cmd: []string{"/srv/cli"}},
			[]file{{name: "srv/cli", content: "#!/usr/bin/env -S node --enable-source-maps\n"}, {name: "usr/bin/env", content: script}},
			run{Path: "ROOT/srv/cli", Argv: []string{"ROOT/srv/cli"}, Dir: "ROOT"}, []string{note},
		},
		"the working directory cannot leave": {
			v1.Config{Cmd: []string{"node"}, WorkingDir: "../../.."}, nil,
			run{Path: bin + "/node", Argv: []string{"node"}, Dir: "ROOT"}, []string{note},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p, root, err := planFor(t, c.cfg, bin, c.files...)
			if err != nil {
				t.Fatal(err)
			}
			got := p.run
			got.Path, got.Dir = strings.ReplaceAll(got.Path, root, "ROOT"), strings.ReplaceAll(got.Dir, root, "ROOT")
			for i := range got.Argv {
				got.Argv[i] = strings.ReplaceAll(got.Argv[i], root, "ROOT")
			}
			if diff := cmp.Diff(c.want, got) + cmp.Diff(c.notes, p.notes, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	elf, err := os.ReadFile(os.Args[0])
	if err != nil || runtime.GOOS != "linux" {
		t.Skip("no ELF binary is available")
	}
	elf = elf[:8<<10] // its head, without the sections that are named at its end
	clear(elf[40:48])
	clear(elf[60:64])
	foreign := []byte(string(elf))
	foreign[18], foreign[19] = 0x08, 0 // e_machine: MIPS
	loaderless := strings.Replace(string(elf), "/lib64/ld-linux", "/lib64/ld-muslx", 1)
	cases := map[string]struct {
		name  string
		files []file
		want  string
	}{
		"missing":               {"/srv/app", nil, "/srv/app is not in the image"},
		"missing, bare":         {"nodejs", nil, "nodejs is neither in the image nor on this machine"},
		"missing behind a link": {"/srv/app", []file{symlink("srv/app", "/gone")}, "/srv/app is not in the image"},
		"a folder":              {"/srv", []file{folder("srv/")}, "not executable"},
		"not executable":        {"/srv/app", []file{{name: "srv/app", content: script, head: header(0o644)}}, "not executable (-rw-r--r--)"},
		"other machine":         {"/srv/app", []file{{name: "srv/app", content: string(foreign)}}, "is built for Linux on EM_MIPS"},
		"damaged":               {"/srv/app", []file{{name: "srv/app", content: "\x7fELF and no more"}}, "damaged ELF"},
		"no loader":             {"/srv/app", []file{{name: "srv/app", content: loaderless}}, "needs the loader /lib64/ld-muslx"},
		"no interpreter":        {"/srv/app", []file{{name: "srv/app", content: "#!/opt/perl -w\n"}}, "needs the interpreter /opt/perl"},
		"no interpreter by env": {"/srv/app", []file{{name: "srv/app", content: "#!/usr/bin/env deno\n"}}, "needs deno, which is neither"},
		"empty interpreter":     {"/srv/app", []file{{name: "srv/app", content: "#!\n"}}, "no interpreter after #!"},
		"Windows line ends":     {"/srv/app", []file{{name: "srv/app", content: "#!/bin/sh\r\n"}}, "Windows line endings"},
		"no program":            {"/srv/app", []file{{name: "srv/app", content: "echo hello\n"}}, "neither an ELF binary nor a script"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if name == "no loader" && loaderless == string(elf) {
				t.Skip("the test binary is static")
			}
			_, _, err := planFor(t, v1.Config{Cmd: []string{c.name}}, host(t), c.files...)
			refusal := (*target.Refusal)(nil)
			if !errors.As(err, &refusal) || !strings.Contains(refusal.Error(), c.want) || !strings.Contains(refusal.Error(), ": ") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// What is refused before anything is unpacked leaves nothing behind.
func TestRefusedAtOnce(t *testing.T) {
	b := newBench(t)
	img, err := image(v1.Config{Cmd: []string{"/srv/app"}}, layer(file{name: "srv/app", content: script}))
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(*v1.ConfigFile)) v1.Image {
		cf, err := img.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		cf = cf.DeepCopy()
		change(cf)
		changed, err := mutate.ConfigFile(img, cf)
		if err != nil {
			t.Fatal(err)
		}
		return changed
	}
	cases := map[string]struct {
		img  v1.Image
		want string
	}{
		"other system":  {with(func(c *v1.ConfigFile) { c.OS = "windows" }), "the image is built for windows/"},
		"other machine": {with(func(c *v1.ConfigFile) { c.Architecture = "s390x" }), "/s390x, but this machine is "},
		"no program":    {with(func(c *v1.ConfigFile) { c.Config.Cmd = nil }), "has no program to run"},
		"not found":     {with(func(c *v1.ConfigFile) { c.Config.Cmd = []string{"/gone"} }), "/gone is not in the image"},
	}
	for name, c := range cases {
		_, err := b.Deploy(b.ctx, deployment(c.img, commit1))
		refusal := (*target.Refusal)(nil)
		if !errors.As(err, &refusal) || !strings.Contains(err.Error(), c.want) || len(refusal.Problems) != 1 {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if left, _ := os.ReadDir(b.Dir); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}
