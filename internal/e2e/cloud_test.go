//go:build e2e

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// clouds are stand-ins for the command lines of three clouds, which need accounts. Each
// records its arguments and the variables that matter, and checks the identity that it
// gets.
const clouds = `#!/bin/sh
set -eu
name=$(basename "$0")
echo "$name $*" >>"$RECORD/calls"
env | grep -E '^(AWS|CLOUDSDK|AZURE)_' >>"$RECORD/variables" || true
identity() { [ "$(cat "$1")" = "$IDENTITY" ] || { echo "no identity" >&2; exit 9; }; }
case "$name $1 $2" in
"aws eks update-kubeconfig")
	identity "$AWS_WEB_IDENTITY_TOKEN_FILE"
	kubectl config set-cluster eks --server https://eks.example >/dev/null
	kubectl config set-context eks --cluster eks --user exec >/dev/null
	kubectl config use-context eks >/dev/null ;;
"aws eks get-token") echo cloud-token ;;
"aws ecr get-login-password") identity "$AWS_WEB_IDENTITY_TOKEN_FILE"; echo cloud-token ;;
"az acr login") echo cloud-token ;;
"aws configure export-credentials")
	identity "$AWS_WEB_IDENTITY_TOKEN_FILE"
	[ -z "${AWS_SECRET_ACCESS_KEY:-}" ] || exit 9
	echo '{"AccessKeyId": "cloud-key", "SecretAccessKey": "cloud/secret=", "SessionToken": "cloud-token"}' ;;
"gcloud iam workload-identity-pools")
	for a; do case $a in --credential-source-file=*) identity "${a#*=}" ;; --output-file=*) echo '{}' >"${a#*=}" ;; esac; done ;;
"gcloud auth login") ;;
"gcloud container clusters") echo '{"endpoint": "203.0.113.7", "masterAuth": {"clusterCaCertificate": "Y2VydA=="}}' ;;
"gcloud auth print-access-token") echo cloud-token ;;
"az login --service-principal")
	for a; do case $a in @*) identity "${a#@}" ;; esac; done
	mkdir -p "$AZURE_CONFIG_DIR" && echo secret >"$AZURE_CONFIG_DIR/tokens" ;;
"az account set") ;;
"az aks get-credentials")
	kubectl config set-cluster aks --server https://aks.example >/dev/null
	kubectl config set-context aks --cluster aks --user someone >/dev/null
	kubectl config use-context aks >/dev/null ;;
"az account get-access-token") echo cloud-token ;;
*) echo "unexpected: $name $*" >&2; exit 9 ;;
esac
`

