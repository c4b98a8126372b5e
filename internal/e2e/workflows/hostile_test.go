//go:build e2e

package workflows

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/seed-b235b314/goldenpath/internal/e2e/workflows/look"
	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

// hostile is a bench whose app looks for credentials wherever its code runs. Every kind of
// credential that a run can have is planted: the token of the job, the identity of the run,
// the login to a registry and to a cluster by that identity, a kubeconfig, and the key that
// signs evidence.
type hostile struct {
	*bench
	registry *private
	planted  map[string]string // by name

	mu      sync.Mutex
	reports []look.Report
}

const hostileConfiguration = `version: 1
app: where2eat
artifact:
  image: REGISTRY/where2eat-hostile
  build: go run ./internal/planted/cmd build && CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.commit=$GOLDENPATH_COMMIT" -o dist/app/where2eat .
  pack: dist/app
  entrypoint: [/where2eat]
  port: 8080
checks:
  unit: {run: "go run ./internal/planted/cmd test && go run ./internal/junit -o reports/unit/unit.xml -- .", junit: reports/unit/*.xml}
battery:
  smoke: [{get: /healthz, status: 200}]
  contract: {run: "go run ./internal/planted/cmd battery && go run ./internal/junit -o reports/contract/contract.xml -- -count=1 ./contract", junit: reports/contract/*.xml}
preview:
  target: kubernetes
  chart: charts/where2eat
  replace-image: ghcr.io/acme/where2eat
  set: {service.type: NodePort}
  ready: {path: /healthz, version-path: /version, timeout: 1m}
  migrate: [/where2eat, migrate]
  seed: go run ./internal/planted/cmd seed && go run ./internal/seed
  secrets: {APP: APP}
environments:
  staging: {target: kubernetes, chart: charts/where2eat, replace-image: ghcr.io/acme/where2eat, set: {service.type: NodePort}, migrate: [/where2eat, migrate]}
  production:
    target: kubernetes
    chart: charts/where2eat
    replace-image: ghcr.io/acme/where2eat
    set: {service.type: NodePort}
    migrate: [/where2eat, migrate]
    from: staging
    soak: {for: 5s, at-least: 20, slo: {availability: 99, p95: 1s}}
gate: {fail-on: high, missing-database: warn, waivers: .goldenpath/waivers.yml, exclude: [go.mod]}
scorecard: {requirements: docs/requirements, migrations: db/migrations, must: [tests, security]}
`

// gcloudBroker is a stand-in for the command line of Google Cloud. It keeps no credential:
// it exchanges the identity of the run for a token of the account, as the real one does.
const gcloudBroker = `#!/bin/sh
set -eu
case "$1 $2" in
"iam workload-identity-pools")
	for a; do case $a in
	--credential-source-file=*) identity=$(cat "${a#*=}") ;;
	--service-account=*) account=${a#*=} ;;
	--output-file=*) file=${a#*=} ;;
	esac; done
	echo "$identity $account" >"$file" ;;
"auth login") for a; do case $a in --cred-file=*) mkdir -p "$CLOUDSDK_CONFIG"; cp "${a#*=}" "$CLOUDSDK_CONFIG/login" ;; esac; done ;;
"auth print-access-token")
	read -r identity account <"$CLOUDSDK_CONFIG/login"
	curl --silent --show-error --fail --header "Authorization: Bearer $identity" "BROKER/access/$account/$GITHUB_JOB" ;;
"container clusters") echo '{"endpoint": "ENDPOINT", "masterAuth": {"clusterCaCertificate": "AUTHORITY"}}' ;;
*) echo "unexpected: $*" >&2; exit 9 ;;
esac
`

