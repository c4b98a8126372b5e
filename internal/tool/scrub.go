package tool

import (
	"slices"
	"strings"
)

// What a program gets of the caller's environment: enough to find its tools and
// caches, no credential. Names are exact, prefixes end in an underscore or are
// the toolchains' own.
var (
	passNames = []string{
		"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "LANG", "TZ", "TERM", "CI", "NO_COLOR",
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "JAVA_HOME", "VIRTUAL_ENV", "PYTHONPATH", "CC", "CXX",
	}
	passPrefixes = []string{"LC_", "XDG_", "GO", "CGO_", "npm_config_", "NVM_", "PNPM_", "PIP_", "UV_", "CARGO_", "RUSTUP_", "MAVEN_", "GRADLE_", "PLAYWRIGHT_"}
	secretWords  = []string{"TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "AUTH", "API_KEY", "PRIVATE"}
)

// Scrub returns the part of an environment that may be handed to a program.
func Scrub(environ []string) []string {
	var out []string
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		if passes(name) {
			out = append(out, kv)
		}
	}
	return out
}

func passes(name string) bool {
	upper := strings.ToUpper(name)
	for _, w := range secretWords {
		if strings.Contains(upper, w) {
			return false
		}
	}
	if slices.Contains(passNames, name) {
		return true
	}
	return slices.ContainsFunc(passPrefixes, func(p string) bool {
		return strings.HasPrefix(name, p) && !strings.HasPrefix(name, "GOLDENPATH_") && !strings.HasPrefix(name, "GOOGLE")
	})
}
