package ui

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

// shownLines is how many lines a page holds at most: older ones go. As many are sent to one that was
// away, so that there is never a gap between those it has.
const shownLines = 5000

// logLine is a line of a project's log on a page.
func logLine(names *naming, line paas.LogLine) templates.Line {
	shown := templates.Line{ID: names.name(line.At), At: line.At, Stream: line.Stream, Text: line.Text}
	shown.Link = "?at=" + shown.ID + "#" + shown.ID
	if line.Process != "" {
		shown.From = fmt.Sprintf("%s.%d", line.Process, line.Index)
	}
	return shown
}

// buildLines is the log of a deployment as its page shows it: live until the deployment has ended.
func (u *ui) buildLines(ctx context.Context, caller paas.User, deployment paas.Deployment) (templates.Lines, error) {
	shown := templates.Lines{
		Label: "Log of " + deployment.Name(), Empty: "Nothing was written yet.",
		Download: projectPath(deployment.Project, fmt.Sprintf("deployments/%d/log", deployment.Number)),
	}
	log, err := u.platform.DeploymentLog(ctx, caller, deployment.Project, deployment.Number)
	if err != nil {
		return templates.Lines{}, err
	}
	defer log.Close()
	text, err := io.ReadAll(log) // what is kept of one is bounded
	if err != nil {
		return templates.Lines{}, fmt.Errorf("read log: %w", err)
	}
	lines := strings.Split(string(text), "\n")
	if last := len(lines) - 1; lines[last] == "" || deployment.State.Active() {
		lines = lines[:last] // the rest of it is still to come
	}
	if deployment.State.Active() {
		shown.Topic, shown.After = buildTopic(deployment.Project, deployment.Number), fmt.Sprintf("B%d", len(lines))
	}
	first := max(0, len(lines)-shownLines)
	shown.Earlier = first > 0
	for i, line := range lines[first:] {
		shown.Lines = append(shown.Lines, templates.BuildLine(first+i+1, line))
	}
	return shown, nil
}

// buildLog answers with the whole log of a deployment as a file.
func (u *ui) buildLog(call *web.Call) error {
	d, err := u.numbered(call)
	if err != nil {
		return err
	}
	log, err := u.platform.DeploymentLog(call.Request().Context(), call.Caller, call.Project.ID, d.Number)
	if err != nil {
		return err
	}
	defer log.Close()
	return call.Download(fmt.Sprintf("%s-v%d.log", call.Project.Name, d.Number), func(to io.Writer) error {
		_, err := io.Copy(to, log)
		return err
	})
}
