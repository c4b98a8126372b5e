package gitleaks

import "testing"

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
		{"curl-auth-user", "$REGISTRY_USER:$(cat /run/password)", "", true},
		{"curl-auth-user", "admin:" + random, "", false},
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
		{generic, random, "key = " + random, false},
		{generic, random, "key: |\n  " + random, false},
		{"github-pat", "your-token", "", false},
	} {
		if got := harmless(test.rule, test.value, test.match); got != test.want {
			t.Errorf("%s %q: harmless %v", test.rule, test.value, got)
		}
	}
}
