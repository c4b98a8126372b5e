package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"time"
)

const timeout = 30 * time.Second

// post sends a payload as JSON. It follows no redirect: the address of a webhook is a
// secret, and a redirect would hand it to another host.
func post(ctx context.Context, address string, payload any) error {
	b, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(b))
	if err != nil {
		return errors.New("the variable does not hold a URL: set it to the webhook's address, such as https://…")
	}
	req.Header.Set("Content-Type", "application/json")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return withoutAddress(err)
	}
	defer res.Body.Close()
	b, _ = io.ReadAll(io.LimitReader(res.Body, 200)) // only a short error code is of interest
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("the webhook responded with status %d%s: check that the webhook still exists and that the variable holds the webhook's address", res.StatusCode, errorCode(string(b)))
	}
	return nil
}

// withoutAddress returns the cause of a failed request. The errors of package net and
// of TLS name hosts and addresses, so their text is replaced.
func withoutAddress(err error) error {
	var dns *net.DNSError
	var number syscall.Errno
	switch {
	case errors.As(err, &dns):
		return errors.New("the host name cannot be resolved: check that the variable holds the webhook's address")
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("no response within %v: run the command again", timeout)
	case errors.As(err, &number):
		return fmt.Errorf("cannot connect: %w: check the network, and that the variable holds the webhook's address", number)
	}
	return errors.New("cannot connect: check that the variable holds an address such as https://…")
}

// code matches the errors of Slack and Teams, such as invalid_payload. Anything longer
// may repeat the address, as the error pages of web servers do.
var code = regexp.MustCompile(`^[a-z]+(_[a-z]+){1,5}$`)

func errorCode(body string) string {
	if body = strings.TrimSpace(body); code.MatchString(body) {
		return " (" + body + ")"
	}
	return ""
}
