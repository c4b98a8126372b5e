package gitleaks

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
)

// Values that gitleaks' rules take for a secret because of a word beside them, and that are
// none. Each was a finding that blocked in a public repository.
var (
	// filledIn is a value that the reader replaces, or that is read when a command runs.
	filledIn = regexp.MustCompile(`(?i)^(?:your|my|fixme|todo|replace)[ _-]|[ _-](?:here|goes)$|^<[^<>]+>$|^\[[^\[\]]+\]$|\$\{|\$\(|\{\{|%\(|^\$[a-z_]|x{8}|\*{6}|0{8}/b0{8}`)
	// userPassword is the argument of curl -u whose password comes from a variable or a file, or
	// is empty after a user's name or a word to replace. Any other name is a token.
	userPassword = regexp.MustCompile(`^[^:]*:\$[A-Za-z_({]|^(?:[a-z._-]{1,16}|[A-Z_]{2,20}|[\w.+-]+@[\w.-]+):$`)

	// A version, a migration of Django, a time zone, a member of a class, and a name in a
	// test that counts up or spells the alphabet.
	aVersion    = regexp.MustCompile(`^[~^]?v?\d+\.\d+\.\d+(?:-[\w.]+)?(?:\+[\w.]+)?$`)
	aMigration  = regexp.MustCompile(`^\d{4}_[a-z][a-z0-9_]*$`)
	aTimeZone   = regexp.MustCompile(`^(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)/[A-Za-z_+0-9-]+$`)
	aMember     = regexp.MustCompile(`^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\.[A-Z][A-Z0-9_]+$`)
	aPublicKey  = regexp.MustCompile(`^(?:6L[A-Za-z0-9_-]{38}|pk_(?:live|test)_\w+|phc_\w+|id=\w+(?:,env=\w+)?|android:apk-key-hash:.*)$`)                                    // reCAPTCHA's site key, Stripe's publishable key, PostHog's project, names of a secret
	isSealed    = regexp.MustCompile(`^A[gQ][A-D][A-Za-z0-9+/]{300,}={0,2}$`)                                                                                                 // by Sealed Secrets, for the cluster: the length of a session key, then ciphertext
	notAccess   = regexp.MustCompile(`(?i)(?:^|[^a-z])(?:unique|cache|idempotency|primary|foreign|sort|partition|beacon|widget|publishable|public|site|tracking)[._-]?key\b`) // others are in every page
	notKey      = regexp.MustCompile(`(?i)tokeniz|idempotency[_-]?key`)
	alternative = regexp.MustCompile(`^[A-Za-z]+(?:/[A-Za-z]+)+$`) // words in a sentence
	aWord       = regexp.MustCompile(`^[A-Z]?[a-z]+$`)
	aHash       = regexp.MustCompile(`^[0-9a-f]{16,64}$|^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	aSetting    = regexp.MustCompile(`^[A-Za-z][\w-]{0,24}(?:\.[A-Za-z][\w-]{0,24})+$`)
	aVariable   = regexp.MustCompile(`^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+){2,}$`)  // the name of a variable
	aConstant   = regexp.MustCompile(`\bKEY_[A-Z][A-Z_]*\s*,`)              // the name of a field, not of a key
	nextLine    = regexp.MustCompile(`[=:][ \t]*\r?\n\s*[\w.-]+[ \t]*[=:]`) // an empty value, and the name of the next
	isCountedUp = strings.NewReplacer("abcdefghijklmno", "", "foobarbaz", "", "foobar", "", "0123456789abcdef", "", "0123456789", "", "abcdefghijklmnopqrstuvwxyz", "", "1234567890", "", "abcdef", "")
)

// harmless reports whether what a rule of gitleaks matched is not a secret.
func harmless(rule, value, match string) bool {
	switch {
	case strings.HasPrefix(rule, "curl-auth-"):
		value = strings.Trim(value, `"'`)
		return filledIn.MatchString(value) || userPassword.MatchString(value)
	case rule == "slack-webhook-url":
		return filledIn.MatchString(value)
	case rule == "linkedin-client-id" || rule == "linkedin-client-secret":
		return aWord.MatchString(value) // "linked_instances": "Sammankopplade"
	case rule != generic:
		return false
	}
	return isSealed.MatchString(value) || aVariable.MatchString(value) || aVersion.MatchString(value) || aMigration.MatchString(value) || aTimeZone.MatchString(value) || aMember.MatchString(value) ||
		notAccess.MatchString(match) && aHash.MatchString(value) || aPublicKey.MatchString(value) || aConstant.MatchString(match) || strings.Contains(match, "apk-key-hash") ||
		filledIn.MatchString(value) || nextLine.MatchString(match) || notKey.MatchString(strings.TrimSuffix(match, value)) || alternative.MatchString(value) || isCounted(value)
}

