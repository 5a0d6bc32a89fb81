package traefik_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/deployer/traefik"
	"github.com/paastech-cloud/paastech/paas"
)

// TestRules holds rules as Traefik's documentation explains them against requests
// (https://doc.traefik.io/traefik/routing/routers/#rule).
func TestRules(t *testing.T) {
	for _, c := range []struct {
		rule    string
		yes, no []string // METHOD host path?query
	}{
		{"Host(`example.com`)", []string{"GET example.com /", "POST example.com /a"}, []string{"GET www.example.com /"}},
		{"Host(`Example.COM.`)", []string{"GET example.com /"}, nil},
		{"Host(`example.com`) && PathPrefix(`/traefik`)", []string{"GET example.com /traefik", "GET example.com /traefik/a"}, []string{"GET example.com /", "GET other.com /traefik"}},
		{"Host(`example.com`) || (Host(`example.org`) && Path(`/traefik`))", []string{"GET example.com /x", "GET example.org /traefik"}, []string{"GET example.org /traefik/", "GET example.org /"}},
		{"Host(`a.com`) || Host(`b.com`) && Path(`/b`)", []string{"GET a.com /", "GET b.com /b"}, []string{"GET b.com /", "GET c.com /b"}},  // && binds more
		{"Host(`example.com`, `www.example.com`)", []string{"GET example.com /", "GET www.example.com /"}, []string{"GET x.example.com /"}}, // Traefik 2
		{"HostRegexp(`^.+\\.example\\.com$`)", []string{"GET a.example.com /", "GET b.c.example.com /"}, []string{"GET example.com /"}},
		{"HostRegexp(`^EXAMPLE\\.com$`)", []string{"GET example.com /"}, nil},
		{"Path(`/products`)", []string{"GET x /products"}, []string{"GET x /products/", "GET x /product"}},
		{"PathPrefix(`/products`)", []string{"GET x /products", "GET x /products/shoes", "GET x /products-and-more"}, []string{"GET x /Products"}},
		{"PathRegexp(`^/products/(shoes|socks)/[0-9]+$`)", []string{"GET x /products/shoes/31"}, []string{"GET x /products/hats/31"}},
		{"Method(`OPTIONS`)", []string{"OPTIONS x /"}, []string{"GET x /"}},
		{"Header(`X-Color`, `blue`)", []string{"GET x / X-Color=blue"}, []string{"GET x /", "GET x / X-Color=red"}},
		{"Query(`mobile`, `true`)", []string{"GET x /?mobile=true", "GET x /?a=b&mobile=true"}, []string{"GET x /?mobile=false", "GET x /"}},
		{"Query(`mobile=true`)", []string{"GET x /?mobile=true"}, []string{"GET x /?mobile=1"}},
		{"ClientIP(`192.0.2.0/24`)", []string{"GET x /"}, nil},
		{"ClientIP(`192.0.2.9`) || ClientIP(`::1`)", nil, []string{"GET x /"}},
		{"!Host(`example.com`)", []string{"GET other.com /"}, []string{"GET example.com /"}},
		{"Host(`a.com`) && !(PathPrefix(`/admin`) || Method(`DELETE`))", []string{"GET a.com /"}, []string{"GET a.com /admin", "DELETE a.com /"}},
		{"  Host( \"a.com\" )&&Path(`/x`)  ", []string{"GET a.com /x"}, nil},
		{"host(`a.com`)", []string{"GET a.com /"}, nil},
	} {
		rule, err := traefik.ParseRule(c.rule)
		if err != nil {
			t.Error(err)
			continue
		}
		for want, requests := range map[bool][]string{true: c.yes, false: c.no} {
			for _, request := range requests {
				if rule.Match(asked(t, request)) != want {
					t.Errorf("%s matches %s: %t", c.rule, request, !want)
				}
			}
		}
	}
	for _, wrong := range []string{
		"", "Host", "Host(", "Host()", "Host(`a)", "Host(`a`", "Host(`a`) &&", "Host(`a`) Host(`b`)", "(Host(`a`)", "Host(`a`))", "Hosts(`a`)", "!", "HostRegexp(`{sub:[a-z]+}.example.com`)",
		"HostRegexp(`(`)", "Header(`a`)", "ClientIP(`x`)", "Host(a)", strings.Repeat("(", 5000), strings.Repeat("!", 5000),
	} {
		if rule, err := traefik.ParseRule(wrong); err == nil {
			t.Errorf("%q is a rule: %#v", wrong, rule)
		}
	}
}

