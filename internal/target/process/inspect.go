package process

import (
	"bufio"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
	"strings"
)

// machines maps Go's names of architectures to ELF machines.
var machines = map[string]elf.Machine{
	"386": elf.EM_386, "amd64": elf.EM_X86_64, "arm": elf.EM_ARM, "arm64": elf.EM_AARCH64, "loong64": elf.EM_LOONGARCH,
	"ppc64le": elf.EM_PPC64, "riscv64": elf.EM_RISCV, "s390x": elf.EM_S390,
}

// inspect refuses a program in the image that cannot start on this machine. Without this
// check, the kernel would only report "no such file".
func (p *plan) inspect(name string) error {
	file, fi, err := lookup(p.root, name)
	if err != nil {
		return refuse(fmt.Sprintf("the image's program %s is not in the image (%v)", name, err), "correct ENTRYPOINT or CMD, or copy the program into the image")
	}
	if !runnable(fi) {
		return refuse(fmt.Sprintf("the image's program %s is not executable (%s)", name, fi.Mode()), "set its mode in the Dockerfile: COPY --chmod=755, or RUN chmod +x")
	}
	f, err := p.root.Open(file)
	if err != nil {
		return fmt.Errorf("cannot read program %s: %w", name, err)
	}
	defer f.Close()
	head := make([]byte, 4)
	n, _ := io.ReadFull(f, head)
	switch head = head[:n]; {
	case string(head) == elf.ELFMAG:
		return p.inspectELF(name, f)
	case strings.HasPrefix(string(head), "#!"):
		return p.inspectScript(name, f)
	case runtime.GOOS == "linux":
		return refuse(fmt.Sprintf("the image's program %s is neither an ELF binary nor a script that begins with #!", name), "add a first line such as #!/bin/sh to the script")
	}
	return nil
}

func (p *plan) inspectELF(name string, f io.ReaderAt) error {
	b, err := elf.NewFile(f)
	if err != nil {
		return refuse(fmt.Sprintf("the image's program %s is a damaged ELF binary (%v)", name, err), "build it again")
	}
	defer b.Close()
	if want := machines[runtime.GOARCH]; runtime.GOOS != "linux" || b.Machine != want {
		return refuse(fmt.Sprintf("the image's program %s is built for Linux on %s, but this machine is %s/%s", name, b.Machine, runtime.GOOS, runtime.GOARCH),
			"build it for this machine, "+otherTarget)
	}
	for _, s := range b.Progs {
		if s.Type != elf.PT_INTERP {
			continue
		}
		raw, _ := io.ReadAll(io.LimitReader(s.Open(), 4096))
		loader := strings.TrimRight(string(raw), "\x00")
		if _, err := os.Stat(loader); err != nil {
			return refuse(fmt.Sprintf("the image's program %s needs the loader %s, which this machine does not have", name, clean(loader)),
				"link it statically (CGO_ENABLED=0, or for musl), "+otherTarget)
		}
	}
	return nil
}

// inspectScript checks the interpreter of a script, which the kernel takes from the
// host.
func (p *plan) inspectScript(name string, f io.ReadSeeker) error {
	_, _ = f.Seek(2, io.SeekStart)
	line, _ := bufio.NewReader(io.LimitReader(f, 4096)).ReadString('\n')
	line = strings.TrimSuffix(line, "\n")
	if strings.HasSuffix(line, "\r") {
		return refuse(fmt.Sprintf("the image's program %s is a script with Windows line endings", name), "store it with LF line endings")
	}
	words := strings.Fields(line)
	if len(words) == 0 {
		return refuse(fmt.Sprintf("the image's program %s has no interpreter after #!", name), "add a first line such as #!/bin/sh to the script")
	}
	if fi, err := os.Stat(words[0]); err != nil || !runnable(fi) {
		return refuse(fmt.Sprintf("the image's program %s needs the interpreter %s, which this machine does not have", name, clean(words[0])),
			"install it here, "+otherTarget)
	}
	if _, _, err := lookup(p.root, words[0]); err != nil {
		p.noteHost(path.Base(words[0]), words[0])
	}
	if path.Base(words[0]) != "env" {
		return nil
	}
	return p.inspectEnv(name, words[1:])
}

// inspectEnv checks the program that a line such as "#!/usr/bin/env node" finds.
func (p *plan) inspectEnv(name string, words []string) error {
	for len(words) > 0 && (strings.HasPrefix(words[0], "-") || strings.Contains(words[0], "=")) {
		words = words[1:]
	}
	if len(words) == 0 || strings.Contains(words[0], "/") {
		return nil
	}
	if in, ok := p.inImage(words[0]); ok {
		return p.inspect(in)
	}
	host, err := p.onHost(words[0])
	if err != nil {
		return refuse(fmt.Sprintf("the image's program %s needs %s, which is neither in the image nor on this machine", name, clean(words[0])),
			"add it to the image, or install it here")
	}
	p.noteHost(words[0], host)
	return nil
}
