// Package http1 reads the part of HTTP/1.1 (RFC 9112) that nearly all requests and answers are made of,
// without an allocation, and keeps connections to whom they go.
//
// What it takes is a subset of what net/http takes: each line ends in CRLF, each name is a token, each
// value is free of control characters, a body's length is said once and in digits. Everything else is
// Unusual, and left to net/http as it came, to be answered or refused there. So nothing is decided twice.
package http1
