package report

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// What the two take: a section of Slack has 3,000 characters, a message 50 blocks;
// a message of Teams has 28 KB as JSON, of which outside text may need six bytes a
// character.
const (
	slackSection  = 2900
	slackSections = 8
	teamsMessage  = 24_000
	webhookRows   = 40 // of a table: more is not read in a chat
)

// Slack is the report as the payload of a Slack webhook: plain text in blocks,
// without mentions and links.
// https://docs.slack.dev/reference/block-kit/blocks/section-block
func (r *Report) Slack() any {
	head := cut(Clean(r.headline()), 140)
	blocks := []any{map[string]any{"type": "header", "text": map[string]any{"type": "plain_text", "text": head}}}
	for _, part := range parts(r.chatLines(), slackSection, slackSections) {
		blocks = append(blocks, map[string]any{"type": "section", "text": map[string]any{"type": "mrkdwn", "text": "```" + part + "```"}})
	}
	return map[string]any{"text": slackText.Replace(head), "blocks": blocks}
}

// slackText keeps mentions, links and the end of preformatted text out of it.
// https://docs.slack.dev/messaging/formatting-message-text#escaping
var slackText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "`", "'")

// chatLines are the checks and tables, a line each.
func (r *Report) chatLines() []string {
	line := func(s string) string { return slackText.Replace(cut(strings.TrimRight(Clean(s), " "), 300)) }
	var all []string
	for _, c := range r.Checks {
		all = append(all, line(mark(c.State)+" "+c.Name+"  "+stateWord(c.State)+c.Result+"  "+c.Note))
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

// parts joins lines to at most so many texts of at most n characters.
func parts(lines []string, n, most int) []string {
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

// Teams is the report as the payload of a Teams workflow webhook: an adaptive
// card.
// https://learn.microsoft.com/power-automate/teams/send-a-message-in-teams
func (r *Report) Teams() any {
	c := &card{}
	c.add(r.headline(), map[string]any{"size": "Medium", "weight": "Bolder"})
	var facts []any
	for _, check := range r.Checks {
		name, result := teamsText(mark(check.State)+" "+check.Name), teamsText(stateWord(check.State)+check.Result+"  "+check.Note)
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
		c.body = append(c.body, map[string]any{"type": "TextBlock", "text": "and more: the report has all of it", "wrap": true})
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

// room reports whether a text fits, and takes its place. Elements cost about 120
// bytes besides their text.
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

func (c *card) add(s string, look map[string]any) {
	if s = teamsText(s); c.room(s) {
		look["type"], look["text"], look["wrap"] = "TextBlock", s, true
		c.body = append(c.body, look)
	}
}

// teamsText keeps the Markdown that cards read out of outside text.
func teamsText(s string) string {
	s = strings.TrimSpace(cut(Clean(s), 300))
	return strings.NewReplacer("[", "(", "]", ")", "*", "∗", "_", "＿", "`", "'", "~", "∼", "\\", "/").Replace(s)
}

func (r *Report) headline() string { return "goldenpath " + r.Subject + ": " + r.Title }
