package web_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"hash"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

type object = map[string]any

// forge makes a token with any header and claims, signed by sign.
func forge(header, claims object, sign func(string) []byte) string {
	encode := func(o object) string {
		text, _ := json.Marshal(o)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	signed := encode(header) + "." + encode(claims)
	return signed + "." + base64.RawURLEncoding.EncodeToString(sign(signed))
}

func mac(algorithm func() hash.Hash, key []byte) func(string) []byte {
	return func(text string) []byte {
		m := hmac.New(algorithm, key)
		m.Write([]byte(text))
		return m.Sum(nil)
	}
}

// TestForgedTokens is trial T40. Only the first, which is the server's own over again, counts.
func TestForgedTokens(t *testing.T) {
	d := open(t, nil)
	session, _, err := d.platform.Login(t.Context(), paas.LoginAttempt{Email: "ada@example.com", Password: password})
	if err != nil {
		t.Fatal(err)
	}
	good := mac(sha256.New, signingKey)
	header := object{"alg": "HS256", "typ": "JWT"}
	now := time.Now().Unix()
	claims := func(change object) object {
		all := object{"jti": session.ID, "sub": d.ada.ID, "iat": now, "exp": now + 60}
		for key, value := range change {
			if all[key] = value; value == nil {
				delete(all, key)
			}
		}
		return all
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rs256 := func(text string) []byte {
		sum := sha256.Sum256([]byte(text))
		signature, _ := rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, sum[:])
		return signature
	}
	own := forge(header, claims(nil), good)
	d.expect(http.StatusOK, "GET", "/api/mine", "", withBearer(own))
	for name, token := range map[string]string{
		"none":              forge(object{"alg": "none", "typ": "JWT"}, claims(nil), func(string) []byte { return nil }),
		"None":              forge(object{"alg": "None", "typ": "JWT"}, claims(nil), func(string) []byte { return nil }),
		"no alg":            forge(object{"typ": "JWT"}, claims(nil), good),
		"HS512":             forge(object{"alg": "HS512", "typ": "JWT"}, claims(nil), mac(sha512.New, signingKey)),
		"RS256":             forge(object{"alg": "RS256", "typ": "JWT"}, claims(nil), rs256),
		"RS256, our secret": forge(object{"alg": "RS256", "typ": "JWT"}, claims(nil), good),
		"another key":       forge(header, claims(nil), mac(sha256.New, []byte("another key of thirty-two bytes!"))),
		"empty key":         forge(header, claims(nil), mac(sha256.New, nil)),
		"kid":               forge(object{"alg": "HS256", "typ": "JWT", "kid": "/dev/null"}, claims(nil), mac(sha256.New, nil)),
		"kid, our secret":   forge(object{"alg": "HS256", "typ": "JWT", "kid": "../x"}, claims(nil), good),
		"jwk":               forge(object{"alg": "HS256", "typ": "JWT", "jwk": object{"kty": "oct", "k": "AA"}}, claims(nil), mac(sha256.New, []byte{0})),
		"typ":               forge(object{"alg": "HS256", "typ": "at+jwt"}, claims(nil), good),
		"crit":              forge(object{"alg": "HS256", "crit": []string{"exp"}}, claims(nil), good),
		"no exp":            forge(header, claims(object{"exp": nil}), good),
		"exp past":          forge(header, claims(object{"exp": now - 1}), good),
		"exp text":          forge(header, claims(object{"exp": "never"}), good),
		"nbf":               forge(header, claims(object{"nbf": now + 60}), good),
		"iat":               forge(header, claims(object{"iat": now + 60}), good),
		"aud":               forge(header, claims(object{"aud": "another service"}), good),
		"no jti":            forge(header, claims(object{"jti": nil}), good),
		"unknown jti":       forge(header, claims(object{"jti": "00000000-0000-4000-8000-000000000000"}), good),
		"another's sub":     forge(header, claims(object{"sub": "00000000-0000-4000-8000-000000000000"}), good),
		"no signature":      own[:strings.LastIndex(own, ".")+1],
		"two parts":         own[:strings.LastIndex(own, ".")],
		"padding":           own + "=",
		"rubbish":           "rubbish",
	} {
		if response, body := d.send("GET", "/api/mine", "", withBearer(token)); response.StatusCode != http.StatusUnauthorized || !strings.Contains(body, string(paas.ENotLoggedIn)) {
			t.Errorf("%s: %d %s", name, response.StatusCode, body)
		}
	}
}

func TestWeakKeysKeepTheServerFromStarting(t *testing.T) {
	for name, key := range map[string][]byte{"none": nil, "short": []byte("0123456789012345678901234567890"), "default": make([]byte, 32)} {
		if server, err := web.New(nil, web.Options{Listen: "127.0.0.1:0", SigningKey: key}); err == nil || server != nil {
			t.Errorf("%s key: taken", name)
		}
	}
}

// TestSessionsEnd is trial T39, as far as this issue goes.
func TestSessionsEnd(t *testing.T) {
	d := open(t, nil)
	first := d.token
	d.login()
	if err := d.platform.SetPassword(t.Context(), "ada", "another password"); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{first, d.token} {
		d.expect(http.StatusUnauthorized, "GET", "/api/mine", "", withBearer(token))
	}
}

func TestBearerWinsOverCookie(t *testing.T) {
	d := open(t, nil)
	d.expect(http.StatusOK, "GET", "/api/mine", "", func(r *http.Request) { r.AddCookie(d.cookie) })
	d.expect(http.StatusUnauthorized, "GET", "/api/mine", "", func(r *http.Request) {
		r.AddCookie(d.cookie)
		withBearer("rubbish")(r)
	})
	d.expect(http.StatusOK, "GET", "/api/mine", "", func(r *http.Request) {
		r.AddCookie(&http.Cookie{Name: "access", Value: "rubbish"})
		withBearer(d.token)(r)
	})
}

// TestPlantedCookies is trial T42: what an application beside us can set must not count.
func TestPlantedCookies(t *testing.T) {
	d := open(t, nil)
	d.expect(http.StatusUnauthorized, "GET", "/api/mine", "", func(r *http.Request) {
		r.AddCookie(&http.Cookie{Name: "access", Value: "planted"})
		r.AddCookie(d.cookie)
	})
	secure := open(t, func(o *web.Options) { o.PublicURL = "https://paas.example.com" })
	if c := secure.cookie; c.Name != "__Host-access" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie %v", c)
	}
	secure.expect(http.StatusOK, "GET", "/api/mine", "", func(r *http.Request) { r.AddCookie(secure.cookie) })
	secure.expect(http.StatusUnauthorized, "GET", "/api/mine", "", func(r *http.Request) {
		r.AddCookie(&http.Cookie{Name: "access", Value: secure.token})
	})
}

func TestTLSAtAProxy(t *testing.T) {
	forwarded := func(r *http.Request) { r.Header.Set("X-Forwarded-Proto", "https") }
	for _, try := range []struct {
		trusted []netip.Prefix
		cookie  string
	}{{nil, "access"}, {[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, "__Host-access"}} {
		d := open(t, func(o *web.Options) { o.TrustedProxies = try.trusted })
		response, _ := d.send("POST", "/api/login", "", forwarded)
		if got := response.Cookies()[0].Name; got != try.cookie {
			t.Errorf("trusting %v the cookie is %s", try.trusted, got)
		}
	}
}

func TestForwardedAddressOfTrustedProxiesOnly(t *testing.T) {
	for _, try := range []struct {
		trusted []netip.Prefix
		from    string
	}{{nil, "127.0.0.1"}, {[]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, "203.0.113.7"}} {
		d := open(t, func(o *web.Options) { o.TrustedProxies = try.trusted })
		d.expect(http.StatusOK, "GET", "/api/open", "", func(r *http.Request) { r.Header.Set("X-Forwarded-For", "203.0.113.7") })
		d.eventuallyLogged("route=/api/open status=200 took=")
		d.eventuallyLogged("from=" + try.from + "\n")
	}
}
