package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// pagePolicy lets pages load our own style sheet and images and send forms to us; nothing else.
const pagePolicy = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// harden sets the headers that hold browsers to what our pages need.
func (s *Server) harden(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		header := c.Response().Header()
		header.Set("Content-Security-Policy", pagePolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		// Not no-referrer: with it browsers send "Origin: null" along with our own forms.
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		if s.public.Scheme == "https" {
			header.Set("Strict-Transport-Security", "max-age=31536000")
		}
		return next(c)
	}
}

// AllowScripts lets the page that follows run our own script files.
func (c *Call) AllowScripts() { c.policy(pagePolicy + "; script-src 'self'") }

// AllowRequests lets the page that follows run our own script files, and those ask us.
func (c *Call) AllowRequests() { c.policy(pagePolicy + "; script-src 'self'; connect-src 'self'") }

// AllowLive lets the page that follows run our own script files, which ask us, from the background too.
func (c *Call) AllowLive() {
	c.policy(pagePolicy + "; script-src 'self'; connect-src 'self'; worker-src 'self'")
}

// AllowFrames lets the page that follows show pages of ours that are confined.
func (c *Call) AllowFrames() { c.policy(pagePolicy + "; frame-src 'self'") }

// Confine takes everything but its looks from the document that follows, which others made, and lets
// pages of ours frame it.
func (c *Call) Confine() {
	c.policy("default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox")
	c.Response().Header().Set("X-Frame-Options", "SAMEORIGIN")
}

func (c *Call) policy(policy string) {
	c.Response().Header().Set("Content-Security-Policy", policy)
}

// watch bounds how long a body may take to arrive and an answer to be taken, and logs the request:
// the route, not path or headers, which can carry secrets.
func (s *Server) watch(next echo.HandlerFunc) echo.HandlerFunc {
	next = s.rescue(next)
	return func(c echo.Context) error {
		began := time.Now()
		control := http.NewResponseController(c.Response())
		if c.Request().Body != http.NoBody {
			if err := control.SetReadDeadline(began.Add(bodyTimeout)); err != nil {
				return fmt.Errorf("set the deadline of a body: %w", err)
			}
		}
		c.Response().Before(func() {
			if err := control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
				s.log.WarnContext(c.Request().Context(), "set the deadline of an answer", "error", err)
			}
		})
		if err := next(c); err != nil {
			c.Error(err)
		}
		s.logRequest(c, time.Since(began))
		return nil
	}
}

func (s *Server) logRequest(c echo.Context, took time.Duration) {
	level := slog.LevelDebug
	changes := c.Request().Method != http.MethodGet && c.Request().Method != http.MethodHead
	if s.options.Development || changes || c.Response().Status >= 500 {
		level = slog.LevelInfo
	}
	s.log.LogAttrs(c.Request().Context(), level, "request",
		slog.String("method", c.Request().Method), slog.String("route", c.Path()), slog.Int("status", c.Response().Status),
		slog.Duration("took", took.Round(time.Microsecond)), slog.String("from", c.RealIP()))
}
