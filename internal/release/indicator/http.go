package indicator

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// HTTP measures one GET request. Each request uses a connection of its own, so
// that it reaches the deployment that new users reach. Redirects are answers:
// they are not followed. A status of 500 or above is a server error.
type HTTP struct{}

// Sample requests a URL. The context bounds how long it waits for the answer. An
// error means that nothing was measured, because the URL is not valid.
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
	s := Sample{Answered: true, Failed: res.StatusCode >= http.StatusInternalServerError, Took: time.Since(start)}
	_ = res.Body.Close() // the status and the time are known
	return s, nil
}
