package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/huiyin/huiyin/config"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/feedback/accuracy"
	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/pipeline"
	"github.com/huiyin/huiyin/store"
)

const (
	// againPage is how many items are analysed again at once.
	againPage = 200
	// maxJudgements bounds how many items figures are counted from, the latest.
	maxJudgements = 1_000_000
)

// period reads -since and -until: days in the brand's time zone, -until
// included. Without -until it ends with now.
func period(cfg *config.Config, since, until string, now time.Time) (from, to time.Time, err error) {
	to = now
	if since != "" {
		if from, err = time.ParseInLocation(time.DateOnly, since, cfg.Location); err != nil {
			return from, to, fmt.Errorf("%w: -since %s: write a day as 2026-11-22", errUsage, since)
		}
	}
	if until != "" {
		if to, err = time.ParseInLocation(time.DateOnly, until, cfg.Location); err != nil {
			return from, to, fmt.Errorf("%w: -until %s: write a day as 2026-11-22", errUsage, until)
		}
		to = to.AddDate(0, 0, 1)
	}
	return from.UTC(), to.UTC(), nil
}

// analyzeAgain has stored items analysed again by the model in force, the newest
// first. It may be stopped and given again at any time: what was done is left as
// it is.
func (c *cli) analyzeAgain(ctx context.Context, since, until string, live bool) error {
	return c.onData(ctx, func(cfg *config.Config, db *store.DB, _ *desk.Service) error {
		q := store.Query{Live: live, Limit: againPage}
		var err error
		if q.Since, q.Until, err = period(cfg, since, until, time.Now()); err != nil {
			return err
		}
		log := newLog(cfg, c.err)
		seg, err := openSegmenter(cfg)
		if err != nil {
			return err
		}
		analyzer, err := nlp.New(analyzerOptions(cfg, seg))
		if err != nil {
			return err
		}
		mind := nlp.NewLive(analyzer)
		if _, err := pipeline.TeachFrom(ctx, db, mind, 0, slog.New(slog.DiscardHandler)); err != nil {
			return err
		}
		d := desk.New(desk.Options{DB: db, Now: time.Now, Log: log, Rules: deskRules(cfg, mind, seg, map[string]desk.Channel{})})
		n, judged, changed, err := eachAgain(ctx, db, d, q, newProgress(c))
		if c.lang == "en" {
			fmt.Fprintf(c.out, "%s items: %s judged again by model %s, labels of %s changed\n", grouped(n), grouped(judged), mind.Analyzer().Version(), grouped(changed))
		} else {
			fmt.Fprintf(c.out, "%s 条：%s 条用模型 %s 重新判过，%s 条的标签变了\n", grouped(n), grouped(judged), mind.Analyzer().Version(), grouped(changed))
		}
		return err
	})
}

// eachAgain goes through the items of q, page by page.
func eachAgain(ctx context.Context, db *store.DB, d *desk.Service, q store.Query, progress progress) (n, judged, changed int, err error) {
	total := int64(0)
	if err := db.Read(ctx, func(tx *store.Tx) error { total, err = tx.CountItems(q); return err }); err != nil {
		return 0, 0, 0, err
	}
	defer progress.end()
	for {
		var changes []desk.Change
		var again []*desk.Again
		err := db.Read(ctx, func(tx *store.Tx) error {
			items, err := tx.Items(q)
			for _, item := range items {
				one := &desk.Again{Item: item.ID}
				again, changes = append(again, one), append(changes, one)
				q.Before = item.ID
			}
			return err
		})
		if err != nil || len(again) == 0 {
			return n, judged, changed, err
		}
		for i, result := range d.Apply(ctx, changes...) {
			if result.Err != nil {
				return n, judged, changed, fmt.Errorf("item #%d: %w: run it again, what was done stays", again[i].Item, result.Err)
			}
			n++
			if again[i].Judged {
				judged++
			}
			if again[i].Changed {
				changed++
			}
		}
		progress.at(n, int64(n), total)
	}
}

// evalCorrections prints how often verdicts were right, by what colleagues said
// of them: by time and by model.
func (c *cli) evalCorrections(ctx context.Context, since, until string, months bool) error {
	return c.onData(ctx, func(cfg *config.Config, db *store.DB, _ *desk.Service) error {
		from, to, err := period(cfg, since, until, time.Now())
		if err != nil {
			return err
		}
		var cases []accuracy.Case
		var tries []*store.Model
		err = db.Read(ctx, func(tx *store.Tx) error {
			judged, err := tx.Judgements(from, to, maxJudgements)
			if err != nil {
				return err
			}
			for _, j := range judged {
				cases = append(cases, desk.CaseOf(j))
			}
			tries, err = tx.Models("", 20)
			return err
		})
		if err != nil {
			return err
		}
		c.printAccuracy(cfg, cases, months)
		if len(tries) > 0 {
			fmt.Fprintf(c.out, "\n%-17s %-40s %7s %8s  %s\n", "learned", "model", "texts", "applied", "why not")
		}
		for _, m := range tries {
			fmt.Fprintf(c.out, "%-17s %-40s %7d %8t  %s\n", m.At.In(cfg.Location).Format("2006-01-02 15:04"), m.Version, m.Lessons, m.Applied, m.Reason)
		}
		return nil
	})
}

func (c *cli) printAccuracy(cfg *config.Config, cases []accuracy.Case, months bool) {
	fmt.Fprintln(c.err, "Counted are items that a colleague claimed, answered, resolved or corrected; what they left counts as right. So precision is rather too high, and recall knows only what somebody corrected.")
	header := func(first string) {
		fmt.Fprintf(c.out, "%-40s %-10s %-12s %7s %7s %7s %9s %7s\n", first, "group", "label", "said", "is", "right", "precision", "recall")
	}
	header("from")
	layout := time.DateOnly
	if months {
		layout = "2006-01"
	}
	for _, part := range accuracy.ByTime(cases, cfg.Location, months) {
		printFigures(c.out, part.From.Format(layout), part.Figures)
	}
	fmt.Fprintln(c.out)
	header("model")
	for _, part := range accuracy.ByModel(cases) {
		printFigures(c.out, part.Name, part.Figures)
	}
}

func printFigures(out io.Writer, first string, f accuracy.Figures) {
	share := func(x float64, known bool) string {
		if !known {
			return "-"
		}
		return fmt.Sprintf("%.3f", x)
	}
	for _, l := range f.Labels() {
		s := f.Scores[l]
		fmt.Fprintf(out, "%-40s %-10s %-12s %7d %7d %7d %9s %7s\n", first, l.Group, l.Name, s.Said, s.Is, s.Hit, share(s.Precision()), share(s.Recall()))
	}
}
