package look

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

// memory examines what the processes above this one hold. Root can read it, as on GitHub's
// runners.
func (s *search) memory() {
	for pid, depth := os.Getppid(), 0; pid > 0 && depth < 32; depth++ {
		s.process(pid)
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return
		}
		_, parent, _ := strings.Cut(string(status), "\nPPid:")
		pid = 0
		_, _ = fmt.Sscan(parent, &pid)
	}
}

func (s *search) process(pid int) {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return
	}
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return
	}
	defer memory.Close()
	for line := range strings.Lines(string(maps)) {
		var from, to int64
		var rights string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &rights); err != nil || !strings.HasPrefix(rights, "rw") || to-from > 64<<20 {
			continue
		}
		content := make([]byte, to-from)
		if n, err := memory.ReadAt(content, from); err == nil || err == io.EOF {
			s.in("memory", fmt.Sprintf("of process %d", pid), content[:n])
		}
	}
}

// sockets examines sockets that only the kernel lists: their files are in another folder.
func (s *search) sockets() {
	text, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		return
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 8 && strings.HasSuffix(fields[7], "docker.sock") {
			s.socket(fields[7])
		}
	}
	if path := os.Getenv("SSH_AUTH_SOCK"); path != "" {
		s.Found = append(s.Found, "socket "+path+": ssh-agent")
	}
}

// socket asks the engine behind a socket, if it is one, for everything about every
// container.
func (s *search) socket(path string) {
	s.Looked["socket"]++
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}}
	get := func(url string) []byte {
		res, err := client.Get("http://engine" + url)
		if err != nil {
			return nil
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(io.LimitReader(res.Body, largest))
		return body
	}
	var containers []struct{ ID string }
	if json.Unmarshal(get("/containers/json?all=1"), &containers) != nil {
		return
	}
	for _, c := range containers {
		s.in("container", c.ID, get("/containers/"+c.ID+"/json"))
	}
}

// commands asks git for what it would use, from wherever it has it.
func (s *search) commands() {
	for _, args := range [][]string{{"config", "--list", "--show-origin"}, {"credential", "fill"}} {
		cmd := exec.Command("git", args...)
		cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0")
		cmd.Stdin = strings.NewReader("protocol=https\nhost=github.com\n\n")
		if out, err := cmd.Output(); err == nil || len(out) > 0 {
			s.in("git", args[0], out)
		}
	}
}

// identity asks for a token with the identity of the run.
func (s *search) identity() {
	s.Looked["identity"]++
	url, token := os.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL"), os.Getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
	if url == "" && token == "" {
		return
	}
	s.Found = append(s.Found, "variables ACTIONS_ID_TOKEN_REQUEST_*: identity")
}
