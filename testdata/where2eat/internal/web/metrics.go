package web

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Upper bounds in seconds. 0.25 is included, because the objective is a p95 below 250 ms.
var buckets = [...]float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5}

// metrics counts requests. Its labels are routes of the mux and status codes, so their number is bounded
// and they need no escaping. The zero value is ready.
type metrics struct {
	mu        sync.Mutex
	requests  map[request]int
	durations map[string]*histogram // by route
}

type request struct {
	route  string
	status int
}

type histogram struct {
	counts [len(buckets)]int // per bucket, not cumulative; serve adds them up
	total  int
	sum    float64
}

func (m *metrics) observe(route string, status int, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.requests == nil {
		m.requests, m.durations = map[request]int{}, map[string]*histogram{}
	}
	m.requests[request{route, status}]++
	h := m.durations[route]
	if h == nil {
		h = &histogram{}
		m.durations[route] = h
	}
	seconds := took.Seconds()
	if i, _ := slices.BinarySearch(buckets[:], seconds); i < len(buckets) {
		h.counts[i]++
	}
	h.total++
	h.sum += seconds
}

// serve writes Prometheus' text format, sorted, so that two scrapes differ only in numbers.
func (m *metrics) serve(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	m.mu.Lock()
	defer m.mu.Unlock()

	fmt.Fprintln(w, "# HELP http_requests_total Requests served, by route and status.")
	fmt.Fprintln(w, "# TYPE http_requests_total counter")
	for _, r := range slices.SortedFunc(maps.Keys(m.requests), func(a, b request) int {
		return cmp.Or(cmp.Compare(a.route, b.route), cmp.Compare(a.status, b.status))
	}) {
		fmt.Fprintf(w, "http_requests_total{route=%q,status=\"%d\"} %d\n", r.route, r.status, m.requests[r])
	}

	fmt.Fprintln(w, "# HELP http_request_duration_seconds Time to serve a request, by route.")
	fmt.Fprintln(w, "# TYPE http_request_duration_seconds histogram")
	for _, route := range slices.Sorted(maps.Keys(m.durations)) {
		h, upTo := m.durations[route], 0
		for i, bound := range buckets {
			upTo += h.counts[i]
			fmt.Fprintf(w, "http_request_duration_seconds_bucket{route=%q,le=\"%s\"} %d\n", route, decimal(bound), upTo)
		}
		fmt.Fprintf(w, "http_request_duration_seconds_bucket{route=%q,le=\"+Inf\"} %d\n", route, h.total)
		fmt.Fprintf(w, "http_request_duration_seconds_sum{route=%q} %s\n", route, decimal(h.sum))
		fmt.Fprintf(w, "http_request_duration_seconds_count{route=%q} %d\n", route, h.total)
	}
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
