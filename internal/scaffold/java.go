package scaffold

import (
	"path"
	"strings"
)

// javaPart reads a Maven or Gradle build. Both write JUnit by default.
func javaPart(t *tree, dir, marker string) *Part {
	text := t.text(marker)
	if path.Base(marker) == "pom.xml" {
		return mavenPart(t, dir, marker, text)
	}
	gradle := "gradle"
	if t.has(path.Join(dir, "gradlew")) {
		gradle = "./gradlew"
	}
	p := &Part{Manager: "gradle", Ecosystem: "gradle", From: marker, Steps: []step{{"unit", gradle + " --no-daemon check", "build/test-results/test/*.xml", marker}}}
	if strings.Contains(text, "org.springframework.boot") {
		p.Start = jar(dir, gradle+" --no-daemon bootJar", "build/libs")
	}
	return p
}

func mavenPart(t *tree, dir, marker, text string) *Part {
	mvn := "mvn"
	if t.has(path.Join(dir, "mvnw")) {
		mvn = "./mvnw"
	}
	s := step{"unit", mvn + " -B -ntp verify", "target/surefire-reports/TEST-*.xml", marker}
	if strings.Contains(text, "<modules>") {
		s.junit = "*/" + s.junit
	}
	p := &Part{Manager: "maven", Ecosystem: "maven", From: marker, Steps: []step{s}}
	if strings.Contains(text, "spring-boot-maven-plugin") {
		p.Start = jar(dir, mvn+" -B -ntp -DskipTests package", "target")
	}
	return p
}

// jar packs the executable archive that Spring Boot's plugins build.
func jar(dir, build, from string) *start {
	if dir != "." {
		build = "(cd " + dir + " && " + build + ")"
	}
	return &start{
		build: build + " && rm -rf dist/app && mkdir -p dist/app && cp " + path.Join(dir, from) + "/*.jar dist/app/app.jar",
		pack:  "dist/app", entrypoint: []string{"sh", "-c", "exec java -Dserver.port=$PORT -jar app.jar"},
		check: "Java is not in the image but comes from the machine: for another target, write a Dockerfile",
	}
}
