package gitleaks

import (
	"slices"
	"strings"
	"testing"
)

// kinds are tokens as their issuers make them, where people leave them.
var kinds = []ruleSample{
	{"GitHub token", "deploy.sh", "curl -H 'Authorization: token ghp_<a:36>' https://api.github.com/user", ""},
	{"GitHub fine-grained token", ".github/x.yml", "GH: github_pat_<a:22>_<a:59>", ""},
	{"GitLab token", "ci.yml", "GITLAB_TOKEN: glpat-<w:20>", ""},
	{"Bitbucket app password", "a.py", "auth=('ann', 'ATBB<a:32>')", ""},
	{"Azure DevOps token", "nuget.ps1", "$env:AZURE_DEVOPS_EXT_PAT = '<2:52>'", ""},
	{"AWS access key", "main.tf", "access_key = \"AKIA<A:16>\"", ""},
	{"AWS secret key", "a.rb", "aws_secret_access_key: '<b:40>'", ""},
	{"AWS credentials file", "home/.aws/credentials", "[default]\naws_access_key_id = AKIA<A:16>\naws_secret_access_key = <b:40>\n", ""},
	{"Google API key", "map.js", "const key = 'AIza<w:35>'", ""},
	{"Google OAuth client secret", "client.json", `"client_secret":"GOCSPX-<w:28>"`, ""},
	{"Google service account", "sa.json", `{"type": "service_account", "private_key": "-----BEGIN PRIVATE` + ` KEY-----\n<b:64>\n<b:64>\n<b:64>\n-----END PRIVATE` + ` KEY-----\n"}`, ""},
	{"Azure storage key", "appsettings.json", `"c": "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=<b:86>==;EndpointSuffix=core.windows.net"`, ""},
	{"Azure SAS", "a.ps1", "https://shop.blob.core.windows.net/b?sp=r&st=2026-01-01T00:00:00Z&se=2027-01-01T00:00:00Z&spr=https&sv=2024-11-04&sr=c&sig=<a:43>%3D", ""},
	{"Azure client secret", "a.env", "AZURE_CLIENT_SECRET=<a:3>8Q~<a:34>", ""},
	{"Azure service bus", "a.cs", "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=<b:43>=", ""},
	{"DigitalOcean token", "a.tf", "token = \"dop_v1_<h:64>\"", ""},
	{"Heroku key", "a.sh", "HEROKU_API_KEY=HRKU-AA<w:58>", ""},
	{"Cloudflare key", "a.yml", "cloudflare_api_key: <h:37>", ""},
	{"Alibaba key", "a.py", "AccessKey = 'LTAI<l:20>'", ""},
	{"Terraform Cloud token", "a.tfrc", "token = \"<a:14>.atlasv1.<w:64>\"", ""},
	{"Vault token", "a.sh", "export VAULT_TOKEN=hvs.<w:95>", ""},
	{"Pulumi token", "a.sh", "PULUMI_ACCESS_TOKEN=pul-<h:40>", ""},
	{"Docker Hub token", "a.sh", "docker login -u ann -p dckr_pat_<w:27>", ""},
	{"npm token", ".npmrc", "//registry.npmjs.org/:_authToken=npm_<a:36>", ""},
	{"PyPI token", ".pypirc", "password = pypi-AgEIcHlwaS5vcmc<w:150>", ""},
	{"RubyGems key", "a.yml", ":rubygems_api_key: rubygems_<h:48>", ""},
	{"NuGet key", "push.ps1", "dotnet nuget push -k oy2<l:43>", ""},
	{"crates.io token", ".cargo/credentials.toml", "token = \"cio<a:32>\"", ""},
	{"Slack bot token", "bot.py", "SLACK = 'xoxb-<d:12>-<d:12>-<a:24>'", ""},
	{"Slack webhook", "a.yml", "url: https://hooks.slack.com" + "/services/T<A:10>/B<A:10>/<a:24>", ""},
	{"Discord webhook", "a.js", "fetch('https://discord.com/api/webhooks/<d:19>/<w:68>')", ""},
	{"Discord bot token", "bot.js", "client.login('MT<a:24>.G<a:5>.<w:38>') // discord", ""},
	{"Telegram bot token", "bot.go", "bot, _ := tg.NewBot(\"<d:10>:AA<w:33>\")", ""},
	{"Teams webhook", "a.yml", "https://shop.webhook.office.com/webhookb2/<g:1>@<g:1>/IncomingWebhook/<h:32>/<g:1>", ""},
	{"Stripe key", "pay.rb", "Stripe.api_key = 'sk_live_<a:24>'", ""},
	{"Square token", "a.php", "$t = 'sq0atp-<w:22>';", ""},
	{"Braintree token", "a.rb", "t = 'access_token$production$<l:16>$<h:32>'", ""},
	{"Shopify token", "a.py", "shpat_<h:32>", ""},
	{"Twilio key", "a.py", "client = Client('SK<h:32>', secret)", ""},
	{"SendGrid key", "a.env", "SENDGRID_API_KEY=SG.<w:22>.<w:43>", ""},
	{"Mailgun key", "a.py", "MAILGUN = \"key-<h:32>\"", ""},
	{"OpenAI key", "a.py", "openai.api_key = 'sk-proj-<w:74>T3BlbkFJ<w:74>'", ""},
	{"Anthropic key", "a.ts", "apiKey: 'sk-ant-api03-<w:93>AA'", ""},
	{"Hugging Face token", "a.py", "login('hf_<A:34>')", ""},
	{"Groq key", "a.py", "Groq(api_key='gsk_<a:52>')", ""},
	{"Replicate token", "a.sh", "REPLICATE_API_TOKEN=r8_<a:37>", ""},
	{"Grafana token", "a.yml", "token: glsa_<a:32>_<h:8>", ""},
	{"New Relic key", "a.yml", "NEW_RELIC_API_KEY: NRAK-<u:27>", ""},
	{"Datadog key", "a.yml", "datadog_api_key: '<l:40>'", ""},
	{"Sentry token", "a.sh", "SENTRY_AUTH_TOKEN=sntryu_<h:64>", ""},
	{"Databricks token", "a.py", "token='dapi<h:32>'", ""},
	{"PostgreSQL address", "a.py", "create_engine('postgresql+psycopg://shop:<a:18>@db.shop-prod.com:5432/shop')", ""},
	{"MongoDB address", "a.js", "mongoose.connect('mongodb+srv://shop:<a:16>@c0.ab1cd.mongodb.net/shop')", ""},
	{"SQL Server connection", "web.config", "Data Source=sql.shop-prod.com;Initial Catalog=shop;User ID=sa;Password=<a:14>;", ""},
	{"SSH key", "deploy_key", "-----BEGIN OPENSSH PRIVATE" + " KEY-----\n<b:70>\n<b:70>\n<b:70>\n-----END OPENSSH PRIVATE" + " KEY-----\n", ""},
	{"PuTTY key", "deploy.ppk", "PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nComment: d\nPublic-Lines: 2\n<b:64>\n<b:64>\nPrivate-Lines: 2\n<b:64>\n<b:64>\nPrivate-MAC: <h:40>\n", ""},
	{"age key", "keys.txt", "AGE-SECRET-KEY-1<q:58>", ""},
	{"JWT", "a.http", "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.<w:43>", ""},
	{"netrc", ".netrc", "machine a.io login ann password <a:12>", ""},
	{"git credentials", ".git-credentials", "https://ann:<a:20>@github.com", ""},
	{"Rails master key", "config/master.key", "<h:32>", ""},
	{"WordPress salt", "wp-config.php", "define('AUTH_SALT', '<a:30>|#<a:32>');", ""},
	{"Laravel key", "config.env", "APP_KEY=base64:<b:43>=", ""},
	{"htpasswd", ".htpasswd", "ann:$2y$10$<a:53>", ""},
	{"password with a name", "settings.py", "DB_PASSWORD = '<a:20>'", ""},
}

