package hostile

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// least is how many cases the corpus holds at least, and how many of them
// carry markup or scripts.
const (
	least        = 1500
	leastScripts = 400
)

// TestCorpus counts the cases of each class; go test -v shows the table.
func TestCorpus(t *testing.T) {
	all := Corpus()
	type class struct{ cases, bytes, longest, invalid int }
	classes := map[string]*class{}
	var order []string
	names, texts := map[string]bool{}, map[string]int{}
	for _, c := range all {
		k := classes[c.Class]
		if k == nil {
			k = &class{}
			classes[c.Class] = k
			order = append(order, c.Class)
		}
		k.cases++
		k.bytes += len(c.Text)
		k.longest = max(k.longest, len(c.Text))
		if !utf8.ValidString(c.Text) {
			k.invalid++
		}
		if c.Text == "" || names[c.Name] || !strings.HasPrefix(c.Name, c.Class+"/") {
			t.Errorf("%s: empty, or named twice", c.Name)
		}
		names[c.Name] = true
		texts[c.Text]++
	}
	var table strings.Builder
	fmt.Fprintf(&table, "%-12s %6s %9s %9s %9s\n", "class", "cases", "bytes", "longest", "invalid")
	total := class{}
	for _, name := range order {
		k := classes[name]
		fmt.Fprintf(&table, "%-12s %6d %9d %9d %9d\n", name, k.cases, k.bytes, k.longest, k.invalid)
		total.bytes, total.longest, total.invalid = total.bytes+k.bytes, max(total.longest, k.longest), total.invalid+k.invalid
		if k.cases < 20 {
			t.Errorf("%s has %d cases", name, k.cases)
		}
	}
	fmt.Fprintf(&table, "%-12s %6d %9d %9d %9d, %d different\n", "all", len(all), total.bytes, total.longest, total.invalid, len(texts))
	t.Log("\n" + table.String())
	if len(texts) < least || classes[Scripts].cases < leastScripts {
		t.Errorf("%d different texts, %d of scripts: at least %d and %d", len(texts), classes[Scripts].cases, least, leastScripts)
	}
	// What is repeated or too long costs every run and shows nothing.
	if len(texts) < len(all)*95/100 || total.bytes > 3<<20 || total.longest > 128<<10 {
		t.Errorf("%d of %d texts differ, %d bytes, the longest %d", len(texts), len(all), total.bytes, total.longest)
	}
}

func TestCorpusIsTheSameEachTime(t *testing.T) {
	if !reflect.DeepEqual(Corpus(), Corpus()) {
		t.Error("two calls differ")
	}
}

func TestShortAndNames(t *testing.T) {
	short := Short(300)
	if len(short) < 1000 || len(short) >= len(Corpus()) {
		t.Errorf("%d short cases", len(short))
	}
	for _, c := range Corpus() {
		if len(c.Author()) > 200 || len(c.File()) > 204 || len(c.Text) <= 200 && c.Author() != c.Text {
			t.Fatalf("%s: %d bytes of a name, %d of a file's", c.Name, len(c.Author()), len(c.File()))
		}
		if utf8.ValidString(c.Text) && !utf8.ValidString(c.Author()) {
			t.Errorf("%s: cut in a character", c.Name)
		}
	}
}
