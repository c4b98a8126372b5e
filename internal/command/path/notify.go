package path

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

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// notify sends a report to the webhooks of the configuration. The address of a
// webhook is a secret: no message holds it.
func (w *world) notify(ctx context.Context, rep *report.Report) error {
	n := w.config.Notify
	var errs []error
	sent := 0
	for _, hook := range []struct {
		name, variable string
		payload        any
	}{{"slack", n.Slack, rep.Slack()}, {"teams", n.Teams, rep.Teams()}} {
		if hook.variable == "" {
			continue
		}
		address := w.env.Getenv(hook.variable)
		if address == "" {
			errs = append(errs, report.Usage(fmt.Sprintf("notify.%s: the variable %s is not set: pass it to the step by env", hook.name, hook.variable)))
			continue
		}
		if err := post(ctx, address, hook.payload); err != nil {
			errs = append(errs, fmt.Errorf("send the report to %s: %w", hook.name, err))
			continue
		}
		sent++
		rep.Checks = append(rep.Checks, report.Check{Name: hook.name, State: report.OK, Result: "sent"})
	}
	if sent == 0 && len(errs) == 0 {
		return report.Usage("--notify: notify in .goldenpath.yml names neither slack nor teams")
	}
	return errors.Join(errs...)
}

func post(ctx context.Context, address string, payload any) error {
	b, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(b))
	if err != nil {
		return errors.New("its variable holds no address")
	}
	req.Header.Set("Content-Type", "application/json")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return unreached(err)
	}
	defer res.Body.Close()
	b, _ = io.ReadAll(io.LimitReader(res.Body, 200)) // what is missing of it is no loss
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("it answered %d%s: look whether its address is still the right one", res.StatusCode, saying(string(b)))
	}
	return nil
}

// unreached is why nothing answered, without where: the errors of net and tls name
// hosts and addresses.
func unreached(err error) error {
	var dns *net.DNSError
	var number syscall.Errno
	switch {
	case errors.As(err, &dns):
		return errors.New("its host has no address: look whether the variable holds the right one")
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("it did not answer within 30 s: run it again")
	case errors.As(err, &number):
		return fmt.Errorf("it cannot be reached: %w", number)
	}
	return errors.New("it cannot be reached: look whether the variable holds an address such as https://…")
}

// word is how both answer a mistake: invalid_payload, channel_is_archived. Anything
// longer may repeat the address, as the pages of web servers do.
var word = regexp.MustCompile(`^[a-z]+(_[a-z]+){1,5}$`)

func saying(body string) string {
	if body = strings.TrimSpace(body); word.MatchString(body) {
		return " (" + body + ")"
	}
	return ""
}
