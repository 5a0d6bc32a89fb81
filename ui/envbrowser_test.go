package ui_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/ui/browsertest"
)

// TestValuesThatFormsChange are not given into one.
func TestValuesThatFormsChange(t *testing.T) {
	v := newVisitor(t)
	v.login()
	project := v.project("hello")
	odd := paas.Env{"ESC": "\x1b[31m\u202e", "CR": "a\rb", "CRLF": "a\r\nb", "C1": "\u009b", "FIRST": "\nx", "QUOTES": `'"<&lt;`, "NEXT": "\u0085"}
	v.env(project, odd)
	path := "/dashboard/" + string(project.ID) + "/env"
	before := v.stored(project, false)
	tab := browsertest.New(t).Tab()
	v.enter(tab)
	tab.Visit(v.base + path)
	tab.Send("p.decide button")
	tab.Shows("Nothing of this changes anything yet")
	tab.Click(".variables li:nth-child(4) summary") // ESC
	tab.Set(".variables li:nth-child(4) textarea", "\x1b[32m\u202d")
	tab.Send("p.decide button")
	tab.Send("form.decide button[value=save]")
	if got := v.stored(project, false); got != strings.Replace(before, "\x1b[31m\u202e", "\x1b[32m\u202d", 1) {
		t.Errorf("stored %q, not %q", got, before)
	}
}

// TestVariablesInABrowser adds lines in place with scripts, and without.
func TestVariablesInABrowser(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		t.Run(fmt.Sprintf("scripts %t", scripts), func(t *testing.T) {
			v := newVisitor(t)
			project := v.project("hello")
			v.env(project, paas.Env{"A": "1"})
			tab := browsertest.New(t).Tab()
			if !scripts {
				tab.WithoutScripts()
			}
			v.enter(tab)
			path := "/dashboard/" + string(project.ID) + "/env"
			tab.Visit(v.base + path)
			tab.Fill("#new-name-0", "B")
			tab.Fill("#new-value-0", "2")
			if scripts {
				tab.Click("[data-more]")
			} else {
				tab.Send("[data-more]")
			}
			tab.Fill("#new-name-1", "C")
			tab.Fill("#new-value-1", "3")
			tab.Click(".variables summary")
			tab.Fill("#value-0", "one")
			tab.Send("p.decide button")
			if got := tab.Text(".changes"); !strings.Contains(got, "B") || !strings.Contains(got, "C") || strings.Contains(got, "one") {
				t.Errorf("the review: %s", got)
			}
			tab.Send("form.decide button[value=save]")
			if tab.Path() != path+"?done=env-later" || v.stored(project, false) != "A=one|B=2|C=3" {
				t.Errorf("%s, stored %s", tab.Path(), v.stored(project, false))
			}
		})
	}
}