func asked(t *testing.T, text string) paas.RuleRequest {
	t.Helper()
	fields := strings.Fields(text)
	request, err := http.NewRequest(fields[0], "http://"+fields[1]+fields[2], http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	if len(fields) > 3 {
		name, value, _ := strings.Cut(fields[3], "=")
		header.Set(name, value)
	}
	return paas.RuleRequest{
		Host: paas.Hostname(request.URL.Hostname()), Path: request.URL.Path, Method: request.Method, Query: request.URL.Query(), Header: header,
		Client: netip.MustParseAddr("192.0.2.7"),
	}
}

func FuzzRule(f *testing.F) {
	f.Add("Host(`a`) && (PathPrefix(`/x`) || !Method(`GET`))")
	f.Add("Header(`a`, `b`)")
	f.Fuzz(func(_ *testing.T, text string) {
		if rule, err := traefik.ParseRule(text); err == nil {
			rule.Match(paas.RuleRequest{Host: "a", Path: "/x", Method: "GET", Header: http.Header{}})
			paas.RuleHosts(rule)
		}
	})
}

// TestRoutes: labels as they are written in Traefik's documentation, and what comes of them.
func TestRoutes(t *testing.T) {
	for _, c := range []struct {
		name     string
		labels   []map[string]string // of containers c1, c2, …, which listen on 8000 and 80
		want     []string            // routers: name priority scheme targets entries keepHost steps
		troubles []string            // a word of each
	}{
		{"nothing said", []map[string]string{{}, {"traefik.http.routers.a.rule": "Host(`a`)"}, {"traefik.enable": "false", "traefik.http.routers.a.rule": "Host(`a`)"}}, nil, nil},
		{"a router alone", []map[string]string{label("http.routers.my-container.rule", "Host(`example.com`)")}, []string{"my-container 19 http [10.0.0.1:80] web,websecure keep []"}, nil},
		{"a port", []map[string]string{label("http.routers.r.rule", "Host(`a.com`)", "http.services.s.loadbalancer.server.port", "12345")}, []string{"r 13 http [10.0.0.1:12345] web,websecure keep []"}, nil},
		{"two routers and services", []map[string]string{label("http.routers.www-router.rule", "Host(`example-a.com`)", "http.routers.www-router.service", "www-service", "http.services.www-service.loadbalancer.server.port", "8000",
			"http.routers.admin-router.rule", "Host(`example-b.com`)", "http.routers.admin-router.service", "admin-service", "http.services.admin-service.loadbalancer.server.port", "9000")},
			[]string{"admin-router 21 http [10.0.0.1:9000] web,websecure keep []", "www-router 21 http [10.0.0.1:8000] web,websecure keep []"}, nil},
		{"which service", []map[string]string{label("http.routers.r.rule", "Host(`a`)", "http.services.s.loadbalancer.server.port", "1", "http.services.t.loadbalancer.server.port", "2")}, nil, []string{"services s, t"}},
		{"an unknown service", []map[string]string{label("http.routers.r.rule", "Host(`a`)", "http.routers.r.service", "s")}, nil, []string{"no service s"}},
		{"two containers of one service", []map[string]string{label("http.routers.r.rule", "Host(`a`)", "http.services.s.loadbalancer.server.port", "1"), label("http.routers.r.rule", "Host(`a`)", "http.services.s.loadbalancer.server.port", "1")},
			[]string{"r 9 http [10.0.0.1:1 10.0.0.2:1] web,websecure keep []"}, nil},
		{"they disagree", []map[string]string{label("http.routers.r.rule", "Host(`a`)"), label("http.routers.r.rule", "Host(`b`)")}, nil, []string{"do not agree"}},
		{"TLS", []map[string]string{label("http.routers.r.rule", "Host(`a`)", "http.routers.r.tls", "true")}, []string{"r 9 http [10.0.0.1:80] websecure keep []"}, nil},
		{"a resolver", []map[string]string{label("http.routers.r.rule", "Host(`a`)", "http.routers.r.tls.certresolver", "le", "http.routers.r.entrypoints", "websecure")}, []string{"r 9 http [10.0.0.1:80] websecure keep []"}, nil},
		{"an entry point", []map[string]string{label("http.routers.r.rule", "Host(`a`)", "http.routers.r.entrypoints", "web")}, []string{"r 9 http [10.0.0.1:80] web keep []"}, nil},
		{"an unknown one", []map[string]string{label("http.routers.r.rule", "Host(`a`)", "http.routers.r.entrypoints", "traefik")}, nil, []string{"no entry point traefik"}},
		{"priority, scheme, host", []map[string]string{label("http.routers.r.rule", "Host(`a`)", "http.routers.r.priority", "42", "http.services.s.loadbalancer.server.scheme", "https", "http.services.s.loadbalancer.passhostheader", "false")},
			[]string{"r 42 https [10.0.0.1:80] web,websecure - []"}, nil},
		{"another scheme", []map[string]string{label("http.routers.r.rule", "Host(`a`)", "http.services.s.loadbalancer.server.scheme", "ftp")}, nil, []string{"scheme"}},
		{"a label in capitals", []map[string]string{{"traefik.Enable": "true", "traefik.HTTP.Routers.r.Rule": "Host(`a`)"}}, []string{"r 9 http [10.0.0.1:80] web,websecure keep []"}, nil},
		{"no rule", []map[string]string{label("http.routers.r.entrypoints", "web")}, nil, []string{"no rule"}},
		{"no router", []map[string]string{label()}, nil, []string{"no router"}},
		{"nonsense", []map[string]string{label("http.routers.r.rule", "Host(`a`)", "http.routers.r.priority", "high")}, nil, []string{"decode"}},
		{"what means nothing", []map[string]string{label("http.routers.r.rule", "Host(`a`)", "http.services.s.loadbalancer.sticky.cookie", "true")}, []string{"r 9 http [10.0.0.1:80] web,websecure keep []"}, []string{"sticky.cookie means nothing"}},
		{"a middleware that is not understood", []map[string]string{label("http.routers.r.rule", "Host(`a`)", "http.routers.r.middlewares", "f", "http.middlewares.f.forwardauth.address", "http://x")}, nil, []string{"forwardauth", "router r is not served"}},
		{"a part of one that is not", []map[string]string{label("http.routers.r.rule", "Host(`a`)", "http.routers.r.middlewares", "f", "http.middlewares.f.ipallowlist.sourcerange", "10.0.0.0/8", "http.middlewares.f.ipallowlist.ipstrategy.depth", "1")}, nil, []string{"ipstrategy", "router r is not served"}},
		{"an unknown middleware", []map[string]string{label("http.routers.r.rule", "Host(`a`)", "http.routers.r.middlewares", "f@file")}, nil, []string{"no middleware f@file"}},
		{"another container's", []map[string]string{label("http.routers.r.rule", "Host(`a`)", "http.routers.r.middlewares", "p@docker"), label("http.routers.q.rule", "Host(`b`)", "http.middlewares.p.addprefix.prefix", "/foo")},
			[]string{"q 9 http [10.0.0.2:80] web,websecure keep []", "r 9 http [10.0.0.1:80] web,websecure keep [add /foo]"}, nil},
		{"a chain", []map[string]string{label("http.routers.r.rule", "Host(`a`)", "http.routers.r.middlewares", "secured", "http.middlewares.secured.chain.middlewares", "https-only,known-ips",
			"http.middlewares.https-only.redirectscheme.scheme", "https", "http.middlewares.known-ips.ipallowlist.sourceRange", "192.168.1.7,127.0.0.1/32")},
			[]string{"r 9 http [10.0.0.1:80] web,websecure keep [redirect https allow 192.168.1.7/32,127.0.0.1/32]"}, nil},
		{"a chain of itself", []map[string]string{label("http.routers.r.rule", "Host(`a`)", "http.routers.r.middlewares", "c", "http.middlewares.c.chain.middlewares", "c")}, nil, []string{"nest"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var containers []traefik.Container
			for i, labels := range c.labels {
				containers = append(containers, traefik.Container{Name: fmt.Sprint("c", i+1), Labels: labels, Address: netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)}), Ports: []int{8000, 80}})
			}
			ways, troubles := traefik.Routes(containers)
			var got []string
			for _, way := range ways {
				got = append(got, shown(way))
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nnot\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if len(troubles) != len(c.troubles) {
				t.Errorf("troubles %v, not %v", troubles, c.troubles)
			}
			for i, word := range c.troubles {
				if i < len(troubles) && !strings.Contains(troubles[i].Message, word) {
					t.Errorf("trouble %v does not say %q", troubles[i], word)
				}
			}
		})
	}
}

