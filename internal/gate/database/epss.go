package database

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// EPSS reads FIRST's exploit prediction scores from the folder. It returns for each CVE
// the probability of exploitation within 30 days, from 0 to 1. Without a file of
// scores, both results are nil.
func EPSS(dir string) (map[string]float64, *gate.Database, error) {
	return load(dir, Scores, parseEPSS)
}

// parseEPSS reads a table of scores, compressed with gzip or as plain text, because
// some servers decompress the file.
func parseEPSS(r io.Reader, l limits) (map[string]float64, time.Time, error) {
	raw := bufio.NewReader(r)
	text := io.Reader(raw)
	if head, _ := raw.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		zipped, err := gzip.NewReader(raw)
		if err != nil {
			return nil, time.Time{}, err
		}
		defer zipped.Close()
		text = zipped
	}
	limited := &io.LimitedReader{R: text, N: l.plain + 1}
	plain := bufio.NewReader(limited)
	when, err := scoreDate(plain)
	if err != nil {
		return nil, when, err
	}
	found, err := scores(plain)
	if limited.N == 0 {
		err = fmt.Errorf("the table has more than %d bytes", l.plain)
	}
	if err != nil {
		return nil, when, err
	}
	return found, when, nil
}

// scoreDate reads the date in the comment before the table:
// #model_version:v2025.03.14,score_date:2026-05-18T00:00:00+0000. Without a comment, it
// returns the zero time.
func scoreDate(r *bufio.Reader) (time.Time, error) {
	if head, _ := r.Peek(1); string(head) != "#" {
		return time.Time{}, nil
	}
	line, err := r.ReadSlice('\n')
	if err != nil {
		return time.Time{}, fmt.Errorf("cannot read the first line of the table: %w", err)
	}
	_, text, ok := strings.Cut(string(line), "score_date:")
	if !ok {
		return time.Time{}, nil
	}
	text, _, _ = strings.Cut(strings.TrimSpace(text), ",")
	for _, layout := range []string{"2006-01-02T15:04:05Z0700", time.RFC3339, time.DateOnly} {
		if when, err := time.Parse(layout, text); err == nil {
			return when.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("the score date %.50q is not a date", text)
}

func scores(r io.Reader) (map[string]float64, error) {
	rows := csv.NewReader(r)
	rows.ReuseRecord = true
	head, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("cannot read the columns of the table: %w", err)
	}
	id, score := slices.Index(head, "cve"), slices.Index(head, "epss")
	if id < 0 || score < 0 {
		return nil, errors.New("not an EPSS table: the columns cve and epss are missing")
	}
	found := map[string]float64{}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := rows.FieldPos(id)
		if !cve.MatchString(row[id]) {
			return nil, fmt.Errorf("line %d of the table: %.50q is not a CVE id", line, row[id])
		}
		p, err := strconv.ParseFloat(row[score], 64)
		if err != nil || !(p >= 0 && p <= 1) {
			return nil, fmt.Errorf("line %d of the table: %.50q is not a probability", line, row[score])
		}
		found[strings.Clone(row[id])] = p // the fields of a row share one string
	}
	if len(found) == 0 {
		return nil, errors.New("the table has no scores")
	}
	return found, nil
}

func (u *update) checkEPSS(_ context.Context, f *os.File, _ int64) (time.Time, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return time.Time{}, err
	}
	_, when, err := parseEPSS(f, u.limits)
	return when, err
}
