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

// check reads a whole file that has come and returns the time it was published,
// the zero one when it does not say.
type check func(ctx context.Context, f *os.File, size int64) (time.Time, error)

// file fetches a single file.
func (u *update) file(name string, limit int64, check check) func(context.Context, string, *Source) (*Source, error) {
	k, _ := kindOf(name)
	return func(ctx context.Context, mirror string, have *Source) (*Source, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, mirror, nil)
		if err != nil {
			return nil, &refusedError{"its address cannot be parsed"}
		}
		req.Header.Set("User-Agent", userAgent)
		req.Header.Set("Accept-Encoding", "identity") // the file as it is, its length with it
		// The tag of one mirror means nothing to another.
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
			return nil, &refusedError{fmt.Sprintf("it answers %d %s", res.StatusCode, http.StatusText(res.StatusCode))}
		case res.ContentLength > limit:
			return nil, &refusedError{fmt.Sprintf("it offers %d bytes, at most %d are taken", res.ContentLength, limit)}
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

// copy writes the body and notes its size and digest.
func (u *update) copy(f *os.File, res *http.Response, s *Source, limit int64) error {
	sum, crc := sha256.New(), crc32.New(crc32.MakeTable(crc32.Castagnoli))
	in := &meter{Reader: res.Body, name: s.Name, total: res.ContentLength, tell: u.Progress}
	n, err := io.Copy(io.MultiWriter(f, sum, crc), io.LimitReader(in, limit+1))
	if err != nil {
		return fmt.Errorf("read after %d bytes: %w", n, err)
	}
	if n > limit {
		return broken(fmt.Errorf("it sends more than %d bytes", limit))
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
			return broken(errors.New("it is not what the mirror says it sends: the checksum differs"))
		}
	}
	return nil
}

// date notes when the content was published, where it says. A mirror that lags
// behind must not take us back.
func (s *Source) date(when time.Time, have *Source) error {
	if k, _ := kindOf(s.Name); k.daily && when.IsZero() {
		return broken(errors.New("it does not say when it was published"))
	}
	if when.IsZero() {
		return nil
	}
	s.Upstream = when.UTC()
	if when.Sub(s.Fetched) > clockSkew {
		return &refusedError{"it is of " + when.UTC().Format(time.RFC3339) + ", which is yet to come"}
	}
	if have != nil && when.Before(have.Upstream) {
		return &refusedError{fmt.Sprintf("what it has is of %s, older than what is here (%s)",
			when.UTC().Format(time.RFC3339), have.Upstream.UTC().Format(time.RFC3339))}
	}
	return nil
}

// explain says so when the file is a page for people.
func explain(f *os.File, err error) error {
	head := make([]byte, 512)
	n, _ := f.ReadAt(head, 0)
	if strings.HasPrefix(http.DetectContentType(bytes.TrimSpace(head[:n])), "text/html") {
		return fmt.Errorf("it sends a web page: %w", err)
	}
	return err
}

// bounded drops a header that is too long to keep.
func bounded(text string) string {
	if len(text) > 1024 {
		return ""
	}
	return text
}

// meter tells how far a download is.
type meter struct {
	io.Reader
	name              string
	done, told, total int64
	tell              func(name string, done, total int64)
	err               error // that ended it before its end
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	m.done += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		m.err = err
	}
	if m.done-m.told >= 1<<20 {
		m.told = m.done
		m.tell(m.name, m.done, m.total)
	}
	return n, err
}

// end tells the last part.
func (m *meter) end() {
	if m.told != m.done || m.done == 0 {
		m.told = m.done
		m.tell(m.name, m.done, m.total)
	}
}
