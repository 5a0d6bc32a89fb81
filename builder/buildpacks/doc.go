// Package buildpacks is what the maker of a builder needs to know about our own Cloud Native
// Buildpacks: which there are, in which order they are tried, which Debian packages their images
// need, and how one is written to disk. What they do is in the packages below; all of them are
// one static executable, builder/buildpacks/cmd/buildpack.
//
// A build that one of them gives up ends with a line `ERROR E_CODE: sentence.`; package cnb
// lists the codes, and FindFailure reads the line.
package buildpacks
