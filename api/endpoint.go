package api

import (
	"net/http"
	"strconv"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

// nothing is what a request without a body is read into.
type nothing struct{}

// reply is a request that went well.
type reply[T any] struct {
	status int
	answer wire.Answer[T]
}

func ok[T any](content T) reply[T] {
	return reply[T]{http.StatusOK, wire.Answer[T]{Status: wire.OK, Content: content}}
}

func created[T any](content T) reply[T] {
	return reply[T]{http.StatusCreated, wire.Answer[T]{Status: wire.Created, Content: content}}
}

// accepted is work that goes on.
func accepted[T any](content T) reply[T] {
	return reply[T]{http.StatusAccepted, wire.Answer[T]{Status: wire.OK, Content: content}}
}

func removed() reply[wire.Nothing] {
	return reply[wire.Nothing]{http.StatusOK, wire.Answer[wire.Nothing]{Status: wire.Removed}}
}

func done() reply[wire.Nothing] { return ok[wire.Nothing](nil) }

// flag reads a parameter of the query that is true or false.
func flag(call *web.Call, name string, otherwise bool) (bool, error) {
	text := call.QueryParam(name)
	if text == "" {
		return otherwise, nil
	}
	if text != "true" && text != "false" {
		return false, paas.InvalidField(name, "%s is true or false.", name)
	}
	return text == "true", nil
}

// number reads a parameter of the query that counts something.
func number(call *web.Call, name string, most int) (int, error) {
	text := call.QueryParam(name)
	if text == "" {
		return 0, nil
	}
	value, err := strconv.Atoi(text)
	if err != nil || value < 1 || value > most || strconv.Itoa(value) != text {
		return 0, paas.InvalidField(name, "%s is a number from 1 to %d.", name, most)
	}
	return value, nil
}

// Bounds of lists (API.md, "Shapes").
const (
	defaultLimit = 50
	maxLimit     = 200
	noLimit      = 0
)

// page cuts a list to what the query asks for. The cursor is the key of the last item one has seen.
func page[T any](call *web.Call, items []T, usual int, key func(T) string) (reply[[]T], error) {
	limit, err := number(call, "limit", maxLimit)
	if err != nil {
		return reply[[]T]{}, err
	}
	if limit == 0 {
		limit = usual
	}
	if cursor := call.QueryParam("cursor"); cursor != "" {
		at := 0
		for at < len(items) && key(items[at]) != cursor {
			at++
		}
		if at == len(items) {
			return reply[[]T]{}, paas.InvalidField("cursor", "This cursor is none of this list, or what it stood at is gone: begin anew.")
		}
		items = items[at+1:]
	}
	next := ""
	if limit != noLimit && len(items) > limit {
		items = items[:limit]
		next = key(items[limit-1])
	}
	list := ok(items)
	list.answer.NextCursor = next
	return list, nil
}

// listed shows each item of a list; the result is never nil, so that JSON has [].
func listed[From, To any](items []From, show func(From) To) []To {
	shown := make([]To, 0, len(items))
	for _, item := range items {
		shown = append(shown, show(item))
	}
	return shown
}
