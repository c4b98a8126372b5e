package terraform

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// checkState returns an error if the state would be lost with this machine.
func (s *session) checkState() error {
	if s.t.Remote && s.conf.local() {
		return report.Usage(s.t.shown() + ` keeps its state on this machine, which ends with the job, so no later run would find what it creates: add terraform { backend "gcs" {} } or another backend, and its settings under backend in .goldenpath.yml`)
	}
	return nil
}

// checkURL returns an error if no URL is configured and the configuration has no output
// for the address.
func (s *session) checkURL() error {
	if name := s.t.urlOutput(); s.t.URL == "" && !s.conf.outputs[name] {
		return report.Usage(fmt.Sprintf("%s has no output %q: add output %q { value = … } with the address of the environment, or set its url in .goldenpath.yml", s.t.shown(), name, name))
	}
	return nil
}

// address returns the address of the environment.
func (s *session) address(outputs map[string]tfexec.OutputMeta) (string, error) {
	name, text := "url", s.t.URL
	if text == "" {
		name = "output " + s.t.urlOutput()
		o, ok := outputs[s.t.urlOutput()]
		if !ok {
			return "", report.Usage(fmt.Sprintf("%s is missing after apply: set the output to a value that is not null", name))
		}
		if o.Sensitive {
			return "", report.Usage(fmt.Sprintf("%s is sensitive, but reports show the address: unmark it with nonsensitive(…)", name))
		}
		if json.Unmarshal(o.Value, &text) != nil {
			return "", report.Usage(name + " is not a string: set it to the address of the environment")
		}
	}
	u, err := url.Parse(text)
	bad := err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || len(text) > 2048 ||
		strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
	if bad {
		return "", report.Usage(fmt.Sprintf("%s is %q: set it to an http:// or https:// address without a user", name, plain(text, 200)))
	}
	return strings.TrimSuffix(text, "/"), nil
}
