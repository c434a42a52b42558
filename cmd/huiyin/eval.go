package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/huiyin/huiyin/nlp"
)

// eval scores the whole analysis on labelled files.
func eval(ctx context.Context, c *cli, args []string) error {
	fs := newFlags("eval")
	intent := fs.Bool("intent", false, c.tr("给意图打分；文件第一行是列名，要有 intent（或 label）和 text 两列", "score the intent; the files have a title row and the columns intent (or label) and text"))
	urgency := fs.Bool("urgency", false, c.tr("给紧急程度打分；列是 urgency（或 label）和 text", "score the urgency; the columns are urgency (or label) and text"))
	aspects := fs.Bool("aspects", false, c.tr("给从例子学来的话题打分，文件分成几份轮流留一份来测：.csv 要有 content 列，其余一列一个方面（1、0、-1，没有是 -2）；.tsv 要有 sentiment、subject、text",
		"score topics learned from examples, each part of the file held out in turn: "+
			".csv with the columns content and one an aspect (1, 0, -1, or -2 for none), or .tsv with sentiment, subject and text"))
	seed := fs.Uint64("seed", 1, c.tr("和 -aspects 一起：换个种子，文件就换个分法", "of -aspects: another seed parts the file otherwise"))
	folds := fs.Int("folds", 5, c.tr("和 -aspects 一起：分成几 `份`，轮流留一份来测", "of -aspects: `parts` that the file is held out in"))
	corrections := fs.Bool("corrections", false, c.tr("按同事的纠正，看判断对了多少", "how often verdicts were right, by what colleagues said of them"))
	since := fs.String("since", "", c.tr("和 -corrections 一起：从这一 `天` 起，例如 2026-11-01", "of -corrections: items since this `day`, 2026-11-01"))
	until := fs.String("until", "", c.tr("和 -corrections 一起：到这一 `天` 为止（含）", "of -corrections: items up to and including this `day`"))
	by := fs.String("by", "week", c.tr("和 -corrections 一起：按 `week`（周）还是 month（月）", "of -corrections: `week` or month"))
	paths, err := c.flags(fs, args, -1)
	switch {
	case err != nil:
		return err
	case *by != "week" && *by != "month":
		return fmt.Errorf("%w: -by week or -by month", errUsage)
	case *corrections && len(paths) == 0:
		return c.evalCorrections(ctx, *since, *until, *by == "month")
	case *corrections || *since+*until != "":
		return fmt.Errorf("%w: -since and -until go with -corrections, and -corrections takes no file", errUsage)
	case len(paths) == 0:
		return fmt.Errorf("%w: name at least one file of labelled rows", errUsage)
	case *folds < 2:
		return fmt.Errorf("%w: -folds %d leaves nothing to learn from; 2 are the fewest", errUsage, *folds)
	}
	if *aspects {
		for _, path := range paths {
			if err := evalAspects(c, path, *seed, *folds); err != nil {
				return err
			}
		}
		return nil
	}
	analyzer, err := c.analyzer()
	if err != nil {
		return err
	}
	if !*intent && !*urgency {
		return evalSentiment(c, paths, analyzer)
	}
	for _, path := range paths {
		if *intent {
			if err := evalLabels(c, path, "intent", analyzer, func(v nlp.Verdict) string { return v.Intent }); err != nil {
				return err
			}
		}
		if *urgency {
			if err := evalLabels(c, path, "urgency", analyzer, func(v nlp.Verdict) string { return v.Urgency }); err != nil {
				return err
			}
		}
	}
	return nil
}

// labelScores counts, label by label, how often it was rightly given, given and
// wanted.
type labelScores map[string]*labelScore

type labelScore struct{ right, given, wanted int }

func (s labelScores) of(label string) *labelScore {
	if s[label] == nil {
		s[label] = new(labelScore)
	}
	return s[label]
}

func (s labelScores) count(want, got string) {
	s.of(want).wanted++
	s.of(got).given++
	if want == got {
		s.of(want).right++
	}
}

func (s labelScore) precision() float64 { return float64(s.right) / float64(max(s.given, 1)) }
func (s labelScore) recall() float64    { return float64(s.right) / float64(max(s.wanted, 1)) }
func (s labelScore) f1() float64        { return 2 * float64(s.right) / float64(max(s.given+s.wanted, 1)) }

