package ingress

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/tg123/go-htpasswd"
	"golang.org/x/time/rate"

	"github.com/paastech-cloud/paastech/paas"
)

// step puts one step before a handler.
func (i *Ingress) step(step paas.Step, next http.Handler) http.Handler {
	switch {
	case step.Redirect != nil && step.Redirect.Scheme != "":
		return i.redirectScheme(*step.Redirect, next)
	case step.Redirect != nil:
		return redirectPattern(*step.Redirect, next)
	case step.Headers != nil:
		return setHeaders(*step.Headers, next)
	case step.BasicAuth != nil:
		return i.askPassword(*step.BasicAuth, next)
	case step.RateLimit != nil:
		return i.limitRate(*step.RateLimit, next)
	case step.Allow != nil:
		return i.allowOnly(step.Allow, next)
	case step.Compress:
		return gzhttp.GzipHandler(next)
	case step.StripPrefix != nil:
		return stripPrefix(step.StripPrefix, next)
	case step.AddPrefix != "":
		return addPrefix(step.AddPrefix, next)
	}
	return next
}

// sendTo redirects: a method other than GET is kept (RFC 9110, 15.4).
func sendTo(w http.ResponseWriter, r *http.Request, address string, permanent bool) {
	status := http.StatusFound
	get := r.Method == http.MethodGet
	switch {
	case permanent && get:
		status = http.StatusMovedPermanently
	case permanent:
		status = http.StatusPermanentRedirect
	case !get:
		status = http.StatusTemporaryRedirect
	}
	http.Redirect(w, r, address, status)
}

func (i *Ingress) redirectScheme(to paas.Redirect, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if scheme(r) == to.Scheme {
			next.ServeHTTP(w, r)
			return
		}
		address := to.Scheme + "://" + string(hostname(r.Host))
		if to.Port != "" && (to.Scheme != schemeSecure || to.Port != "443") && (to.Scheme != schemePlain || to.Port != "80") {
			address += ":" + to.Port
		}
		sendTo(w, r, address+r.URL.RequestURI(), to.Permanent)
	})
}

func redirectPattern(to paas.Redirect, next http.Handler) http.Handler {
	pattern := regexp.MustCompile(to.Pattern) // it was compiled when the label was read
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		here := scheme(r) + "://" + r.Host + r.URL.RequestURI()
		if !pattern.MatchString(here) {
			next.ServeHTTP(w, r)
			return
		}
		there := pattern.ReplaceAllString(here, to.Replacement)
		if _, err := url.Parse(there); err != nil || there == here {
			next.ServeHTTP(w, r)
			return
		}
		sendTo(w, r, there, to.Permanent)
	})
}

func setHeaders(headers paas.Headers, next http.Handler) http.Handler {
	strict := ""
	if headers.Strict > 0 {
		strict = "max-age=" + strconv.Itoa(int(headers.Strict.Seconds()))
		if headers.Domains {
			strict += "; includeSubDomains"
		}
		if headers.Preload {
			strict += "; preload"
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = onward(r, headers.Request)
		if host, is := headers.Request["Host"]; is && host != "" {
			r.Host = host
		}
		secure := isSecure(r)
		next.ServeHTTP(&headWriter{ResponseWriter: w, before: func(header http.Header) {
			apply(header, headers.Response)
			if strict != "" && secure {
				header.Set(strictTransport, strict)
			}
		}}, r)
	})
}

// onwardKey is of the headers that a request gets once what its client says about its way is gone.
type onwardKey struct{}

// onward sets headers, and with an empty value removes them, that the application will see.
func onward(r *http.Request, headers map[string]string) *http.Request {
	earlier, _ := r.Context().Value(onwardKey{}).([]map[string]string)
	return r.WithContext(context.WithValue(r.Context(), onwardKey{}, append(slices.Clip(earlier), headers)))
}

// applyOnward does what steps said.
func applyOnward(r *http.Request, to http.Header) {
	all, _ := r.Context().Value(onwardKey{}).([]map[string]string)
	for _, headers := range all {
		apply(to, headers)
	}
}

