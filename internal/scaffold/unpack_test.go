package scaffold

import (
	"fmt"
	"strings"
	"testing"
)

// goSource is a program that takes its port by a flag.
const goSource = "package main\n\nfunc main() { flag.Int(\"port\", 80, \"\"); http.ListenAndServe(a, nil) }\n"

// TestUnpack (NEWCOMER 6): a Dockerfile that init can read becomes a packed folder with
// the same layout and command; one that it cannot read is kept, with the reason.
func TestUnpack(t *testing.T) {
	node := map[string]string{"package.json": `{"scripts": {"build": "tsc", "start": "node dist/main.js"}, "dependencies": {"a": "1"}}`, "package-lock.json": "{}", "src/main.ts": "listen(process.env.PORT)"}
	for name, tt := range map[string]struct {
		files      map[string]string
		dockerfile string
		build      string // a part of artifact.build
		entrypoint string // of the packed image; "" if it is not packed
		workdir    string
		why        string // a part of the comment if it is not packed
	}{
		"go, make, scratch": {
			map[string]string{"go.mod": "module example.com/whoami\n", "app.go": goSource},
			"FROM golang:1 AS builder\nRUN apk add git make && rm -rf /var/cache/apk/*\nWORKDIR /go/whoami\nCOPY go.mod .\nRUN go mod download\nCOPY . .\nRUN make build\nFROM scratch\nCOPY --from=builder /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/\nCOPY --from=builder /go/whoami/whoami .\nENTRYPOINT [\"/whoami\"]\nEXPOSE 80\n",
			"go build -trimpath -buildvcs=false -o dist/app/whoami .", "[sh -c exec ./whoami --port=$PORT]", "", "",
		},
		"go, two programs and files": {
			map[string]string{"go.mod": "module example.com/podinfo\n", "cmd/podinfo/main.go": goSource, "cmd/podcli/main.go": "package main\n", "ui/index.html": "x"},
			"FROM golang AS builder\nWORKDIR /podinfo\nCOPY . .\nRUN CGO_ENABLED=0 go build -ldflags \"-X v=${R}\" -a -o bin/podinfo cmd/podinfo/*\nRUN go build -o bin/podcli cmd/podcli/*\nFROM alpine:3\nRUN addgroup -S app && apk --no-cache add ca-certificates curl\nWORKDIR /home/app\nCOPY --from=builder /podinfo/bin/podinfo .\nCOPY --from=builder /podinfo/bin/podcli /usr/local/bin/podcli\nCOPY ./ui ./ui\nRUN chown -R app:app ./\nUSER app\nCMD [\"./podinfo\"]\n",
			"cp -R ui dist/app/home/app/ui && CGO_ENABLED=0 go build -trimpath -buildvcs=false -o dist/app/home/app/podinfo ./cmd/podinfo && CGO_ENABLED=0 go build -trimpath -buildvcs=false -o dist/app/usr/local/bin/podcli ./cmd/podcli",
			"[sh -c exec ./podinfo --port=$PORT]", "/home/app", "",
		},
		"go, a pattern": {
			map[string]string{"go.mod": "module example.com/bin\n", "cmd/go-bin/main.go": "package main\nvar _ = os.Getenv(\"PORT\")\n"},
			"FROM golang AS build\nWORKDIR /src\nCOPY . .\nRUN --mount=type=cache,target=/root/.cache make build\nFROM gcr.io/distroless/static\nCOPY --from=build /src/dist/go-bin* /bin/\nCMD [\"/bin/go-bin\"]\n",
			"-o dist/app/bin/go-bin ./cmd/go-bin", "[/bin/go-bin]", "", "",
		},
		"go, with code that is made": {
			map[string]string{"go.mod": "module example.com/x\n", "main.go": goSource},
			"FROM golang AS b\nCOPY . .\nRUN protoc x.proto && go build -o /x .\nFROM scratch\nCOPY --from=b /x /x\nENTRYPOINT [\"/x\"]\n",
			"", "", "", "line 3 of Dockerfile (RUN protoc x.proto && go build -o /x .): protoc",
		},
		"node, two stages": {
			node, "FROM node:22 AS build\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\nFROM node:22\nWORKDIR /srv/app\nCOPY --from=build /app/node_modules ./node_modules\nCOPY --from=build /app/dist ./\nENV LEVEL=info\nUSER node\nCMD [\"node\", \"main.js\"]\n",
			"cp -R ../../node_modules . && npm run build && npm prune --omit=dev", "[node dist/main.js]", "", "",
		},
		"node, built before the image": {
			node, "FROM node:22\nWORKDIR /app\nCOPY dist/api api\nCOPY package.json .\nRUN npm --prefix api install\nCMD [\"node\", \"api\"]\n", "npm run build", "[node dist/api]", "", "",
		},
		"node, its own script": {
			node, "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\nENTRYPOINT [\"./docker-entrypoint.sh\"]\nCMD [\"node\", \"x.js\"]\n", "", "", "", "starts the script",
		},
		"node, a package of the system": {
			node, "FROM node:22\nWORKDIR /app\nRUN apt-get update && apt-get install -y --no-install-recommends ffmpeg=7 curl\nCOPY . .\nRUN npm ci\nCMD npm start\n", "cp -R ../../node_modules .", "[npm start]", "", "has ffmpeg, which this machine must have",
		},
		"page behind nginx": {
			map[string]string{"package.json": `{"scripts": {"build": "make-page"}, "devDependencies": {"x": "1"}}`, "package-lock.json": "{}"},
			"FROM node AS build\nWORKDIR /app\nCOPY . .\nRUN npm ci && npm run build\nFROM nginx:alpine\nCOPY nginx.conf /etc/nginx/conf.d/default.conf\nCOPY --from=build /app/out /usr/share/nginx/html\n",
			"npm run build", "[sh -c exec python3 -m http.server $PORT --bind ${HOST:-127.0.0.1}]", "", "the configuration in line 6 of Dockerfile is not used",
		},
		"files behind nginx": {
			map[string]string{"index.html": "x"}, "FROM nginx\nCOPY . /usr/share/nginx/html\n", "git archive", "[sh -c exec python3 -m http.server $PORT --bind ${HOST:-127.0.0.1}]", "", "",
		},
		"python": {
			map[string]string{"requirements.txt": "fastapi\nuvicorn\n", "main.py": "app = FastAPI()\n"},
			"FROM python:3.13\nWORKDIR /code\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nCMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"80\"]\n",
			"requirements.txt", "[sh -c exec lib/bin/uvicorn main:app --host ${HOST:-127.0.0.1} --port $PORT]", "", "",
		},
		"a download": {
			node, "FROM node\nADD https://example.com/x.tar.gz /x\nRUN npm ci\nCMD [\"node\", \"x\"]\n", "", "", "", "it downloads or unpacks a file",
		},
		"not a Dockerfile": {node, "RUN\n", "", "", "", "Dockerfile has no FROM"},
		"a here-document":  {node, "FROM node\nRUN <<E\nnpm ci\nE\nCMD node x\n", "", "", "", "here-document"},
	} {
		files := map[string]string{"Dockerfile": tt.dockerfile}
		for k, v := range tt.files {
			files[k] = v
		}
		c, out := read(t, files)
		a := c.Artifact
		if tt.entrypoint == "" {
			if a.Dockerfile == "" || !strings.Contains(out, tt.why) || !strings.Contains(out, "needs Docker, because") {
				t.Errorf("%s: want that it is not packed, because of %q:\n%s", name, tt.why, out)
			}
			continue
		}
		workdir := tt.workdir
		if workdir == "" {
			workdir = "/"
		}
		if fmt.Sprint(a.Entrypoint) != tt.entrypoint || !strings.Contains(a.Build, tt.build) || a.Workdir != workdir || !strings.Contains(out, tt.why) {
			t.Errorf("%s: entrypoint %v in %s, build %s\n%s", name, a.Entrypoint, a.Workdir, a.Build, out)
		}
	}
}

func FuzzDockerfile(f *testing.F) {
	f.Add("FROM golang AS b\nRUN go build -o /x .\nFROM scratch\nCOPY --from=b /x /\nCMD [\"/x\"]\n")
	f.Fuzz(func(t *testing.T, text string) {
		d := readDockerfile("Dockerfile", text)
		d.unpack(&tree{cache: map[string][]byte{}}, &Part{Dir: ".", Language: "node", Start: &start{entrypoint: []string{"node", "x"}}})
		d.unpack(&tree{cache: map[string][]byte{}}, &Part{Dir: ".", Language: "go", Start: &start{}})
	})
}
