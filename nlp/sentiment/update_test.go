package sentiment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
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

// learned returns m after learning rows and rehearsing base.
func learned(t testing.TB, m *Model, rows, base []Row) *Model {
	t.Helper()
	all := make([]int, len(rows)+len(base))
	for i := range all {
		all[i] = i
	}
	after, err := NewLearner(m, slices.Concat(rows, base)).Learn(context.Background(), all[:len(rows)], all[len(rows):], 1, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	return after
}

func TestLearnerLearnsCorrections(t *testing.T) {
	m, _ := trainSmall(t, TrainOptions{Seed: 1})
	base := smallRows(5, 200)
	shown, held := slang(60)[:48], slang(60)[48:]
	if before := Evaluate(m, held, nil); before.Accuracy > 0.5 {
		t.Fatalf("the model knows the slang already: %s", before)
	}
	after := learned(t, m, shown, nil)
	if got := Evaluate(after, held, nil); got.Accuracy < 0.9 {
		t.Errorf("slang that was not shown: %s", got)
	}
	if after.Version() == m.Version() {
		t.Error("the model has the version of the one before")
	}
	if again := learned(t, m, shown, nil); again.Version() != after.Version() {
		t.Errorf("versions %s and %s of the same lessons", after.Version(), again.Version())
	}
	// What most of the base says is not changed by a few who say otherwise.
	holding := learned(t, m, shown, base)
	if got := Evaluate(holding, base, nil); got.Accuracy < Evaluate(m, base, nil).Accuracy {
		t.Errorf("the base got worse: %s", got)
	}
}

func TestChangesAreKept(t *testing.T) {
	m, _ := trainSmall(t, TrainOptions{Seed: 1})
	rows := slang(20)
	after := learned(t, m, rows, nil)
	kept, err := m.WithChanges(after.Changes(), "v2")
	if err != nil {
		t.Fatal(err)
	}
	if kept.Version() != "v2" {
		t.Errorf("version %s", kept.Version())
	}
	loaded, err := Load(bytes.NewReader(saved(t, after)))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		p, n, g := after.Score(row.Text, nil)
		for name, other := range map[string]*Model{"kept": kept, "loaded": loaded} {
			if p2, n2, g2 := other.Score(row.Text, nil); p != p2 || n != n2 || g != g2 {
				t.Fatalf("%s, %s: %v %v %v, before %v %v %v", row.Text, name, p2, n2, g2, p, n, g)
			}
		}
	}
	good := after.Changes()
	for name, bad := range map[string][]byte{"cut": good[:len(good)-1], "more": append(slices.Clone(good), 0), "slot": {1, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0}, "none": {}} {
		if _, err := m.WithChanges(bad, "v"); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if same, err := m.WithChanges(m.Changes(), m.Version()); err != nil || len(same.deltas) != 0 {
		t.Errorf("nothing learned: %v", err)
	}
}

func TestLearningStopsWhenTold(t *testing.T) {
	m, _ := trainSmall(t, TrainOptions{Seed: 1})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := NewLearner(m, slang(3)).Learn(ctx, []int{0, 1, 2}, nil, 1, 1, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("err %v", err)
	}
}

func TestLearnerOfTheEmbeddedModel(t *testing.T) {
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
	after := learned(t, m, corrections, base)
	if got := Evaluate(after, corrections, nil); got.Accuracy < 0.95 || got.Accuracy < before.Accuracy {
		t.Errorf("corrections: %s, then %s", before, got)
	}
}
