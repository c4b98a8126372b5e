package report

import (
	"fmt"
	"math"
	"strings"
)

// Picture is a soak, drawn: the slowest sample over time, the samples that were bad, and
// the limit. Its text is outside the drawing, so that it stays readable on a narrow screen.
type Picture struct {
	Line  string   // points of the curve
	Area  string   // points of the area below it
	Bad   []string // where bad samples are, on the horizontal axis
	Limit string   // height of the limit; "": above the drawing, or none
	Top   string   // label of the upper edge
	End   string   // label of the right edge
	Facts []string
}

// The drawing has this many units; the browser stretches it.
const (
	pictureWidth  = 1000
	pictureHeight = 200
)

// Curve draws the measurements of a soak. It returns nil if the report has none.
func (p Part) Curve() *Picture {
	c := curveOf(p.Report)
	if c == nil {
		return nil
	}
	end, top := c.Points[len(c.Points)-1].At, 0.0
	taken, bad := 0, 0
	for _, q := range c.Points {
		if !finite(q.At) || !finite(q.Slowest) {
			return nil
		}
		top = max(top, q.Slowest)
		taken, bad = taken+q.Taken, bad+q.Bad
	}
	slowest := top
	if c.Limit > 0 && c.Limit < 4*top {
		top = max(top, c.Limit)
	}
	if end <= 0 || top <= 0 {
		return nil
	}
	top = round(1.1 * top)
	x := func(at float64) string { return fmt.Sprintf("%.1f", pictureWidth*max(0, at)/end) }
	y := func(ms float64) string { return fmt.Sprintf("%.1f", pictureHeight*(1-max(0, ms)/top)) }
	out := &Picture{Top: milliseconds(top), End: seconds(end)}
	var line []string
	for _, q := range c.Points {
		line = append(line, x(q.At)+","+y(q.Slowest))
		if q.Bad > 0 {
			out.Bad = append(out.Bad, x(q.At))
		}
	}
	out.Line = strings.Join(line, " ")
	out.Area = fmt.Sprintf("0,%d %s %d,%d", pictureHeight, out.Line, pictureWidth, pictureHeight)
	if c.Limit > 0 && c.Limit <= top {
		out.Limit = y(c.Limit)
	}
	out.Facts = []string{fmt.Sprintf("%d samples, %d bad", taken, bad), "slowest " + milliseconds(slowest)}
	if c.Limit > 0 {
		out.Facts = append(out.Facts, "limit of the 95th percentile "+milliseconds(c.Limit))
	}
	switch {
	case c.Budget > 0:
		out.Facts = append(out.Facts, fmt.Sprintf("%.0f %% of the error budget spent", c.Spent))
	case bad > 0 && c.Spent > 0:
		out.Facts = append(out.Facts, "no bad sample was allowed")
	}
	return out
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) && v >= 0 && v < 1e12 }

// round returns a number with one or two digits, for the label of an axis.
func round(v float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(v))) / 2
	return math.Ceil(v/unit) * unit
}

func milliseconds(v float64) string {
	if v >= 1000 {
		return fmt.Sprintf("%.3g s", v/1000)
	}
	return fmt.Sprintf("%.3g ms", v)
}

func seconds(v float64) string {
	if v < 100 {
		return fmt.Sprintf("%.3g s", v)
	}
	return fmt.Sprintf("%d m %d s", int(v)/60, int(v)%60)
}