// TestKinds proves GP-GATE-1 (D15): of 65 kinds of tokens, made when the test runs, at
// least 63 are found in each of five attempts.
func TestKinds(t *testing.T) {
	d, err := shared.rules()
	if err != nil {
		t.Fatal(err)
	}
	for seed := range 5 {
		var missed []string
		for _, k := range kinds {
			if len(seen(t, d, k.path, filled(k.leak, seed)+"\n")) == 0 {
				missed = append(missed, k.rule)
			}
		}
		t.Logf("found %d of %d, not %s", len(kinds)-len(missed), len(kinds), strings.Join(missed, ", "))
		if len(missed) > 2 {
			t.Errorf("not found: %s", strings.Join(missed, ", "))
		}
	}
}

// TestFollowed proves GP-GATE-1: a token is found whatever punctuation follows it, and is
// not taken out of a longer word.
func TestFollowed(t *testing.T) {
	d, err := shared.rules()
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{
		"npm_<a:36>", "sk_live_<a:24>", "sk-ant-api03-<w:93>AA", "dop_v1_<h:64>", "SG.<w:22>.<w:43>", "PMAK-<h:24>-<h:34>", "pul-<h:40>",
		"dapi<h:32>", "ntn_<d:11><a:35>", "sntryu_<h:64>", "AIza<w:35>", "glsa_<a:32>_<h:8>", "rubygems_<h:48>", "hvs.<w:95>", "sgp_<h:40>",
		"xkeysib-<h:64>-<l:16>", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.<a:43>", "gsk_<a:52>", "ghp_<a:36>",
	} {
		token := filled(form, 1)
		for _, after := range []string{".", ",", ")", ">", "<", "&", "*", `\"`, `\t`, ":", "&quot;", "}", "]", "|", "#", "?", "!", "@", "~", "^", "$", "%", "…", "`", "'", "", "\n"} {
			if len(seen(t, d, "a.txt", "see "+token+after+"x\n")) == 0 && after != "" {
				t.Errorf("%s: not found before %q", form, after)
			}
		}
		if got := seen(t, d, "a.txt", "see "+token+"_x\n"); slices.ContainsFunc(got, func(rule string) bool { return rule != "github-pat" }) && !strings.Contains(form, "w:") && !strings.Contains(form, "eyJ") {
			t.Errorf("%s: found %v in a longer word", form, got)
		}
	}
	for _, text := range []string{
		"func (s *S) f() { s.validateRequestParameter() }", "sourcegraph at " + filled("<h:40>", 1) + ".", "data EAAA" + filled("<a:40>", 1) + "+/x",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0...",
	} {
		if got := seen(t, d, "a.txt", text+"\n"); len(got) > 0 {
			t.Errorf("%s: found %v", text, got)
		}
	}
}

