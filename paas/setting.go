package paas

// Setting is one value of the configuration, as administrators may see it.
type Setting struct {
	Name    string // its path in the file: server.listen
	Value   string // empty when it is a secret
	Secret  bool
	Default bool // it is what it would be without a configuration
}
