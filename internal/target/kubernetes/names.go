package kubernetes

import (
	"crypto/sha256"
	"encoding/base32"
	"regexp"
	"strings"
)

const (
	maxName  = 63 // of a namespace and of the value of a label
	hashSize = 6
)

var (
	base      = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
	labelText = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`)
	notName   = regexp.MustCompile(`[^-a-z0-9]+`)
	notLabel  = regexp.MustCompile(`[^-A-Za-z0-9_.]+`)
)

func short(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return base.EncodeToString(sum[:])[:hashSize]
}

// namespaceName returns the name of a preview's namespace. It is readable, has at most
// 63 characters, is the same on every call, and differs for an app of the same name in
// another repository.
func namespaceName(app, name, repository string) string {
	readable := strings.Trim(notName.ReplaceAllString(strings.ToLower(app+"-"+name), "-"), "-")
	if most := maxName - hashSize - 1; len(readable) > most {
		readable = readable[:most]
	}
	return strings.TrimLeft(strings.Trim(readable, "-")+"-"+short(repository, app, name), "-")
}

// labelValue returns the text if it is a valid label value, otherwise its valid
// characters with a hash of the whole text.
func labelValue(text string) string {
	if text == "" || len(text) <= maxName && labelText.MatchString(text) {
		return text
	}
	readable := notLabel.ReplaceAllString(text, ".")
	if most := maxName - hashSize - 1; len(readable) > most {
		readable = readable[:most]
	}
	return strings.TrimLeft(strings.Trim(readable, "-_.")+"."+short(text), ".")
}
