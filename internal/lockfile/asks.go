package lockfile

import (
	"bytes"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"regexp"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/tidwall/jsonc"
	"go.yaml.in/yaml/v3"
)

// keys reports whether a JSON object has an entry below one of the keys. With slash only
// names with a slash count: others of Composer are of the platform. A file that is not
// JSON, such as a template, is assumed to have some if it contains a key.
func keys(slash bool, all ...string) func([]byte) bool {
	return func(text []byte) bool {
		var object map[string]jsontext.Value
		invalid := json.Unmarshal(jsonc.ToJSON(text), &object, jsontext.AllowDuplicateNames(true)) != nil
		for _, key := range all {
			if invalid && bytes.Contains(text, []byte(`"`+key+`"`)) {
				return true
			}
			var entries map[string]any
			if json.Unmarshal(object[key], &entries) != nil && object[key].Kind() == '[' && len(object[key]) > 2 {
				return true
			}
			for name := range entries {
				if !slash || strings.Contains(name, "/") {
					return true
				}
			}
		}
		return false
	}
}

// yamlKeys does this for a YAML mapping.
func yamlKeys(all ...string) func([]byte) bool {
	return func(text []byte) bool {
		var object map[string]yaml.Node
		invalid := yaml.Unmarshal(text, &object) != nil
		for _, key := range all {
			if invalid && bytes.Contains(text, []byte(key+":")) || len(object[key].Content) > 0 {
				return true
			}
		}
		return false
	}
}

// tables reports whether a TOML document has dependencies: a table or a list with an entry
// whose key ends with dependencies, or a group of them.
func tables(text []byte) bool {
	var document map[string]any
	if _, err := toml.Decode(string(text), &document); err != nil {
		return bytes.Contains(text, []byte("dependencies"))
	}
	return asks(document)
}

func asks(table map[string]any) bool {
	for key, value := range table {
		wanted := key == "dependencies" || strings.HasSuffix(key, "-dependencies")
		switch value := value.(type) {
		case []any:
			if wanted && len(value) > 0 {
				return true
			}
		case map[string]any:
			_, python := value["python"] // the version of the language
			if wanted && (len(value) > 1 || len(value) == 1 && !python) || key == "dependency-groups" && len(value) > 0 || asks(value) {
				return true
			}
		}
	}
	return false
}

var (
	gradleBlock   = regexp.MustCompile(`\bdependencies\s*\{`)
	gradleComment = regexp.MustCompile(`(?s)/\*.*?\*/|(?m)(^|\s)//.*$`)
	// gradleOwn matches a dependency on a part of the build itself, or of Gradle.
	gradleOwn    = regexp.MustCompile(`["']?\w+["']?\s*\(?\s*(project|files|fileTree|gradleApi|gradleTestKit|localGroovy)\s*\([^\n]*|["']?\w+["']?\s*\(?\s*projects\.[^\n]*`)
	gradlePlugin = regexp.MustCompile(`\bid\s*\(?\s*["'][^"']+["']\s*\)?\s*version\b|\balias\s*\(?\s*\w`)
)

// gradle reports whether a script of Gradle requires anything in any notation, or a plugin
// with a version.
func gradle(text []byte) bool {
	plain := gradleComment.ReplaceAll(text, nil)
	for _, at := range gradleBlock.FindAllIndex(plain, -1) {
		block := plain[at[1]:]
		depth := 1
		for i, c := range block {
			if c == '{' {
				depth++
			} else if c == '}' {
				depth--
			}
			if depth == 0 {
				block = block[:i]
				break
			}
		}
		if len(bytes.Trim(gradleOwn.ReplaceAll(block, nil), " \t\r\n(){}")) > 0 {
			return true
		}
	}
	return gradlePlugin.Match(plain)
}