// TestPublished: what a document publishes for examples is not a secret, and neither is
// source code that reads keys.
func TestPublished(t *testing.T) {
	d, err := shared.rules()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"aws_secret_access_key = wJalrXUtnFEMI/K7MDENG" + "/bPxRfiCYEXAMPLEKEY", "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq" + "/K1SZFPTOtr/KBHBeksoGMGw==;",
		"Authorization: Basic QWxhZGRpbjpvcGVu" + "IHNlc2FtZQ==", "stripe.api_key = 'sk_test_" + "4eC39HqLyjWDarjtT1zdp7dc'",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJSMeKKF2QT4fw" + "pMeJf36POk6yJV_adQssw5c",
		"if pem.Type != \"-----BEGIN PRIVATE" + " KEY-----\" {\n\tkey, err := x509.ParsePKCS8PrivateKey(block); err2 := x509.ParsePKCS1PrivateKeyFromBytes(b)\n\tgithub.com/golang/crypto/ssh/ParseRawPrivateKeyWithPassphrase\n\tx509.MarshalPKCS8PrivateKey(key)\n}\nend := \"-----END PRIVATE" + " KEY-----\"",
		"head = \"-----BEGIN PRIVATE" + " KEY-----\"\n// the body is base64 in lines of 64 characters; see RFC 7468 for details\nfoot = \"-----END PRIVATE" + " KEY-----\"",
	} {
		if got := seen(t, d, "src/a.conf", text+"\n"); len(got) > 0 {
			t.Errorf("found %v in %s", got, text)
		}
	}
}

// TestKeyAfterItsName: a key is found in a file that also names the lines around it.
func TestKeyAfterItsName(t *testing.T) {
	d, err := shared.rules()
	if err != nil {
		t.Fatal(err)
	}
	names := "begin = \"-----BEGIN RSA " + "PRIVATE KEY-----\"\n// " + strings.Repeat("a comment about keys ", 10) + "\n"
	end := "end = \"-----END RSA " + "PRIVATE KEY-----\"\n"
	for _, text := range []string{names + private, names + end + private, names + end + strings.ReplaceAll(private, "\n", "\\n")} {
		if got := seen(t, d, "a.go", text); !slices.Contains(got, "private-key") {
			t.Errorf("found %v in %q", got, text)
		}
	}
}
