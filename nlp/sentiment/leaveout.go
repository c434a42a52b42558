package sentiment

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// relatives are the sources that are left out of training together, because they
// are of one kind or share texts. A group holds several kinds, to save trainings.
var relatives = [][]string{
	{"htl", "shop_酒店", "chnsenticorp", "book_review", "shop_书籍", "shop_计算机"},
	{"weibo2018", "ewect_usual", "ewect_virus", "osm"},
	{"chat_xs", "shop_衣服", "shop_蒙牛"},
	{"waimai", restaurants, "shop_水果"},
	{"shop_平板", "shop_手机", "shop_热水器", "bdci_car"},
}

// EvaluateLeftOut says how well training does on texts of sources it does not
// know. It trains once without each group of related sources, with the same
// options, and scores the rows of those sources and their development rows. That
// takes as long as five trainings. Sources that have no relatives are never left
// out.
func EvaluateLeftOut(ctx context.Context, rows, development []Row, unlabelled []string, o TrainOptions) (Metrics, error) {
	o = o.withDefaults()
	return EvaluateLeftOutOf(rows, development, func(left []string, shown []Row) (Judge, error) {
		o.Log("left out: " + strings.Join(left, " "))
		model, _, err := Train(ctx, shown, unlabelled, o)
		if err != nil {
			return nil, err
		}
		return func(text string) (pos, neu, neg float64) { return model.Score(o.Fold(text), nil) }, nil
	})
}

// Judge returns the probabilities that a text is positive, neutral and negative.
type Judge func(text string) (pos, neu, neg float64)

// EvaluateLeftOutOf is [EvaluateLeftOut] of another way to train: fit gets the
// sources that are left out and the rows of the others.
func EvaluateLeftOutOf(rows, development []Row, fit func(left []string, shown []Row) (Judge, error)) (Metrics, error) {
	unknown := newTallies()
	for _, group := range relatives {
		var shown, left []Row
		for _, row := range rows {
			if slices.Contains(group, row.Source) {
				left = append(left, row)
			} else {
				shown = append(shown, row)
			}
		}
		if len(left) == 0 {
			continue
		}
		judge, err := fit(group, shown)
		if err != nil {
			return Metrics{}, fmt.Errorf("without %s: %w", strings.Join(group, ", "), err)
		}
		for _, row := range development {
			if slices.Contains(group, row.Source) {
				left = append(left, row)
			}
		}
		for _, row := range left {
			pos, neu, neg := judge(row.Text)
			unknown.add(row, pos, neu, neg)
		}
	}
	if len(unknown.bySource) == 0 {
		return Metrics{}, errors.New("none of the sources is one that is left out: see MODEL_CARD.md for their names")
	}
	return unknown.metrics(), nil
}

// LeaveOutTable returns as aligned text the figures of the development rows by
// source, a line each: when the source is known, and when it is left out of
// training, see [EvaluateLeftOut]. The means are over the sources.
func LeaveOutTable(known, leftOut Metrics) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%8s %9s %9s %7s   %9s %9s %7s  source\n", "dev rows", "polarity", "macro-F1", "ECE", "left out:", "macro-F1", "ECE")
	line := func(name string, rows int, k, u Metrics) {
		fmt.Fprintf(&b, "%8d %9.4f %9s %7.4f   %9.4f %9s %7.4f  %s\n", rows, k.Polarity, macroText(k), k.ECE, u.Polarity, macroText(u), u.ECE, name)
	}
	var in, out []Metrics
	for _, name := range slices.Sorted(maps.Keys(known.BySource)) {
		k, u := known.BySource[name], leftOut.BySource[name]
		in, out = append(in, k), append(out, u)
		line(name, k.Rows, k, u)
	}
	line("mean", known.Rows, meanMetrics(in), meanMetrics(out))
	return b.String()
}

// macroText shows the macro-F1 of a source that has neutral rows.
func macroText(m Metrics) string {
	if m.ByLabel[Neutral].Rows == 0 {
		return ""
	}
	return fmt.Sprintf("%.4f", m.MacroF1)
}

// meanMetrics returns the mean figures of sources, of the macro-F1 over those
// with neutral rows.
func meanMetrics(sources []Metrics) (mean Metrics) {
	polarity, ece, macro := 0.0, 0.0, 0.0
	withNeutral, n := 0, 0
	for _, s := range sources {
		if s.PolarityRows == 0 {
			continue
		}
		n++
		polarity += s.Polarity
		ece += s.ECE
		if rows := s.ByLabel[Neutral].Rows; rows > 0 {
			withNeutral++
			macro += s.MacroF1
			mean.ByLabel = map[string]LabelMetrics{Neutral: {Rows: rows}}
		}
	}
	mean.Polarity, mean.ECE = polarity/max(1, float64(n)), ece/max(1, float64(n))
	mean.MacroF1 = macro / max(1, float64(withNeutral))
	return mean
}
