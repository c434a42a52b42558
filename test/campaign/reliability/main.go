// Command reliability writes the campaigns' results into docs/RELIABILITY.md:
//
//	go run ./test/campaign/reliability docs/reliability.jsonl docs/RELIABILITY.md
package main

import (
	"fmt"
	"os"

	"github.com/huiyin/huiyin/test/campaign/report"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: reliability RESULTS.jsonl DOCUMENT.md")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(results, document string) error {
	rounds, err := report.Read(results)
	if err != nil {
		return err
	}
	was, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	filled, err := report.Fill(string(was), rounds)
	if err != nil {
		return err
	}
	return os.WriteFile(document, []byte(filled), 0o644)
}
