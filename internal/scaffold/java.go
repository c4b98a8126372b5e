package scaffold

import (
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const javaCheck = "Java is not in the image but comes from the machine: for another target, write a Dockerfile"

// javaFramework is what a build makes of an app, by the plugin or library that names it.
type javaFramework struct {
	marks []string // in a pom.xml or a build.gradle
	jar   string   // what starts, in target or build; "" is the only executable archive
	port  string   // system property of the port
	goal  string   // Gradle's task; "" is build
}

var javaFrameworks = []javaFramework{
	{[]string{"spring-boot-maven-plugin", "org.springframework.boot"}, "", "-Dserver.port=$PORT -Dserver.address=" + address, "bootJar"},
	{[]string{"quarkus-maven-plugin", "io.quarkus"}, "quarkus-app/quarkus-run.jar", "-Dquarkus.http.port=$PORT -Dquarkus.http.host=" + address, "quarkusBuild"},
	{[]string{"micronaut-maven-plugin", "io.micronaut.application"}, "", "-Dmicronaut.server.port=$PORT -Dmicronaut.server.host=" + address, "shadowJar"},
}

// javaPart reads a Maven or Gradle build. Both write JUnit by default.
func javaPart(t *tree, dir, marker string) *Part {
	text := t.text(marker)
	if path.Base(marker) == "pom.xml" {
		return mavenPart(t, dir, marker, text)
	}
	return gradlePart(t, dir, marker, text)
}

// wrapper returns a build's own wrapper, or the machine's program.
func wrapper(t *tree, dir, name, program string) string {
	file := path.Join(dir, name)
	if !t.has(file) {
		return program
	}
	if info, err := t.root.Lstat(filepath.FromSlash(file)); err == nil && info.Mode()&0o111 == 0 && info.Mode()&fs.ModeType == 0 {
		return "sh " + name
	}
	return "./" + name
}

func frameworkOf(text string) *javaFramework {
	for i, f := range javaFrameworks {
		if slices.ContainsFunc(f.marks, func(mark string) bool { return strings.Contains(text, mark) }) {
			return &javaFrameworks[i]
		}
	}
	return nil
}

func mavenPart(t *tree, dir, marker, text string) *Part {
	mvn := wrapper(t, dir, "mvnw", "mvn") + " -B -ntp"
	goal, junit := "test", "target/surefire-reports/TEST-*.xml"
	if strings.Contains(text, "maven-failsafe-plugin") { // its tests run after package
		goal = "verify"
	}
	modules := mavenModules(t, dir, text)
	if len(modules) > 0 {
		junit = "**/" + junit
	}
	s := step{"unit", mvn + " " + goal, junit, marker}
	if !javaTests(t, dir) {
		s.name, s.run, s.junit = "build", mvn+" package", ""
	}
	p := &Part{Manager: "maven", Ecosystem: "maven", From: marker, Steps: []step{s}}
	for _, module := range append([]string{""}, modules...) {
		own := t.text(path.Join(dir, module, "pom.xml"))
		framework := frameworkOf(own)
		if framework == nil || module == "" && len(modules) > 0 && strings.Contains(own, "<packaging>pom</packaging>") {
			continue
		}
		build := mvn + " -DskipTests package"
		if module != "" {
			build += " -pl " + module + " -am"
		}
		p.Start = jar(dir, build, path.Join(module, "target"), *framework)
		p.Start.why = path.Join(dir, module, "pom.xml")
		break
	}
	return p
}

var moduleName = regexp.MustCompile(`<module>\s*([A-Za-z0-9][A-Za-z0-9._/-]*)\s*</module>`)

// mavenModules lists the modules of a build, with those of its modules.
func mavenModules(t *tree, dir, text string) []string {
	var all []string
	for _, m := range moduleName.FindAllStringSubmatch(text, -1) {
		if pom := path.Join(dir, m[1], "pom.xml"); t.has(pom) && len(all) < 100 {
			all = append(all, m[1])
			for _, inner := range mavenModules(t, path.Join(dir, m[1]), t.text(pom)) {
				all = append(all, path.Join(m[1], inner))
			}
		}
	}
	return all
}

func javaTests(t *tree, dir string) bool {
	return slices.ContainsFunc(t.names, func(name string) bool {
		return within(dir, path.Dir(name)) && strings.Contains("/"+name, "/src/test/") && slices.Contains([]string{".java", ".kt", ".groovy"}, path.Ext(name))
	})
}

func gradlePart(t *tree, dir, marker, text string) *Part {
	gradle := wrapper(t, dir, "gradlew", "gradle") + " --no-daemon"
	at, module, own := dir, "", text
	s := step{"unit", gradle + " check", "build/test-results/test/*.xml", marker}
	for _, name := range t.match(dirDepth(dir)+2, func(name string) bool {
		base := path.Base(name)
		return (base == "build.gradle" || base == "build.gradle.kts") && path.Dir(name) != dir && within(dir, path.Dir(name))
	}) {
		s.junit = "**/build/test-results/test/*.xml"
		if inner := t.text(name); frameworkOf(own) == nil && frameworkOf(inner) != nil {
			at, own = path.Dir(name), inner
			module = strings.TrimPrefix(strings.TrimPrefix(at, dir), "/")
		}
	}
	if !javaTests(t, dir) {
		s.name, s.run, s.junit = "build", gradle+" assemble", ""
	}
	p := &Part{Manager: "gradle", Ecosystem: "gradle", From: marker, Steps: []step{s}}
	if framework := frameworkOf(own); framework != nil {
		task := framework.goal
		if module != "" {
			task = ":" + strings.ReplaceAll(module, "/", ":") + ":" + task
		}
		jarAt := path.Join(module, "build/libs")
		if framework.jar != "" {
			jarAt = path.Join(module, "build")
		}
		p.Start = jar(dir, gradle+" "+task, jarAt, *framework)
		p.Start.why = path.Join(at, path.Base(marker))
	}
	return p
}

// jar packs the executable archive that the build makes. Archives of sources and those
// without dependencies are not it.
func jar(dir, build, from string, f javaFramework) *start {
	if dir != "." {
		build = "(cd " + dir + " && " + build + ")"
	}
	from = path.Join(dir, from)
	file := "app.jar"
	take := `find ` + from + ` -maxdepth 1 \( -name '*.jar' -o -name '*.war' \) ! -name '*-plain.*' ! -name '*-sources.jar' ! -name '*-javadoc.jar' ! -name 'original-*' -exec cp {} dist/app/app.jar ';'`
	if f.jar != "" {
		file = path.Base(f.jar)
		take = "cp -R " + path.Join(from, path.Dir(f.jar)) + "/. dist/app/"
	}
	return &start{
		build: build + " && rm -rf dist/app && mkdir -p dist/app && " + take,
		pack:  "dist/app", entrypoint: []string{"sh", "-c", "exec java " + f.port + " -jar " + file},
		port:  guess{"$PORT", "a system property"},
		check: javaCheck, runtime: "java",
	}
}
