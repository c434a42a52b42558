package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/nlp/sentiment"
)

// train trains the sentiment model.
func train(ctx context.Context, c *cli, args []string) error {
	fs := newFlags("train")
	out := fs.String("o", "model.bin", c.tr("模型写到哪个 `文件`", "`file` to write the model to"))
	seed := fs.Uint64("seed", 1, c.tr("随机种子：种子和数据一样，模型就一样", "the same seed and data give the same model"))
	name := fs.String("name", "", c.tr("给这版模型起的 `名字`", "name of the model's version"))
	leaveOut := fs.Bool("leave-out", false, c.tr("再用开发集、用没参加训练的来源各测一遍：要多训练五次", "then measure on DIR's development rows and on sources left out of training: five more trainings"))
	dirs, err := c.flags(fs, args, 1)
	if err != nil {
		return err
	}
	rows, unlabelled, err := sentiment.ReadDir(dirs[0])
	if err != nil {
		return err
	}
	fmt.Fprintf(c.err, "%d rows, %d texts without label\n", len(rows), len(unlabelled))
	options := sentiment.TrainOptions{
		Seed: *seed, Fold: nlp.Fold, Name: *name, Log: func(line string) { fmt.Fprintln(c.err, line) },
	}
	model, report, err := sentiment.Train(ctx, rows, unlabelled, options)
	if err != nil {
		return err
	}
	if err := saveModel(model, *out); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s: version %s, %d rows, %d features, held out: polarity %.3f, macro-F1 %.3f\n",
		*out, model.Version(), report.Rows, report.Features, report.HeldOut.Polarity, report.HeldOut.MacroF1)
	if !*leaveOut {
		return nil
	}
	return measure(ctx, c, dirs[0], model, rows, unlabelled, options)
}

// measure prints by source how well the model does on development rows, and how
// well models do that were trained without the source.
func measure(ctx context.Context, c *cli, dir string, model *sentiment.Model, rows []sentiment.Row, unlabelled []string, o sentiment.TrainOptions) error {
	development, err := sentiment.ReadDevelopment(dir)
	if err != nil {
		return err
	}
	leftOut, err := sentiment.EvaluateLeftOut(ctx, rows, development, unlabelled, o)
	if err != nil {
		return err
	}
	for i := range development {
		development[i].Text = o.Fold(development[i].Text)
	}
	_, err = fmt.Fprint(c.out, sentiment.LeaveOutTable(sentiment.Evaluate(model, development, nil), leftOut))
	return err
}

func saveModel(model *sentiment.Model, file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(model.Save(f), f.Close())
}

// evalSentiment scores the sentiment on rows label<TAB>text.
func evalSentiment(c *cli, paths []string, analyzer *nlp.Analyzer) error {
	fmt.Fprintf(c.out, "%-28s %7s %9s %9s\n", "file", "rows", "polarity", "macro-F1")
	var all tally
	polarity, macro, withNeutral := 0.0, 0.0, 0
	for _, path := range paths {
		t, err := evalFile(path, analyzer)
		if err != nil {
			return err
		}
		all.add(t)
		polarity += t.polarity()
		if t.rows > t.polar {
			macro += t.macroF1()
			withNeutral++
		}
		fmt.Fprintf(c.out, "%-28s %7d %9.4f %9.4f\n", strings.TrimSuffix(filepath.Base(path), ".tsv"), t.rows, t.polarity(), t.macroF1())
	}
	if len(paths) > 1 {
		fmt.Fprintf(c.out, "%-28s %7d %9.4f %9.4f\n", "all", all.rows, all.polarity(), all.macroF1())
		fmt.Fprintf(c.out, "%-28s %7s %9.4f %9.4f (macro-F1: of the %d with neutral rows)\n", "mean of the files", "",
			polarity/float64(len(paths)), macro/float64(max(withNeutral, 1)), withNeutral)
	}
	return nil
}

// tally counts verdicts against labels.
type tally struct {
	rows          int
	polar, agreed int
	confusion     map[[2]string]int // label, verdict
}

func (t *tally) add(o tally) {
	t.rows += o.rows
	t.polar += o.polar
	t.agreed += o.agreed
	if t.confusion == nil {
		t.confusion = map[[2]string]int{}
	}
	for k, n := range o.confusion {
		t.confusion[k] += n
	}
}

// polarity is the share of positive and negative rows whose score has the
// label's sign.
func (t *tally) polarity() float64 { return float64(t.agreed) / float64(max(t.polar, 1)) }

// macroF1 is the mean F1 of the labels that occur.
func (t *tally) macroF1() float64 {
	labels := map[string]bool{}
	for k := range t.confusion {
		labels[k[0]] = true
	}
	var names []string
	for l := range labels {
		names = append(names, l)
	}
	sort.Strings(names)
	sum := 0.0
	for _, l := range names {
		var hit, said, is int
		for k, n := range t.confusion {
			if k[0] == l {
				is += n
			}
			if k[1] == l {
				said += n
			}
			if k[0] == l && k[1] == l {
				hit += n
			}
		}
		if said+is > 0 {
			sum += 2 * float64(hit) / float64(said+is)
		}
	}
	return sum / float64(max(len(names), 1))
}

func evalFile(path string, a *nlp.Analyzer) (tally, error) {
	t := tally{confusion: map[[2]string]int{}}
	b, err := os.ReadFile(path)
	if err != nil {
		return t, err
	}
	lines := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	type row struct{ label, text string }
	var rows []row
	for i, line := range lines {
		label, text, ok := strings.Cut(strings.TrimRight(line, "\r"), "\t")
		if i == 0 && label == "label" {
			continue
		}
		if !ok || label != "positive" && label != "neutral" && label != "negative" {
			return t, fmt.Errorf("%s:%d: a row is label<TAB>text, the label positive, neutral or negative", path, i+1)
		}
		rows = append(rows, row{label, text})
	}
	verdicts := make([]nlp.Verdict, len(rows))
	each(len(rows), func(i int) { verdicts[i] = a.Analyze(rows[i].text) })
	for i, r := range rows {
		v := verdicts[i]
		t.rows++
		t.confusion[[2]string{r.label, v.Sentiment}]++
		if r.label != "neutral" {
			t.polar++
			if (v.Score > 0) == (r.label == "positive") {
				t.agreed++
			}
		}
	}
	return t, nil
}
