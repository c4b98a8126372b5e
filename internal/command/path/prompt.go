package path

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/scaffold"
)

// prompt asks a person on a terminal. Each question has numbered answers.
type prompt struct {
	in  *bufio.Reader
	out io.Writer
}

// app asks for one of several apps.
func (p prompt) app(apps []scaffold.App) (int, error) {
	fmt.Fprintln(p.out, "This repository has several apps, and .goldenpath.yml is for one. Which one?")
	for i, a := range apps {
		fmt.Fprintf(p.out, "  %d  %s   %s\n", i+1, report.LogLine(a.Dir), report.LogLine(a.What))
	}
	for {
		picked, err := p.numbers("number: ", len(apps))
		if err != nil {
			return 0, err
		}
		if len(picked) == 1 {
			return picked[0], nil
		}
		fmt.Fprintln(p.out, "Type one number.")
	}
}

// groups asks which groups of files to write in addition to the configuration and one workflow.
func (p prompt) groups(groups []scaffold.Group) ([]string, error) {
	fmt.Fprintln(p.out, "init writes .goldenpath.yml and one workflow. What else?")
	for i, g := range groups {
		fmt.Fprintf(p.out, "  %2d  %-12s %s\n", i+1, g.Name, g.What)
	}
	picked, err := p.numbers("numbers such as 1,3, or Enter for nothing else: ", len(groups))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, n := range picked {
		names = append(names, groups[n].Name)
	}
	return names, nil
}

// numbers reads numbers between 1 and most, and returns them from 0.
func (p prompt) numbers(question string, most int) ([]int, error) {
	for {
		fmt.Fprint(p.out, question)
		line, err := p.in.ReadString('\n')
		if errors.Is(err, io.EOF) && strings.TrimSpace(line) == "" {
			return nil, report.Usage("no answer: nothing was written; use --app-dir and --with instead of answering")
		} else if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read the answer: %w", err)
		}
		picked, bad := []int{}, ""
		for _, word := range strings.FieldsFunc(line, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' }) {
			n, err := strconv.Atoi(word)
			if err != nil || n < 1 || n > most {
				bad = word
				break
			}
			picked = append(picked, n-1)
		}
		if bad == "" {
			return picked, nil
		}
		fmt.Fprintf(p.out, "%s is not a number from 1 to %d.\n", report.LogLine(bad), most)
	}
}
