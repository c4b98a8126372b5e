package gitleaks

import (
	"strings"
	"testing"
)

// TestHarmless: values that public repositories have beside a word such as key or token, and
// values that only resemble them.
func TestHarmless(t *testing.T) {
	random := filled("<a:24>", 1)
	for _, test := range []struct {
		rule, value, match string
		want               bool
	}{
		{"curl-auth-header", "your-api-key", "", true},
		{"curl-auth-header", random, "", false},
		{"linkedin-client-id", "Sammankopplade", "", true},
		{"linkedin-client-id", "78" + filled("<a:12>", 2), "", false},
		{"curl-auth-user", "$REGISTRY_USER:$(cat /run/password)", "", true},
		{"curl-auth-user", `"admin:"`, "", true}, // the rule takes the quotes too
		{"curl-auth-user", `"` + random + `:"`, "", false},
		{"curl-auth-user", "API_TOKEN:", "", true},
		{"curl-auth-user", random + ":", "", false}, // a token as the name
		{generic, "c0ffee00c0ffee11c0ffee22c0ffee33c0ffee44", `"unique_key": "c0ffee00c0ffee11c0ffee22c0ffee33c0ffee44"`, true},
		{generic, "c0ffee00c0ffee11c0ffee22c0ffee33c0ffee44", `"unique_api_key": "c0ffee00c0ffee11c0ffee22c0ffee33c0ffee44"`, false},
		{"curl-auth-user", "admin:" + random, "", false},
		{generic, "UN_SONARR_0_API_KEY", "", true},
		{"slack-webhook-url", "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX", "", true},
		{generic, "0018_remove_ping_body", "", true},
		{generic, "5.0.0-1667386184.dfbbb54", "", true},
		{generic, "Europe/Amsterdam", "", true},
		{generic, "Advapi32.INSTANCE", "", true},
		{generic, "0123456789abcdef0123456789abcdef", "", true},
		{generic, "PING_BODY_LIMIT", "KEY=\nPING_BODY_LIMIT=", true},
		{generic, "6Le657YZAAAAAFAy278qlWh67QyzPIfMrFbNxcfi", "", true},
		{generic, "id=MY_SECRET,env=MY_SECRET_ENV", "", true},
		{generic, "WAUZZZ8K9CA123456", `KEY_VIN, "WAUZZZ8K9CA123456"`, true},
		{generic, "abcdefghijklmno0123456789", "", true},
		{generic, "AgBy" + strings.Repeat(random, 30), "", true}, // spec.encryptedData of a SealedSecret
		{generic, "AgBy" + random, "", false},
		{generic, "gpt-3.5-turbo-1106", `"tokenizerModel": "gpt-3.5-turbo-1106"`, true},
		{generic, "refund-cus_LqT4v8-20260709", `"idempotency_key":"refund-cus_LqT4v8-20260709"`, true},
		{generic, "sk-lf-1234567890abcdef", `secretKey: "sk-lf-1234567890abcdef"`, true},
		{generic, "blank/omitted", "credential: blank/omitted", true},
		{generic, "phc_" + random, "", true},
		{generic, "sk-" + random, "key = sk-" + random, false},
		{generic, "0c0ffee0-1234-4b93-ad25-c0ffee00c0ff", "helpscout.beacon.key.label=0c0ffee0-1234-4b93-ad25-c0ffee00c0ff", true},
		{generic, random, "key = " + random, false},
		{generic, random, "key: |\n  " + random, false},
		{"github-pat", "your-token", "", false},
	} {
		if got := harmless(test.rule, test.value, test.match); got != test.want {
			t.Errorf("%s %q: harmless %v", test.rule, test.value, got)
		}
	}
}

// TestSigned: a README with a picture that GitHub signed, and an address that AWS signed.
func TestSigned(t *testing.T) {
	id, token := "AKIA"+filled("<A:16>", 2), "ey"+filled("<a:20>", 3)+".ey"+filled("<a:30>", 4)+"."+filled("<a:40>", 5)
	for _, test := range []struct {
		rule, value, line string
		want              bool
	}{
		{"aws-access-token", id, "https://b.s3.amazonaws.com/a.png?X-Amz-Credential=" + id + "%2F20260101%2Fus-east-1", true},
		{"aws-access-token", id, "AWS_ACCESS_KEY_ID=" + id, false},
		{"jwt", token, "https://private-user-images.githubusercontent.com/1/2.png?jwt=" + token, true},
		{"jwt", token, "https://api.example.com/?jwt=" + token, false},
		{"aws-access-token", id, "https://private-user-images.githubusercontent.com/1/2.png?jwt=" + token, true}, // decoded
	} {
		if got := isSigned(test.rule, test.value, test.line); got != test.want {
			t.Errorf("%s in %s: %v", test.rule, test.line, got)
		}
	}
}

// TestNamesSetting: the key of an entry is a name; its content is examined as before.
func TestNamesSetting(t *testing.T) {
	for line, want := range map[string]bool{
		`    <entry key="gps103.enable">true</entry>`:      true,
		`<add key="gps103.enable" value="1" />`:            true,
		`<api key="gps103.enable"/>`:                       false,
		`<license key="gps103.enable"></license>`:          false,
		`<entry apikey="gps103.enable">true</entry>`:       false,
		`<entry key="gps103.enable.and.more">true</entry>`: false,
	} {
		if got := namesSetting(generic, "gps103.enable", line); got != want {
			t.Errorf("%s: %v", line, got)
		}
	}
}

// TestRandom: only what a generator made blocks as a guess.
func TestRandom(t *testing.T) {
	for value, want := range map[string]bool{
		filled("<a:24>", 1): true, filled("<h:40>", 2): true, filled("<w:32>", 3): true, filled("<b:44>", 4): true, "sk-" + filled("<a:20>", 5): true,
		filled("<h:8>-<h:4>-<h:4>-<h:4>-<h:12>", 6): true,
		"gpt-3.5-turbo-1106":                        false, "refund-cus_LqT4v8-20260709": false, "my-first-secret-2": false, "UpdateUserPassword1": false, "session.token.v2": false, "2026-07-09T10": false,
	} {
		if got := isRandom(value); got != want {
			t.Errorf("%s: %v", value, got)
		}
	}
}
