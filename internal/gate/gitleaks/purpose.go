package gitleaks

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// isTest reports whether a file belongs to tests or examples, or is code of others.
func isTest(name string) bool {
	folder, base := path.Split(name)
	for _, f := range strings.FieldsFunc(folder, func(r rune) bool { return r == '/' }) {
		if f = strings.ToLower(f); testFolder.MatchString(f) && !notTest.MatchString(f) {
			return true
		}
	}
	return strings.Contains("/"+folder, "/.yarn/") || testFile.MatchString(base) && !notTest.MatchString(strings.TrimSuffix(base, path.Ext(base))) || testSettings.MatchString(base) && !strings.HasPrefix(folder, ".github/") || isExample(name)
}

var (
	testFolder = regexp.MustCompile(`^(?:__tests__|__fixtures__|__mocks__|.*tests?|(?:.*[._-])?(?:e2e|playwright|cypress|testing|testdata|testutils?|testresources|specs?|fixtures?|mocks?|examples?|samples?)|(?:tests?|spec|fixtures?|examples?|samples?)[._-].*|vendor|third_party|node_modules|bower_components)$`)
	testFile   = regexp.MustCompile(`(?i)(?:_test\.go|[._-](?:\w*tests?|spec)\.[a-z]+|^test_.*\.py|(?-i:[a-z0-9](?:Tests?|TestCase|IT|Spec))\.(?:java|kt|cs|scala|groovy)|^\.env[._-](?:tests?|testing|ci|e2e)(?:[._-]\w+)*|^(?:tests?|testing|ci|e2e)\.env)$`)
)

// isPage reports whether a file is a web page. Tests that have one have saved that of somebody
// else, with its keys for maps and its signed addresses.
func isPage(name string) bool {
	return slices.Contains([]string{".html", ".htm", ".xhtml"}, strings.ToLower(path.Ext(name)))
}

// notTest matches words that end as test does.
var notTest = regexp.MustCompile(`(?i)(?:latest|contest|attest)$`)

// testSettings are files of settings, where they are not a workflow.
var testSettings = regexp.MustCompile(`(?i)^(?:tests?|testing|e2e)\.(?:ya?ml|json|toml|ini|properties|xml)$`)

// inTestSection reports whether a line of a piece, counted from its first, is below the key
// test or development of a configuration of Rails, which has a section for each environment,
// or in the tests at the end of a file of Rust.
func inTestSection(p piece, line int) bool {
	rails := railsSettings.MatchString(p.path)
	if !rails && path.Ext(p.path) != ".rs" {
		return false
	}
	section := ""
	for text := range strings.Lines(p.text) {
		if line--; line < 0 {
			break
		}
		if m := topKey.FindStringSubmatch(text); rails && m != nil {
			section = m[1]
		} else if !rails && strings.HasPrefix(text, "#[cfg(test)]") {
			section = "test"
		}
	}
	return section == "test" || section == "development"
}

var (
	railsSettings = regexp.MustCompile(`(?:^|/)config/[\w.-]+\.ya?ml(?:\.erb)?$`)
	topKey        = regexp.MustCompile(`^([A-Za-z_][\w-]*):`)
)

// isManifest reports whether what gitleaks takes for a Secret of Kubernetes is one object: kind
// and data are keys of the same mapping, in one document. The words also occur in the values of
// a HelmRelease, and in two objects one after the other.
func isManifest(text, match string) bool {
	if strings.Contains(match, "\n---") {
		return false
	}
	before := text[:max(0, strings.Index(text, match))]
	whole := before[strings.LastIndexByte(before, '\n')+1:] + match
	kind, data := secretKind.FindStringIndex(whole), secretData.FindStringIndex(whole)
	if kind == nil || data == nil { // not YAML with lines of its own
		return true
	}
	in := indent(whole[kind[0]:])
	if in != indent(whole[data[0]:]) {
		return false
	}
	between := strings.Split(whole[min(kind[0], data[0]):max(kind[0], data[0])], "\n")
	return !slices.ContainsFunc(between[1:], func(line string) bool { // the mapping ended
		text := strings.TrimLeft(line, " ")
		return strings.TrimSpace(text) != "" && len(line)-len(text) < in
	})
}

// indent returns the column in which the first key of a line begins, also after the dash of an
// item.
func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " -")) }

var (
	secretKind = regexp.MustCompile(`(?im)^[ -]*kind:[ \t]*["']?secret`)
	secretData = regexp.MustCompile(`(?im)^[ -]*data:`)
)

// isExample reports whether a file is a model that a person copies and fills in.
func isExample(name string) bool { return exampleFile.MatchString(path.Base(name)) }

var exampleFile = regexp.MustCompile(`(?i)(?:^|[._-])(?:examples?|samples?)(?:[._-]\w+)*$|[._-](?:template|tmpl|tpl|dist|defaults?|skel|stub|schema)$|[._-](?:template|tmpl|dist)\.(?:ya?ml|json|toml|xml|ini|cfg|conf|properties|php|env|sh)$|^(?:template|default|dist)\.env$`)

// isDocument reports whether a file is written for people to read.
func isDocument(name string) bool { return document.MatchString(name) }

var document = regexp.MustCompile(`(?i)(?:^|/)(?:docs?|documentation|man)/|(?:^|/)(?:readme|changelog|changes|news|history|contributing)(?:[._-][\w.-]+)?$|\.(?:md|mdx|markdown|adoc|asciidoc|rst|textile|pod|rdoc)$`)

// shown are rules that recognise what a document shows as an example: a form that has no
// issuer, or the words around a value. What only an issuer makes is certain in a document too.
var shown = map[string]bool{
	"jwt": true, "jwt-base64": true, "private-key": true, "pkcs12-file": true, "curl-auth-user": true, "curl-auth-header": true, "kubernetes-secret-yaml": true, "nuget-config-password": true,
	"url-password": true, "internal-url-password": true, "connection-string-password": true, "jdbc-password": true, "basic-auth-header": true, "jwk-private-key": true,
	"aws-secret-access-key": true, "rails-secret-key-base": true, "rails-master-key": true, "laravel-app-key": true, "wireguard-private-key": true, "putty-private-key": true, "ssh2-private-key": true, "docker-config-auth": true,
	"dump-password-hash": true, "password-hash": true,
}
