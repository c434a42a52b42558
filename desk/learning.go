package desk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/feedback/accuracy"
	"github.com/huiyin/huiyin/store"
)

// withdrawCorrection takes back what was corrected about an item: it teaches
// nothing any more, and the item is judged by the analysis again. Whoever
// corrected it can, and a lead.
func (c *call) withdrawCorrection() error {
	item := c.one()
	standing, err := c.tx.StandingCorrections(item.ID)
	if err != nil {
		return err
	}
	if len(standing) == 0 {
		return c.refuse("withdraw.none", phraseVars{"number": item.ID})
	}
	mine := !slices.ContainsFunc(standing, func(s *store.Correction) bool { return s.Staff != c.a.Staff.ID })
	if !mine && !c.a.Staff.Role.AtLeast(feedback.Lead) {
		return c.refuseRole(item)
	}
	if !mine && item.Owner != 0 && item.Owner != c.a.Staff.ID && !c.saidYes(anothers) {
		return c.askOthers(item)
	}
	was := snap(item)
	c.final = true
	ids := make([]string, len(standing))
	for i, s := range standing {
		ids[i] = strconv.FormatInt(s.ID, 10)
		if err := c.tx.RevokeCorrection(s.ID, c.a.Staff.ID, c.now); err != nil {
			return err
		}
	}
	item.Verdict = feedback.Verdict{Unread: item.Verdict.Unread}
	if item.State == feedback.Closed || item.State == feedback.Resolved {
		item.Verdict, _ = c.judge(item)
	} else if err := c.reconsider(item); err != nil {
		return err
	}
	if err := c.save(item, step{kind: "uncorrected", actor: c.a, data: map[string]string{"was": was, "corrections": strings.Join(ids, " ")}}); err != nil {
		return err
	}
	words := []string{c.r.Texts.Word(c.lang, "sentiment", item.Verdict.Sentiment), c.r.Texts.Word(c.lang, "intent", item.Verdict.Intent)}
	words = append(words, c.r.Texts.Words(c.lang, "topic", item.Verdict.TopicNames())...)
	c.answer = brief(c.text("withdraw.done", phraseVars{"number": item.ID, "labels": strings.Join(words, " · ")}))
	return nil
}

// uncorrect takes back the correction that a command made, which is undone. The
// verdict that was put back is brought up to date.
func (w *work) uncorrect(a *Actor, item *feedback.Item, correction int64) error {
	if err := w.tx.RevokeCorrection(correction, a.Staff.ID, w.now); err != nil {
		return err
	}
	if item.Verdict.Model == corrected || item.Verdict.Unread {
		return nil // an earlier correction still stands, or there is nothing to put in its place
	}
	if v := verdictOf(w.r.Analyze(item.Text)); v.Model != item.Verdict.Model {
		item.Verdict = v
	}
	return nil
}

// Again has an item's text analysed again by the model in force. Labels change
// and nothing else: priority, route, clock and owner stay, and nothing is sent
// but the edit of a card that is there. What colleagues said stands: corrected
// items are left alone, as are those that could not be analysed (huiyin quarantine
// -replay is for them), and tags set by hand stay. An item that the model in
// force has judged already is left as it is, so that the same again does nothing.
type Again struct {
	Item int64

	Judged  bool // it was judged by another model before
	Changed bool // and its labels are others now
}

func (c *Again) run(w *work) (*feedback.Item, error) {
	c.Judged, c.Changed = false, false
	item, err := w.tx.LockItem(c.Item)
	if err != nil {
		return nil, err
	}
	old := item.Verdict
	if old.Model == corrected || old.Unread || strings.TrimSpace(item.Text) == "" {
		return item, nil
	}
	item.Verdict = verdictOf(w.r.Analyze(item.Text))
	if item.Verdict.Model == old.Model {
		return item, nil
	}
	c.Judged = true
	if slices.Equal(item.Verdict.TopicNames(), old.TopicNames()) {
		c.Changed = item.Verdict.Sentiment != old.Sentiment || item.Verdict.Intent != old.Intent || item.Verdict.Urgency != old.Urgency
	} else {
		tagged, err := w.taggedByHand(item.ID)
		if err != nil {
			return nil, err
		}
		if tagged {
			item.Verdict.Topics = old.Topics
		}
		c.Changed = true
	}
	if !c.Changed {
		return item, w.tx.UpdateItem(item)
	}
	st := step{kind: "reanalyzed", data: map[string]string{"from": old.Model, "model": item.Verdict.Model}}
	if item.Ended() {
		if err := w.tx.UpdateItem(item); err != nil {
			return nil, err
		}
		return item, w.record(item.ID, st)
	}
	return item, w.save(item, st)
}

