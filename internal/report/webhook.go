package report

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of the two services. Slack accepts 3,000 characters in a section and 50 blocks in
// a message. Teams accepts 28 KB of JSON, where a character may take six bytes.
const (
	slackSection  = 2900
	slackSections = 8
	teamsMessage  = 24_000
	webhookRows   = 40 // rows of a table in a chat message
)

// Slack returns the report as the payload of a Slack webhook: plain text in blocks, without
// mentions or links.
// https://docs.slack.dev/reference/block-kit/blocks/section-block
func (r *Report) Slack() any {
	head := cut(LogLine(r.headline()), 140)
	blocks := []any{map[string]any{"type": "header", "text": map[string]any{"type": "plain_text", "text": head}}}
	for _, part := range chunks(r.chatLines(), slackSection, slackSections) {
		blocks = append(blocks, map[string]any{"type": "section", "text": map[string]any{"type": "mrkdwn", "text": "```" + part + "```"}})
	}
	return map[string]any{"text": slackText.Replace(head), "blocks": blocks}
}

// slackText escapes mentions, links and the end of preformatted text.
// https://docs.slack.dev/messaging/formatting-message-text#escaping
var slackText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "`", "'")

// chatLines returns the checks and the rows of tables, one line each.
func (r *Report) chatLines() []string {
	line := func(s string) string { return slackText.Replace(cut(strings.TrimRight(LogLine(s), " "), 300)) }
	var all []string
	for _, c := range r.Checks {
		all = append(all, line(stateMark(c.State)+" "+c.Name+"  "+statePrefix(c.State)+c.Result+"  "+c.Note))
	}
	for _, s := range r.Sections {
		all = append(all, "", line(s.Title))
		for _, row := range s.Rows[:min(len(s.Rows), webhookRows)] {
			all = append(all, line("  "+strings.Join(row, "  ")))
		}
		if more := len(s.Rows) - webhookRows; more > 0 {
			all = append(all, fmt.Sprintf("  and %d more", more))
		}
	}
	return all
}

// chunks joins lines into at most most texts of at most n characters.
func chunks(lines []string, n, most int) []string {
	var all []string
	size := n
	for i, l := range lines {
		if size += utf8.RuneCountInString(l) + 1; size > n {
			if len(all) == most {
				all[most-1] += fmt.Sprintf("and %d more lines\n", len(lines)-i)
				break
			}
			all, size = append(all, ""), utf8.RuneCountInString(l)+1
		}
		all[len(all)-1] += l + "\n"
	}
	return all
}

// Teams returns the report as the payload of a Teams workflow webhook: an adaptive card.
// https://learn.microsoft.com/power-automate/teams/send-a-message-in-teams
func (r *Report) Teams() any {
	c := &card{}
	c.add(r.headline(), map[string]any{"size": "Medium", "weight": "Bolder"})
	var facts []any
	for _, check := range r.Checks {
		name, result := teamsText(stateMark(check.State)+" "+check.Name), teamsText(statePrefix(check.State)+check.Result+"  "+check.Note)
		if !c.room(name + result) {
			break
		}
		facts = append(facts, map[string]any{"title": name, "value": result})
	}
	if len(facts) > 0 {
		c.body = append(c.body, map[string]any{"type": "FactSet", "facts": facts})
	}
	for _, s := range r.Sections {
		c.add(s.Title, map[string]any{"weight": "Bolder"})
		for _, row := range s.Rows[:min(len(s.Rows), webhookRows)] {
			c.add(strings.Join(row, "  "), map[string]any{"fontType": "Monospace", "spacing": "None"})
		}
		if more := len(s.Rows) - webhookRows; more > 0 {
			c.add(fmt.Sprintf("and %d more", more), map[string]any{"spacing": "None"})
		}
	}
	if c.full {
		c.body = append(c.body, map[string]any{"type": "TextBlock", "text": "The report has more.", "wrap": true})
	}
	return map[string]any{"type": "message", "attachments": []any{map[string]any{
		"contentType": "application/vnd.microsoft.card.adaptive",
		"content":     map[string]any{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": c.body},
	}}}
}

// card is the body of an adaptive card under construction.
type card struct {
	body []any
	used int
	full bool
}

// room reserves room for an element with this text, and reports whether it fits. An
// element takes about 120 bytes more than its text.
func (c *card) room(s string) bool {
	for _, r := range s {
		if c.used++; r == '<' || r == '>' || r == '&' || r > '~' {
			c.used += 5 // \u003c, or a character outside ASCII
		}
	}
	c.used += 120
	c.full = c.full || c.used > teamsMessage
	return !c.full
}

// add appends a block of text with the given properties, if it fits.
func (c *card) add(s string, properties map[string]any) {
	if s = teamsText(s); c.room(s) {
		properties["type"], properties["text"], properties["wrap"] = "TextBlock", s, true
		c.body = append(c.body, properties)
	}
}

// teamsText replaces the characters that are Markdown in a card.
func teamsText(s string) string {
	s = strings.TrimSpace(cut(LogLine(s), 300))
	return strings.NewReplacer("[", "(", "]", ")", "*", "∗", "_", "＿", "`", "'", "~", "∼", "\\", "/").Replace(s)
}

func (r *Report) headline() string { return "goldenpath " + r.Subject + ": " + r.Title }
