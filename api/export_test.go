package api

import (
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web/problem"
)

// Meaning is what a code comes with.
type Meaning struct {
	Status   int
	Sentence string
}

// Meanings is every code that the API answers with.
func Meanings() map[paas.Code]Meaning {
	all := map[paas.Code]Meaning{}
	for code, one := range meanings() {
		all[code] = Meaning{problem.Status(one.kind), one.sentence}
	}
	return all
}
