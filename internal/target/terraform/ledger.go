package terraform

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
)

// The ledger of previews is a workspace of its own, whose state has one output and no
// resources. Every backend that can hold previews can hold it.
const (
	ledgerWorkspace = "goldenpath-previews"
	ledgerOutput    = "goldenpath_ledger"
	ledgerWait      = 15 * time.Minute // for Target.Data, while previews are removed concurrently
)

// records is the ledger of the previews in a backend.
type records struct{ t *Target }

// Ledger returns where the previews are recorded: in the backend that holds their states.
func (t *Target) Ledger() ledger.Store {
	own := *t
	own.LockTimeout = ledgerWait
	return records{&own}
}

func (records) String() string { return place(ledgerWorkspace) }

// state is the format of Terraform's state, version 4.
type state struct {
	Version          int               `json:"version"`
	TerraformVersion string            `json:"terraform_version"`
	Serial           int64             `json:"serial"`
	Lineage          string            `json:"lineage"`
	Outputs          map[string]output `json:"outputs"`
	Resources        []json.RawMessage `json:"resources"`
}

type output struct {
	Value string `json:"value"`
	Type  string `json:"type"`
}

// Load reads the ledger.
func (r records) Load(ctx context.Context) (map[string][]byte, string, error) {
	s, err := r.open(ctx)
	if err != nil {
		return nil, "", err
	}
	defer s.leave()
	there, err := s.selectWorkspace(ctx)
	if err != nil || !there {
		return nil, "", err
	}
	text, err := s.tf.StatePull(ctx)
	if err != nil {
		return nil, "", s.explain(ctx, "state pull", err)
	}
	if strings.TrimSpace(text) == "" {
		return nil, "", nil
	}
	var st state
	if err := json.Unmarshal([]byte(text), &st); err != nil {
		return nil, "", fmt.Errorf("cannot read the state of %s: %w", r, err)
	}
	version, err := json.Marshal(state{Version: 4, TerraformVersion: st.TerraformVersion, Serial: st.Serial, Lineage: st.Lineage})
	if err != nil {
		return nil, "", err
	}
	files := map[string][]byte{}
	if value := st.Outputs[ledgerOutput].Value; value != "" {
		texts := map[string]string{}
		if err := json.Unmarshal([]byte(value), &texts); err != nil {
			return nil, "", fmt.Errorf("cannot read the output %s of %s: %w: it was changed by hand", ledgerOutput, r, err)
		}
		for name, content := range texts {
			files[name] = []byte(content)
		}
	}
	return files, string(version), nil
}

// Save replaces the ledger. Terraform refuses a state whose serial is not the next one, or
// whose lineage differs.
func (r records) Save(ctx context.Context, files map[string][]byte, version string) error {
	st := state{Version: 4, TerraformVersion: "1.0.0", Lineage: rand.Text()}
	if version != "" {
		if err := json.Unmarshal([]byte(version), &st); err != nil {
			return err
		}
	}
	texts := map[string]string{}
	for name, content := range files {
		texts[name] = string(content)
	}
	value, err := json.Marshal(texts)
	if err != nil {
		return err
	}
	st.Serial++
	st.Outputs, st.Resources = map[string]output{ledgerOutput: {string(value), "string"}}, []json.RawMessage{}
	text, err := json.Marshal(st)
	if err != nil {
		return err
	}
	s, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer s.leave()
	there, err := s.selectWorkspace(ctx)
	if err == nil && !there {
		_, err = s.makeWorkspace(ctx)
	}
	if err != nil {
		return err
	}
	file := filepath.Join(s.tmp, "ledger.tfstate")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return err
	}
	err = s.tf.StatePush(ctx, file, tfexec.Lock(true), tfexec.LockTimeout(r.t.lockTimeout().String()))
	if err != nil && (strings.Contains(err.Error(), "serial") || strings.Contains(err.Error(), "lineage")) {
		return errors.Join(ledger.ErrMoved, err)
	}
	if err != nil {
		return s.explain(ctx, "state push", err)
	}
	return nil
}

func (r records) open(ctx context.Context) (*session, error) {
	s, err := r.t.enter(ctx, ledgerWorkspace)
	if err != nil {
		return nil, err
	}
	if err := s.init(ctx); err != nil {
		s.leave()
		return nil, err
	}
	return s, nil
}
