// Command cut prints its argument cut into words: the test's stand-in for a
// program that was built elsewhere and moved.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/huiyin/huiyin/nlp/jieba"
)

func main() {
	s, err := jieba.New(jieba.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var words []string
	for _, w := range s.Words(os.Args[1]) {
		words = append(words, w.Text)
	}
	fmt.Fprintln(os.Stdout, strings.Join(words, "/"))
}
