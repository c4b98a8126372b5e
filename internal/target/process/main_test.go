package process

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// The test binary is also the supervisor, the application in the images and a
// deploying command that can be killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "supervise":
			os.Exit(Supervise(context.Background(), os.Args[2:]))
		case "app":
			os.Exit(app(os.Getenv("TESTAPP")))
		case "sleep":
			time.Sleep(time.Hour)
		case "spawn":
			spawn(os.Args[2:]...)
			os.Exit(0)
		case "deploy":
			os.Exit(deployer(os.Args[2], os.Args[3], os.Args[4], os.Args[5]))
		}
	}
	os.Setenv("GITHUB_TOKEN", "ghs_of_the_caller")
	os.Exit(m.Run())
}

// app is the application. How it behaves is TESTAPP.
func app(mode string) int {
	data := os.Getenv("GOLDENPATH_DATA")
	switch mode {
	case "crash":
		fmt.Println("\x1b[31mcannot reach the database\x1b[0m with " + os.Getenv("DATABASE_URL"))
		return 3
	case "deaf":
		time.Sleep(time.Hour)
	case "tell":
		fmt.Println("password " + os.Getenv("ADMIN_PASSWORD"))
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
	case "polite":
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM)
		go func() {
			<-asked
			_ = os.WriteFile(filepath.Join(data, "bye"), nil, 0o600)
			os.Exit(0)
		}()
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if _, err := os.Stat(filepath.Join(data, "gate")); mode == "gated" && err != nil || mode == "unready" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("/version", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, os.Getenv("GOLDENPATH_COMMIT"))
	})
	mux.HandleFunc("/self", func(w http.ResponseWriter, r *http.Request) {
		dir, _ := os.Getwd()
		_ = json.NewEncoder(w).Encode(self{Pid: os.Getpid(), Dir: dir, Env: os.Environ(), Args: os.Args})
	})
	// A process in a session of its own, whose parent is gone, with our variables or
	// with none.
	mux.HandleFunc("/spawn", func(w http.ResponseWriter, r *http.Request) {
		file := filepath.Join(data, "spawned")
		_ = exec.Command(os.Args[0], "spawn", file, r.URL.Query().Get("bare")).Run()
		b, _ := os.ReadFile(file)
		_, _ = w.Write(b)
	})
	l, err := net.Listen("tcp4", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("listening")
	fmt.Println(http.Serve(l, mux))
	return 1
}

// self is what the application reports about itself.
type self struct {
	Pid  int
	Dir  string
	Env  []string
	Args []string
}

func spawn(args ...string) {
	cmd := exec.Command(os.Args[0], "sleep")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if args[1] != "" {
		cmd.Env = []string{"NOTHING=here"}
	}
	if err := cmd.Start(); err == nil {
		_ = os.WriteFile(args[0], []byte(strconv.Itoa(cmd.Process.Pid)), 0o600)
	}
}

// deployer is a command that deploys and may be killed while it does.
func deployer(dir, commit, mode, port string) int {
	img, err := appImage(mode)
	if err == nil {
		t := &Target{Dir: dir, Self: []string{os.Args[0], "supervise"}}
		d := deployment(img, commit)
		d.Port, _ = strconv.Atoi(port)
		_, err = t.Deploy(context.Background(), d)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// eventually polls until is holds.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to be: %s", what)
		}
	}
}
