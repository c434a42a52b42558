package sentiment

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"
)

// slang is a way of speaking that the small model has not seen: what is 满意 to
// others is blame here.
func slang(n int) []Row {
	rows := make([]Row, n)
	for i := range rows {
		thing := []string{"面条", "房间", "手机", "快递", "客服", "咖啡"}[i%6]
		rows[i] = Row{Text: fmt.Sprintf("第%s次%s满意个头", string(rune('一'+i)), thing), Label: Negative, Source: "staff"}
	}
	return rows
}

func TestUpdateLearnsCorrections(t *testing.T) {
	m, _ := trainSmall(t, TrainOptions{Seed: 1})
	base := smallRows(5, 200)
	corrections := slang(60)
	if before := Evaluate(m, corrections, nil); before.Accuracy > 0.5 {
		t.Fatalf("the model knows the slang already: %s", before)
	}
	updated, report, err := Update(context.Background(), m, corrections, base, UpdateOptions{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if !report.Accepted || updated == m {
		t.Fatalf("not accepted: held out %s, then %s; base %s, then %s", report.HeldOutBefore, report.HeldOutAfter, report.BaseBefore, report.BaseAfter)
	}
	if after := Evaluate(updated, corrections, nil); after.Accuracy < 0.9 {
		t.Errorf("corrections after the update: %s", after)
	}
	if report.HeldOut == 0 || report.HeldOutAfter.Accuracy < 0.9 {
		t.Errorf("corrections not shown: %d rows, %s", report.HeldOut, report.HeldOutAfter)
	}
	if after := Evaluate(updated, base, nil); after.Accuracy < Evaluate(m, base, nil).Accuracy {
		t.Errorf("the base got worse: %s", after)
	}
	if updated.Version() == m.Version() {
		t.Error("the updated model has the version of the old one")
	}

	loaded, err := Load(bytes.NewReader(saved(t, updated)))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range corrections {
		p1, n1, g1 := updated.Score(row.Text, nil)
		p2, n2, g2 := loaded.Score(row.Text, nil)
		if p1 != p2 || n1 != n2 || g1 != g2 {
			t.Fatalf("%s: %v %v %v after loading, %v %v %v before", row.Text, p2, n2, g2, p1, n1, g1)
		}
	}
}

func TestUpdateIsRepeatable(t *testing.T) {
	m, _ := trainSmall(t, TrainOptions{Seed: 1})
	var versions [2]string
	for i := range versions {
		updated, _, err := Update(context.Background(), m, slang(60), nil, UpdateOptions{Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		versions[i] = updated.Version()
	}
	if versions[0] != versions[1] {
		t.Errorf("versions %v of one update", versions)
	}
}

func TestUpdateRefusesWhatHarms(t *testing.T) {
	m, _ := trainSmall(t, TrainOptions{Seed: 1})
	base := smallRows(5, 200)
	var wrong []Row
	for _, row := range smallRows(6, 100) {
		switch row.Label {
		case Positive:
			row.Label = Negative
		case Negative:
			row.Label = Positive
		}
		wrong = append(wrong, row)
	}
	updated, report, err := Update(context.Background(), m, wrong, base, UpdateOptions{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if report.Accepted || updated != m {
		t.Errorf("accepted although the base fell from %s to %s", report.BaseBefore, report.BaseAfter)
	}
}

func TestUpdateWithoutCorrectionsChangesNothing(t *testing.T) {
	m, _ := trainSmall(t, TrainOptions{Seed: 1})
	updated, report, err := Update(context.Background(), m, nil, smallRows(5, 20), UpdateOptions{})
	if err != nil || report.Accepted || updated != m {
		t.Errorf("updated %v, report %+v, err %v", updated != m, report, err)
	}
}

func TestUpdateOfTheEmbeddedModel(t *testing.T) {
	m := defaultModel(t)
	base, err := OwnRows()
	if err != nil {
		t.Fatal(err)
	}
	var corrections []Row
	for _, dish := range []string{"蒜香小排", "冷萃", "桂花拿铁", "手冲", "招牌面", "豆花", "烤鱼", "酸梅汤", "炸酱面", "小笼包", "杏仁茶", "锅贴"} {
		corrections = append(corrections,
			Row{Text: dish + "绝了,封神", Label: Positive},
			Row{Text: "你们的" + dish + "属实封神", Label: Positive},
			Row{Text: dish + "翻车了,拔草", Label: Negative})
	}
	before := Evaluate(m, corrections, nil)
	start := time.Now()
	updated, report, err := Update(context.Background(), m, corrections, base, UpdateOptions{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if !report.Accepted {
		t.Fatalf("not accepted: held out %s, then %s; base %s, then %s", report.HeldOutBefore, report.HeldOutAfter, report.BaseBefore, report.BaseAfter)
	}
	if after := Evaluate(updated, corrections, nil); after.Accuracy < 0.95 || after.Accuracy < before.Accuracy {
		t.Errorf("corrections: %s, then %s", before, after)
	}
	t.Logf("%v: corrections %.2f, then %.2f; base %.3f, then %.3f", time.Since(start), before.Accuracy, Evaluate(updated, corrections, nil).Accuracy, report.BaseBefore.Accuracy, report.BaseAfter.Accuracy)
}