// TestCloudLogin: each login gets the identity of the run for the right audience, and leaves
// a kubeconfig with a token and nothing else.
func TestCloudLogin(t *testing.T) {
	script, err := filepath.Abs("../../actions/cloud/kubeconfig.sh")
	if err != nil {
		t.Fatal(err)
	}
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		if kubectl, err = exec.LookPath(filepath.Join(os.Getenv("GOLDENPATH_CLUSTER_TOOLS"), "kubectl")); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct{ login, audience, server, call string }{
		"aws": {`{"aws": {"role": "arn:aws:iam::1:role/x", "region": "eu-central-1", "cluster": "shop"}}`, "sts.amazonaws.com", "https://eks.example",
			"aws eks update-kubeconfig --name shop --region eu-central-1"},
		"google": {`{"google": {"provider": "projects/7/locations/global/workloadIdentityPools/p/providers/gh", "account": "d@acme.iam.gserviceaccount.com", "cluster": "shop", "location": "europe-west3"}}`,
			"https://iam.googleapis.com/projects/7/locations/global/workloadIdentityPools/p/providers/gh", "https://203.0.113.7", "gcloud container clusters describe shop --location europe-west3 --project acme"},
		"google without an account": {`{"google": {"provider": "projects/7/locations/global/workloadIdentityPools/p/providers/gh", "cluster": "shop", "location": "europe-west3"}}`,
			"https://iam.googleapis.com/projects/7/locations/global/workloadIdentityPools/p/providers/gh", "https://203.0.113.7", "--project 7"},
		"azure": {`{"azure": {"client": "c", "tenant": "t", "subscription": "s", "group": "g", "cluster": "shop"}}`, "api://AzureADTokenExchange", "https://aks.example",
			"az aks get-credentials --resource-group g --name shop"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLogin(t, script, kubectl, tc.login)
			out, err := l.run(l.permitted()...)
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if l.audience != tc.audience {
				t.Errorf("audience %q", l.audience)
			}
			if diff := cmp.Diff("::add-mask::identity-of-the-run\n::add-mask::cloud-token\n", out); diff != "" {
				t.Error(diff)
			}
			calls, _ := os.ReadFile(filepath.Join(l.dir, "calls"))
			if !strings.Contains(string(calls), tc.call) || strings.Contains(string(calls), "identity-of") {
				t.Errorf("calls:\n%s", calls)
			}
			if variables, _ := os.ReadFile(filepath.Join(l.dir, "variables")); name == "aws" && strings.Contains(string(variables), "AWS_SECRET_ACCESS_KEY") {
				t.Errorf("variables:\n%s", variables)
			}
			path := filepath.Join(l.temp, "goldenpath-kubeconfig")
			if got, _ := os.ReadFile(l.output); string(got) != "path="+path+"\n" {
				t.Errorf("output %q", got)
			}
			for flag, want := range map[string]string{"{.clusters[0].cluster.server}": tc.server, "{.users[?(@.name==\"goldenpath\")].user.token}": "cloud-token", "{.contexts[0].context.user}": "goldenpath"} {
				got, err := exec.Command(kubectl, "--kubeconfig", path, "config", "view", "--raw", "--minify", "--output", "jsonpath="+flag).CombinedOutput()
				if err != nil || string(got) != want {
					t.Errorf("%s: %s, %v", flag, got, err)
				}
			}
			left, _ := filepath.Glob(filepath.Join(l.temp, "*"))
			if !cmp.Equal(left, []string{path}) {
				t.Errorf("left behind: %q", left)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info, err)
			}
			// Without the permission, the cause is named.
			if out, err := l.run(); err == nil || !strings.Contains(out, "id-token: write") {
				t.Errorf("%v: %s", err, out)
			}
			if out, err := l.run("ACTIONS_ID_TOKEN_REQUEST_URL="+l.hub.URL+"/token?x=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=wrong"); err == nil || strings.Contains(out, "cloud-token") {
				t.Errorf("a refused identity: %v: %s", err, out)
			}
		})
	}
	out, err := exec.Command("env", "LOGIN={}", "RUNNER_TEMP="+t.TempDir(), script).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "names no identity") {
		t.Errorf("%v: %s", err, fmt.Sprintf("%.300s", out))
	}
}

// login is one call of the script of actions/cloud, with stand-ins for the clouds.
type login struct {
	script, login, bin, dir, temp, output string
	hub                                   *httptest.Server // issues the identity of the run
	audience                              string           // that was asked for
}

func newLogin(t *testing.T, script, kubectl, given string) *login {
	t.Helper()
	l := &login{script: script, login: given, dir: t.TempDir()}
	l.bin, l.temp, l.output = filepath.Join(l.dir, "bin"), filepath.Join(l.dir, "temp"), filepath.Join(l.dir, "output")
	for _, d := range []string{l.bin, l.temp} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []string{"aws", "gcloud", "az"} {
		if err := os.WriteFile(filepath.Join(l.bin, n), []byte(clouds), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if kubectl != "" {
		if err := os.Symlink(kubectl, filepath.Join(l.bin, "kubectl")); err != nil {
			t.Fatal(err)
		}
	}
	l.hub = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "bearer request-token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		l.audience = r.URL.Query().Get("audience")
		_ = json.NewEncoder(w).Encode(map[string]string{"value": "identity-of-the-run"})
	}))
	t.Cleanup(l.hub.Close)
	return l
}

// permitted is the environment of a job with id-token: write, and of a runner that has an
// old key.
func (l *login) permitted() []string {
	return []string{"ACTIONS_ID_TOKEN_REQUEST_URL=" + l.hub.URL + "/token?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=request-token", "AWS_SECRET_ACCESS_KEY=old"}
}

