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

// Key signs and verifies. It is an Ed25519 key in PEM files: key.pem (PKCS 8,
// readable by its owner alone) and key.pub (PKIX).
type Key struct {
	private ed25519.PrivateKey // nil: verifies only
	public  ed25519.PublicKey
}

// OpenKey reads the key in a folder, or makes one when there is none.
func OpenKey(dir string) (*Key, error) {
	path := filepath.Join(dir, "key.pem")
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(dir, path)
	}
	if err != nil {
		return nil, fmt.Errorf("read signing key: %w", err)
	}
	k, err := ParseKey(b)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w: restore it, or remove it and sign anew", path, err)
	}
	return k, nil
}

// ParseKey reads a private key: PKCS 8 in PEM.
func ParseKey(b []byte) (*Key, error) {
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, errors.New("not PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%T, want Ed25519", parsed)
	}
	return &Key{private: private, public: private.Public().(ed25519.PublicKey)}, nil
}

// ParsePublic reads a key that verifies only: PKIX in PEM.
func ParsePublic(b []byte) (*Key, error) {
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, errors.New("not PEM")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	public, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%T, want Ed25519", parsed)
	}
	return &Key{public: public}, nil
}

// PublicPEM is what ParsePublic reads.
func (k *Key) PublicPEM() ([]byte, error) {
	pkix, err := x509.MarshalPKIXPublicKey(k.public)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix}), nil
}

// makeKey writes a new key. Of two that race, one wins and both use it.
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
	shown, err := k.PublicPEM()
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
		return OpenKey(dir)
	} else if err != nil {
		return nil, err
	}
	return k, os.WriteFile(filepath.Join(dir, "key.pub"), shown, 0o644)
}

// Sign implements dsse.Signer.
func (k *Key) Sign(_ context.Context, data []byte) ([]byte, error) {
	if k.private == nil {
		return nil, errors.New("this key verifies only")
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
