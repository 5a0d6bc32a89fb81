package cli

import (
	"strings"
	"sync"

	"github.com/trustelem/zxcvbn/frequency"
)

// isCommonPassword tells the 30,000 passwords that people choose most. The set is made when it is
// asked for first: most starts never need it.
func isCommonPassword() func(password string) bool {
	set := sync.OnceValue(func() map[string]struct{} {
		list := frequency.FrequencyLists["passwords"]
		common := make(map[string]struct{}, len(list))
		for _, password := range list {
			common[password] = struct{}{}
		}
		return common
	})
	return func(password string) bool {
		_, common := set()[strings.ToLower(password)]
		return common
	}
}
