package evidence

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Key is an Ed25519 key that signs and verifies evidence. It is stored as PEM
// files: key.pem (PKCS 8, readable only by its owner) and key.pub (PKIX).
type Key struct {
	private ed25519.PrivateKey // nil: the key only verifies
	public  ed25519.PublicKey
}

// OpenKey reads the key in a folder. If the folder has no key, OpenKey creates one.
func OpenKey(dir string) (*Key, error) {
	path := filepath.Join(dir, "key.pem")
	k, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if _, err := os.Lstat(path); err == nil {
		return nil, brokenLink(path)
	}
	return makeKey(dir, path)
}

func readKey(path string) (*Key, error) {
	info, err := os.Stat(path) // before reading: a pipe would wait for its writer
	if err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("signing key %s is not a regular file: restore the file, or remove it to create a new key", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read signing key: %w", err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the signing key: %w", err)
	}
	k, err := ParseKey(b)
	if err != nil {
		return nil, fmt.Errorf("cannot read the signing key %s: %w: restore the file, or remove it to create a new key", path, err)
	}
	return k, nil
}

// brokenLink returns an error if the key file is a symbolic link whose target does not
// exist, else nil. In this case no new key is created, because the link's target may
// only be unmounted.
func brokenLink(path string) error {
	return fmt.Errorf("cannot read the signing key %s: the file is a broken symbolic link: restore its target, or remove the link to create a new key", path)
}

// ParseKey parses a private key: PKCS 8 in PEM.
func ParseKey(b []byte) (*Key, error) {
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, errors.New("the key is not PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the key is a %T, want Ed25519", parsed)
	}
	return &Key{private: private, public: private.Public().(ed25519.PublicKey)}, nil
}

// ParsePublic parses a public key (PKIX in PEM). The returned key can verify, but not
// sign.
func ParsePublic(b []byte) (*Key, error) {
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, errors.New("the key is not PEM")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	public, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("the key is a %T, want Ed25519", parsed)
	}
	return &Key{public: public}, nil
}

// PublicPEM returns the public key in the form that ParsePublic reads.
func (k *Key) PublicPEM() ([]byte, error) {
	pkix, err := x509.MarshalPKIXPublicKey(k.public)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix}), nil
}

// makeKey creates a key. If another process creates one at the same time, both
// use the one that was written first.
func makeKey(dir, path string) (*Key, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	k := &Key{private: private, public: public}
	publicPEM, err := k.PublicPEM()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	tmp, err := os.CreateTemp(dir, ".key-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp.Name())
	if err := errors.Join(pem.Encode(tmp, &pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), tmp.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(tmp.Name(), path); errors.Is(err, fs.ErrExist) {
		k, err := readKey(path)
		if errors.Is(err, fs.ErrNotExist) {
			err = brokenLink(path)
		}
		return k, err
	} else if err != nil {
		return nil, fmt.Errorf("cannot create the signing key: %w", err)
	}
	return k, os.WriteFile(filepath.Join(dir, "key.pub"), publicPEM, 0o644)
}

// Sign implements dsse.Signer.
func (k *Key) Sign(_ context.Context, data []byte) ([]byte, error) {
	if k.private == nil {
		return nil, errors.New("cannot sign evidence with a public key: use the private key")
	}
	return ed25519.Sign(k.private, data), nil
}

// Verify implements dsse.Verifier.
func (k *Key) Verify(_ context.Context, data, sig []byte) error {
	if !ed25519.Verify(k.public, data, sig) {
		return ErrUntrusted
	}
	return nil
}

// KeyID implements dsse.Signer and dsse.Verifier: the SHA-256 of the public key.
func (k *Key) KeyID() (string, error) {
	sum := sha256.Sum256(k.public)
	return hex.EncodeToString(sum[:]), nil
}

// Public implements dsse.Verifier.
func (k *Key) Public() crypto.PublicKey { return k.public }
