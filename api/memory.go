package api

import (
	"bytes"
	"net/http"
	"sync"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

// maxRemembered bounds the bytes of all answers that are remembered.
const maxRemembered = 16 << 20

// memory keeps answers that were just given, word for word, while nothing was written and nothing
// happened to containers. Who asks is found out before, each time.
type memory struct {
	mu      sync.Mutex
	version paas.Version      // guarded by mu, as all below
	answers map[string][]byte // by who asked and for what
	size    int
}

func (m *memory) find(version paas.Version, key string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.version != version {
		return nil
	}
	return m.answers[key]
}

func (m *memory) keep(version paas.Version, key string, answer []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.version != version || m.answers == nil || m.size+len(answer) > maxRemembered {
		m.version, m.answers, m.size = version, map[string][]byte{}, 0
	}
	if len(answer) > maxRemembered {
		return
	}
	m.size += len(answer) - len(m.answers[key])
	m.answers[key] = answer
}

// remembered gives the same answer again while it would be the same. It is for what is asked often
// and made of a store's and an engine's state alone.
func (a *api) remembered(route endpoint) endpoint {
	next := route.handler
	route.handler = func(call *web.Call) error {
		version, key := a.platform.Version(), keyOf(call)
		if answer := a.memory.find(version, key); answer != nil {
			return call.JSONBlob(http.StatusOK, answer)
		}
		given := &copied{ResponseWriter: call.Response().Writer}
		call.Response().Writer = given
		err := next(call)
		call.Response().Writer = given.ResponseWriter
		if err == nil && call.Response().Status == http.StatusOK {
			a.memory.keep(version, key, given.text.Bytes())
		}
		return err
	}
	return route
}

// keyOf tells callers apart as far as answers do: by user, by token, and by all of the address.
func keyOf(call *web.Call) string {
	key := string(call.Caller.ID) + " "
	if call.Token != nil {
		key += string(call.Token.ID)
	}
	return key + " " + call.Request().URL.RequestURI()
}

// copied is a response that is also kept.
type copied struct {
	http.ResponseWriter
	text bytes.Buffer
}

// Write sends and keeps.
func (c *copied) Write(text []byte) (int, error) {
	c.text.Write(text)
	return c.ResponseWriter.Write(text)
}

// Unwrap lets deadlines reach the connection.
func (c *copied) Unwrap() http.ResponseWriter { return c.ResponseWriter }
