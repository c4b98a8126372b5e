package scaffold

import (
	"encoding/json"
	"path"
	"regexp"
	"slices"
	"strings"
)

const phpCheck = "PHP's own web server is for a first run, and PHP comes from the machine: for another target, write a Dockerfile"

// composer is the part of a composer.json that init reads.
type composer struct {
	Type       string                     `json:"type"`
	Require    map[string]string          `json:"require"`
	RequireDev map[string]string          `json:"require-dev"`
	Scripts    map[string]json.RawMessage `json:"scripts"`
}

// packages returns the dependencies without PHP and its extensions.
func (c composer) packages(dev bool) (names []string) {
	list := []map[string]string{c.Require}
	if dev {
		list = append(list, c.RequireDev)
	}
	for _, m := range list {
		for name := range m {
			if strings.Contains(name, "/") {
				names = append(names, name)
			}
		}
	}
	return names
}

// phpPart reads a composer.json, or the pages of a folder without one.
func phpPart(t *tree, dir, marker string) *Part {
	in := func(name string) bool { return t.has(path.Join(dir, name)) }
	var c composer
	if path.Base(marker) != "composer.json" {
		if dir != "." {
			return nil
		}
	} else if err := json.Unmarshal(t.read(marker), &c); err != nil {
		t.note("%s is not used: %v", marker, err)
		return nil
	}
	p := &Part{Manager: "composer", Ecosystem: "composer", From: marker}
	if path.Base(marker) != "composer.json" {
		p.Manager, p.Ecosystem = "php", ""
	}
	const composerInstall = "composer install --no-interaction --no-progress --prefer-dist"
	if len(c.packages(true)) > 0 {
		p.Steps = []step{{name: "install", run: composerInstall, why: marker}}
		if in("composer.lock") {
			p.From += ", " + path.Join(dir, "composer.lock")
		} else {
			p.Lacks = marker + " has no composer.lock: run composer update once and commit it"
		}
	}
	tests := slices.ContainsFunc(t.names, func(name string) bool { return within(dir, path.Dir(name)) && strings.HasSuffix(name, "Test.php") })
	for _, runner := range []struct{ pkg, program string }{{"pestphp/pest", "pest"}, {"phpunit/phpunit", "phpunit"}, {"symfony/phpunit-bridge", "simple-phpunit"}} {
		if _, ok := c.RequireDev[runner.pkg]; ok && (tests || runner.program == "pest") {
			p.Steps = append(p.Steps, step{"unit", "mkdir -p reports/unit && vendor/bin/" + runner.program + " --log-junit reports/unit/" + runner.program + ".xml", "reports/unit/*.xml", runner.pkg})
			break
		}
	}
	p.Start = phpStart(t, dir, c, composerInstall)
	if p.Start == nil && len(p.Steps) == 0 {
		return nil
	}
	return p
}

var herokuRoot = regexp.MustCompile(`heroku-php-\w+\s+(?:-\S+\s+\S+\s+)*([A-Za-z0-9_][A-Za-z0-9._/-]*)/?\s*$`)

// phpStart serves the folder of the front controller, or the only page.
func phpStart(t *tree, dir string, c composer, install string) *start {
	s := &start{pack: "dist/app", build: archive(dir), check: phpCheck, runtime: "php", port: guess{"$PORT", "the command"}}
	if len(c.packages(true)) > 0 {
		s.build += " && " + install + " --no-dev --optimize-autoloader"
	} else {
		s.build = strings.TrimSuffix(s.build, " && cd dist/app")
	}
	serve := "php -S " + address + ":$PORT"
	folders := []string{"public", "web", "webroot", "html", "www", "."}
	if m := herokuRoot.FindStringSubmatch(procfile(t, dir)); m != nil && dir == "." {
		folders = append([]string{path.Clean(m[1])}, folders...)
	}
	for _, folder := range folders {
		index := path.Join(folder, "index.php")
		if !t.has(path.Join(dir, index)) {
			continue
		}
		switch router := path.Join(dir, "server.php"); {
		case t.has(router) && t.has(path.Join(dir, "artisan")):
			s.exec(serve+" -t public server.php", router)
		case len(c.packages(false)) > 0: // a front controller answers every path
			s.exec(serve+" -t "+folder+" "+index, path.Join(dir, index))
		default:
			s.exec(serve+" -t "+folder, path.Join(dir, index))
		}
		if t.has(path.Join(dir, "artisan")) {
			s.check = "Laravel needs APP_KEY and a database: set them in secrets or env; " + phpCheck
		}
		return s
	}
	var pages []string
	for _, name := range t.names {
		if path.Dir(name) == dir && path.Ext(name) == ".php" {
			pages = append(pages, path.Base(name))
		}
	}
	if len(pages) != 1 {
		return nil
	}
	s.exec(serve+" "+pages[0], path.Join(dir, pages[0]))
	return s
}
