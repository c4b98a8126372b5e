package tool

import (
	"regexp"
	"slices"
	"strings"
)

// The variables of the caller's environment that a program receives: enough to find its
// tools and caches, but no credentials. Names are exact; prefixes end in an underscore
// or belong to a toolchain.
var (
	passNames = []string{
		"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "LANG", "TZ", "TERM", "CI", "NO_COLOR",
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "JAVA_HOME", "VIRTUAL_ENV", "PYTHONPATH", "CC", "CXX",
		"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", // certificates for Poetry, Composer and Ruby
		"GOPRIVATE", // names of modules
		"PYENV_ROOT", "PYENV_VERSION", "POETRY_HOME", "POETRY_CACHE_DIR", "PIPENV_VENV_IN_PROJECT", "RBENV_ROOT", "RBENV_VERSION", "GEM_HOME", "GEM_PATH",
		"COMPOSER_HOME", "COMPOSER_CACHE_DIR", "DOTNET_ROOT", "NUGET_PACKAGES", "DENO_DIR", "DENO_INSTALL", "BUN_INSTALL",
	}
	passPrefixes = []string{"LC_", "XDG_", "GO", "CGO_", "npm_config_", "NVM_", "PNPM_", "PIP_", "UV_", "CARGO_", "RUSTUP_", "MAVEN_", "GRADLE_", "PLAYWRIGHT_", "DOCKER_", "BUILDX_", "BUILDKIT_"}
	secretWords  = []string{"TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL", "AUTH", "API_KEY", "PRIVATE"}
	secretEnds   = []string{"_KEY", "_PAT"} // MAVEN_GPG_KEY, but not UV_KEYRING_PROVIDER
)

// userInfo matches a URL that contains a user name or a token, such as a package index:
// https://TOKEN@packages.example.com/simple.
var userInfo = regexp.MustCompile(`://[^/?#\s]*@`)

// Scrub returns the part of an environment that may be passed to a program.
func Scrub(environ []string) []string {
	var out []string
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if slices.Contains(passNames, name) || hasPrefix(name) && !secret(name) && !userInfo.MatchString(value) {
			out = append(out, kv)
		}
	}
	return out
}

func hasPrefix(name string) bool {
	return slices.ContainsFunc(passPrefixes, func(p string) bool { return strings.HasPrefix(name, p) }) &&
		!strings.HasPrefix(name, "GOLDENPATH_") && !strings.HasPrefix(name, "GOOGLE")
}

func secret(name string) bool {
	upper := strings.ToUpper(name)
	return slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(upper, w) }) ||
		slices.ContainsFunc(secretEnds, func(w string) bool { return strings.HasSuffix(upper, w) })
}
