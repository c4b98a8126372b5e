// Command seed creates the poll "demo" through the API of the service at $GOLDENPATH_URL.
// It is safe to run again: the same poll under the same id changes nothing.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"example.com/where2eat/internal/poll"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	said, err := seed(ctx, os.Getenv("GOLDENPATH_URL"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "seed:", err)
		os.Exit(1)
	}
	fmt.Println(said)
}

func seed(ctx context.Context, url string) (string, error) {
	if url == "" {
		return "", errors.New("GOLDENPATH_URL is empty: set it to the address of the service")
	}
	body, err := json.Marshal(poll.Demo())
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(url, "/")+"/poll", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusCreated:
		return "created poll demo", nil
	case http.StatusOK:
		return "poll demo is there already", nil
	}
	answer, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	return "", fmt.Errorf("create poll demo: %s: %s", response.Status, bytes.TrimSpace(answer))
}
