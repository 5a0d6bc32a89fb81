package web

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web/problem"
)

// PageFunc makes the page that shows a failure to a person.
type PageFunc func(problem.Document) ([]byte, error)

// ErrorPage says how failures look outside the API. Until it is called they are plain text.
func (s *Server) ErrorPage(page PageFunc) { s.page = page }

// statusGone is what the log shows for a caller who did not wait (nginx's 499).
const statusGone = 499

// answerError is the one place where failures become answers.
func (s *Server) answerError(err error, c echo.Context) {
	if c.Response().Committed {
		s.log.DebugContext(c.Request().Context(), "answer broke off", "route", c.Path(), "error", err)
		return
	}
	if c.Request().Context().Err() != nil && errors.Is(err, context.Canceled) {
		c.Response().Status = statusGone
		return
	}
	document := s.document(err, c)
	if document.StatusCode == http.StatusUnauthorized {
		c.Response().Header().Set("WWW-Authenticate", "Bearer")
	}
	sayWhen(c.Response().Header(), paas.Public(err))
	if failed := s.write(document, c); failed != nil {
		s.log.ErrorContext(c.Request().Context(), "answer a failure", "route", c.Path(), "error", failed)
	}
}

// sayWhen tells programs when trying again makes sense.
func sayWhen(header http.Header, err *paas.Error) {
	if err.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(err.RetryAfter.Seconds()))))
	}
}

func (s *Server) document(err error, c echo.Context) problem.Document {
	if routing, ok := errors.AsType[*echo.HTTPError](err); ok {
		return routingProblem(routing)
	}
	public := paas.Public(err)
	if public.Kind != paas.Internal {
		return problem.Of(public)
	}
	id := uuid.NewString()
	s.log.ErrorContext(c.Request().Context(), "request failed", "id", id, "method", c.Request().Method, "route", c.Path(), "error", err)
	document := problem.Of(paas.Errorf(paas.Internal, paas.EInternal, "Something went wrong on our side. The log of the server says what, under %s.", id))
	document.ID = id
	return document
}

// routingProblem translates what echo itself finds: no such path, or not by this method.
func routingProblem(err *echo.HTTPError) problem.Document {
	document := problem.Of(paas.Errorf(paas.NotFound, paas.ENotFound, "There is nothing at this address."))
	if err.Code == http.StatusMethodNotAllowed {
		document.StatusCode, document.Message = err.Code, "This address does not know that method."
	}
	return document
}

func (s *Server) write(document problem.Document, c echo.Context) error {
	if s.local || isAPI(c.Request().URL.Path) {
		return c.JSON(document.StatusCode, document)
	}
	if document.StatusCode == http.StatusUnauthorized {
		return c.Redirect(http.StatusSeeOther, loginPath(c.Request()))
	}
	if s.page == nil {
		return c.String(document.StatusCode, document.Message)
	}
	page, err := s.page(document)
	if err != nil {
		return err
	}
	return c.HTMLBlob(document.StatusCode, page)
}

// loginPath leads to the log-in page and from there back.
func loginPath(r *http.Request) string {
	if r.Method != http.MethodGet {
		return "/login"
	}
	return "/login?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
}

// rescue turns a handler's panic into a failure of ours.
func (s *Server) rescue(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			value := recover()
			if value == nil {
				return
			}
			if value == http.ErrAbortHandler {
				panic(value)
			}
			s.log.ErrorContext(c.Request().Context(), "handler panicked", "route", c.Path(), "panic", value, "stack", string(debug.Stack()))
			err = errors.New("handler panicked")
		}()
		return next(c)
	}
}
