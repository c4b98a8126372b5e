package gitleaks

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// isPublished reports whether a value is a credential that its issuer's documentation
// publishes for examples and emulators. Everybody knows it, so it protects nothing.
func isPublished(value string) bool {
	value = strings.TrimRight(value, "=")
	parts := []string{value}
	if _, last, ok := strings.Cut(value[strings.IndexByte(value, '.')+1:], "."); ok {
		parts = append(parts, last) // a signature is valid in one token only
	}
	return slices.ContainsFunc(parts, func(part string) bool {
		sum := sha256.Sum256([]byte(part))
		return slices.Contains(published, hex.EncodeToString(sum[:8]))
	})
}

// published are the beginnings of the SHA-256 digests, in hex, without = at the end.
var published = []string{
	"1a5d44a2dca19669", "c6ea27c534f993d3", "78314b11be2e5815", "e21b597ba6b9cafa", // the access keys of the AWS documentation
	"ed967197261c16a9",                     // the storage emulator of Azure
	"eaa6a9190faf5587",                     // the Cosmos DB emulator
	"2cafc0970149a84f", "f2d6ca16515033e5", // the keys of the Stripe documentation
	"d05f6bb1aa2e4ccd", "d16eedf622d61fda", "73f71af093fdf154", // the logins of RFC 7617
	"051d093c4bdedbf2", "08831f80b56414a9", // the signatures of the tokens of jwt.io
}
