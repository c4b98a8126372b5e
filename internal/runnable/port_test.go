package runnable

import (
	"fmt"
	"strings"
	"testing"
)

// TestTakesPort (NEWCOMER 6): an app that takes its port by a flag or another variable
// is recognised, and a constant that is called PORT is not taken for the variable.
func TestTakesPort(t *testing.T) {
	for _, tt := range []struct{ name, text, want, words string }{
		{"main.go", `p := os.Getenv("PORT")`, "variable PORT", "[/app]"},
		{"app.go", "func init() {\n\tflag.StringVar(&port, \"port\", getEnv(\"WHOAMI_PORT_NUMBER\", \"80\"), \"\")", "flag port", "[sh -c exec ./app --port=$PORT]"},
		{"main.go", `fs.Int("port", 9898, "HTTP port to bind service to")`, "flag port", "[sh -c exec ./app --port=$PORT]"},
		{"main.go", `addr := flag.String("listen-addr", ":8080", "")`, "flag listen-addr", "[sh -c exec ./app --listen-addr=${HOST:-127.0.0.1}:$PORT]"},
		{"main.go", `os.Getenv("APP_PORT")`, "variable APP_PORT", "[sh -c exec env APP_PORT=$PORT ./app]"},
		{"main.go", `os.Getenv("REDIS_PORT"); os.Getenv("DB_PORT")`, " ", "[/app]"},
		{"a.js", "const PORT = 3000\napp.listen(PORT)", " ", "[/app]"},
		{"a.js", "app.listen(3000)", "fixed 3000", "[/app]"},
		{"a.js", "const { HOST, PORT = 3000 } = process.env", "variable PORT", "[/app]"},
		{"a.js", "app.listen(process.env.PORT || 3000)", "variable PORT", "[/app]"},
		{"a.js", "// process.env.PORT\napp.listen(8080)", "fixed 8080", "[/app]"},
		{"a.js", "process.env.SERVER_PORT", "variable SERVER_PORT", "[sh -c exec env SERVER_PORT=$PORT ./app]"},
		{"env.ts", "z.object({ PORT: z.coerce.number() })", "variable PORT", "[/app]"},
		{"application.properties", "server.port=${PORT:8080}", "variable PORT", "[/app]"},
		{"app.py", `int(os.environ.get("PORT", 5000))`, "variable PORT", "[/app]"},
		{"app.py", `os.environ["PORT"]`, "variable PORT", "[/app]"},
		{"app.py", `app.run(host="0.0.0.0", port=5000)`, "fixed 5000", "[/app]"},
		{"app.rb", `set :port, ENV["PORT"]`, "variable PORT", "[/app]"},
		{"main.go", "r := gin.Default()\n\tr.GET(\"/\", x)\n\tr.Run()\n", "variable PORT", "[/app]"},
		{"main.go", `e.Logger.Fatal(e.Start(":1323"))`, "fixed 1323", "[/app]"},
		{"x.go", `"SUPPORT"`, " ", "[/app]"},
	} {
		p := TakesPort(func(yield func(string, []byte) bool) { yield(tt.name, []byte(tt.text)) })
		if got := p.How + " " + p.Name; got != tt.want {
			t.Errorf("%s: %q, want %q", tt.text, got, tt.want)
		}
		if got := fmt.Sprint(p.Words([]string{"/app"})); got != tt.words {
			t.Errorf("%s: %s, want %s", tt.text, got, tt.words)
		}
		if strings.HasPrefix(tt.text, "func init") && p.Line != 2 {
			t.Errorf("line %d, want 2", p.Line)
		}
	}
}
