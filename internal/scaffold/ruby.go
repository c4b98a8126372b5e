package scaffold

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

const rubyCheck = "Ruby is not in the image but comes from the machine: for another target, write a Dockerfile"

// rubyPart reads a Gemfile. RSpec writes JUnit where its formatter is a dependency.
func rubyPart(t *tree, dir, marker string) *Part {
	in := func(name string) bool { return t.has(path.Join(dir, name)) }
	gems := t.text(marker) + "\n" + t.text(path.Join(dir, "Gemfile.lock"))
	uses := func(gem string) bool {
		return regexp.MustCompile(`(?m)^\s*gem ["']` + gem + `["']|^ {2,4}` + gem + `( \(|!|$)`).MatchString(gems)
	}
	p := &Part{Manager: "bundler", Ecosystem: "bundler", From: marker}
	if in("Gemfile.lock") {
		p.From += ", " + path.Join(dir, "Gemfile.lock")
	} else {
		p.Lacks = marker + " has no Gemfile.lock: run bundle lock and commit it"
	}
	p.Steps = []step{{name: "install", run: "BUNDLE_PATH=vendor/bundle bundle install --quiet", why: marker}}
	const bundled = "BUNDLE_PATH=vendor/bundle bundle exec "
	if in(".rubocop.yml") && uses("rubocop") {
		p.Steps = append(p.Steps, step{name: "lint", run: bundled + "rubocop", why: ".rubocop.yml"})
	}
	has := func(folder string) bool {
		return slices.ContainsFunc(t.names, func(name string) bool {
			return within(path.Join(dir, folder), path.Dir(name)) && path.Ext(name) == ".rb"
		})
	}
	rails := in("config/application.rb")
	switch {
	case has("spec") && uses("rspec_junit_formatter"):
		p.Steps = append(p.Steps, step{"unit", bundled + "rspec --format progress --format RspecJunitFormatter --out reports/unit/rspec.xml", "reports/unit/*.xml", "spec and rspec_junit_formatter"})
	case has("spec") && (uses("rspec") || uses("rspec-rails") || uses("rspec-core")):
		p.Steps = append(p.Steps, step{name: "unit", run: bundled + "rspec", why: "spec"})
	case has("test") && rails:
		p.Steps = append(p.Steps, step{name: "unit", run: bundled + "rails test", why: "test and config/application.rb"})
	case has("test") && in("Rakefile"):
		p.Steps = append(p.Steps, step{name: "unit", run: bundled + "rake test", why: "test and Rakefile"})
	}
	p.Start = rubyStart(t, dir, rails, uses)
	return p
}

// rubyStart packs the files and the gems of production, and starts Puma, Rails, Rack or
// a Sinatra file.
func rubyStart(t *tree, dir string, rails bool, uses func(string) bool) *start {
	in := func(name string) bool { return t.has(path.Join(dir, name)) }
	s := &start{pack: "dist/app", runtime: "ruby", check: rubyCheck}
	const env = "BUNDLE_PATH=vendor/bundle BUNDLE_WITHOUT=development:test"
	s.build = archive(dir) + " && " + env + " bundle install --quiet"
	s.env = [][2]string{{"BUNDLE_PATH", "vendor/bundle"}, {"BUNDLE_WITHOUT", "development:test"}}
	why := "config.ru"
	switch {
	case rails:
		why = "config/application.rb"
		s.env = append(s.env, [2]string{"RAILS_ENV", "production"}, [2]string{"RAILS_LOG_TO_STDOUT", "1"}, [2]string{"RAILS_SERVE_STATIC_FILES", "1"})
		s.exec("bundle exec rails server -b "+address+" -p $PORT", why)
		if in("app/assets/config/manifest.js") || uses("propshaft") || uses("sprockets-rails") {
			s.build += " && SECRET_KEY_BASE_DUMMY=1 RAILS_ENV=production " + env + " bundle exec rails assets:precompile"
		}
		s.check = "in production Rails needs SECRET_KEY_BASE and a database: set them in secrets or env; " + rubyCheck
	case in("config.ru") && uses("puma"):
		s.exec("bundle exec puma -b tcp://"+address+":$PORT", why)
	case in("config.ru"):
		s.exec("bundle exec rackup -o "+address+" -p $PORT", why)
	default:
		for _, name := range []string{"app.rb", "main.rb", "server.rb", "web.rb"} {
			if strings.Contains(strings.ToLower(t.text(path.Join(dir, name))), "sinatra") {
				s.exec("bundle exec ruby "+name+" -o "+address+" -p $PORT", name)
				why = name
			}
		}
		if s.entrypoint == nil {
			return s // a Procfile may say how it starts
		}
	}
	s.port = guess{"$PORT", "the command"}
	return s
}
