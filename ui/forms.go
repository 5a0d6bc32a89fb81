package ui

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

// doneParameter tells the page after a form what the form has done, by a key: no address can make a
// page say anything else.
const doneParameter = "done"

// done has what a page says after a form.
var done = map[string]string{
	"created":    "The project is there.",
	"stopped":    "The application is stopped.",
	"domain":     "The name is claimed.",
	"dns":        "This is what the DNS says now.",
	"given-up":   "The name is given up.",
	"asleep":     "The application sleeps until somebody asks for it.",
	"awake":      "The application is awake.",
	"maintained": "Visitors see the page for maintenance now.",
	"paused":     "Requests wait now, until you let them in again.",
	"resumed":    "Requests come in again.",
	"nothing":    "That is what runs already: nothing was changed.",
	"canceled":   "The deployment is canceled.",
	"scaled":     "Set. The next start runs as many.",

	"env-later":      "Stored. The next deployment takes it along.",
	"env-same":       "Stored. What runs has these variables already.",
	"settings-later": "Stored. The next deployment takes it along.",
	"settings-same":  "Stored. It changes nothing of what runs.",
	"renamed":        "The project has its new name.",
	"branch":         "Pushes to it deploy from now on.",
	"volume":         "The volume is deleted.",
	"deleted":        "The project is deleted with all of it.",
	"env-build":      "Stored. The next push's build has it.",
	"saved":          "Saved.",
	"address":        "Saved. The new address counts when you open the link that was mailed there.",
	"password":       "The password is changed. All your other log-ins have ended.",
	"key":            "The key is added.",
	"keyless":        "The key is removed.",
	"token":          "The token works no more.",
	"session":        "That log-in has ended.",
	"sessions":       "All your other log-ins have ended.",

	"looked":      "Looked again.",
	"repaired":    "Repaired what is safe to, and looked again.",
	"account":     "The account is made.",
	"uninvited":   "The invitation is taken back.",
	"limits":      "The limits are set.",
	"granted":     "An administrator from now on.",
	"revoked":     "No administrator any more, and logged out everywhere.",
	"accountless": "The account and everything of it is deleted.",
}

// leave sends the browser on from a form to a page that says what was done.
func leave(call *web.Call, to, key string) error {
	if _, known := done[key]; !known {
		return fmt.Errorf("there is no sentence %q for the page after a form", key)
	}
	mark := "?"
	if strings.Contains(to, "?") {
		mark = "&"
	}
	return call.Redirect(http.StatusSeeOther, to+mark+url.Values{doneParameter: {key}}.Encode())
}

// projectPath is the address of one of a project's pages; page is empty for the overview.
func projectPath(id paas.ProjectID, page string) string {
	return templates.ProjectHead{ID: id}.Path(page)
}

// rollOut begins what makes a deployment and sends the browser to its page, which shows what becomes
// of it. A deployment that was live before needed no change.
func (u *ui) rollOut(call *web.Call, do func(ctx context.Context, queued func(paas.Deployment)) (*paas.Deployment, error)) error {
	deployment, queued, err := call.Queued(do)
	if err != nil {
		return err
	}
	if deployment == nil || !queued {
		return leave(call, projectPath(call.Project.ID, ""), "nothing")
	}
	return call.Redirect(http.StatusSeeOther, deploymentPath(call.Project.ID, deployment.Number))
}

func deploymentPath(id paas.ProjectID, number int) string {
	return projectPath(id, fmt.Sprintf("deployments/%d", number))
}

// wrong is what a form that was refused says; false for failures that are not the sender's.
func wrong(err error) (*paas.Error, templates.Mistakes, bool) {
	public := paas.Public(err)
	if public.Kind == paas.Internal {
		return nil, templates.Mistakes{}, false
	}
	return public, templates.MistakesOf(public), true
}
