package artifact

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// ErrNotFound reports that a registry has no such image.
var ErrNotFound = errors.New("image not found")

// Registry holds images.
type Registry struct {
	folder *folder // nil: the registry is a server
	token  string  // for GitHub's registry; "": none
}

// OpenRegistry opens the registry in a folder. If dir is empty, the registry is the
// server that an image's name begins with, and Docker's credentials are used.
func OpenRegistry(dir string) (*Registry, error) { return OpenRegistryWith(dir, "") }

// OpenRegistryWith is OpenRegistry with a GitHub token. The token is sent only to
// GitHub's own registry, and only if Docker has no credentials for it: a container
// action cannot use the logins of its job.
func OpenRegistryWith(dir, token string) (*Registry, error) {
	if dir == "" {
		return &Registry{token: token}, nil
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := writable(abs); err != nil {
		return nil, report.Usage(fmt.Sprintf("cannot use the registry folder %s: %v: set --registry to a writable folder", abs, err))
	}
	return &Registry{folder: &folder{dir: abs, grace: -1}}, nil
}

// Grace lets Prune keep the files that were written less than d ago: they may be of an image
// that is being sent.
func (r *Registry) Grace(d time.Duration) {
	if r.folder != nil {
		r.folder.grace = d
	}
}

func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// Repository is one image repository.
type Repository struct {
	name    name.Repository
	folder  *folder
	over    bool // reached through a transport that protects it: without TLS of its own
	options []remote.Option
}

// Repository returns the repository of an image's name, such as
// ghcr.io/acme/where2eat. A folder ignores the host.
func (r *Registry) Repository(image string) (*Repository, error) {
	full := image
	var options []name.Option
	if r.folder != nil {
		full = "localhost/" + withoutHost(image)
		options = append(options, name.Insecure)
	}
	repo, err := name.NewRepository(full, options...)
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("invalid image reference %q: %v", image, err))
	}
	p := &Repository{name: repo, folder: r.folder}
	if r.folder != nil {
		p.options = append(p.options, remote.WithTransport(allPages{r.folder}), remote.WithJobs(1), // olareg v0.1.2 races with itself on a new repository
			remote.WithRetryPredicate(func(error) bool { return false }))
	} else {
		p.options = append(p.options, remote.WithAuthFromKeychain(authn.NewMultiKeychain(authn.DefaultKeychain, gitHubKeychain(r.token))), remote.WithUserAgent("goldenpath"), remote.WithTransport(allPages{withTimeout()}))
	}
	return p, nil
}

// responseTimeout is how long a registry may take to begin a response.
const responseTimeout = time.Minute

// withTimeout returns a transport that waits at most responseTimeout for a registry's
// response to begin.
func withTimeout() http.RoundTripper {
	base, ok := remote.DefaultTransport.(*http.Transport)
	if !ok {
		return remote.DefaultTransport
	}
	bounded := base.Clone()
	bounded.ResponseHeaderTimeout = responseTimeout
	return bounded
}

const gitHubRegistry = "ghcr.io"

// gitHubKeychain is a token for GitHub's registry. The registry accepts the token with
// any user name.
type gitHubKeychain string

// Resolve implements authn.Keychain.
func (token gitHubKeychain) Resolve(to authn.Resource) (authn.Authenticator, error) {
	if token == "" || to.RegistryStr() != gitHubRegistry {
		return authn.Anonymous, nil
	}
	return &authn.Basic{Username: "x-access-token", Password: string(token)}, nil
}

// Holds reports whether a registry folder contains images of the given name. It does not
// create the folder.
func Holds(dir, image string) bool {
	info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(withoutHost(image)), "index.json"))
	return err == nil && info.Mode().IsRegular()
}

func withoutHost(image string) string {
	host, rest, ok := strings.Cut(image, "/")
	if ok && (strings.ContainsAny(host, ".:") || host == "localhost") {
		return rest
	}
	return image
}

// Pull returns the reference by which a container runtime pulls an artifact, such as
// ghcr.io/acme/app@sha256:…, or "" if the repository is a folder on this machine.
func (p *Repository) Pull(digest string) string {
	if p.folder != nil {
		return ""
	}
	return p.name.Name() + "@" + digest
}

// String returns the repository's name.
func (p *Repository) String() string { return p.name.RepositoryStr() }

// begin starts an operation that other processes must not see before it is complete.
func (p *Repository) begin() (end func(), err error) {
	if p.folder == nil {
		return func() {}, nil
	}
	return p.folder.begin()
}

func (p *Repository) with(ctx context.Context) []remote.Option {
	return append([]remote.Option{remote.WithContext(ctx)}, p.options...)
}

// Push writes an index with its images, and returns the artifact as read back from the
// registry.
func (p *Repository) Push(ctx context.Context, index v1.ImageIndex) (Artifact, error) {
	end, err := p.begin()
	if err != nil {
		return Artifact{}, err
	}
	defer end()
	return p.push(ctx, index)
}

