// Package notify sends reports to the webhooks of chat systems.
package notify

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Webhooks names the environment variables that hold the addresses of webhooks. ""
// means that the webhook is not configured.
type Webhooks struct {
	Slack, Teams string
}

// Send sends a report to each webhook, and adds a check to the report for each webhook
// that accepted the report. The address of a webhook is a secret, so no error contains it.
func Send(ctx context.Context, rep *report.Report, to Webhooks, getenv func(string) string) error {
	if to == (Webhooks{}) {
		return report.Usage("notify in .goldenpath.yml contains neither slack nor teams: add one of them, or omit --notify")
	}
	var errs []error
	var sent []report.Check
	for _, hook := range []struct {
		name, variable string
		payload        func() any
	}{{"slack", to.Slack, rep.Slack}, {"teams", to.Teams, rep.Teams}} {
		if hook.variable == "" {
			continue
		}
		address := getenv(hook.variable)
		if address == "" {
			errs = append(errs, report.Usage(fmt.Sprintf("notify.%s: variable %s is not set: pass the variable to the step with env", hook.name, hook.variable)))
			continue
		}
		if err := post(ctx, address, hook.payload()); err != nil {
			errs = append(errs, fmt.Errorf("cannot send the report to %s: %w", hook.name, err))
			continue
		}
		sent = append(sent, report.Check{Name: hook.name, State: report.OK, Result: "sent"})
	}
	rep.Checks = append(rep.Checks, sent...)
	return errors.Join(errs...)
}
