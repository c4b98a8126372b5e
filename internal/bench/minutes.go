package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/dustin/go-humanize/english"
)

const (
	// startUp is the time in seconds that GitHub is assumed to need for a job before its
	// first step. It was not measured.
	startUp = 20
	// A month of a small team: pull requests, and pushes to each of them.
	pulls, pushes = 30, 3
	sweepsADay    = 4
	days          = 30
)

// path is a run of the end-to-end test TestPath, which takes the sample to production in a
// local runner.
type path struct{ file, what string }

var (
	push    = path{"2-synchronize", "a push to a pull request"}
	closed  = path{"3-closed", "a pull request is closed"}
	release = path{"5-next", "a release: main to production, with a soak of 5 s"}
	back    = path{"6-rollback", "a rollback"}
	sweep   = path{"7-sweep", "a sweep"}
	// TestSeparateActions does the work of a push with other actions.
	separate = path{"separate", "the same push with separate actions"}
)

// benchMinutes prints the jobs and the minutes that GitHub bills for the sample, computed
// from the times of the local runner that the end-to-end test left in dir: each job is
// rounded up to a minute, with its start-up.
func benchMinutes(dir string) error {
	fmt.Printf("\nminutes on GitHub, from the local runner's times; each job is rounded up, with %d s for its start\n", startUp)
	billed := map[path]int{}
	for _, p := range []path{push, closed, release, back, sweep} {
		jobs, err := p.read(dir)
		if errors.Is(err, fs.ErrNotExist) {
			fmt.Println("not computed, because the end-to-end tests of the workflows did not run here: make e2e")
			return nil
		}
		if err != nil {
			return err
		}
		billed[p] = jobs.print(p.what)
		if p == push {
			fmt.Printf("%-52s %.0f s\n", "from the push to an answering preview", jobs.until("preview", "checks", "scan"))
		}
	}
	month := pulls*(pushes*billed[push]+billed[closed]+billed[release]) + days*sweepsADay*billed[sweep]
	fmt.Printf("%-52s %d min (the Free plan has 2,000)\n", fmt.Sprintf("a month: %d pull requests of %d pushes, each released, %d sweeps a day", pulls, pushes, sweepsADay), month)
	return compareMinutes(dir, billed[push])
}

// compareMinutes prints the minutes of the path of a pull request with the popular separate
// actions: with one job for each, as their READMEs show it, and with the scans in one job.
func compareMinutes(dir string, ours int) error {
	jobs, err := separate.read(dir)
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Println("separate actions: not computed, because TestSeparateActions did not run here: make e2e after make bench")
		return nil
	}
	if err != nil {
		return err
	}
	theirs := jobs.print(separate.what)
	fmt.Printf("%-52s %.0f s\n", "from the push to an answering preview", jobs.until("preview", "test", "secrets", "dependencies", "infrastructure", "image"))
	for _, scan := range []string{"secrets", "dependencies"} {
		jobs["infrastructure"] += jobs[scan]
		delete(jobs, scan)
	}
	thrifty := jobs.print("the same with the scans of the source in one job")
	fmt.Printf("%-52s ratio %.2f, and %.2f if the scans are in one job\n", "minutes of goldenpath to theirs", float64(ours)/float64(theirs), float64(ours)/float64(thrifty))
	return nil
}

// jobs are the seconds that the jobs of a run took.
type jobs map[string]float64

func (p path) read(dir string) (jobs, error) {
	text, err := os.ReadFile(filepath.Join(dir, p.file+".json"))
	if err != nil {
		return nil, err
	}
	all, j := map[string]float64{}, jobs{}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", p.file, err)
	}
	for name, seconds := range all {
		// The name begins with that of the workflow, and is padded.
		j[strings.TrimSpace(name[strings.LastIndexByte(name, '/')+1:])] += seconds
	}
	return j, nil
}

// until returns the seconds from a push to the end of a job that needs others, which start
// with the push. The local runner runs one job after the other, and GitHub does not.
func (j jobs) until(last string, needs ...string) float64 {
	longest := 0.0
	for _, name := range needs {
		longest = max(longest, j[name])
	}
	return startUp + longest + startUp + j[last]
}

// print prints the jobs of a run and returns the minutes that GitHub bills.
func (j jobs) print(what string) (billed int) {
	total := 0.0
	for _, s := range j {
		billed += int(math.Ceil((s + startUp) / 60))
		total += s
	}
	fmt.Printf("%-52s %s, %3.0f s of work, %d min billed\n", what, english.Plural(len(j), "job", ""), total, billed)
	return billed
}
