package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// TestAnalyzedAgain: stored items get the labels of the model in force, once; what
// colleagues said stands, what could not be analysed is left to the operator, and
// the figures count what was corrected.
func TestAnalyzedAgain(t *testing.T) {
	d := newDesktop(t)
	d.write("huiyin.yaml", "listeners:\n  - {name: shop, type: webhook, secret: a long random text}\n")
	d.write("old.csv", "id,text\n1,快递太慢了，等了三天还没收到\n2,店员态度很好，谢谢\n3,杯子是破的，漏了一桌子\n4,这条没人读得懂\n")
	d.done("import", "old.csv", "-channel", "shop", "-c", "huiyin.yaml")
	db, err := store.Open(context.Background(), "sqlite:huiyin-data/huiyin.db", store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	byText := func() map[string]*feedback.Item {
		found := map[string]*feedback.Item{}
		d.see(func(tx *store.Tx) error {
			return tx.EachItem(store.Query{}, func(i *feedback.Item) error { found[i.Text] = i; return nil })
		})
		return found
	}
	if err := db.Write(context.Background(), func(tx *store.Tx) error {
		for text, i := range byText() {
			was := i.Verdict
			switch {
			case strings.Contains(text, "快递"):
				// As an older model saw it.
				i.Verdict.Sentiment, i.Verdict.Model = "positive", "an older one"
			case strings.Contains(text, "杯子"):
				i.Verdict.Intent, i.Verdict.Model = "question", feedback.ByStaff
				if err := tx.AddCorrection(&store.Correction{Item: i.ID, Staff: 1, Text: text, Was: was, Is: i.Verdict, Labels: "question", At: time.Now()}); err != nil {
					return err
				}
			case strings.Contains(text, "读得懂"):
				i.Verdict = feedback.Verdict{Unread: true}
			}
			if err := tx.UpdateItem(i); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if out := d.done("analyze", "-again", "-c", "huiyin.yaml"); !strings.HasPrefix(out, "4 条：1 条用模型 ") || !strings.HasSuffix(out, "1 条的标签变了") {
		t.Errorf("analyze -again says %q", out)
	}
	if out := d.done("analyze", "-again", "-c", "huiyin.yaml"); !strings.HasPrefix(out, "4 条：0 条") || !strings.HasSuffix(out, "0 条的标签变了") {
		t.Errorf("the same again says %q", out)
	}
	for text, i := range byText() {
		switch v := i.Verdict; {
		case strings.Contains(text, "快递") && (v.Sentiment != "negative" || v.Model == "an older one"),
			strings.Contains(text, "杯子") && (v.Intent != "question" || v.Model != feedback.ByStaff),
			strings.Contains(text, "读得懂") && !v.Unjudged():
			t.Errorf("%s: %+v", text, v)
		}
	}
	out := d.done("eval", "-corrections", "-c", "huiyin.yaml")
	counted := ""
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) == 8 && f[2] == "question" {
			counted = strings.Join(f[3:6], " ")
		}
	}
	if counted != "0 1 0" {
		t.Errorf("a question that nobody but a colleague saw is counted as %q in\n%s", counted, out)
	}
}