// print writes a line for each label and returns the mean F1 and the sum of all.
func (s labelScores) print(w io.Writer) (macro float64, all labelScore) {
	fmt.Fprintf(w, "%-16s %7s %9s %9s %9s\n", "label", "rows", "precision", "recall", "F1")
	for _, label := range slices.Sorted(maps.Keys(s)) {
		one := *s[label]
		fmt.Fprintf(w, "%-16s %7d %9.3f %9.3f %9.3f\n", label, one.wanted, one.precision(), one.recall(), one.f1())
		macro += one.f1() / float64(len(s))
		all.right, all.given, all.wanted = all.right+one.right, all.given+one.given, all.wanted+one.wanted
	}
	return macro, all
}

// evalLabels scores what verdict reads of the analysis against the column of
// that name.
func evalLabels(c *cli, path, column string, a *nlp.Analyzer, verdict func(nlp.Verdict) string) error {
	rows, err := readTable(path)
	if err != nil {
		return err
	}
	label, err := rows.column(column, "label")
	if err != nil {
		return err
	}
	text, err := rows.column("text")
	if err != nil {
		return err
	}
	got := make([]string, len(rows.cells))
	each(len(got), func(i int) { got[i] = verdict(a.Analyze(rows.cells[i][text])) })
	scores := make(labelScores)
	for i, cells := range rows.cells {
		if cells[label] != "" {
			scores.count(cells[label], got[i])
		}
	}
	fmt.Fprintf(c.out, "%s: %s\n", filepath.Base(path), column)
	macro, all := scores.print(c.out)
	fmt.Fprintf(c.out, "%d rows, accuracy %.3f, macro-F1 %.3f\n", all.wanted, all.recall(), macro)
	return nil
}

// labelled is a file of rows with titles.
type labelled struct {
	path   string
	titles []string
	cells  [][]string
}

// readTable reads a .csv file, or any other with tabs between the cells.
func readTable(path string) (*labelled, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	content := strings.TrimPrefix(string(b), "\ufeff")
	var rows [][]string
	if strings.EqualFold(filepath.Ext(path), ".csv") {
		if rows, err = csv.NewReader(strings.NewReader(content)).ReadAll(); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	} else {
		for line := range strings.Lines(content) {
			rows = append(rows, strings.Split(strings.TrimRight(line, "\r\n"), "\t"))
		}
	}
	if len(rows) < 2 {
		return nil, fmt.Errorf("%s has no rows below its titles", path)
	}
	for i, cells := range rows {
		if len(cells) != len(rows[0]) {
			return nil, fmt.Errorf("%s: row %d has %d cells, the title row %d", path, i+1, len(cells), len(rows[0]))
		}
	}
	return &labelled{path: path, titles: rows[0], cells: rows[1:]}, nil
}

