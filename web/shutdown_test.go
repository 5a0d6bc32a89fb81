package web_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestWhoHasJustComeIsAnswered connects, has the server end, and only then asks.
func TestWhoHasJustComeIsAnswered(t *testing.T) {
	for range 20 {
		answered, took := asksAtTheEnd(t)
		if answered {
			return
		}
		if took < 500*time.Millisecond { // else it was not waited for so long
			t.Fatalf("a request %s after its connection was made has no answer", took)
		}
	}
	t.Fatal("the machine is too slow to see it")
}

func asksAtTheEnd(t *testing.T) (answered bool, took time.Duration) {
	t.Helper()
	d := open(t, nil)
	connected := time.Now()
	conn, err := net.Dial("tcp", d.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	d.expect(http.StatusOK, "GET", "/api/mine", "", withBearer(d.token)) // whose connection is taken after
	ended := make(chan struct{})
	go func() {
		d.end()
		close(ended)
	}()
	for d.listens() {
		time.Sleep(time.Millisecond)
	}
	_, _ = io.WriteString(conn, "GET /api/mine HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer "+d.token+"\r\n\r\n") // reading tells
	took = time.Since(connected)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err == nil {
		answer.Body.Close()
		answered = answer.StatusCode == http.StatusOK && answer.Close
	}
	<-ended
	return answered, took
}

// listens tells whether the server takes connections.
func (d *door) listens() bool {
	conn, err := net.Dial("tcp", d.Addr().String())
	if err == nil {
		conn.Close()
	}
	return err == nil
}
