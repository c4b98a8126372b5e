package artifact

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// ErrUnsupported reports that a registry does not have an operation.
var ErrUnsupported = errors.New("the registry does not support it")

// Tag adds a tag to a digest. Tags are for people and for the clean-up of registries: no
// decision depends on one.
func (p *Repository) Tag(ctx context.Context, digest, tag string) error {
	end, err := p.begin()
	if err != nil {
		return err
	}
	defer end()
	index, err := remote.Index(p.name.Digest(digest), p.with(ctx)...)
	if err != nil {
		return p.explain(digest, err)
	}
	if err := remote.Tag(p.name.Tag(tag), index, p.with(ctx)...); err != nil {
		return fmt.Errorf("cannot tag %s@%s: %w", p, digest, p.login(err))
	}
	return nil
}

// Tags returns the tags that begin with a prefix.
func (p *Repository) Tags(ctx context.Context, prefix string) ([]string, error) {
	end, err := p.begin()
	if err != nil {
		return nil, err
	}
	defer end()
	all, err := remote.List(p.name, p.with(ctx)...)
	if err != nil {
		return nil, fmt.Errorf("cannot list the tags of %s: %w", p, p.login(err))
	}
	var found []string
	for _, tag := range all {
		if strings.HasPrefix(tag, prefix) {
			found = append(found, tag)
		}
	}
	return found, nil
}

// Untag removes a tag. The image stays, under its digest. A missing tag is
// accepted. If the registry cannot delete a tag, the error is ErrUnsupported: several registries,
// among them ghcr.io, delete only by digest.
func (p *Repository) Untag(ctx context.Context, tag string) error {
	end, err := p.begin()
	if err != nil {
		return err
	}
	defer end()
	err = remote.Delete(p.name.Tag(tag), p.with(ctx)...)
	var t *transport.Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &t):
	case t.StatusCode == http.StatusNotFound:
		return nil
	case t.StatusCode == http.StatusMethodNotAllowed, t.StatusCode == http.StatusNotImplemented,
		t.StatusCode == http.StatusBadRequest, t.StatusCode == http.StatusUnsupportedMediaType:
		return fmt.Errorf("cannot delete tag %s of %s: %w", tag, p, ErrUnsupported)
	}
	return fmt.Errorf("cannot delete tag %s of %s: %w", tag, p, p.login(err))
}

// OnGitHub returns the owner and the name of the repository's package on github.com.
func (p *Repository) OnGitHub() (owner, name string, is bool) {
	if p.folder != nil || p.name.RegistryStr() != gitHubRegistry {
		return "", "", false
	}
	return strings.Cut(p.name.RepositoryStr(), "/")
}
