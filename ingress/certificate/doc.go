// Package certificate has the certificate for every name the ingress answers for: from an ACME CA
// (RFC 8555), from a CA of its own for names that no public CA knows, or from files. What it gets it
// keeps, renews without a restart, and lists.
package certificate