func (p *Repository) push(ctx context.Context, index v1.ImageIndex) (Artifact, error) {
	d, err := index.Digest()
	if err != nil {
		return Artifact{}, err
	}
	if err := remote.WriteIndex(p.name.Digest(d.String()), index, p.with(ctx)...); err != nil {
		return Artifact{}, fmt.Errorf("cannot push %s@%s: %w", p, d, p.login(err))
	}
	return p.resolve(ctx, d.String(), v1.Platform{})
}

// Resolve reads an image by digest or tag. With a zero platform, it returns the image
// for this machine, or the only image of the index.
func (p *Repository) Resolve(ctx context.Context, reference string, platform v1.Platform) (Artifact, error) {
	end, err := p.begin()
	if err != nil {
		return Artifact{}, err
	}
	defer end()
	return p.resolve(ctx, reference, platform)
}

func (p *Repository) resolve(ctx context.Context, reference string, platform v1.Platform) (Artifact, error) {
	ref, err := p.reference(reference)
	if err != nil {
		return Artifact{}, err
	}
	index, err := remote.Index(ref, p.with(ctx)...)
	if err != nil {
		return Artifact{}, p.explain(reference, err)
	}
	if platform.OS == "" {
		platform = HostPlatform()
		m, err := index.IndexManifest()
		if err != nil {
			return Artifact{}, p.explain(reference, err)
		}
		if len(m.Manifests) == 1 && m.Manifests[0].Platform != nil {
			platform = *m.Manifests[0].Platform
		}
	}
	a, err := describe(index, platform)
	if err != nil {
		return Artifact{}, p.explain(reference, err)
	}
	return a, nil
}

// Copy copies an image by digest into another repository and reads it back from
// there.
func (p *Repository) Copy(ctx context.Context, digest string, to *Repository) (Artifact, error) {
	end, err := p.begin()
	if err != nil {
		return Artifact{}, err
	}
	if p.folder == nil || p.folder != to.folder { // one folder has one lock
		inner, err := to.begin()
		if err != nil {
			end()
			return Artifact{}, err
		}
		defer inner()
	}
	defer end()
	index, err := remote.Index(p.name.Digest(digest), p.with(ctx)...)
	if err != nil {
		return Artifact{}, p.explain(digest, err)
	}
	a, err := to.push(ctx, index)
	if err == nil && a.Digest != digest {
		return a, fmt.Errorf("cannot copy %s@%s: the copy has digest %s: push the image again", p, digest, a.Digest)
	}
	return a, err
}

// reference parses a digest or a tag. A registry in a folder has a name without TLS;
// any other registry is asked over HTTPS only, because a credential goes with the
// request. The library itself allows HTTP for loopback and private addresses.
func (p *Repository) reference(s string) (name.Reference, error) {
	var options []name.Option
	if p.folder != nil || p.over {
		options = append(options, name.Insecure)
	}
	if strings.HasPrefix(s, "sha256:") {
		d, err := name.NewDigest(p.name.Name()+"@"+s, options...)
		if err != nil {
			return nil, report.Usage(fmt.Sprintf("invalid digest %q: %v", s, err))
		}
		return d, nil
	}
	t, err := name.NewTag(p.name.Name()+":"+s, options...)
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("invalid tag %q: %v", s, err))
	}
	return t, nil
}

func (p *Repository) explain(reference string, err error) error {
	var t *transport.Error
	if errors.As(err, &t) && t.StatusCode == http.StatusNotFound {
		return fmt.Errorf("%s@%s: %w", p, reference, ErrNotFound)
	}
	return fmt.Errorf("cannot read %s@%s: %w", p, reference, p.login(err))
}

// login adds the remedy to an error if the registry did not accept the login.
func (p *Repository) login(err error) error {
	var t *transport.Error
	if !errors.As(err, &t) || t.StatusCode != http.StatusUnauthorized && t.StatusCode != http.StatusForbidden {
		return err
	}
	if host := p.name.RegistryStr(); host != gitHubRegistry {
		return fmt.Errorf("%w\n  try: log in to %s; in a workflow, set the input registry to it, with registry-username and the secret registry-password, or with registry-login", err, host)
	}
	return fmt.Errorf("%w\n  try: give the job the permission packages: read, or packages: write to push, and connect the package with the repository in the package's settings", err)
}

// Over returns a repository that is reached through a transport which needs neither TLS nor
// a login of its own, such as a connection over SSH.
func Over(through http.RoundTripper, image string) (*Repository, error) {
	repo, err := name.NewRepository("localhost/"+image, name.Insecure)
	if err != nil {
		return nil, report.Usage(fmt.Sprintf("invalid image reference %q: %v", image, err))
	}
	return &Repository{name: repo, over: true, options: []remote.Option{
		remote.WithTransport(allPages{through}), remote.WithJobs(1), remote.WithRetryPredicate(func(error) bool { return false }),
	}}, nil
}
