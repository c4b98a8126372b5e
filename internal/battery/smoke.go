package battery

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/config"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Limits of one smoke request.
const (
	smokeTimeout = 10 * time.Second
	smokeBody    = 1 << 20 // bytes of the response that are searched
	maxRedirects = 5
)

// smoke sends one request and compares the response with what is declared. Only the
// default request follows redirects, and only within the deployment.
func smoke(ctx context.Context, url string, s config.Smoke) step {
	check := report.Check{Name: "GET " + s.Get, State: report.Failed}
	start := time.Now()
	status, body, err := get(ctx, url+s.Get, s.Redirects)
	check.Seconds = time.Since(start).Seconds()
	switch {
	case err != nil:
		check.Result = err.Error()
	case s.Status == config.AnyAnswer && status >= 500:
		check.Result = fmt.Sprintf("status %d: the app has an error", status)
	case s.Status != config.AnyAnswer && status != s.Status:
		check.Result = fmt.Sprintf("status %d, want %d", status, s.Status)
	case !strings.Contains(body, s.Contains):
		check.Result = fmt.Sprintf("the response does not contain %q", s.Contains)
	default:
		check.State, check.Result = report.OK, fmt.Sprintf("status %d", status)
	}
	return step{check: check}
}

// get returns the status and the beginning of the body of a response.
func get(ctx context.Context, url string, follow bool) (status int, body string, err error) {
	ctx, cancel := context.WithTimeout(ctx, smokeTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	client := &http.Client{CheckRedirect: func(next *http.Request, before []*http.Request) error {
		if first := before[0].URL; !follow || len(before) > maxRedirects || next.URL.Scheme != first.Scheme || next.URL.Host != first.Host {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	res, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, smokeBody))
	return res.StatusCode, string(b), err
}