func (l *login) run(env ...string) (string, error) {
	cmd := exec.Command(l.script)
	cmd.Env = append([]string{"PATH=" + l.bin + ":" + os.Getenv("PATH"), "HOME=" + l.dir, "LOGIN=" + l.login, "RUNNER_TEMP=" + l.temp, "GITHUB_OUTPUT=" + l.output,
		"GITHUB_RUN_ID=42", "RECORD=" + l.dir, "IDENTITY=identity-of-the-run"}, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestCloudCredentials: a login without a cluster leaves the variables that Terraform's
// providers read, in a file of its own, each secret masked, and nothing else (GP-PATH-8).
func TestCloudCredentials(t *testing.T) {
	script, err := filepath.Abs("../../actions/cloud/kubeconfig.sh")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ login, audience, want, masked string }{
		"aws": {`{"aws": {"role": "arn:aws:iam::1:role/x", "region": "eu-central-1"}}`, "sts.amazonaws.com",
			"AWS_REGION=eu-central-1\nAWS_ACCESS_KEY_ID=cloud-key\nAWS_SECRET_ACCESS_KEY=cloud/secret=\nAWS_SESSION_TOKEN=cloud-token\n", "cloud-key cloud/secret= cloud-token"},
		"google": {`{"google": {"provider": "projects/7/locations/global/workloadIdentityPools/p/providers/gh", "account": "d@acme.iam.gserviceaccount.com"}}`,
			"https://iam.googleapis.com/projects/7/locations/global/workloadIdentityPools/p/providers/gh", "GOOGLE_OAUTH_ACCESS_TOKEN=cloud-token\n", "cloud-token"},
		"azure": {`{"azure": {"client": "c", "tenant": "t", "subscription": "s"}}`, "api://AzureADTokenExchange",
			"ARM_USE_OIDC=true\nARM_CLIENT_ID=c\nARM_TENANT_ID=t\nARM_SUBSCRIPTION_ID=s\nARM_OIDC_TOKEN=identity-of-the-run\n", "identity-of-the-run"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLogin(t, script, "", tc.login)
			out, err := l.run(l.permitted()...)
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			path := filepath.Join(l.temp, "goldenpath-credentials")
			b, _ := os.ReadFile(path)
			if diff := cmp.Diff(tc.want, string(b)); diff != "" || l.audience != tc.audience {
				t.Errorf("audience %q (-want +got):\n%s", l.audience, diff)
			}
			for _, secret := range strings.Fields(tc.masked) {
				if !strings.Contains(out, "::add-mask::"+secret+"\n") {
					t.Errorf("%s is not masked: %s", secret, out)
				}
			}
			if left, _ := filepath.Glob(filepath.Join(l.temp, "*")); !cmp.Equal(left, []string{path}) {
				t.Errorf("left behind: %q", left)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info, err)
			}
			if got, _ := os.ReadFile(l.output); string(got) != "credentials="+path+"\n" {
				t.Errorf("output %q", got)
			}
			if out, err := l.run(); err == nil || !strings.Contains(out, "id-token: write") {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	l := newLogin(t, script, "", `{"aws": {"role": "x"}}`)
	if out, err := l.run(l.permitted()...); err == nil || !strings.Contains(out, "input login has no aws.region") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestRegistryLogin: the login to a registry is a file that only its owner reads, is for one
// host, and is masked; it is in no argument and on no other line of the log.
func TestRegistryLogin(t *testing.T) {
	script, err := filepath.Abs("../../actions/registry/login.sh")
	if err != nil {
		t.Fatal(err)
	}
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"value": "identity-of-the-run"})
	}))
	defer hub.Close()
	const cloud = "::add-mask::identity-of-the-run\n::add-mask::cloud-token\n"
	for name, tc := range map[string]struct{ registry, username, password, login, host, auth, out, call string }{
		"password":     {registry: "registry.example.com:5000", username: "robot$shop", password: "pa%25ss", host: "registry.example.com:5000", auth: "robot$shop:pa%25ss"},
		"Google's key": {registry: "europe-docker.pkg.dev", username: "_json_key", password: "{\n  \"a\": 1\n}", host: "europe-docker.pkg.dev", auth: "_json_key:{\n  \"a\": 1\n}"},
		"Docker Hub":   {registry: "docker.io", username: "ann", password: "hunter2", host: "https://index.docker.io/v1/", auth: "ann:hunter2"},
		"ECR": {registry: "1.dkr.ecr.eu-central-1.amazonaws.com", login: `{"aws": {"role": "arn:aws:iam::1:role/x", "region": "eu-central-1"}}`, host: "1.dkr.ecr.eu-central-1.amazonaws.com",
			auth: "AWS:cloud-token", out: cloud, call: "aws ecr get-login-password --region eu-central-1"},
		"Artifact Registry": {registry: "europe-docker.pkg.dev", login: `{"google": {"provider": "projects/7/p", "account": "d@acme.iam.gserviceaccount.com"}}`, host: "europe-docker.pkg.dev",
			auth: "oauth2accesstoken:cloud-token", out: cloud, call: "gcloud auth print-access-token"},
		"ACR": {registry: "acme.azurecr.io", login: `{"azure": {"client": "c", "tenant": "t"}}`, host: "acme.azurecr.io",
			auth: "00000000-0000-0000-0000-000000000000:cloud-token", out: cloud, call: "az acr login --name acme --expose-token"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			bin, temp, output := filepath.Join(dir, "bin"), filepath.Join(dir, "temp"), filepath.Join(dir, "output")
			for _, d := range []string{bin, temp} {
				if err := os.Mkdir(d, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			for _, n := range []string{"aws", "gcloud", "az"} {
				if err := os.WriteFile(filepath.Join(bin, n), []byte(clouds), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command(script)
			cmd.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + dir, "RUNNER_TEMP=" + temp, "GITHUB_OUTPUT=" + output, "GITHUB_RUN_ID=42", "RECORD=" + dir,
				"IDENTITY=identity-of-the-run", "REGISTRY=" + tc.registry, "USERNAME=" + tc.username, "PASSWORD=" + tc.password, "LOGIN=" + tc.login,
				"ACTIONS_ID_TOKEN_REQUEST_URL=" + hub.URL + "/token?x=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=request-token"}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			encoded := base64.StdEncoding.EncodeToString([]byte(tc.auth))
			if diff := cmp.Diff(tc.out+"::add-mask::"+encoded+"\n", string(out)); diff != "" {
				t.Error(diff)
			}
			folder := filepath.Join(temp, "goldenpath-registry")
			if got, _ := os.ReadFile(output); string(got) != "docker-config="+folder+"\n" {
				t.Errorf("output %q", got)
			}
			var config struct {
				Auths map[string]struct{ Auth string }
			}
			file := filepath.Join(folder, "config.json")
			text, err := os.ReadFile(file)
			if err != nil || json.Unmarshal(text, &config) != nil || len(config.Auths) != 1 || config.Auths[tc.host].Auth != encoded {
				t.Errorf("%s, %v", text, err)
			}
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info, err)
			}
			if left, _ := filepath.Glob(filepath.Join(temp, "*")); !cmp.Equal(left, []string{folder}) {
				t.Errorf("left behind: %q", left)
			}
			calls, _ := os.ReadFile(filepath.Join(dir, "calls"))
			if !strings.Contains(string(calls), tc.call) || strings.Contains(string(calls), "cloud-token") {
				t.Errorf("calls:\n%s", calls)
			}
		})
	}
	for want, env := range map[string][]string{
		"has no user name":         {"PASSWORD=x", "USERNAME=", "LOGIN="},
		"has no identity":          {"PASSWORD=", "USERNAME=", "LOGIN={}"},
		"the secret registry-pass": {"PASSWORD=", "USERNAME=ann", "LOGIN="},
	} {
		out, err := exec.Command("env", append(env, "REGISTRY=r.example.com", "RUNNER_TEMP="+t.TempDir(), "GITHUB_OUTPUT=/dev/null", script)...).CombinedOutput()
		if (err == nil) != strings.HasPrefix(want, "the secret") || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v: %s", want, err, out)
		}
	}
}
