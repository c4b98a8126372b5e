package report

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// What Slack and Teams would read as more than text.
var (
	slackMarkup = regexp.MustCompile("[<>]|&(?:[^alg]|$)")
	teamsMarkup = regexp.MustCompile("[][*_`~\\\\]")
)

// payload is what is sent, as the receiver reads it.
func payload[T any](t testing.TB, message any) (T, []byte) {
	t.Helper()
	var out T
	b, err := json.Marshal(message)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out, b
}

type slackMessage struct {
	Text   string
	Blocks []struct {
		Type string
		Text struct{ Type, Text string }
	}
}

type teamsMessageOf struct {
	Type        string
	Attachments []struct {
		ContentType string
		Content     struct {
			Type, Version string
			Body          []struct {
				Type, Text string
				Facts      []struct{ Title, Value string }
			}
		}
	}
}

// checkChat proves GP-OBS-4 and GP-SAFE-2: both take the message, whatever a
// stranger has written into the report, and no one is mentioned in it.
func checkChat(t testing.TB, r *Report) {
	t.Helper()
	slack, _ := payload[slackMessage](t, r.Slack())
	if slackMarkup.MatchString(slack.Text) || slack.Text == "" {
		t.Errorf("slack: text %q", slack.Text)
	}
	if len(slack.Blocks) == 0 || len(slack.Blocks) > 50 || slack.Blocks[0].Type != "header" || utf8.RuneCountInString(slack.Blocks[0].Text.Text) > 150 {
		t.Errorf("slack: %d blocks, %+v", len(slack.Blocks), slack.Blocks[:min(1, len(slack.Blocks))])
	}
	for _, b := range slack.Blocks[min(1, len(slack.Blocks)):] {
		inner := strings.TrimSuffix(strings.TrimPrefix(b.Text.Text, "```"), "```")
		if b.Type != "section" || utf8.RuneCountInString(b.Text.Text) > 3000 || slackMarkup.MatchString(inner) || strings.Contains(inner, "`") {
			t.Errorf("slack: block %+v", b)
		}
	}
	teams, raw := payload[teamsMessageOf](t, r.Teams())
	if len(raw) > 28_000 {
		t.Errorf("teams: %d bytes", len(raw))
	}
	if teams.Type != "message" || len(teams.Attachments) != 1 || teams.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" || teams.Attachments[0].Content.Type != "AdaptiveCard" {
		t.Fatalf("teams: %s", raw)
	}
	for _, b := range teams.Attachments[0].Content.Body {
		texts := b.Text
		for _, f := range b.Facts {
			texts += f.Title + f.Value
		}
		if teamsMarkup.MatchString(texts) {
			t.Errorf("teams: %q", texts)
		}
	}
}

func FuzzChat(f *testing.F) {
	seed(f)
	f.Add(strings.Repeat("<!channel> ", 400))
	f.Add(strings.Repeat("é`*", 3000))
	f.Fuzz(func(t *testing.T, s string) { checkChat(t, everywhere(s)) })
}

// TestChatOfMany: what does not fit is said to be missing.
func TestChatOfMany(t *testing.T) {
	r := &Report{Subject: "where2eat", Title: "500 previews cost 9.10 EUR on 20 Nov"}
	rows := Section{Title: "previews on Fri 20 Nov 2026"}
	for i := range 500 {
		r.Checks = append(r.Checks, Check{Name: fmt.Sprintf("owner-%d", i), State: OK, Result: strings.Repeat("é<", 60)})
		rows.Rows = append(rows.Rows, []string{fmt.Sprintf("pr-%d", i), "ann", "16.0"})
	}
	r.Sections = []Section{rows}
	checkChat(t, r)
	for name, message := range map[string]any{"slack": r.Slack(), "teams": r.Teams()} {
		_, raw := payload[any](t, message)
		if !strings.Contains(string(raw), "owner-0") || !strings.Contains(string(raw), "more") {
			t.Errorf("%s: %s", name, raw)
		}
	}
	r.Checks = nil
	checkChat(t, r)
	for name, message := range map[string]any{"slack": r.Slack(), "teams": r.Teams()} {
		if _, raw := payload[any](t, message); !strings.Contains(string(raw), "pr-39") || !strings.Contains(string(raw), "and 460 more") {
			t.Errorf("%s: %s", name, raw)
		}
	}
}
