package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

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
)

// benchMinutes prints the jobs and the minutes that GitHub bills for the sample, computed
// from the times of the local runner that the end-to-end test left in dir: each job is
// rounded up to a minute, with its start-up.
func benchMinutes(dir string) error {
	fmt.Printf("\nminutes on GitHub, from the local runner's times; each job is rounded up, with %d s for its start\n", startUp)
	billed := map[path]int{}
	for _, p := range []path{push, closed, release, back, sweep} {
		text, err := os.ReadFile(filepath.Join(dir, p.file+".json"))
		if errors.Is(err, fs.ErrNotExist) {
			fmt.Println("not computed, because the end-to-end tests of the workflows did not run here: make e2e")
			return nil
		}
		if err != nil {
			return err
		}
		seconds := map[string]float64{} // by job
		if err := json.Unmarshal(text, &seconds); err != nil {
			return fmt.Errorf("%s: %w", p.file, err)
		}
		total := 0.0
		for _, s := range seconds {
			billed[p] += int(math.Ceil((s + startUp) / 60))
			total += s
		}
		fmt.Printf("%-52s %s, %3.0f s of work, %d min billed\n", p.what, english.Plural(len(seconds), "job", ""), total, billed[p])
	}
	month := pulls*(pushes*billed[push]+billed[closed]+billed[release]) + days*sweepsADay*billed[sweep]
	fmt.Printf("%-52s %d min (the Free plan has 2,000)\n", fmt.Sprintf("a month: %d pull requests of %d pushes, each released, %d sweeps a day", pulls, pushes, sweepsADay), month)
	return nil
}