func newHostile(t *testing.T) *hostile {
	t.Helper()
	b := &hostile{bench: newBench(t)}
	requestToken, runIdentity, teamsCluster, registryToken := b.made("request-token"), b.made("identity"), b.made("kubeconfig"), b.made("registry-token")
	b.registry = newPrivate(t, registryToken+"-of-")
	b.cluster()
	token, endpoint, authority := account(t, "goldenpath-deployer-"+filepath.Base(b.dir))
	b.secrets["KUBECONFIG"] = "apiVersion: v1\nkind: Config\nusers: [{name: team, user: {token: \"" + teamsCluster + "\"}}]\n"
	b.secrets["PREVIEW_KUBECONFIG"] = b.secrets["KUBECONFIG"]
	b.secrets["VARIABLES"] = "APP=what the app may have"
	broker := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		parts := strings.Split(r.URL.Path, "/") // /access/ACCOUNT/JOB
		switch {
		case parts[1] == "token" && given == requestToken:
			_ = json.NewEncoder(w).Encode(map[string]string{"value": runIdentity})
		case len(parts) == 4 && given == runIdentity && strings.HasPrefix(parts[2], "registry@"):
			fmt.Fprint(w, b.registry.token+parts[3])
		case len(parts) == 4 && given == runIdentity:
			fmt.Fprint(w, token)
		default:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(broker.Close)
	b.env = map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": broker.URL + "/token?x=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": requestToken}
	stub := filepath.Join(b.dir, "gcloud")
	text := strings.NewReplacer("BROKER", broker.URL, "ENDPOINT", endpoint, "AUTHORITY", authority).Replace(gcloudBroker)
	if err := os.WriteFile(stub, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	b.binds = append(b.binds, stub+":/usr/local/bin/gcloud:ro", filepath.Join(os.Getenv("GOLDENPATH_CLUSTER_TOOLS"), "kubectl")+":/usr/local/bin/kubectl:ro")
	b.publish()
	b.clone()
	b.inputs(`login: '{"google": {"provider": "projects/7/locations/global/workloadIdentityPools/p/providers/gh", "account": "deployer@acme.iam.gserviceaccount.com", "cluster": "shop", "location": "x"}}'`,
		"registry: "+b.registry.address,
		`registry-login: '{"google": {"provider": "projects/7/locations/global/workloadIdentityPools/p/providers/gh", "account": "registry@acme.iam.gserviceaccount.com"}}'`)
	starter := read(t, filepath.Join(b.repo, ".github/workflows/goldenpath.yml"))
	b.write(".github/workflows/goldenpath.yml", strings.Replace(starter, "{kubeconfig: \"${{ secrets.PREVIEW_", "{variables: \"${{ secrets.VARIABLES }}\", kubeconfig: \"${{ secrets.PREVIEW_", 1))
	b.write(".goldenpath.yml", strings.ReplaceAll(hostileConfiguration, "REGISTRY", b.registry.address))
	b.sign()
	key := strings.Split(b.secrets["GOLDENPATH_KEY"], "\n")[1]
	b.planted = map[string]string{
		"token": b.token, "request": requestToken, "identity": runIdentity, "registry": registryToken, "kubeconfig": teamsCluster, "key": key,
		"cluster": token[strings.LastIndexByte(token, '.')+1:],
	}
	b.infect()
	return b
}

// account makes the account of the cluster that the cloud's login gives access to.
func account(t *testing.T, name string) (token, endpoint, authority string) {
	t.Helper()
	kubectl(t, "--namespace", "default", "create", "serviceaccount", name)
	kubectl(t, "create", "clusterrolebinding", name, "--clusterrole", "cluster-admin", "--serviceaccount", "default:"+name)
	t.Cleanup(func() {
		kubectl(t, "delete", "clusterrolebinding", name)
		kubectl(t, "--namespace", "default", "delete", "serviceaccount", name)
	})
	token = kubectl(t, "--namespace", "default", "create", "token", name, "--duration", "2h")
	var config struct {
		Clusters []struct {
			Cluster struct {
				Server    string
				Authority string `yaml:"certificate-authority-data"`
			}
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, os.Getenv("KUBECONFIG"))), &config); err != nil || len(config.Clusters) == 0 {
		t.Fatal(err)
	}
	c := config.Clusters[0].Cluster
	if _, err := base64.StdEncoding.DecodeString(c.Authority); err != nil || c.Authority == "" {
		t.Fatalf("the kubeconfig has no certificate: %v", err)
	}
	return token, strings.TrimPrefix(c.Server, "https://"), c.Authority
}

// infect puts the search into everything of the app that the path runs.
func (b *hostile) infect() {
	b.t.Helper()
	// Pods reach it through the address of the node.
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		b.t.Fatal(err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var report look.Report
		if err := json.NewDecoder(r.Body).Decode(&report); err != nil {
			b.t.Error(err)
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.reports = append(b.reports, report)
	})}}
	s.Start()
	b.t.Cleanup(s.Close)
	port := l.Addr().(*net.TCPAddr).Port
	for _, file := range []string{"look.go", "machine.go"} {
		b.write("internal/look/"+file, read(b.t, filepath.Join(top(b.t), "internal/e2e/workflows/look", file)))
	}
	b.write("internal/planted/planted.go", fmt.Sprintf(`// Package planted looks for what was planted.
package planted

import "example.com/where2eat/internal/look"

func Look(who string) error {
	return look.At("/", who, %q, %q)
}
`, fmt.Sprintf("http://10.244.0.1:%d", port), look.Needles(b.planted)))
	b.write("internal/planted/cmd/main.go", `// Command cmd looks for what was planted.
package main

import (
	"log"
	"os"

	"example.com/where2eat/internal/planted"
)

func main() {
	if err := planted.Look(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}
`)
	app := read(b.t, filepath.Join(b.repo, "main.go"))
	for from, to := range map[string]string{
		`	case "migrate":` + "\n": `	case "migrate":` + "\n\t\tif getenv(\"HOST\") == \"0.0.0.0\" { // in a pod, not in a test\n\t\t\tif err := planted.Look(\"migration\"); err != nil {\n\t\t\t\treturn err\n\t\t\t}\n\t\t}\n",
		"internal/flags\"\n":      "internal/flags\"\n\t\"example.com/where2eat/internal/planted\"\n",
	} {
		if strings.Count(app, from) != 1 {
			b.t.Fatalf("main.go has changed: %q", from)
		}
		app = strings.Replace(app, from, to, 1)
	}
	b.write("main.go", app)
}

