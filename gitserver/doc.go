// Package gitserver is the git front door: an SSH server that speaks git's two protocols on people's
// own repositories and nothing else, the bare repositories themselves, and the pre-receive hook that
// turns a push into a deployment.
//
// A push takes this way: connection (gate) -> key (login) -> command (session) -> the project's turn
// -> git receive-pack -> the hook, which is this very binary, over a unix socket -> paas.Platform.Push.
// The daemon executes git alone, with fixed arguments and an environment of its own.
package gitserver
