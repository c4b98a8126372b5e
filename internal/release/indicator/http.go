package indicator

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// HTTP measures one GET request. Each request opens a new connection, so that it reaches
// the same deployment as new users. A redirect is a response and is not followed. A
// status of 400 or above is a failure: the same path had to answer with 2xx when the release
// became ready.
type HTTP struct{}

// Sample sends a request to a URL and measures the response. The context limits the wait
// for the response. The error is not nil only if the URL is not valid, so that nothing
// was measured.
func (HTTP) Sample(ctx context.Context, url string) (Sample, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return Sample{}, fmt.Errorf("cannot measure %s: %w", url, err)
	}
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	start := time.Now()
	res, err := client.Do(req)
	if err != nil {
		return Sample{}, nil
	}
	s := Sample{Answered: true, Failed: res.StatusCode >= http.StatusBadRequest, Took: time.Since(start)}
	_ = res.Body.Close() // the status and the time are known
	return s, nil
}
