// Package rpc splits the platform into processes: a module of the hub's interfaces is served over gRPC with mutual
// TLS, and the other side of it is that interface again. Nothing of it runs unless it is asked for.
//
// The contracts are in proto, the code that is made from them in contracts (make contracts).
package rpc