// taggedByHand reports whether a colleague set tags of an item.
func (w *work) taggedByHand(item int64) (bool, error) {
	events, err := w.tx.Events(item)
	return slices.ContainsFunc(events, func(e *feedback.Event) bool { return e.Kind == "tagged" }), err
}

const (
	// accuracyFor is the time that the report on accuracy tells of, and
	// as long before it the time it compares with.
	accuracyFor = 28 * 24 * time.Hour
	// maxJudged bounds how many items it looks at, the latest.
	maxJudged = 20_000
	// accuracyTopics is how many topics it lists.
	accuracyTopics = 5
)

// asksAccuracy reports whether the words behind 报告 ask how often verdicts are
// right.
func asksAccuracy(text string) bool {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "准确", "准确率", "准不准", "accuracy":
		return true
	}
	return false
}

// reportAccuracy says how often verdicts were right, by what colleagues said of
// them, what models made them, and how learning went.
func (c *call) reportAccuracy() error {
	since := c.now.Add(-accuracyFor)
	judged, err := c.tx.Judgements(since.Add(-accuracyFor), c.now.Add(time.Second), maxJudged)
	if err != nil {
		return err
	}
	var now, before []accuracy.Case
	for _, one := range judged {
		if k := CaseOf(one); one.At.Before(since) {
			before = append(before, k)
		} else {
			now = append(now, k)
		}
	}
	lines := []string{c.text("accuracy.none", nil)}
	if f := accuracy.Of(now); f.Cases > 0 {
		lines = c.accuracyLines(f, accuracy.Of(before), since)
		for _, part := range accuracy.ByModel(now) {
			lines = append(lines, c.text("accuracy.model", phraseVars{"model": part.Name, "count": part.Cases, "changed": part.Changed}))
		}
		lines = append(lines, c.text("accuracy.note", nil))
	}
	tries, err := c.tx.Models("", 1)
	if err != nil {
		return err
	}
	for _, m := range tries {
		lines = append(lines, c.text("accuracy.learned", phraseVars{"at": c.clockIn(c.lang, m.At), "count": m.Lessons, "outcome": c.outcome(m)}))
	}
	c.answer = bots.Answer{Text: strings.Join(lines, "\n")}
	return nil
}

// CaseOf is a judgement as accuracy counts it.
func CaseOf(j *store.Judgement) accuracy.Case {
	return accuracy.Case{At: j.At, Said: j.Said, Right: j.Right}
}

// accuracyLines tell the figures by label, with those of the time before.
func (c *call) accuracyLines(f, before accuracy.Figures, since time.Time) []string {
	lines := []string{c.text("accuracy.head", phraseVars{
		"since": c.r.local(since).Format(time.DateOnly), "until": c.local.Format(time.DateOnly), "count": f.Cases, "changed": f.Changed,
	})}
	topics := 0
	for _, label := range f.Labels() {
		if label.Group == accuracy.Topic {
			if topics++; topics > accuracyTopics {
				continue
			}
		}
		s, was := f.Scores[label], ""
		if b := before.Scores[label]; b.Said+b.Is > 0 {
			was = c.text("accuracy.before", phraseVars{"precision": percent(b.Precision()), "recall": percent(b.Recall())})
		}
		lines = append(lines, c.text("accuracy.line", phraseVars{
			"label": c.r.Texts.Word(c.lang, label.Group, label.Name), "precision": percent(s.Precision()), "recall": percent(s.Recall()), "count": s.Is, "before": was,
		}))
	}
	return lines
}

func percent(share float64, known bool) string {
	if !known {
		return "–"
	}
	return fmt.Sprintf("%.0f%%", 100*share)
}

// outcome words how a try at learning went.
func (c *call) outcome(m *store.Model) string {
	vars := phraseVars{"model": m.Version, "reason": ""}
	if m.Reason != "" {
		vars["reason"] = c.r.Texts.Word(c.lang, "learn", m.Reason)
	}
	switch {
	case m.Applied && m.Reason == "":
		return c.text("learn.applied", vars)
	case m.Applied:
		return c.text("learn.partly", vars)
	default:
		return c.text("learn.refused", vars)
	}
}
