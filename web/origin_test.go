package web_test

import (
	"net/http"
	"testing"

	"github.com/paastech-cloud/paastech/web"
)

// TestForeignPagesCannotChangeAnything is trial T41.
func TestForeignPagesCannotChangeAnything(t *testing.T) {
	d := open(t, func(o *web.Options) { o.CORSOrigins = []string{"https://site.example.com"} })
	own := "http://" + d.Addr().String()
	for name, try := range map[string]struct {
		headers map[string]string
		status  int
	}{
		"own origin":            {map[string]string{"Origin": own}, 200},
		"own, by fetch":         {map[string]string{"Sec-Fetch-Site": "same-origin"}, 200},
		"configured":            {map[string]string{"Origin": "https://site.example.com", "Sec-Fetch-Site": "cross-site"}, 200},
		"a program":             {nil, 200},
		"foreign origin":        {map[string]string{"Origin": "https://evil.example"}, 403},
		"foreign, by fetch":     {map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"application beside us": {map[string]string{"Origin": "http://x.user-app.localhost:8080", "Sec-Fetch-Site": "same-site"}, 403},
		"null origin":           {map[string]string{"Origin": "null"}, 403},
		"a form":                {map[string]string{"Origin": "https://evil.example", "Content-Type": "application/x-www-form-urlencoded"}, 403},
		"plain text":            {map[string]string{"Origin": "https://evil.example", "Content-Type": "text/plain"}, 403},
	} {
		for _, path := range []string{"/api/mine", "/api/login"} {
			body := `{"name":"a"}`
			if response, text := d.send("POST", path, body, func(r *http.Request) {
				r.AddCookie(d.cookie)
				for key, value := range try.headers {
					r.Header.Set(key, value)
				}
			}); response.StatusCode != try.status {
				t.Errorf("%s to %s: %d %s", name, path, response.StatusCode, text)
			}
		}
	}
	d.expect(http.StatusOK, "POST", "/api/mine", "{}", func(r *http.Request) {
		withBearer(d.token)(r) // a program's token needs no origin
		r.Header.Set("Origin", "https://evil.example")
	})
}

func TestOnlyConfiguredOriginsMayRead(t *testing.T) {
	d := open(t, func(o *web.Options) { o.CORSOrigins = []string{"https://site.example.com"} })
	for _, method := range []string{http.MethodGet, http.MethodOptions} {
		for origin, allowed := range map[string]string{
			"https://site.example.com": "https://site.example.com", "https://evil.example": "", "null": "",
			"https://site.example.com.evil.example": "", "https://6f1c1b7e.user-app.localhost": "", "http://6f1c1b7e.user-app.localhost:8080": "", "http://site.example.com": "",
		} {
			response, _ := d.send(method, "/api/open", "", func(r *http.Request) {
				r.Header.Set("Origin", origin)
				r.Header.Set("Access-Control-Request-Method", "POST")
			})
			if got := response.Header.Get("Access-Control-Allow-Origin"); got != allowed {
				t.Errorf("%s from %s: allowed is %q", method, origin, got)
			}
			if response.Header.Get("Vary") != "Origin" {
				t.Errorf("%s from %s: caches are not told", method, origin)
			}
		}
	}
	if _, err := web.New(d.platform, web.Options{Listen: "127.0.0.1:0", SigningKey: signingKey, CORSOrigins: []string{"*"}}); err == nil {
		t.Error("any origin was taken")
	}
}
