package feed

import (
	"fmt"
	"strings"
	"testing"
)

// TestOneOddQuoteLosesOneEntryAtMost: markup that a source put into an entry as it
// was, with a quotation mark too few, takes no entries along that are whole.
func TestOneOddQuoteLosesOneEntryAtMost(t *testing.T) {
	for name, odd := range map[string]string{
		"in text":      `奶茶 <b style="color:red>太甜</b>了`,
		"single":       `奶茶 <b style='color:red>太甜</b>了`,
		"end of a tag": `奶茶 <img src="a.png alt="杯>太甜了`,
		"of an end":    `奶茶 <b>太甜</b "> 了`,
	} {
		t.Run(name, func(t *testing.T) {
			var items []string
			for i := range 6 {
				title := fmt.Sprintf("第 %d 条", i)
				text := title
				if i == 2 {
					text = odd
				}
				items = append(items, `<item><title>`+title+`</title><guid isPermaLink="false">`+fmt.Sprint(i)+`</guid><description>`+text+`</description></item>`)
			}
			p, err := parse([]byte(`<rss version="2.0"><channel><title>x</title>`+strings.Join(items, "\n")+`</channel></rss>`), false)
			if err != nil {
				t.Fatal(err)
			}
			var titles []string
			for _, i := range p.feed.Items {
				titles = append(titles, i.Title)
			}
			all := strings.Join(titles, "|")
			for _, i := range []int{0, 1, 3, 4, 5} {
				if !strings.Contains(all, fmt.Sprintf("第 %d 条", i)) {
					t.Errorf("%d is lost: %s", i, all)
				}
			}
		})
	}
}
