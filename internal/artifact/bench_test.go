package artifact

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkPack packs 50 MB in one file.
func BenchmarkPack(b *testing.B) {
	dir := b.TempDir()
	content := make([]byte, 50<<20)
	for i := range content {
		content[i] = byte(i * i >> 7)
	}
	if err := os.WriteFile(filepath.Join(dir, "server"), content, 0o755); err != nil {
		b.Fatal(err)
	}
	o := options(dir)
	o.MaxFile, o.Scratch = 0, b.TempDir()
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		p, err := Pack(context.Background(), o)
		if err != nil {
			b.Fatal(err)
		}
		if err := p.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
