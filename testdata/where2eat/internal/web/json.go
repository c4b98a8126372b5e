package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"example.com/where2eat/internal/poll"
)

const maxBody = 64 << 10

// read decodes the one JSON object of a body. Its error describes what to send instead.
func read(w http.ResponseWriter, r *http.Request, into any) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	var wrongType *json.UnmarshalTypeError
	switch err := decoder.Decode(into); {
	case err == nil:
		if _, err := decoder.Token(); err != io.EOF {
			return errors.New("body: send one JSON object and nothing after it")
		}
		return nil
	case err == io.EOF:
		return errors.New("body: empty, send a JSON object")
	case errors.As(err, &wrongType) && wrongType.Field != "":
		return fmt.Errorf("%s: must not be a JSON %s", wrongType.Field, wrongType.Value)
	case errors.As(err, &wrongType):
		return fmt.Errorf("body: send a JSON object, not a JSON %s", wrongType.Value)
	default:
		return fmt.Errorf("body: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
}

func (s *server) reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		s.Log.Warn("write response", "error", err.Error())
	}
}

type failure struct {
	Error string `json:"error"`
}

func (s *server) fail(w http.ResponseWriter, status int, err error) {
	s.reply(w, status, failure{err.Error()})
}

// refuse responds to a request with invalid content.
func (s *server) refuse(w http.ResponseWriter, err error) {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		s.fail(w, http.StatusRequestEntityTooLarge, fmt.Errorf("body: larger than %d bytes", tooLarge.Limit))
		return
	}
	s.fail(w, http.StatusBadRequest, err)
}

// failStore responds to an error of the store. Other errors are logged, and the client gets no details.
func (s *server) failStore(w http.ResponseWriter, err error) {
	for known, status := range map[error]int{
		poll.ErrUnknownPoll:   http.StatusNotFound,
		poll.ErrUnknownOption: http.StatusBadRequest,
		poll.ErrTaken:         http.StatusConflict,
	} {
		if errors.Is(err, known) {
			s.fail(w, status, known)
			return
		}
	}
	s.Log.Error("use store", "error", err.Error())
	s.fail(w, http.StatusInternalServerError, errors.New("internal error"))
}
