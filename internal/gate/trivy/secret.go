package trivy

import (
	"regexp"
	"strings"

	"github.com/aquasecurity/trivy/pkg/iac/providers/dockerfile"
)

// Rules that judge a value by its name alone: aquasecurity/trivy-checks#265. The scanner
// for secrets judges the values.
const (
	secretEnv    = "DS-0031"
	secretInData = "KSV-0109"
)

var (
	envName   = regexp.MustCompile(`^Possible exposure of secret env "([^"]+)" in `)
	dataNames = regexp.MustCompile(`(?s) stores secrets in key\(s\) or value\(s\) '\{(.*)\}'$`)

	// aside is the name of something about a secret, or of a file.
	aside = regexp.MustCompile(`(?i)[_.-](?:file|path|dir|sock|socket|name|ttl)$|\.(?:conf|go|html|ini|js|json|md|php|py|rb|sh|sql|tpl|ts|ya?ml)$`)
	// secretName is a name whose value is the secret.
	secretName = regexp.MustCompile(`(?i)(?:pass|passwd|passwrd|password|passphrase|pword|pwd|pswrd|psw|secret|token|key|apikey|credentials?|auth)$`)
	number     = regexp.MustCompile(`^[0-9]{1,9}(?:\.[0-9]+)?(?:ms|s|m|h|d)?$`)
	boolean    = regexp.MustCompile(`(?i)^(?:true|false|yes|no|on|off)$`)
	// placeholder is a value that something else fills in before the app reads it.
	placeholder = regexp.MustCompile(`^(?:\$\{[^{}]*\}|\$\([^()]*\)|\$[A-Za-z_]\w*|\{\{.*\}\}|<[\w .-]+>|%\([\w.]+\)s|@[\w.]+@)$`)
	filePath    = regexp.MustCompile(`^(?:\.{0,2}|~)(?:/[\w.-]{1,32}){2,}/?$`)
)

// isPublic reports whether a value is not a secret, whatever its name says: it is empty, a
// placeholder, a path, true or false, or a number that is not named as a password.
func isPublic(name, value string) bool {
	value = strings.Trim(strings.TrimSpace(value), `"'`)
	return value == "" || placeholder.MatchString(value) || aside.MatchString(name) || boolean.MatchString(value) || filePath.MatchString(value) ||
		number.MatchString(value) && !secretName.MatchString(name)
}

// publicEnv reports whether a denial is about a variable without a secret. An ARG
// without a value gets one on the command line, which the history of the image shows.
func publicEnv(f *dockerfile.Dockerfile, d denial) bool {
	m := envName.FindStringSubmatch(d.message)
	if m == nil {
		return false
	}
	public := false
	for _, stage := range f.Stages {
		for _, c := range stage.Commands {
			if value, ok := assignments(c)[m[1]]; ok && c.StartLine == d.line {
				if !isPublic(m[1], value) || c.Cmd == "arg" && value == "" && !aside.MatchString(m[1]) {
					return false
				}
				public = true
			}
		}
	}
	return public
}

// publicData reports whether nothing that a denial names in a ConfigMap is a secret.
func publicData(object any, d denial) bool {
	m := dataNames.FindStringSubmatch(d.message)
	if m == nil {
		return false
	}
	config, _ := object.(map[string]any)
	data, _ := config["data"].(map[string]any)
	values := map[string][]string{} // by key, and by the name in a line
	for key, value := range data {
		text, ok := value.(string)
		if !ok {
			continue
		}
		values[key] = append(values[key], text)
		for line := range strings.SplitSeq(text, "\n") {
			for _, delimiter := range []string{":", "="} {
				if name, value, ok := strings.Cut(line, delimiter); ok {
					values[name] = append(values[name], value)
				}
			}
		}
	}
	for _, name := range quoted.FindAllStringSubmatch(m[1], -1) {
		all, ok := values[unescape.Replace(name[1])]
		if !ok {
			return false
		}
		for _, value := range all {
			if !isPublic(strings.TrimSpace(name[1]), value) {
				return false
			}
		}
	}
	return true
}

var (
	quoted   = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)
	unescape = strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\t`, "\t", `\r`, "\r")
)
