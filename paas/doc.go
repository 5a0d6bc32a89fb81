// Package paas is the hub of PaaSTech: its nouns (user, SSH key, project, build, deployment,
// process, route), their rules, the use cases of a platform (Platform) and the interfaces those
// need (Store, Builder, Engine, Router, Repositories, Registry).
//
// Everything may import paas; paas imports nothing of ours and only the standard library and
// golang.org/x; spokes never import spokes; only cli sees them all.
package paas
