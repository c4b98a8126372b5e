package terraform

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/files"
)

// Download is a release of OpenTofu, with the checksum of each archive. Of the two
// programs only OpenTofu is downloaded: Terraform's licence does not allow every use.
type Download struct {
	Version string
	URL     string            // of the folder with the archives
	SHA256  map[string]string // of tofu_VERSION_linux_ARCHITECTURE.zip
}

// OpenTofu is the release that runs on GitHub. The checksums are those of its
// tofu_1.12.6_SHA256SUMS. A new version changes this value and nothing else.
var OpenTofu = Download{
	Version: "1.12.6",
	URL:     "https://github.com/opentofu/opentofu/releases/download/v1.12.6",
	SHA256: map[string]string{
		"amd64": "5dc43da4f750f33873dc25e94587128709e819e544b7be9016b255316153c3a8",
		"arm64": "e573979ba68a17fe7b881752051a694a7efcd970e39521f6a25775197861ed4d",
	},
}

// Limits on a download: the archive has 35 MB, and the program in it 110 MB.
const (
	maxArchive      = 200 << 20
	maxProgram      = 500 << 20
	downloadTimeout = 5 * time.Minute
)

// Install downloads OpenTofu into a folder, unless the archive is already there, and
// returns the path of the program. The archive's checksum is verified each time, and the
// program is unpacked again from the verified archive, because other jobs of a runner that
// is kept can write to the folder.
func (d Download) Install(ctx context.Context, dir string) (string, error) {
	want, ok := d.SHA256[runtime.GOARCH]
	if !ok || runtime.GOOS != "linux" {
		return "", fmt.Errorf("%w, and for %s on %s there is no archive to download", ErrNoBinary, runtime.GOOS, runtime.GOARCH)
	}
	name := fmt.Sprintf("tofu_%s_linux_%s.zip", d.Version, runtime.GOARCH)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("cannot create %s: %w", dir, err)
	}
	archive := filepath.Join(dir, name)
	if got, err := sum(archive); err != nil || got != want {
		if err := d.fetch(ctx, name, archive, want); err != nil {
			return "", fmt.Errorf("cannot install OpenTofu %s: %w", d.Version, err)
		}
	}
	program := filepath.Join(dir, "tofu-"+d.Version, "tofu")
	if err := unpack(archive, program); err != nil {
		return "", fmt.Errorf("cannot install OpenTofu %s: %w", d.Version, err)
	}
	return program, nil
}

// errSum means that the checksum of a download is wrong.
var errSum = errors.New("checksum")

func (d Download) fetch(ctx context.Context, name, archive, want string) error {
	ctx, cancel := context.WithTimeout(ctx, downloadTimeout)
	defer cancel()
	var err error
	for range 3 {
		if err = d.once(ctx, name, archive, want); err == nil || errors.Is(err, errSum) || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	return err
}

// once downloads the archive. The file exists only with the right checksum.
func (d Download) once(ctx context.Context, name, archive, want string) error {
	address := d.URL + "/" + name
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", address, res.Status)
	}
	return files.WriteWith(archive, 0o600, func(w io.Writer) error {
		h := sha256.New()
		n, err := io.Copy(io.MultiWriter(w, h), io.LimitReader(res.Body, maxArchive))
		if err != nil {
			return err
		}
		if got := hex.EncodeToString(h.Sum(nil)); got != want {
			return fmt.Errorf("%w of %s is wrong: %d bytes with SHA-256 %s, want %s: nothing was unpacked", errSum, address, n, got, want)
		}
		return nil
	})
}

// sum returns the SHA-256 of a file.
func sum(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), err
}

// unpack writes the program in an archive to a file.
func unpack(archive, program string) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer z.Close()
	in, err := z.Open("tofu")
	if err != nil {
		return fmt.Errorf("%s contains no program: %w", filepath.Base(archive), err)
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(program), 0o700); err != nil {
		return err
	}
	return files.WriteWith(program, 0o700, func(w io.Writer) error {
		_, err := io.Copy(w, io.LimitReader(in, maxProgram))
		return err
	})
}
