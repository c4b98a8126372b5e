package gitleaks

import (
	"regexp"
	"strings"
)

// Values that gitleaks' rules take for a secret because of a word beside them, and that are
// none. Each was a finding that blocked in a public repository.
var (
	// filledIn is a value that the reader replaces, or that is read when a command runs.
	filledIn = regexp.MustCompile(`(?i)^(?:your|my|fixme|todo|replace)[ _-]|[ _-](?:here|goes)$|^<[^<>]+>$|^\[[^\[\]]+\]$|\$\{|\$\(|\{\{|%\(|^\$[a-z_]|x{8}|\*{6}|0{8}/b0{8}`)
	// userPassword is the argument of curl -u, whose password comes from a variable or a file,
	// or is empty.
	userPassword = regexp.MustCompile(`^[^:]*:(?:\$[A-Za-z_({]|$)`)

	// A version, a migration of Django, a time zone, a member of a class, and a name in a
	// test that counts up or spells the alphabet.
	aVersion    = regexp.MustCompile(`^[~^]?v?\d+\.\d+\.\d+(?:-[\w.]+)?(?:\+[\w.]+)?$`)
	aMigration  = regexp.MustCompile(`^\d{4}_[a-z][a-z0-9_]*$`)
	aTimeZone   = regexp.MustCompile(`^(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)/[A-Za-z_+0-9-]+$`)
	aMember     = regexp.MustCompile(`^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\.[A-Z][A-Z0-9_]+$`)
	aPublicKey  = regexp.MustCompile(`^(?:6L[A-Za-z0-9_-]{38}|pk_(?:live|test)_\w+|id=\w+(?:,env=\w+)?|android:apk-key-hash:.*)$`) // reCAPTCHA's site key, Stripe's publishable key, names of a secret
	isSealed    = regexp.MustCompile(`^A[gQ][A-D][A-Za-z0-9+/]{300,}={0,2}$`)                                                      // by Sealed Secrets, for the cluster: the length of a session key, then ciphertext
	aVariable   = regexp.MustCompile(`^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+){2,}$`)                                                         // the name of a variable
	aConstant   = regexp.MustCompile(`\bKEY_[A-Z][A-Z_]*\s*,`)                                                                     // the name of a field, not of a key
	nextLine    = regexp.MustCompile(`[=:][ \t]*\r?\n\s*[\w.-]+[ \t]*[=:]`)                                                        // an empty value, and the name of the next
	isCountedUp = strings.NewReplacer("abcdefghijklmno", "", "foobarbaz", "", "foobar", "", "0123456789abcdef", "", "0123456789", "", "abcdefghijklmnopqrstuvwxyz", "", "1234567890", "", "abcdef", "")
)

// harmless reports whether what a rule of gitleaks matched is not a secret.
func harmless(rule, value, match string) bool {
	switch {
	case strings.HasPrefix(rule, "curl-auth-"):
		return filledIn.MatchString(value) || userPassword.MatchString(value)
	case rule == "slack-webhook-url":
		return filledIn.MatchString(value)
	case rule != generic:
		return false
	}
	return isSealed.MatchString(value) || aVariable.MatchString(value) || aVersion.MatchString(value) || aMigration.MatchString(value) || aTimeZone.MatchString(value) || aMember.MatchString(value) ||
		aPublicKey.MatchString(value) || aConstant.MatchString(match) || strings.Contains(match, "apk-key-hash") ||
		filledIn.MatchString(value) || nextLine.MatchString(match) || len(isCountedUp.Replace(strings.ToLower(value))) < 4
}

// isSigned reports whether a match is a part of a signed address that ends by itself: the
// id of the key, which is not secret, or the token of a picture on GitHub, which is valid for
// five minutes.
func isSigned(rule, value, line string) bool {
	switch rule {
	case "aws-access-token":
		return strings.Contains(line, "X-Amz-Credential="+value)
	case "jwt":
		return strings.Contains(line, "githubusercontent.com/") && strings.Contains(line, "?jwt="+value)
	}
	return false
}
