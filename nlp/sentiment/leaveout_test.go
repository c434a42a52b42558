package sentiment

import (
	"context"
	"math"
	"strings"
	"testing"
)

// rename gives the rows of smallRows the names of known sources.
func rename(rows []Row, names map[string]string) []Row {
	renamed := make([]Row, len(rows))
	for i, row := range rows {
		renamed[i] = row
		renamed[i].Source = names[row.Source]
	}
	return renamed
}

func TestEvaluateLeftOut(t *testing.T) {
	names := map[string]string{"one": "htl", "two": "waimai", "three": "weibo2018"}
	rows := rename(smallRows(1, 900), names)
	// What the hotel reviews call positive the others call negative: only a
	// model that saw them can know.
	for i := range rows {
		if rows[i].Source == "htl" {
			rows[i].Text = strings.NewReplacer("面条", "单间", "房间", "单间", "手机", "单间", "快递", "单间", "客服", "单间", "咖啡", "单间").Replace(rows[i].Text)
			rows[i].Label = opposite(rows[i].Label)
		}
	}
	development := rows[600:]
	var lines []string
	o := TrainOptions{Seed: 1, Log: func(line string) { lines = append(lines, line) }}
	model, _, err := Train(context.Background(), rows[:600], nil, o)
	if err != nil {
		t.Fatal(err)
	}
	all := Evaluate(model, development, nil)
	leftOut, err := EvaluateLeftOut(context.Background(), rows[:600], development, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	known, unknown := all.BySource["htl"], leftOut.BySource["htl"]
	if known.Polarity < 0.9 || unknown.Polarity > 0.5 {
		t.Errorf("htl: polarity %.3f when known, %.3f when left out", known.Polarity, unknown.Polarity)
	}
	want := 0
	for _, row := range rows {
		if row.Source == "htl" {
			want++
		}
	}
	if unknown.Rows != want {
		t.Errorf("%d rows of htl scored when left out, want all %d", unknown.Rows, want)
	}
	if log := strings.Join(lines, "\n"); strings.Count(log, "left out: ") != 3 {
		t.Errorf("log %s: want three groups left out", log)
	}
	table := LeaveOutTable(all, leftOut)
	if strings.Count(table, "\n") != 5 || !strings.Contains(table, "weibo2018") || !strings.Contains(table, "mean") {
		t.Errorf("table:\n%s", table)
	}
}

func opposite(label string) string {
	switch label {
	case Positive:
		return Negative
	case Negative:
		return Positive
	}
	return label
}

func TestEvaluateLeftOutNeedsKnownSources(t *testing.T) {
	rows := smallRows(1, 300)
	if _, err := EvaluateLeftOut(context.Background(), rows, rows, nil, TrainOptions{}); err == nil || !strings.Contains(err.Error(), "left out") {
		t.Errorf("err = %v", err)
	}
}

func TestTrustAsksGroupsNotSources(t *testing.T) {
	// Feature 0 is praise in three sources of one group, feature 1 in one source
	// of each of three groups; both are found as often.
	group := []int{0, 0, 0, 1, 2}
	var examples []example
	var sources []int32
	add := func(source int32, target float32, features ...uint32) {
		for range 20 {
			examples = append(examples, example{features: features, target: target, weight: 1})
			sources = append(sources, source)
		}
	}
	for _, s := range []int32{0, 1, 2} {
		add(s, 1, 0)
	}
	for _, s := range []int32{0, 3, 4} {
		add(s, 1, 1)
	}
	for s := range group {
		add(int32(s), 0, 2)
	}
	scale := trust(examples, sources, group, 4)
	if !(scale[1] > scale[0]) {
		t.Errorf("trust %.3f in what three groups say, %.3f in what one says", scale[1], scale[0])
	}
	if scale[3] != 0 {
		t.Errorf("trust %.3f in what nobody says", scale[3])
	}
	for f, s := range scale {
		if math.IsNaN(float64(s)) {
			t.Errorf("feature %d: trust is no number", f)
		}
	}
}
