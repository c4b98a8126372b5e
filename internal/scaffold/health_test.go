package scaffold

import "testing"

// TestHealthCompared: a handler of a standard library compares the path itself.
func TestHealthCompared(t *testing.T) {
	for line, want := range map[string]string{
		`        if self.path == "/healthz":`:                         "/healthz",
		`        if self.path in ("/health", "/"):`:                   "/health",
		`        if self.path.startswith("/ping"):`:                   "/ping",
		`    requests.post("https://example.com" + "/healthz", path)`: "/",
		`        health: '/up',`:                                      "/up", // Laravel
		`#[get("/alive")]`:                                            "/alive",
		`    # 'GET /health', 'admin.*'`:                              "/",
		`PING_ENDPOINT = os.getenv("PING_ENDPOINT", ROOT + "/ping/")`: "/",
	} {
		c, out := read(t, map[string]string{"app.py": "import http.server\n" + line + "\nhttp.server.HTTPServer(('', int(os.environ['PORT'])), H).serve_forever()\n"})
		if got := c.Preview.Ready.Path; got != want {
			t.Errorf("%s: %q, want %q\n%s", line, got, want, out)
		}
	}
}