// pull pushes a change to a branch and opens its pull request.
func (b *hostile) pull() (head string) {
	b.git("switch", "--quiet", "--create", "feature")
	head = b.push("feature", "W2E-2: votes")
	b.git("switch", "--quiet", "main")
	b.open(head)
	return head
}

func (b *hostile) close(head string) {
	b.hub.SetPull(githubtest.Pull{Number: number, Head: head, Branch: "feature", Author: "ann", State: "closed", Closed: time.Now()})
}

// take returns the reports of the searches since the last call, by who searched.
func (b *hostile) take() []look.Report {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.reports
	b.reports = nil
	slices.SortStableFunc(all, func(x, y look.Report) int { return strings.Compare(x.Who, y.Who) })
	return all
}

// searched asserts that exactly these have searched, in all kinds of places, and that they
// have found nothing.
func (b *hostile) searched(who ...string) {
	b.t.Helper()
	slices.Sort(who)
	var got []string
	for _, r := range b.take() {
		got = append(got, r.Who)
		b.t.Logf("%s examined %v", r.Who, r.Looked)
		if len(r.Found) > 0 {
			b.t.Errorf("%s found %q", r.Who, r.Found)
		}
		kinds := []string{"environ", "cmdline", "memory", "file", "socket", "git", "identity"}
		if r.Who == "migration" { // a container with one program
			kinds = []string{"environ", "cmdline", "file", "identity"}
		}
		for _, kind := range kinds {
			if r.Looked[kind] == 0 {
				b.t.Errorf("%s examined no %s: %v", r.Who, kind, r.Looked)
			}
		}
	}
	if diff := cmp.Diff(who, got); diff != "" {
		b.t.Errorf("who searched (-want +got):\n%s", diff)
	}
}

// quiet asserts that no log and no summary contains what was planted.
func (b *hostile) quiet() {
	b.t.Helper()
	var values []string
	for _, value := range b.planted {
		values = append(values, value)
	}
	b.silent("h[0-9]-*", values...)
}

// TestHostileCodeFinds tests the search: a login to the registry before the tests, a
// kubeconfig in the environment of the battery, and a token among the variables of the app
// are found by the code that gets them.
func TestHostileCodeFinds(t *testing.T) {
	b := newHostile(t)
	file := filepath.Join(b.copy, ".github/workflows/pull-request.yml")
	text := read(t, file)
	for from, to := range map[string]string{
		`(?m)^      - uses: \S+/actions/toolchain@\S+\n        with:\n          cache: \S+ inputs.cache \S+\n      - uses: \S+/actions/test@`: "      - uses: " + self + "/actions/registry@" + release +
			"\n        env:\n          ACTIONS_ID_TOKEN_REQUEST_URL: " + b.env["ACTIONS_ID_TOKEN_REQUEST_URL"] + "\n          ACTIONS_ID_TOKEN_REQUEST_TOKEN: ${{ vars.ACTIONS_ID_TOKEN_REQUEST_TOKEN }}" +
			"\n        with:\n          registry: ${{ inputs.registry }}\n          login: ${{ inputs.registry-login }}\n$0",
		`(?m)^  battery:\n    needs: preview\n`: "$0    env:\n      LEAKED: ${{ secrets.kubeconfig }}\n",
	} {
		leak := regexp.MustCompile(from)
		if len(leak.FindAllString(text, -1)) != 1 {
			t.Fatalf("pull-request.yml has changed: %s", from)
		}
		text = leak.ReplaceAllString(text, to)
	}
	write(t, file, text)
	b.secrets["VARIABLES"] = "APP=" + b.token
	main := b.push("main", "W2E-1: polls")
	head := b.pull()
	r := b.act("h8-leaks", "goldenpath.yml", "pull_request", b.pullRequest("opened", main, head))
	b.succeeded("leaks", r)
	want := map[string][2]string{
		"test": {"file /tmp/", "registry"}, "build": {"file /tmp/", "registry"}, "seed": {"environ", "kubeconfig"}, "battery": {"environ", "kubeconfig"}, "migration": {"environ", "token"},
	}
	found := map[string][2]string{}
	for _, r := range b.take() {
		t.Logf("%s found %q", r.Who, r.Found)
		if r.Has(want[r.Who][0], want[r.Who][1]) {
			found[r.Who] = want[r.Who]
		}
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("leaks that were found (-want +got):\n%s", diff)
	}
	b.close(head)
	b.registry.used()
	r = b.act("h9-closed", "goldenpath.yml", "pull_request", b.pullRequest("closed", main, head))
	b.succeeded("closed", r)
	if diff := cmp.Diff([]string{"down deletes", "down reads"}, b.registry.used()); diff != "" {
		t.Errorf("uses of the registry (-want +got):\n%s", diff)
	}
}
