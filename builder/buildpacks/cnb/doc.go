// Package cnb speaks the Cloud Native Buildpacks contract (buildpack API 0.10) for our own
// buildpacks: what the lifecycle hands to bin/detect and bin/build, and what it reads back.
//
// A buildpack that gives up ends its output with one line of the form
//
//	ERROR E_CODE: sentence.
//
// The code is one of the Code constants and never changes its meaning; the sentence says what
// was wrong and what to do. Whoever reads a build log finds the reason in the last such line.
package cnb