// column returns the index of the first of names that is a title.
func (t *labelled) column(names ...string) (int, error) {
	for _, name := range names {
		if i := slices.Index(t.titles, name); i >= 0 {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%s has no column %s", t.path, strings.Join(names, " or "))
}

// aspectText is a text with its aspects and the sentiment of each.
type aspectText struct {
	text    string
	aspects map[string]string
}

// evalAspects learns the topics of the file from the examples of all parts but
// one and looks for them in that one, for each part.
func evalAspects(c *cli, path string, seed uint64, folds int) error {
	texts, err := readAspects(path)
	if err != nil {
		return err
	}
	cfg, err := c.loadConfig()
	if err != nil {
		return err
	}
	seg, err := openSegmenter(cfg)
	if err != nil {
		return err
	}
	scores, sentiments := make(labelScores), make(labelScores)
	for fold := range folds {
		held := func(t aspectText) bool { return part(t.text, seed, folds) == fold }
		a, err := nlp.New(nlp.Options{Segmenter: seg, Topics: aspectTopics(texts, held)})
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		scoreAspects(a, texts, held, scores, sentiments)
	}
	fmt.Fprintf(c.out, "%s: %d texts, seed %d, each of %d parts held out in turn\n", filepath.Base(path), len(texts), seed, folds)
	macro, all := scores.print(c.out)
	fmt.Fprintf(c.out, "aspects: micro-F1 %.3f (precision %.3f, recall %.3f), macro-F1 %.3f\n", all.f1(), all.precision(), all.recall(), macro)
	polar := labelScore{}
	for _, label := range []string{"positive", "negative"} {
		one := sentiments.of(label)
		polar.right, polar.wanted = polar.right+one.right, polar.wanted+one.wanted
	}
	macro, every := sentiments.print(c.out)
	fmt.Fprintf(c.out, "sentiment of the %d aspects found: accuracy %.3f, of the %d positive and negative ones %.3f, macro-F1 %.3f\n",
		every.wanted, every.recall(), polar.wanted, polar.recall(), macro)
	return nil
}

// part tells in which of n parts a text is.
func part(text string, seed uint64, n int) int {
	h := fnv.New64a()
	h.Write([]byte(strconv.FormatUint(seed, 10) + "\n" + text))
	return int(h.Sum64() >> 1 % uint64(n))
}

// aspectTopics returns a topic for each aspect, with the texts that are not held
// out as examples.
func aspectTopics(texts []aspectText, held func(aspectText) bool) []nlp.Topic {
	examples := make(map[string][]string)
	for _, t := range texts {
		for aspect := range t.aspects {
			if !held(t) {
				examples[aspect] = append(examples[aspect], t.text)
			}
		}
	}
	var topics []nlp.Topic
	for _, aspect := range slices.Sorted(maps.Keys(examples)) {
		topics = append(topics, nlp.Topic{Name: aspect, Examples: examples[aspect]})
	}
	return topics
}

// scoreAspects adds to scores the aspects that a finds in the texts held out,
// and to sentiments the sentiment of those that are right.
func scoreAspects(a *nlp.Analyzer, texts []aspectText, held func(aspectText) bool, scores, sentiments labelScores) {
	verdicts := make([]nlp.Verdict, len(texts))
	each(len(texts), func(i int) {
		if held(texts[i]) {
			verdicts[i] = a.Analyze(texts[i].text)
		}
	})
	builtin := nlp.BuiltinTopics()
	for i, t := range texts {
		if !held(t) {
			continue
		}
		for aspect := range t.aspects {
			scores.of(aspect).wanted++
		}
		for _, topic := range verdicts[i].Topics {
			want, ok := t.aspects[topic.Name]
			switch {
			case ok:
				scores.of(topic.Name).right++
				scores.of(topic.Name).given++
				sentiments.count(want, topic.Sentiment)
			case !slices.Contains(builtin, topic.Name):
				scores.of(topic.Name).given++
			}
		}
	}
}

// readAspects reads texts with aspects in one of two forms: a column for each
// aspect, or a row for each.
func readAspects(path string) ([]aspectText, error) {
	rows, err := readTable(path)
	if err != nil {
		return nil, err
	}
	text, err := rows.column("content", "text")
	if err != nil {
		return nil, err
	}
	if subject, err := rows.column("subject"); err == nil {
		return rows.aspectRows(text, subject)
	}
	return rows.aspectColumns(text)
}

// aspectRows joins the rows of a text.
func (t *labelled) aspectRows(text, subject int) ([]aspectText, error) {
	sentiment, err := t.column("sentiment")
	if err != nil {
		return nil, err
	}
	at := make(map[string]int)
	var texts []aspectText
	for _, cells := range t.cells {
		i, ok := at[cells[text]]
		if !ok {
			i = len(texts)
			at[cells[text]] = i
			texts = append(texts, aspectText{text: cells[text], aspects: make(map[string]string)})
		}
		texts[i].aspects[cells[subject]] = cells[sentiment]
	}
	return texts, nil
}

// errNoAspects means that a file has no column of an aspect.
var errNoAspects = errors.New("has no column of an aspect: subject, or one an aspect with 1, 0, -1 or -2")

// aspectColumns joins the columns whose names begin alike, up to the first
// underscore: service_wait_time and service_waiters_attitude are service. Of
// several sentiments the sum's sign counts. Columns of others are of no aspect.
func (t *labelled) aspectColumns(text int) ([]aspectText, error) {
	var texts []aspectText
	found := false
	for _, cells := range t.cells {
		one := aspectText{text: cells[text], aspects: make(map[string]string)}
		sums := make(map[string]int)
		for i, cell := range cells {
			value, err := strconv.Atoi(cell)
			coarse, _, isAspect := strings.Cut(t.titles[i], "_")
			if err != nil || !isAspect || coarse == "others" || value < -1 || value > 1 {
				continue
			}
			sums[coarse] += value
			found = true
		}
		for coarse, sum := range sums {
			one.aspects[coarse] = [...]string{"negative", "neutral", "positive"}[1+max(-1, min(1, sum))]
		}
		texts = append(texts, one)
	}
	if !found {
		return nil, fmt.Errorf("%s %w", t.path, errNoAspects)
	}
	return texts, nil
}