// isCounted reports whether a value is mostly a sequence: sk-app-1234567890.
func isCounted(value string) bool {
	rest := len(isCountedUp.Replace(strings.ToLower(value)))
	return rest < 4 || rest <= 8 && 2*rest <= len(value)
}

// isRandom reports whether a value looks as a generator makes it: a part of at least ten letters
// and digits that change often. gpt-3.5-turbo-1106 and refund-2026-07-09 are read by people.
func isRandom(value string) bool {
	for _, part := range strings.FieldsFunc(value, func(r rune) bool { return !isAlphanumeric(r) }) {
		changes, before := 0, 0
		for i, r := range part {
			class := classOf(r)
			if i > 0 && class != before && !(before == 3 && class == 2) { // a capital begins a word
				changes++
			}
			before = class
		}
		if len(part) >= 10 && 5*changes >= len(part) {
			return true
		}
	}
	return false
}

func isAlphanumeric(r rune) bool { return classOf(r) > 0 }

// classOf returns 1 for a digit, 2 and 3 for a letter, and 0 for anything else.
func classOf(r rune) int {
	switch {
	case '0' <= r && r <= '9':
		return 1
	case 'a' <= r && r <= 'z':
		return 2
	case 'A' <= r && r <= 'Z':
		return 3
	}
	return 0
}

// isSigned reports whether a match is a part of a signed address that ends by itself: the
// id of the key, which is not secret, or the token of a picture on GitHub, which is valid for
// five minutes and contains such an id.
func isSigned(rule, value, line string) bool {
	picture := strings.Contains(line, "githubusercontent.com/") && strings.Contains(line, "?jwt=")
	switch rule {
	case "aws-access-token":
		return strings.Contains(line, "X-Amz-Credential="+value) || picture && !strings.Contains(line, value)
	case "jwt":
		return picture && strings.Contains(line, "?jwt="+value)
	}
	return false
}

// namesSetting reports whether a value is the name of a setting, in an element of XML that
// has the setting's value beside it: <entry key="gps.enable">true</entry>.
func namesSetting(rule, value, line string) bool {
	if rule != generic || !aSetting.MatchString(value) {
		return false
	}
	_, after, found := strings.Cut(line, ` key="`+value+`"`)
	if !found {
		_, after, found = strings.Cut(line, ` key='`+value+`'`)
	}
	tag, content, _ := strings.Cut(after, ">")
	return found && (strings.Contains(tag, " value=") || !strings.HasSuffix(tag, "/") && content != "" && content[0] != '<' && content[0] != '\r' && content[0] != '\n')
}

// isUser reports whether a value is also the name of a user in the same file of variables:
// MAIL_USER=app beside MAIL_PASSWORD=app, which only a server for development accepts.
func isUser(text, value string) bool {
	for line := range strings.Lines(text) {
		name, given, _ := strings.Cut(line, "=")
		if strings.Contains(strings.ToLower(name), "user") && strings.Trim(strings.TrimSpace(given), `"'`) == value {
			return true
		}
	}
	return false
}

// isAnonymous reports whether a JWT is one that its service gives to every visitor of a page,
// as Supabase's key for the role anon: the rules of the database decide what it may do.
func isAnonymous(token string) bool {
	_, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
	if err != nil {
		return false
	}
	var claims struct{ Iss, Role string }
	return json.Unmarshal(b, &claims) == nil && claims.Iss == "supabase" && claims.Role == "anon"
}

// googleKey is the rule for keys of Google's APIs.
const googleKey = "gcp-api-key"

// isFirebase reports whether a key of Google's stands in the settings of a Firebase web app,
// which every visitor of the app receives.
func isFirebase(text, key string) bool {
	const around = 600
	at := strings.Index(text, key)
	if at < 0 {
		return false
	}
	near := text[max(0, at-around):min(len(text), at+len(key)+around)]
	return strings.Contains(near, "firebaseapp.com") || strings.Contains(near, "authDomain") && strings.Contains(near, "projectId") || strings.Contains(near, "messagingSenderId")
}
