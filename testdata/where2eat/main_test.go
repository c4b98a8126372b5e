package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

func env(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

func TestConfigure(t *testing.T) {
	tests := map[string]struct {
		env  map[string]string
		want config
	}{
		"defaults": {nil, config{"127.0.0.1:8080", "where2eat.db", ""}},
		"all set": {
			map[string]string{"PORT": "80", "HOST": "0.0.0.0", "DATA_DIR": "data", "GOLDENPATH_DATA": "other", "FLAGS": "flags.json"},
			config{"0.0.0.0:80", filepath.Join("data", "where2eat.db"), "flags.json"},
		},
		"data of the path": {map[string]string{"GOLDENPATH_DATA": "other"}, config{"127.0.0.1:8080", filepath.Join("other", "where2eat.db"), ""}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := configure(env(tt.env)); err != nil || got != tt.want {
				t.Errorf("got %v, %v, want %v", got, err, tt.want)
			}
		})
	}
	if _, err := configure(env(map[string]string{"PORT": "http"})); err == nil {
		t.Error("PORT=http was not an error")
	}
}

func TestRunUsage(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"seed", "twice"}} {
		if err := run(t.Context(), args, env(nil), io.Discard); !errors.Is(err, errUsage) {
			t.Errorf("%v: got %v", args, err)
		}
	}
}

func TestRunSeed(t *testing.T) {
	environment := env(map[string]string{"DATA_DIR": t.TempDir()})
	for _, command := range []string{"migrate", "seed", "seed"} {
		if err := run(t.Context(), []string{command}, environment, io.Discard); err != nil {
			t.Errorf("%s: %v", command, err)
		}
	}
}

func TestRunServe(t *testing.T) {
	t.Run("W2E-12 serves until it receives a signal", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		logs, stdout := io.Pipe()
		done := make(chan error, 1)
		go func() {
			err := run(ctx, nil, env(map[string]string{"PORT": "0", "DATA_DIR": t.TempDir()}), stdout)
			stdout.Close()
			done <- err
		}()
		lines := bufio.NewScanner(logs)
		var started struct{ Msg, Address string }
		if !lines.Scan() || json.Unmarshal(lines.Bytes(), &started) != nil || started.Msg != "listening" {
			t.Fatalf("first log line is %q", lines.Text())
		}
		go io.Copy(io.Discard, logs)
		response, err := http.Get("http://" + started.Address + "/version")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || !strings.Contains(string(body), `"commit":"unknown"`) {
			t.Errorf("got %s, %v", body, err)
		}
		stop()
		if err := <-done; err != nil {
			t.Errorf("stopped with %v", err)
		}
	})
}

func TestRunServeBadFlags(t *testing.T) {
	err := run(t.Context(), []string{"serve"}, env(map[string]string{"DATA_DIR": t.TempDir(), "FLAGS": "missing.json"}), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "missing.json") {
		t.Errorf("got %v", err)
	}
}
