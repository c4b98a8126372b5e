package sarif

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"fmt"
	"regexp"
	"strconv"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// severity returns the severity of a result and its source.
func (c *converter) severity(res *result, d *descriptor) (report.Severity, string, error) {
	score, rated, err := rating(res.Properties.SecuritySeverity, res.at)
	if err == nil && !rated && d != nil {
		score, rated, err = rating(d.Properties.SecuritySeverity, res.at+" (its rule)")
	}
	if err != nil {
		return "", "", err
	}
	level, err := c.level(res, d)
	if err != nil {
		return "", "", err
	}
	if !rated {
		return map[string]report.Severity{"error": report.High, "warning": report.Medium, "note": report.Low, "none": report.Note}[level], "", nil
	}
	source := fmt.Sprintf("security-severity %.1f of %s", score, c.tool)
	switch {
	case score >= 9:
		return report.Critical, source, nil
	case score >= 7:
		return report.High, source, nil
	case score >= 4:
		return report.Medium, source, nil
	case score > 0:
		return report.Low, source, nil
	}
	return report.Note, source, nil
}

var decimal = regexp.MustCompile(`^\d{1,3}(\.\d{1,20})?$`)

// rating reads the property security-severity, which GitHub uses: a number, usually in
// quotes. ok is false if the property is missing.
func rating(v jsontext.Value, at string) (score float64, ok bool, err error) {
	if len(v) == 0 {
		return 0, false, nil
	}
	text := string(v)
	switch v.Kind() {
	case jsontext.KindString:
		if err := json.Unmarshal(v, &text); err != nil || !decimal.MatchString(text) {
			return 0, false, fmt.Errorf("at %s/properties/security-severity: %s is not a number from 0 to 10", at, oneLine(strconv.Quote(text), 50))
		}
	case jsontext.KindNumber:
	default:
		return 0, false, fmt.Errorf("at %s/properties/security-severity: the value is not a number from 0 to 10", at)
	}
	score, err = strconv.ParseFloat(text, 64)
	if err != nil || !(score >= 0 && score <= 10) {
		return 0, false, fmt.Errorf("at %s/properties/security-severity: %s is not a number from 0 to 10", at, oneLine(text, 50))
	}
	return score, true, nil
}

// level returns the level of a result, as SARIF 2.1.0 defines it in section 3.27.10.
func (c *converter) level(res *result, d *descriptor) (string, error) {
	level := res.Level
	if level == "" && res.Kind != "" && res.Kind != "fail" {
		level = "none"
	}
	if level == "" {
		var err error
		if level, err = c.overridden(res, d); err != nil {
			return "", err
		}
	}
	if level == "" && d != nil {
		level = d.Configuration.Level
	}
	switch level {
	case "":
		return "warning", nil
	case "none", "note", "warning", "error":
		return level, nil
	}
	return "", fmt.Errorf("at %s/level: %s is not a SARIF level", res.at, oneLine(strconv.Quote(level), 50))
}
