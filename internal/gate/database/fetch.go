package database

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

const userAgent = "goldenpath-security-gate"

// check reads a downloaded file completely and returns the time of its publication. It
// returns the zero time if the file does not state one.
type check func(ctx context.Context, f *os.File, size int64) (time.Time, error)

// file returns a function that downloads a single file.
func (u *update) file(name string, limit int64, check check) func(context.Context, string, *Source) (*Source, error) {
	k, _ := kindOf(name)
	return func(ctx context.Context, mirror string, have *Source) (*Source, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, mirror, nil)
		if err != nil {
			return nil, &refusedError{"the address of the mirror is not valid"}
		}
		req.Header.Set("User-Agent", userAgent)
		req.Header.Set("Accept-Encoding", "identity") // unchanged, with its length
		// The tag of one mirror is meaningless to another.
		conditional := have != nil && have.From == label(mirror) && have.ETag != ""
		if conditional {
			req.Header.Set("If-None-Match", have.ETag)
		} else if conditional = have != nil && have.From == label(mirror) && !have.Upstream.IsZero() && !k.daily; conditional {
			req.Header.Set("If-Modified-Since", have.Upstream.Format(http.TimeFormat))
		}
		res, err := u.client.Do(req)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		switch {
		case res.StatusCode == http.StatusNotModified && conditional:
			return nil, nil
		case res.StatusCode != http.StatusOK:
			return nil, &refusedError{fmt.Sprintf("the mirror responded with %d %s", res.StatusCode, http.StatusText(res.StatusCode))}
		case res.ContentLength > limit:
			return nil, &refusedError{fmt.Sprintf("the file has %d bytes, more than the limit of %d", res.ContentLength, limit)}
		}
		now := u.Now().UTC()
		s := &Source{Name: name, From: label(mirror), Fetched: now, Checked: now, ETag: bounded(res.Header.Get("ETag"))}
		if when, err := http.ParseTime(res.Header.Get("Last-Modified")); err == nil {
			s.Upstream = when.UTC()
		}
		err = put(u.root, k.path, func(f *os.File) error {
			if err := u.copy(f, res, s, limit); err != nil {
				return err
			}
			when, err := check(ctx, f, s.Size)
			if err != nil {
				return broken(explain(f, err))
			}
			return s.date(when, have)
		})
		if err != nil {
			return nil, err
		}
		return s, writeSource(u.root, *s)
	}
}

// copy writes the body and records its size and digest.
func (u *update) copy(f *os.File, res *http.Response, s *Source, limit int64) error {
	sum, crc := sha256.New(), crc32.New(crc32.MakeTable(crc32.Castagnoli))
	in := &meter{Reader: res.Body, name: s.Name, total: res.ContentLength, report: u.Progress}
	n, err := io.Copy(io.MultiWriter(f, sum, crc), io.LimitReader(in, limit+1))
	if err != nil {
		return fmt.Errorf("download interrupted after %d bytes: %w", n, err)
	}
	if n > limit {
		return broken(fmt.Errorf("the mirror sent more than %d bytes", limit))
	}
	in.end()
	s.Size, s.Digest = n, "sha256:"+hex.EncodeToString(sum.Sum(nil))
	for _, v := range res.Header.Values("X-Goog-Hash") {
		text, ok := strings.CutPrefix(v, "crc32c=")
		if !ok {
			continue
		}
		want, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(want) != 4 || binary.BigEndian.Uint32(want) != crc.Sum32() {
			return broken(errors.New("the checksum that the mirror sent does not match"))
		}
	}
	return nil
}

// date sets the time of publication. The zero time changes nothing. Content older than
// the existing file is refused, because the mirror is out of date.
func (s *Source) date(when time.Time, have *Source) error {
	if k, _ := kindOf(s.Name); k.daily && when.IsZero() {
		return broken(errors.New("the file does not state when it was published"))
	}
	if when.IsZero() {
		return nil
	}
	s.Upstream = when.UTC()
	if when.Sub(s.Fetched) > clockSkew {
		return &refusedError{"the file is dated " + when.UTC().Format(time.RFC3339) + ", which is in the future"}
	}
	if have != nil && when.Before(have.Upstream) {
		return &refusedError{fmt.Sprintf("the mirror's data of %s is older than the existing data of %s",
			when.UTC().Format(time.RFC3339), have.Upstream.UTC().Format(time.RFC3339))}
	}
	return nil
}

// explain returns err and, if the file is a web page, adds that to the message.
func explain(f *os.File, err error) error {
	head := make([]byte, 512)
	n, _ := f.ReadAt(head, 0)
	if strings.HasPrefix(http.DetectContentType(bytes.TrimSpace(head[:n])), "text/html") {
		return fmt.Errorf("the mirror sent a web page: %w", err)
	}
	return err
}

// bounded returns a header, or "" if the header is too long to keep.
func bounded(text string) string {
	if len(text) > 1024 {
		return ""
	}
	return text
}

// meter reports the progress of a download.
type meter struct {
	io.Reader
	name                  string
	done, reported, total int64
	report                func(name string, done, total int64)
	err                   error // that ended it before its end
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	m.done += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		m.err = err
	}
	if m.done-m.reported >= 1<<20 {
		m.reported = m.done
		m.report(m.name, m.done, m.total)
	}
	return n, err
}

// end reports the progress that has not been reported yet.
func (m *meter) end() {
	if m.reported != m.done || m.done == 0 {
		m.reported = m.done
		m.report(m.name, m.done, m.total)
	}
}
