//go:build e2e

package server

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/e2e/names"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
)

// TestThirty runs thirty previews that use all the processor they get beside production, and
// lets the timer of the server remove them: nothing of them is left. It reports the response
// times of production alone and beside them, which depend on the machine.
func TestThirty(t *testing.T) {
	if os.Getenv("GOLDENPATH_E2E_FULL") == "" {
		t.Skip("takes five minutes: make e2e-full")
	}
	const many, lives = 30, 4 * time.Minute
	s := start(t, "thirty-docker", "docker")
	a := prepare(t, s)
	a.edit("main.go", "func main() {\n", "func main() {\n\tif os.Getenv(\"BURN\") != \"\" {\n\t\tgo func() {\n\t\t\tfor {\n\t\t\t}\n\t\t}()\n\t}\n")
	a.edit(".goldenpath.yml", "  seed: go run ./internal/seed\n", "  limit: {repository: 40}\n  env: {BURN: \"1\"}\n")
	a.pack(s)
	s.root("printf 'budget: {previews: 40}\\n' >> /etc/goldenpath/host.yml")
	var hosts []string
	for n := range many {
		hosts = append(hosts, fmt.Sprintf("pr-%d.%s.test", 100+n, s.name))
	}
	names.Resolve(t, s.address, hosts...)
	a.attest(0, staged...)
	a.pass(a.promote("staging", 0))
	a.attest(0, evidence.Scorecard, evidence.Battery)
	a.pass(a.promote("production", 0))
	before := s.inventory()
	alone := p95(t, a.url("www")+"/healthz")

	begin := time.Now()
	for n := range many {
		a.pass(a.run(append([]string{"preview", "up", "--name", fmt.Sprintf("pr-%d", 100+n), "--ttl", lives.String(), "--digest", a.digests[0]}, a.ssh("previews")...)...))
	}
	t.Logf("%d previews in %.0f s", many, time.Since(begin).Seconds())
	beside := p95(t, a.url("www")+"/healthz")
	t.Logf("p95 of production: %s alone, %s beside %d noisy previews, ratio %.2f", alone, beside, many, float64(beside)/float64(alone))
	a.answers("www", a.commits[0])

	time.Sleep(time.Until(time.Now().Add(lives))) // until the last one has expired
	s.user("systemctl --user start goldenpath-sweep.service")
	if after := s.inventory(); after != before {
		t.Errorf("after the sweep:\n%s\nbefore the previews:\n%s", after, before)
	}
	a.answers("www", a.commits[0])
}

// inventory lists everything that goldenpath has on a server.
func (s *server) inventory() string {
	s.t.Helper()
	engine := s.engine()
	return s.user(strings.Join([]string{
		engine + " ps --all --format '{{.Names}}' | sort", engine + " network ls --filter label=dev.goldenpath.environment --format '{{.Name}}' | sort",
		engine + " volume ls --quiet | sort", engine + " images --format '{{.Repository}}' | sort",
		"systemctl --user list-units --plain --no-legend --state=active,activating,failed 'goldenpath@*' | cut -d' ' -f1 | sort",
		"ls ~/.config/systemd/user/default.target.wants ~/state/environments", "curl -s localhost:2019/config/apps/http/servers",
	}, "; "))
}

// p95 returns the 95th percentile of the response time of 500 requests, one after the other.
func p95(t *testing.T, address string) time.Duration {
	t.Helper()
	var all []time.Duration
	for range 500 {
		start := time.Now()
		res, err := fresh.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Fatal(res.Status)
		}
		all = append(all, time.Since(start))
		time.Sleep(10 * time.Millisecond)
	}
	slices.Sort(all)
	return all[len(all)*95/100]
}
