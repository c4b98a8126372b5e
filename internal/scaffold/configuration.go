package scaffold

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/config"
)

// configuration returns the text of .goldenpath.yml. It is parsed as every command does,
// so that init never writes an invalid one.
func configuration(f *Facts) (text, not string, err error) {
	lines := []string{"version: 1", "app: " + scalar(f.App, false)}
	steps, artifact, install := f.installOnce()
	lines = append(lines, install...)
	lines = append(lines, artifact...)
	if len(steps) > 0 {
		lines = append(lines, "checks: # run in this order, on every commit")
		for _, s := range steps {
			line := scalar(s.run, false)
			if s.junit != "" {
				line = fmt.Sprintf("{run: %s, junit: %s}", scalar(s.run, true), scalar(s.junit, true))
			}
			lines = append(lines, "  "+s.name+": "+line)
		}
	}
	if len(f.artifact.how) > 0 {
		lines = append(lines, f.environments()...)
	}
	lines = append(lines, f.graded())
	text = strings.Join(lines, "\n") + "\n"
	if _, err := config.Parse([]byte(text)); err != nil {
		return "", "", fmt.Errorf("generated an invalid configuration: %w: this is a bug in goldenpath; report it and write the file by hand", err)
	}
	return text, "", nil
}

// installOnce takes the installation of npm out of the checks and out of the build, so that
// it runs once for both, and not again while the lock file is the same. The build copies
// what was installed, and removes what only the development needs.
func (f *Facts) installOnce() (steps []step, artifact, install []string) {
	steps, artifact = f.steps(), f.artifact.lines
	const run = "npm ci"
	if len(steps) == 0 || steps[0].name != "install" || steps[0].run != run || len(f.checked()) != 1 || len(f.checked()[0].members) > 0 {
		return steps, artifact, nil
	}
	lock := steps[0].why
	const inApp = "cd dist/app && "
	shared := strings.NewReplacer(
		inApp+run+" --omit=dev", inApp+"cp -R ../../node_modules . && npm prune --omit=dev",
		inApp+run+" && ", inApp+"cp -R ../../node_modules . && ",
		"build: "+run+" && ", "build: ",
	)
	artifact = slices.Clone(artifact)
	for i, line := range artifact {
		artifact[i] = shared.Replace(line)
	}
	return steps[1:], artifact, []string{"install: {run: " + run + ", lock: [" + scalar(lock, true) + "], keep: [node_modules]} # once for the checks and the build"}
}

// environments returns preview and environments. The only chart or kustomization is
// deployed everywhere; if there are several, none is chosen.
func (f *Facts) environments() []string {
	ready := "  ready: {path: " + cmp.Or(f.Health, "/")
	if f.app != nil && f.app.part != nil && f.app.part.Language == "java" { // a JVM starts slowly on a busy machine
		ready += ", timeout: 3m"
	}
	ready += "}"
	if f.Health == "" {
		ready += " # check: no health path was found"
	} else {
		ready += " # from " + f.HealthIn
	}
	lines := []string{"preview:"}
	if f.Deploys == "terraform" {
		return f.stack().environments(ready)
	}
	if f.Deploys == "server" {
		const at = "server: main"
		lines = append([]string{"servers:", fmt.Sprintf("  main: {host: %s, host-key: %q}", scalar(f.Host, true), f.HostKey)}, lines...)
		lines = append(lines, "  target: server", "  "+at, "  url: https://pr-{number}.preview."+f.Host+" # check: a name that leads to the server; *.preview."+f.Host+" needs a DNS record")
		return append(lines, ready, "environments:", "  staging: {target: server, "+at+", url: https://staging."+f.Host+"}",
			"  production: {target: server, "+at+", url: https://"+f.Host+", from: staging}")
	}
	if f.Deploys == "kubernetes" {
		what := f.source()
		if what == "" {
			what = "chart: " + scalar(f.Charts[0], true)
		}
		source := "target: kubernetes, " + what
		lines = append(lines, "  target: kubernetes", "  "+what+" # check: url, or a Service of type NodePort")
		return append(lines, ready, "environments:", "  staging: {"+source+"}", "  production: {"+source+", from: staging}")
	}
	staging, production := f.ports()
	return append(lines, ready, "environments: # on this machine; a fixed port keeps the address",
		fmt.Sprintf("  staging: {port: %d}", staging), fmt.Sprintf("  production: {from: staging, port: %d}", production))
}

// graded returns the scorecard, which requires tests only if a check writes JUnit.
func (f *Facts) graded() string {
	migrations, must := "", "[tests, security]"
	if f.Migrations != "" {
		migrations = "migrations: " + scalar(f.Migrations, true) + ", "
	}
	if f.proven() {
		return "scorecard: {" + migrations + "must: " + must + "}"
	}
	return "scorecard: {" + migrations + "must: [security]} # add tests when a check writes JUnit (junit: reports/*.xml)"
}
