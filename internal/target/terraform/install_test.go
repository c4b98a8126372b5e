package terraform

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// archive returns a zip file with a program, and its checksum.
func archive(t *testing.T, name, program string) (content []byte, sha string) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err == nil {
		_, err = w.Write([]byte(program))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.Sum256(b.Bytes())
	return b.Bytes(), hex.EncodeToString(h[:])
}

// GP-PATH-8: the program that runs is the one whose checksum is pinned, whatever the server
// sends and whatever an earlier job left in the folder.
func TestInstall(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux runners install OpenTofu")
	}
	good, sha := archive(t, "tofu", "the program")
	bad, _ := archive(t, "tofu", "malware")
	served, status, asked := good, http.StatusOK, ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked += r.URL.Path + "\n"
		w.WriteHeader(status)
		_, _ = w.Write(served)
	}))
	defer server.Close()
	d := Download{Version: "1.2.3", URL: server.URL + "/v1.2.3", SHA256: map[string]string{runtime.GOARCH: sha}}
	dir := filepath.Join(t.TempDir(), "terraform")
	check := func(how string, wantRequests int) {
		t.Helper()
		asked = ""
		program, err := d.Install(t.Context(), dir)
		b, _ := os.ReadFile(program)
		if err != nil || string(b) != "the program" || strings.Count(asked, "/v1.2.3/tofu_1.2.3_linux_"+runtime.GOARCH+".zip\n") != wantRequests {
			t.Errorf("%s: %q, %v, requests %q", how, b, err, asked)
		}
		if info, err := os.Stat(program); err == nil && info.Mode().Perm() != 0o700 {
			t.Errorf("%s: mode %v", how, info.Mode())
		}
	}
	check("first", 1)
	check("again", 0)
	program := filepath.Join(dir, "tofu-1.2.3", "tofu")
	if err := os.WriteFile(program, []byte("malware"), 0o700); err != nil {
		t.Fatal(err)
	}
	check("the program was replaced", 0)
	kept := filepath.Join(dir, "tofu_1.2.3_linux_"+runtime.GOARCH+".zip")
	write(t, kept, string(bad))
	check("the archive was replaced", 1)

	_ = os.Remove(kept)
	served = bad
	if _, err := d.Install(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "want "+sha) || exists(kept) {
		t.Errorf("another archive: %v", err)
	}
	served, status = good, http.StatusNotFound
	if _, err := d.Install(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "404") || exists(kept) {
		t.Errorf("not there: %v", err)
	}
	served, sha = archive(t, "readme", "no program")
	d.SHA256[runtime.GOARCH], status = sha, http.StatusOK
	if _, err := d.Install(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "contains no program") {
		t.Errorf("without a program: %v", err)
	}
	d.SHA256 = nil
	if _, err := d.Install(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "PATH") {
		t.Errorf("without a checksum: %v", err)
	}
}

// TestOpenTofu: the pinned release is complete. Whether the checksums are those of the
// release can be seen only with a network: GOLDENPATH_DOWNLOAD=true downloads it.
func TestOpenTofu(t *testing.T) {
	if !strings.HasSuffix(OpenTofu.URL, "/v"+OpenTofu.Version) || len(OpenTofu.SHA256) != 2 {
		t.Errorf("%+v", OpenTofu)
	}
	for _, arch := range []string{"amd64", "arm64"} {
		if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(OpenTofu.SHA256[arch]) {
			t.Errorf("no checksum for %s", arch)
		}
	}
	if os.Getenv("GOLDENPATH_DOWNLOAD") != "true" {
		return
	}
	if _, err := OpenTofu.Install(context.Background(), t.TempDir()); err != nil {
		t.Error(err)
	}
}

// TestFind: a program on PATH is preferred, and nothing is installed on a
// person's machine.
func TestFind(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	if _, err := (&Target{}).find(t.Context()); err != ErrNoBinary {
		t.Errorf("nothing on PATH: %v", err)
	}
	installed := func(context.Context) (string, error) { return "/installed/tofu", nil }
	if got, err := (&Target{Install: installed}).find(t.Context()); got != "/installed/tofu" || err != nil {
		t.Errorf("installed: %s, %v", got, err)
	}
	if err := os.WriteFile(filepath.Join(bin, "terraform"), []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := (&Target{Install: installed}).find(t.Context()); got != filepath.Join(bin, "terraform") || err != nil {
		t.Errorf("on PATH: %s, %v", got, err)
	}
}
