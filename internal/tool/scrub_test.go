package tool

import (
	"slices"
	"testing"
)

// TestScrub proves GP-SAFE-1 for what a repository declares: a program finds its
// tools and caches, and no credential.
func TestScrub(t *testing.T) {
	for kv, passes := range map[string]bool{
		"PATH=/bin": true, "HOME=/root": true, "LANG=C": true, "LC_ALL=C": true, "CI=true": true, "XDG_CACHE_HOME=/c": true,
		"GOFLAGS=-mod=mod": true, "GOPRIVATE=example.com/*": true, "GOPROXY=https://modules.example.com,direct": true, "CGO_ENABLED=0": true,
		"npm_config_cache=/c": true, "PIP_INDEX_URL=https://pypi.org/simple": true, "UV_KEYRING_PROVIDER=subprocess": true, "JAVA_HOME=/j": true,
		"HTTPS_PROXY=http://user:pass@proxy:3128": true, // nothing works without it
		"XDG_DATA_HOME=a=b@c":                     true,

		"GITHUB_TOKEN=x": false, "GITHUB_OUTPUT=/o": false, "GH_TOKEN=x": false, "RUNNER_TEMP=/t": false,
		"ACTIONS_RUNTIME_TOKEN=x": false, "ACTIONS_ID_TOKEN_REQUEST_URL=x": false, "ACTIONS_CACHE_URL=x": false,
		"INPUT_DIGEST=x": false, "INPUT_GITHUB-TOKEN=x": false,
		"AWS_ACCESS_KEY_ID=x": false, "AWS_PROFILE=x": false, "GOOGLE_APPLICATION_CREDENTIALS=/k": false, "GOOGLE_GHA_CREDS_PATH=/k": false,
		"AZURE_CLIENT_SECRET=x": false, "KUBECONFIG=/k": false, "SSH_AUTH_SOCK=/s": false, "DOCKER_AUTH_CONFIG=x": false,
		"npm_config__authToken=x": false, "npm_config_//registry.example.com/:_authToken=x": false, "npm_config__password=x": false, "npm_config_key=x": false,
		"NPM_TOKEN=x": false, "CARGO_REGISTRY_TOKEN=x": false, "UV_PUBLISH_PASSWORD=x": false, "MAVEN_GPG_PASSPHRASE=x": false, "MAVEN_GPG_KEY=x": false,
		"GRADLE_PUBLISH_KEY=x": false, "GOAUTH=netrc": false, "GOLDENPATH_KEY=x": false, "GOLDENPATH_URL=x": false, "PLAYWRIGHT_SERVICE_ACCESS_TOKEN=x": false,
		"PIP_INDEX_URL=https://ghp_x@packages.example.com/simple": false,
		"PIP_EXTRA_INDEX_URL=https://a.b/s https://u:p@c.d/s":     false,
		"GOPROXY=https://user:pass@proxy.example.com":             false,
		"UV_INDEX_X_URL=https://u:p@c.d":                          false,
		"PATHS=/x":                                                false,
		"path=/x":                                                 false,
		"LD_PRELOAD=/x":                                           false,
		"BASH_ENV=/x":                                             false,
		"NODE_OPTIONS=--require /x":                               false,
		"":                                                        false,
	} {
		if got := Scrub([]string{kv}); slices.Contains(got, kv) != passes {
			t.Errorf("%s: passes = %v, want %v", kv, !passes, passes)
		}
	}
	if got := Scrub([]string{"A=1", "PATH=/bin", "B=2", "HOME=/"}); !slices.Equal(got, []string{"PATH=/bin", "HOME=/"}) {
		t.Errorf("%q", got)
	}
}