func apply(to http.Header, headers map[string]string) {
	for name, value := range headers {
		if value == "" {
			to.Del(name)
		} else {
			to.Set(name, value)
		}
	}
}

// headWriter lets somebody change an answer's header before it is sent.
type headWriter struct {
	http.ResponseWriter
	before func(http.Header)
	sent   bool
}

// WriteHeader sends the header; those that only announce an answer are left as they are.
func (w *headWriter) WriteHeader(status int) {
	if !w.sent && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		w.sent = true
		w.before(w.Header())
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write sends the header first.
func (w *headWriter) Write(p []byte) (int, error) {
	if !w.sent {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is what flushes and takes over connections.
func (w *headWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// askPassword lets those in who know one. Hashing costs: only so many are looked at together.
func (i *Ingress) askPassword(auth paas.BasicAuth, next http.Handler) http.Handler {
	lines := make([]string, len(auth.Users))
	for n, user := range auth.Users {
		lines[n] = user.Reveal()
	}
	known, err := htpasswd.NewFromReader(strings.NewReader(strings.Join(lines, "\n")),
		[]htpasswd.PasswdParser{htpasswd.AcceptBcrypt, htpasswd.AcceptMd5, htpasswd.AcceptSha}, func(error) {})
	turns := make(chan struct{}, 4)
	realm := `Basic realm="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(auth.Realm) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, password, given := r.BasicAuth()
		if given && err == nil {
			turns <- struct{}{}
			given = known.Match(name, password)
			<-turns
		}
		if !given || err != nil {
			w.Header().Set("WWW-Authenticate", realm)
			i.pages.refuse(w, r, http.StatusUnauthorized)
			return
		}
		if auth.Hide {
			r.Header.Del("Authorization")
		}
		next.ServeHTTP(w, r)
	})
}

// maxLimited is how many clients' rates are remembered.
const maxLimited = 10000

func (i *Ingress) limitRate(limit paas.RateLimit, next http.Handler) http.Handler {
	if limit.Average == 0 {
		return next
	}
	per := limit.Period / time.Duration(limit.Average)
	var mu sync.Mutex
	clients := map[netip.Addr]*rate.Limiter{}
	allow := func(client netip.Addr) bool {
		mu.Lock()
		defer mu.Unlock()
		known := clients[client]
		if known == nil {
			forgetIdle(clients, limit.Burst)
			known = rate.NewLimiter(rate.Every(per), limit.Burst)
			clients[client] = known
		}
		return known.Allow()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !allow(i.client(r)) {
			w.Header().Set("Retry-After", strconv.Itoa(int(per/time.Second)+1))
			i.pages.refuse(w, r, http.StatusTooManyRequests)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// forgetIdle makes room: those who have all of their burst again are as good as new.
func forgetIdle(clients map[netip.Addr]*rate.Limiter, burst int) {
	if len(clients) < maxLimited {
		return
	}
	for client, known := range clients {
		if known.Tokens() >= float64(burst) {
			delete(clients, client)
		}
	}
	if len(clients) >= maxLimited {
		clear(clients)
	}
}

func (i *Ingress) allowOnly(allowed []netip.Prefix, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !within(allowed, i.client(r)) {
			i.pages.refuse(w, r, http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func stripPrefix(prefixes []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, prefix := range prefixes {
			if rest, is := strings.CutPrefix(r.URL.Path, prefix); is {
				withPath(r, "/"+strings.TrimLeft(rest, "/"), "/"+strings.TrimLeft(strings.TrimPrefix(r.URL.RawPath, prefix), "/"))
				r = onward(r, map[string]string{"X-Forwarded-Prefix": prefix})
				break
			}
		}
		next.ServeHTTP(w, r)
	})
}

func addPrefix(prefix string, next http.Handler) http.Handler {
	prefix = "/" + strings.Trim(prefix, "/")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		withPath(r, prefix+r.URL.Path, prefix+r.URL.RawPath)
		next.ServeHTTP(w, r)
	})
}

// withPath gives a request another path; raw counts only where the request had one.
func withPath(r *http.Request, path, raw string) {
	next := *r.URL
	next.Path = path
	if next.RawPath != "" {
		next.RawPath = raw
	}
	r.URL = &next
}
