package ui_test

import (
	"net/http"
	"net/url"
	"testing"
)

// TestDomainsWithoutScripts: a name is claimed, looked at and given up by forms alone.
func TestDomainsWithoutScripts(t *testing.T) {
	v := newVisitor(t)
	project := v.project("shop")
	v.login()
	path := "/dashboard/" + string(project.ID) + "/domains"
	_, _, page := v.visit(path)
	v.holds(page, "None yet", "Add a domain")
	_, status, page := v.send(path, url.Values{"name": {"not a name"}})
	if status != http.StatusBadRequest {
		t.Errorf("nonsense: %d", status)
	}
	v.holds(page, "is no domain name", `value="not a name"`)
	said := func(path string, form url.Values, texts ...string) {
		t.Helper()
		_, status, page := v.send(path, form)
		if status != http.StatusOK {
			t.Errorf("%s %v: %d", path, form, status)
		}
		v.holds(page, texts...)
	}
	said(path, url.Values{"name": {"shop.example.com"}}, "shop.example.com", "_paastech.shop.example.com", "CNAME", "are sent to shop.example.com")
	said(path, url.Values{"name": {"www.shop.example.com"}, "redirect": {"shop.example.com"}}, "www.shop.example.com")
	said(path+"/check", url.Values{"name": {"shop.example.com"}}, "This is what the DNS says now.")
	said(path+"/remove", url.Values{"name": {"shop.example.com"}}, "The name is given up.")
}
