package osv

import (
	"fmt"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// BenchmarkSelect: a commit of 100,000 files.
func BenchmarkSelect(b *testing.B) {
	var files []gate.File
	for i := range 100_000 {
		files = append(files, gate.File{Path: fmt.Sprintf("src/module%d/package%d/file%d.go", i%17, i%331, i), Size: 1000})
	}
	files = append(files, gate.File{Path: "go.mod", Size: 1000})
	for _, changed := range []gate.Changes{nil, {"src/module1/a.go": true}} {
		b.Run(fmt.Sprint(len(changed)), func(b *testing.B) {
			for b.Loop() {
				Scanner{}.Select(files, changed)
			}
		})
	}
}
