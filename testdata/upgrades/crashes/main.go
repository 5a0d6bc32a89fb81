// Command crashes is a new version that ends as soon as it is to serve.
package main

import (
	"fmt"
	"os"
)

func main() {
	if os.Args[1] == "version" {
		fmt.Println(`{"client":"9.0.0-crashes"}`)
		return
	}
	panic("this version crashes")
}
