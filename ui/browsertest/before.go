package browsertest

import "github.com/chromedp/cdproto/page"

// Before runs a script in every page that the tab opens from now on, before those of the page.
func (t *Tab) Before(script string) {
	t.t.Helper()
	t.run("prepare pages", command(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script}))
}
