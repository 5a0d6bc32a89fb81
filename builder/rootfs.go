package builder

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/docker/docker/api/types/image"
)

// rootVersion changes when what we do to a root file system changes.
const rootVersion = 1

// archiveKeyring is where Debian's package of its own keys puts them; other distributions' apt does
// not trust these keys by default.
const archiveKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// root is a root file system to be made from Debian's packages.
type root struct {
	image    string
	kind     string // build or run
	arch     string
	packages []string
}

// ensureRoot makes and imports the image unless the engine has it.
func (m *maker) ensureRoot(ctx context.Context, r root) error {
	if m.has(ctx, r.image) {
		return nil
	}
	fmt.Fprintf(m.out, "-----> Making the %s image from Debian %s packages (once; about a minute)\n", r.kind, suite)
	bootstrap := exec.CommandContext(ctx, "mmdebstrap", bootstrapArguments(r)...)
	bootstrap.Env = append(os.Environ(), "LC_ALL=C")
	bootstrap.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	bootstrap.Cancel = func() error { return syscall.Kill(-bootstrap.Process.Pid, syscall.SIGTERM) } // it then cleans up
	bootstrap.Stderr = &progress{out: m.out}
	stdout, err := bootstrap.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start mmdebstrap: %w", err)
	}
	if err := bootstrap.Start(); errors.Is(err, exec.ErrNotFound) {
		return errors.New("mmdebstrap is not installed; run: apt-get install mmdebstrap debian-archive-keyring")
	} else if err != nil {
		return fmt.Errorf("start mmdebstrap: %w", err)
	}
	importErr := m.importRoot(ctx, r, bufio.NewReaderSize(stdout, 1<<20))
	io.Copy(io.Discard, stdout) // Wait is not to be called before
	if err := bootstrap.Wait(); err != nil {
		m.remove(context.WithoutCancel(ctx), r.image)
		return fmt.Errorf("make the %s image from Debian's packages: mmdebstrap: %w; its lines above say why", r.kind, err)
	}
	return importErr
}

// bootstrapArguments is the fixed argument vector; the tar goes to standard output.
func bootstrapArguments(r root) []string {
	arguments := []string{
		"--variant=minbase", "--format=tar", "--architectures=" + r.arch,
		"--include=" + strings.Join(r.packages, ","),
		"--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/doc/*",
		"--dpkgopt=path-include=/usr/share/doc/*/copyright", "--dpkgopt=path-exclude=/usr/share/locale/*",
	}
	if _, err := os.Stat(archiveKeyring); err == nil {
		arguments = append(arguments, "--keyring="+archiveKeyring)
	}
	return append(arguments, suite, "-")
}

// importRoot hands the tar to the engine while it is being made, with our user added to it.
func (m *maker) importRoot(ctx context.Context, r root, packages io.Reader) error {
	reader, writer := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		writer.CloseWithError(addUser(writer, packages))
	}()
	answer, err := m.docker.ImageImport(ctx, image.ImportSource{Source: reader, SourceName: "-"}, r.image, image.ImportOptions{
		Message: "Debian " + suite, Changes: append(rootChanges(r), labelChange(m.labels(r.kind))), Platform: "linux/" + r.arch,
	})
	if err == nil {
		_, err = io.Copy(io.Discard, answer)
		answer.Close()
	}
	reader.CloseWithError(err)
	<-done
	if err != nil {
		return fmt.Errorf("import the %s image: %w", r.kind, err)
	}
	return nil
}

// rootChanges is the image's configuration, as the platform specification wants it.
func rootChanges(r root) []string {
	return []string{
		fmt.Sprintf("ENV CNB_USER_ID=%d CNB_GROUP_ID=%d CNB_STACK_ID=%s", userID, groupID, builderID),
		"ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8",
		fmt.Sprintf("LABEL io.buildpacks.stack.id=%s io.buildpacks.base.distro.name=debian io.buildpacks.base.distro.version=13", builderID),
		fmt.Sprintf("USER %d:%d", userID, groupID),
		"WORKDIR /home/cnb",
	}
}

// addUser copies a root file system and adds the user that builds and applications run as.
func addUser(to io.Writer, from io.Reader) error {
	in, out := tar.NewReader(from), tar.NewWriter(to)
	additions := map[string]string{
		"etc/passwd": fmt.Sprintf("cnb:x:%d:%d::/home/cnb:/bin/sh\n", userID, groupID),
		"etc/group":  fmt.Sprintf("cnb:x:%d:\n", groupID),
	}
	for {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		addition := additions[strings.TrimPrefix(header.Name, "./")]
		header.Size += int64(len(addition))
		if err := out.WriteHeader(header); err != nil {
			return err
		}
		if _, err := io.Copy(out, io.MultiReader(in, strings.NewReader(addition))); err != nil {
			return err
		}
	}
	home := tar.Header{Typeflag: tar.TypeDir, Name: "./home/cnb/", Mode: 0o755, Uid: userID, Gid: groupID}
	if err := out.WriteHeader(&home); err != nil {
		return err
	}
	return out.Close()
}

// progress shows mmdebstrap's own milestones ("I: …") and its errors, and keeps the rest away.
type progress struct {
	out  io.Writer
	rest []byte
}

func (p *progress) Write(text []byte) (int, error) {
	p.rest = append(p.rest, text...)
	for {
		line, rest, found := strings.Cut(string(p.rest), "\n")
		if !found {
			return len(text), nil
		}
		p.rest = []byte(rest)
		line = line[strings.LastIndex(line, "\r")+1:]
		if milestone, ok := strings.CutPrefix(line, "I: "); ok {
			fmt.Fprintf(p.out, "       %s\n", milestone)
		} else if strings.HasPrefix(line, "E: ") || strings.HasPrefix(line, "Err:") {
			fmt.Fprintf(p.out, "       %s\n", line)
		}
	}
}
