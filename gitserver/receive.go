package gitserver

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	gossh "golang.org/x/crypto/ssh"

	"github.com/paastech-cloud/paastech/paas"
)

// receive serves git push: it waits for the project's turn, lets git receive-pack talk with the
// client, and leaves nothing behind.
func (s *Server) receive(ctx context.Context, conn *gossh.ServerConn, session *session, user paas.User, project paas.Project) {
	release, err := s.turns.take(ctx, project.ID, func() {
		session.say("Waiting for another push to %s to end…", project.Name)
	})
	if err != nil {
		s.refuse(ctx, session, err)
		return
	}
	defer release()
	if project, err = s.platform.Repository(ctx, user, string(project.ID)); err != nil { // deleted in the meantime
		s.refuse(ctx, session, err)
		return
	}
	repository := s.repositories.path(project.ID)
	p := &push{
		ctx: ctx, platform: s.platform, project: project, by: user, repository: repository,
		key: keyOf(conn), from: addressOf(conn.RemoteAddr()),
		git: s.repositories.git, limits: treeLimits{files: s.options.MaxFiles, bytes: s.options.MaxTree}, log: s.log,
	}
	environment, forget := s.hooks.register(p)
	defer forget()
	environment = append(environment, session.environment()...)
	args := append(s.receiveSettings(), "receive-pack", repository)
	cmd := p.git.prepare(exec.Command(p.git.path, args...), environment...)
	talk := s.talk(ctx, conn, session, cmd, func() { p.settled() })
	if !p.settled() && talk.received > s.options.MaxPush {
		session.say("%s: The push has more than %d MiB. Keep what is generated, and large data, out of git.", paas.ESourceTooBig, s.options.MaxPush>>20)
	}
	session.exit(talk.code)
	if err := removeQuarantines(repository); err != nil && !os.IsNotExist(err) {
		s.log.ErrorContext(ctx, "clean up after a push", "project", project.ID, "error", err)
	}
	if talk.code == 0 {
		s.collectGarbage(repository)
	}
}

// receiveSettings hold for every push, whatever a repository's own configuration says.
func (s *Server) receiveSettings() []string {
	settings := []string{
		"core.hooksPath=" + s.repositories.hooks,
		"receive.keepAlive=5",        // seconds: the client hears from us while a build says nothing
		"receive.unpackLimit=1",      // packs stay as they come: flushed to the disk, nothing compressed twice
		"receive.autogc=false",       // we do that when the client has its answer
		"receive.shallowUpdate=true", // CI clones are shallow
		fmt.Sprintf("receive.maxInputSize=%d", s.options.MaxPush),
		"core.bigFileThreshold=16m", // larger files are streamed, not held in memory
		"transfer.fsckObjects=true",
		// Old slips of other tools that hurt nobody and that nobody can repair in published history.
		"receive.fsck.badTimezone=ignore",
		"receive.fsck.missingSpaceBeforeDate=ignore",
		"receive.fsck.zeroPaddedFilemode=ignore",
	}
	var args []string
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	return args
}

// collectGarbage packs what pushes have left scattered, when there is enough of it. It belongs to the
// push's turn, so that no other push meets it.
func (s *Server) collectGarbage(repository string) {
	ctx, cancel := context.WithTimeout(s.sessions.ctx, s.options.IdleTimeout)
	defer cancel()
	if _, err := s.repositories.git.run(ctx, "-c", "gc.autoDetach=false", "--git-dir="+repository, "gc", "--auto", "--quiet"); err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "collect garbage", "repository", repository, "error", err)
	}
}

// upload serves git fetch and clone.
func (s *Server) upload(ctx context.Context, conn *gossh.ServerConn, session *session, project paas.Project) {
	git := s.repositories.git
	cmd := exec.Command(git.path, "-c", "core.bigFileThreshold=16m", "upload-pack", "--strict", s.repositories.path(project.ID))
	git.prepare(cmd, session.environment()...)
	session.exit(s.talk(ctx, conn, session, cmd, func() {}).code)
}

func (s *session) environment() []string {
	if s.protocol == "" {
		return nil
	}
	return []string{"GIT_PROTOCOL=" + s.protocol}
}