func label(pairs ...string) map[string]string {
	labels := map[string]string{"traefik.enable": "true", "com.example": "x"}
	for i := 0; i < len(pairs); i += 2 {
		labels["traefik."+pairs[i]] = pairs[i+1]
	}
	return labels
}

func shown(way paas.Neighbour) string {
	var entries, steps []string
	if way.Plain {
		entries = append(entries, "web")
	}
	if way.Secure {
		entries = append(entries, "websecure")
	}
	for _, step := range way.Steps {
		switch {
		case step.AddPrefix != "":
			steps = append(steps, "add "+step.AddPrefix)
		case step.Redirect != nil:
			steps = append(steps, "redirect "+step.Redirect.Scheme)
		case step.Allow != nil:
			steps = append(steps, "allow "+strings.Trim(strings.ReplaceAll(fmt.Sprint(step.Allow), " ", ","), "[]"))
		}
	}
	keep := "-"
	if way.KeepHost {
		keep = "keep"
	}
	return fmt.Sprintf("%s %d %s %v %s %s %v", way.Name, way.Priority, way.Scheme, way.Targets, strings.Join(entries, ","), keep, steps)
}

// TestMiddlewares: each middleware as Traefik's documentation configures it
// (https://doc.traefik.io/traefik/middlewares/http/overview/).
func TestMiddlewares(t *testing.T) {
	for _, c := range []struct {
		name   string
		labels map[string]string
		want   paas.Step
	}{
		{"addprefix", label("http.middlewares.m.addprefix.prefix", "/foo"), paas.Step{AddPrefix: "/foo"}},
		{"stripprefix", label("http.middlewares.m.stripprefix.prefixes", "/foobar,/fiibar"), paas.Step{StripPrefix: []string{"/foobar", "/fiibar"}}},
		{"basicauth", label("http.middlewares.m.basicauth.users", "test:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/,test2:$apr1$d9hr9HBB$4HxwgUir3HP4EsggP/QNo0", "http.middlewares.m.basicauth.removeheader", "true"),
			paas.Step{BasicAuth: &paas.BasicAuth{Users: []paas.Secret{"test:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/", "test2:$apr1$d9hr9HBB$4HxwgUir3HP4EsggP/QNo0"}, Realm: "traefik", Hide: true}}},
		{"compress", label("http.middlewares.m.compress", "true"), paas.Step{Compress: true}},
		{"headers", label("http.middlewares.m.headers.customrequestheaders.X-Script-Name", "test", "http.middlewares.m.headers.customresponseheaders.X-Custom-Response-Header", "value", "http.middlewares.m.headers.framedeny", "true",
			"http.middlewares.m.headers.stsseconds", "60"),
			paas.Step{Headers: &paas.Headers{Request: map[string]string{"X-Script-Name": "test"}, Response: map[string]string{"X-Custom-Response-Header": "value", "X-Frame-Options": "DENY"}, Strict: time.Minute}}},
		{"ipallowlist", label("http.middlewares.m.ipallowlist.sourcerange", "127.0.0.1/32, 192.168.1.7"), paas.Step{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("192.168.1.7/32")}}},
		{"ipwhitelist", label("http.middlewares.m.ipwhitelist.sourcerange", "127.0.0.1/32"), paas.Step{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}},
		{"ratelimit", label("http.middlewares.m.ratelimit.average", "100", "http.middlewares.m.ratelimit.burst", "200"), paas.Step{RateLimit: &paas.RateLimit{Average: 100, Period: time.Second, Burst: 200}}},
		{"ratelimit by minute", label("http.middlewares.m.ratelimit.average", "6", "http.middlewares.m.ratelimit.period", "1m"), paas.Step{RateLimit: &paas.RateLimit{Average: 6, Period: time.Minute, Burst: 1}}},
		{"redirectscheme", label("http.middlewares.m.redirectscheme.scheme", "https", "http.middlewares.m.redirectscheme.permanent", "true", "http.middlewares.m.redirectscheme.port", "443"), paas.Step{Redirect: &paas.Redirect{Scheme: "https", Port: "443", Permanent: true}}},
		{"redirectregex", label("http.middlewares.m.redirectregex.regex", "^http://localhost/(.*)", "http.middlewares.m.redirectregex.replacement", "http://mydomain/${1}"),
			paas.Step{Redirect: &paas.Redirect{Pattern: "^http://localhost/(.*)", Replacement: "http://mydomain/${1}"}}},
	} {
		c.labels["traefik.http.routers.r.rule"], c.labels["traefik.http.routers.r.middlewares"] = "Host(`a`)", "m"
		ways, troubles := traefik.Routes([]traefik.Container{{Name: "c", Labels: c.labels, Ports: []int{80}, Address: netip.MustParseAddr("10.0.0.1")}})
		if len(ways) != 1 || len(troubles) > 0 || !reflect.DeepEqual(ways[0].Steps, []paas.Step{c.want}) {
			t.Errorf("%s: %+v %v, not %+v", c.name, ways, troubles, c.want)
		}
	}
	for _, wrong := range []map[string]string{
		label("http.middlewares.m.basicauth.realm", "x"), label("http.middlewares.m.ipallowlist.sourcerange", "all"), label("http.middlewares.m.ratelimit.average", "-1"), label("http.middlewares.m.ratelimit.period", "soon"),
		label("http.middlewares.m.redirectscheme.scheme", "javascript"), label("http.middlewares.m.redirectregex.regex", "("), label("http.middlewares.m.nothing", "x"),
	} {
		wrong["traefik.http.routers.r.rule"], wrong["traefik.http.routers.r.middlewares"] = "Host(`a`)", "m"
		if ways, troubles := traefik.Routes([]traefik.Container{{Name: "c", Labels: wrong, Ports: []int{80}, Address: netip.MustParseAddr("10.0.0.1")}}); len(ways) > 0 || len(troubles) == 0 {
			t.Errorf("%v is served: %+v %v", wrong, ways, troubles)
		}
	}
}

// TestLabelsThereAndBack: what is written is read as it was.
func TestLabelsThereAndBack(t *testing.T) {
	pass := false
	written := traefik.Labels{Enable: true, HTTP: traefik.HTTP{
		Routers:     map[string]traefik.Router{"r": {EntryPoints: []string{"web", "websecure"}, Rule: "Host(`a`) && PathPrefix(`/b`)", Service: "s", Middlewares: []string{"m"}, Priority: 3}},
		Services:    map[string]traefik.Service{"s": {LoadBalancer: traefik.LoadBalancer{Server: traefik.Server{Port: 8080, Scheme: "h2c"}, PassHostHeader: &pass}}},
		Middlewares: map[string]traefik.Middleware{"m": {Headers: &traefik.Headers{CustomResponseHeaders: map[string]string{"x-y": "z"}, STSSeconds: 5}}},
	}}
	encoded, err := written.Encode()
	if err != nil {
		t.Fatal(err)
	}
	read, unknown, err := traefik.Decode(encoded)
	if err != nil || len(unknown) > 0 || !reflect.DeepEqual(read, written) {
		t.Errorf("%v %v\nread    %+v\nwritten %+v\nas %v", err, unknown, read, written, encoded)
	}
}
