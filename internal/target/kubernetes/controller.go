package kubernetes

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// Controller is a CronJob that sweeps the previews of an app inside the cluster.
type Controller struct {
	App, Repository string
	Image           string        // by digest
	Every           time.Duration // divides an hour or a day
	Config          string        // content of .goldenpath.yml
}

//go:embed controller.yaml
var controllerText string

var controllerTemplate = template.Must(template.New("controller.yaml").Funcs(template.FuncMap{"json": encoded, "scalar": scalar}).Parse(controllerText))

// Manifest returns the objects of the controller, as YAML.
func (c Controller) Manifest() (string, error) {
	schedule, err := c.schedule()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = controllerTemplate.Execute(&b, map[string]any{
		"App": c.App, "Repository": c.Repository, "Image": c.Image, "Config": c.Config, "Every": text.Duration(c.Every), "Schedule": schedule,
		"Name": c.Name(), "Home": Home, "Domain": Domain, "Ledger": LedgerObject(c.App, c.Repository).Object,
		"LedgerName": LedgerName(c.App, c.Repository), "AppLabel": labelValue(c.App),
	})
	return b.String(), err
}

// maxCronJob is the maximum length of a CronJob's name: its Jobs have longer ones.
const maxCronJob = 52

// Name returns the name of the controller's objects, and of the Secret with its token.
func (c Controller) Name() string {
	name := namespaceName(c.App, "sweep", c.Repository)
	if len(name) <= maxCronJob {
		return name
	}
	hash := name[len(name)-hashSize-1:]
	return strings.TrimRight(name[:maxCronJob-len(hash)], "-") + hash
}

// schedule returns the cron of an interval. An interval that does not divide an hour or a
// day has no cron with equal pauses.
func (c Controller) schedule() (string, error) {
	d, day := c.Every, 24*time.Hour
	switch {
	case d >= time.Minute && d < time.Hour && d%time.Minute == 0 && time.Hour%d == 0:
		return fmt.Sprintf("*/%d * * * *", d/time.Minute), nil
	case d >= time.Hour && d <= day && d%time.Hour == 0 && day%d == 0:
		return fmt.Sprintf("17 */%d * * *", d/time.Hour), nil
	}
	return "", report.Usage(fmt.Sprintf("--every %s does not divide an hour or a day: use 5m, 10m, 30m, 1h, 6h or 24h, for example", c.Every))
}

func encoded(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// scalar returns a text as a YAML block scalar, indented by four.
func scalar(text string) string {
	var b strings.Builder
	b.WriteString("|2\n")
	for line := range strings.Lines(strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n")) {
		if line != "\n" {
			b.WriteString("    ")
		}
		b.WriteString(line)
	}
	return b.String()
}
