package scaffold

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

const dotnetCheck = ".NET is not in the image but comes from the machine: for another target, write a Dockerfile"

var (
	webSDK    = regexp.MustCompile(`Sdk\s*=\s*"Microsoft\.NET\.Sdk\.(Web|BlazorWebAssembly|Worker)"`)
	testSDK   = regexp.MustCompile(`Microsoft\.NET\.Test\.Sdk|<IsTestProject>true`)
	junitLog  = regexp.MustCompile(`"JunitXml\.TestLogger"`)
	assembly  = regexp.MustCompile(`<AssemblyName>\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*</AssemblyName>`)
	outputExe = regexp.MustCompile(`<OutputType>\s*Exe\s*</OutputType>`)
)

// dotnetPart reads a solution or the projects of a folder. Tests write JUnit where they
// depend on JunitXml.TestLogger.
func dotnetPart(t *tree, dir, marker string) *Part {
	p := &Part{Manager: "dotnet", Ecosystem: "nuget", From: marker}
	var web, test, exe []string
	junit := true
	for _, name := range t.match(dirDepth(dir)+3, func(name string) bool {
		return within(dir, path.Dir(name)) && slices.Contains([]string{".csproj", ".fsproj", ".vbproj"}, path.Ext(name))
	}) {
		switch text := t.text(name); {
		case testSDK.MatchString(text):
			test = append(test, name)
			junit = junit && junitLog.MatchString(text)
		case webSDK.MatchString(text):
			web = append(web, name)
		case outputExe.MatchString(text):
			exe = append(exe, name)
		}
	}
	project := path.Base(marker)
	if len(test) > 0 {
		s := step{name: "unit", run: "dotnet test " + project + " --nologo", why: test[0]}
		if junit {
			s.run += ` --logger "junit;LogFilePath=$PWD/reports/unit/{assembly}.xml"`
			s.junit = "reports/unit/*.xml"
		}
		p.Steps = append(p.Steps, s)
	} else {
		p.Steps = append(p.Steps, step{name: "build", run: "dotnet build " + project + " --nologo", why: marker})
	}
	starts := append(web, exe...)
	if len(starts) == 0 {
		return p
	}
	chosen := starts[0]
	name := strings.TrimSuffix(path.Base(chosen), path.Ext(chosen))
	if m := assembly.FindStringSubmatch(t.text(chosen)); m != nil {
		name = m[1]
	}
	p.Start = &start{
		build: "rm -rf dist/app && dotnet publish " + chosen + " --nologo -c Release -o dist/app", pack: "dist/app",
		why: chosen, port: guess{"ASPNETCORE_URLS", chosen}, runtime: "dotnet", check: dotnetCheck,
	}
	p.Start.entrypoint = []string{"sh", "-c", "ASPNETCORE_URLS=http://" + address + ":$PORT exec dotnet " + name + ".dll"}
	if len(starts) > 1 {
		p.Start.check = "chosen from " + strings.Join(starts[:min(len(starts), 4)], ", ") + "; " + dotnetCheck
	}
	return p
}
