package deployer

import (
	"context"
	"os"
)

// Directory is where Docker keeps images and containers, when that is on this host; else it is empty.
func (e *Engine) Directory(ctx context.Context) (string, error) {
	ctx, cancel := e.within(ctx)
	defer cancel()
	host, err := e.docker.Info(ctx)
	if err != nil {
		return "", translate(ctx, "ask Docker about its host", err)
	}
	if info, err := os.Stat(host.DockerRootDir); err != nil || !info.IsDir() {
		return "", nil
	}
	return host.DockerRootDir, nil
}
