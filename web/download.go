package web

import (
	"io"
	"net/http"
	"time"
)

// Download answers with a file of text that is written as it is taken: it may be longer than memory,
// and take longer than other answers as long as it goes on. Names must need no quoting.
func (c *Call) Download(name string, write func(io.Writer) error) error {
	header := c.Response().Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	if c.Request().Method == http.MethodHead {
		return c.NoContent(http.StatusOK)
	}
	return write(patient{c.Response(), http.NewResponseController(c.Response())})
}

// patient gives every piece of an answer the time of a whole one.
type patient struct {
	to      io.Writer
	control *http.ResponseController
}

// Write fails when the caller takes nothing for too long.
func (p patient) Write(piece []byte) (int, error) {
	n, err := p.to.Write(piece)
	if err == nil {
		err = p.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	}
	return n, err
}
