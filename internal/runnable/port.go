package runnable

import (
	"bytes"
	"regexp"
	"strings"
)

// Port is how an app learns which port to listen on.
type Port struct {
	How  string // variable, flag, fixed; "" if nothing was found
	Name string // of the variable or flag, or the number if it is fixed
	Addr bool   // whether the flag takes an address, not only a number
	File string // where it was found
	Line int
}

// portTest is one sign in the sources. The first group that matched is the name. Only
// lines with one of the words are searched, because a repository may be large.
type portTest struct {
	how   string
	words []string
	re    *regexp.Regexp
}

// portTests are ordered: what the app reads from PORT decides, then a flag, then another
// variable, then a number in the code.
var portTests = []portTest{
	{"variable", []string{"PORT"}, regexp.MustCompile("(?:env\\??\\.|[\\[(]\\s*['\"`]|['\"`]|\\$\\{?)(PORT)\\b(?:['\"`\\]:},)?|;\\s-]|$)|\\{[^{}\\n]*\\b(PORT)\\b[^{}\\n]*\\}\\s*=\\s*(?:process\\.|import\\.meta\\.)?env|\\b(PORT):\\s*(?:z|v|t|num|port|str|Joi|joi|yup)\\b")},
	{"variable", []string{"gin."}, regexp.MustCompile(`gin\.(?:Default|New)\(\)[\s\S]*?\.Run\((\))`)},
	{"flag", []string{`port"`, `"addr`, `"http`, `"listen`, `"bind`, `"web`, `"server`}, regexp.MustCompile(`\.(?:String|Int|Uint|Uint16|Int64)(?:Var)?P?\((?:&?[\w.\[\]]+,\s*)?"((?:http-?|web-?|server-?)?port|(?:http-?|web-?)?(?:addr(?:ess)?|listen(?:-?addr(?:ess)?)?|bind(?:-?addr(?:ess)?)?))"`)},
	{"variable", []string{"PORT"}, regexp.MustCompile("(?:process\\.env\\.|['\"`])([A-Z][A-Z0-9]*_(?:[A-Z0-9]+_)*?PORT(?:_NUMBER)?)\\b")},
	{"fixed", []string{".listen(", "ListenAndServe(", ".Listen(", ".Start(", ".Run(", "app.run("}, regexp.MustCompile(`(?:\.listen\(\s*|\.(?:ListenAndServe|Listen|Start|Run)\(\s*"[^":]*:|app\.run\([^)\n]*\bport\s*=\s*)([1-9][0-9]{2,4})\b`)},
}

// others are variables with the port of something else.
var others = regexp.MustCompile(`^(DB|DATABASE|PG|POSTGRES(QL)?|MYSQL|MARIADB|REDIS|SMTP|MAIL(ER)?|EMAIL|MONGO(DB)?|METRICS|GRPC|DEBUG|KAFKA|RABBIT(MQ)?|AMQP|ELASTIC(SEARCH)?|PROXY|SSH|FTP|SFTP|LDAP|STATSD|JAEGER|OTEL|OTLP|MEMCACHED?|NATS|CASSANDRA|CONSUL|VAULT|PROMETHEUS|HMR|VITE_HMR|WS|HTTPS|TLS|SSL|ADMIN|KUBERNETES|TEST)_`)

// TakesPort finds how an app takes its port in its sources, which each yields in turn by
// name. Tests and other apps' sources must not be among them.
func TakesPort(each func(yield func(name string, text []byte) bool)) Port {
	best, rank := Port{}, len(portTests)
	for name, text := range each {
		for i, test := range portTests[:rank] {
			found := find(test, text)
			if found == nil {
				continue
			}
			rank = i
			best = Port{How: test.how, Name: found.name, File: name, Line: found.line}
			best.Addr = test.how == "flag" && !strings.Contains(found.name, "port")
			break
		}
		if rank == 0 {
			break
		}
	}
	return best
}

type sign struct {
	name string
	line int
}

func find(test portTest, text []byte) *sign {
	for _, word := range test.words {
		for at := 0; ; {
			i := bytes.Index(text[at:], []byte(word))
			if i < 0 {
				break
			}
			start := bytes.LastIndexByte(text[:at+i], '\n') + 1
			end := len(text)
			if n := bytes.IndexByte(text[at+i:], '\n'); n >= 0 && word != gin {
				end = at + i + n
			}
			if s := test.in(text[start:end]); s != nil {
				s.line += bytes.Count(text[:start], []byte("\n"))
				return s
			}
			at = end
		}
	}
	return nil
}

// gin is the package of a framework that reads PORT in a call some lines below.
const gin = "gin."

// maxLine is the longest line that is searched, in bytes; a longer one is not written by
// a person.
const maxLine = 20_000

// in searches a line, or a file if the sign has several lines.
func (test portTest) in(text []byte) *sign {
	if len(text) > maxLine && test.words[0] != gin {
		return nil
	}
	for _, m := range test.re.FindAllSubmatchIndex(text, 50) {
		for g := 2; g < len(m); g += 2 {
			if m[g] < 0 {
				continue
			}
			name := string(text[m[g]:m[g+1]])
			if name == ")" {
				name = "PORT" // Gin's default
			}
			if test.how == "variable" && name != "PORT" && others.MatchString(name) || comment(text, m[0]) {
				continue
			}
			return &sign{name, bytes.Count(text[:m[g]], []byte("\n")) + 1}
		}
	}
	return nil
}

// comment reports whether a place is in a line that is a comment.
func comment(text []byte, at int) bool {
	start := bytes.LastIndexByte(text[:at], '\n') + 1
	line := bytes.TrimSpace(text[start:at])
	return bytes.HasPrefix(line, []byte("//")) || bytes.HasPrefix(line, []byte("#")) || bytes.HasPrefix(line, []byte("*"))
}

// Words returns the entrypoint that passes $PORT the way the app takes it. HOST is
// 127.0.0.1 unless it is set.
func (p Port) Words(argv []string) []string {
	if len(argv) > 2 && argv[0] == "sh" || p.How == "" || p.How == "fixed" || p.How == "variable" && p.Name == "PORT" {
		return argv
	}
	line := strings.Join(argv, " ")
	if strings.HasPrefix(line, "/") {
		line = "." + line // a shell of the machine resolves absolute paths outside the image
	}
	switch {
	case p.How == "flag" && p.Addr:
		line = "exec " + line + " --" + p.Name + "=${HOST:-127.0.0.1}:$PORT"
	case p.How == "flag":
		line = "exec " + line + " --" + p.Name + "=$PORT"
	default:
		line = "exec env " + p.Name + "=$PORT " + line
	}
	return []string{"sh", "-c", line}
}
