package sarif

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// finished returns an error if the run may be incomplete.
func (r *run) finished() error {
	if r.Results == nil {
		return fmt.Errorf("at %s: the run has no list of results, not even an empty one, so the tool examined nothing", r.at)
	}
	for name := range r.Elsewhere {
		if name != "properties" {
			return fmt.Errorf("at %s/externalPropertyFileReferences: parts of the run are in other files (%s): write a single file", r.at, oneLine(name, 50))
		}
	}
	for i, v := range r.Invocations {
		at := fmt.Sprintf("%s/invocations/%d", r.at, i)
		switch {
		case v.Successful == nil:
			return fmt.Errorf("at %s: executionSuccessful is missing, so it is unknown whether the tool finished", at)
		case !*v.Successful:
			return fmt.Errorf("at %s/executionSuccessful: the tool reported that it did not finish%s", at, said(v))
		case v.Signal != "" || v.StartFailure != "":
			return fmt.Errorf("at %s: the tool reported that it did not finish: %s", at, oneLine(cmp.Or(v.Signal, v.StartFailure), 200))
		}
		for j, n := range v.Execution {
			if err := r.notified(n, fmt.Sprintf("%s/toolExecutionNotifications/%d", at, j)); err != nil {
				return err
			}
		}
		for j, n := range v.Configuration {
			if err := r.notified(n, fmt.Sprintf("%s/toolConfigurationNotifications/%d", at, j)); err != nil {
				return err
			}
		}
	}
	return nil
}

// notified returns an error for a notification of level error.
func (r *run) notified(n notification, at string) error {
	level := n.Level
	if level == "" {
		d, err := r.descriptor(&n.Descriptor, nil, func(c *component) *descriptors { return &c.notifications }, at)
		if err != nil {
			return err
		}
		level = "warning"
		if d != nil {
			level = cmp.Or(d.Configuration.Level, level)
		}
	}
	switch level {
	case "none", "note", "warning":
		return nil
	case "error":
		return fmt.Errorf("at %s: the tool reported that it did not finish%s", at, because(n))
	}
	return fmt.Errorf("at %s/level: %s is not a SARIF level", at, oneLine(fmt.Sprintf("%q", level), 50))
}

// said returns the first reason that a failed invocation states, or "".
func said(v invocation) string {
	for _, n := range slices.Concat(v.Execution, v.Configuration) {
		if n.Level == "error" {
			return because(n)
		}
	}
	return ""
}

func because(n notification) string {
	if text := n.Message.String(nil); text != "" {
		return ": " + oneLine(text, 200)
	}
	return ""
}

// isOf returns an error if the run examined another commit than head. A tool may name
// several repositories; one of them must match.
func (r *run) isOf(head string) error {
	other := ""
	for _, p := range r.Provenance {
		id := strings.ToLower(p.Revision)
		switch {
		case id == "":
		case head == "" || id == head || len(id) >= 7 && strings.HasPrefix(head, id):
			return nil
		default:
			other = id
		}
	}
	if other == "" {
		return nil
	}
	return fmt.Errorf("at %s/versionControlProvenance: the tool examined commit %s, not %.12s: run it on this commit", r.at, oneLine(fmt.Sprintf("%.40q", other), 60), head)
}
