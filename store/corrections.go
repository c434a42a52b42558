package store

import (
	"slices"
	"strings"
	"time"

	"github.com/huiyin/huiyin/feedback"
)

const correctionColumns = "item, staff, text, was, is_now, at, revoked, labels, revoked_by, revoked_at"

func correctionFields(c *Correction) []any {
	return []any{&c.Item, &c.Staff, &c.Text, inJSON(&c.Was), inJSON(&c.Is), at{&c.At}, &c.Revoked, &c.Labels, &c.RevokedBy, at{&c.RevokedAt}}
}

func correctionRow(c *Correction) []any { return append([]any{&c.ID}, correctionFields(c)...) }

// AddCorrection keeps what a colleague corrected, and sets its ID.
func (tx *Tx) AddCorrection(c *Correction) error {
	return tx.get("correction", []any{&c.ID}, "INSERT INTO corrections ("+correctionColumns+") VALUES ("+places(correctionColumns)+") RETURNING id", correctionFields(c)...)
}

// Corrections returns the corrections that stand, the latest first, at most max
// (0: all).
func (tx *Tx) Corrections(max int) ([]*Correction, error) {
	return list(tx, correctionRow, "SELECT id, "+correctionColumns+" FROM corrections WHERE NOT revoked ORDER BY id DESC LIMIT ?", limit(max))
}

// CorrectionIDs returns the ids of the corrections that stand, the latest first,
// at most max (0: all).
func (tx *Tx) CorrectionIDs(max int) ([]int64, error) {
	return tx.ids("SELECT id FROM corrections WHERE NOT revoked ORDER BY id DESC LIMIT ?", limit(max))
}

// StandingCorrections returns the corrections of an item that stand, the first first.
func (tx *Tx) StandingCorrections(item int64) ([]*Correction, error) {
	return list(tx, correctionRow, "SELECT id, "+correctionColumns+" FROM corrections WHERE NOT revoked AND item = ? ORDER BY id", item)
}

// RevokeCorrection has a colleague take a correction back: it is kept, and
// teaches nothing. One that was taken back already stays as it is.
func (tx *Tx) RevokeCorrection(id, staff int64, now time.Time) error {
	n, err := tx.exec("UPDATE corrections SET revoked_by = CASE WHEN revoked THEN revoked_by ELSE ? END, revoked_at = CASE WHEN revoked THEN revoked_at ELSE ? END, revoked = ? WHERE id = ?", staff, now, true, id)
	return changed(n, err, "correction", id)
}

// Judgement is what people said of the verdict of one item. Where nobody
// corrected it, Right is Said: a person worked on the item and left its labels.
type Judgement struct {
	Item  int64
	At    time.Time // when the item was created
	Text  string
	Said  feedback.Verdict // by the analysis, before anybody corrected it
	Right feedback.Verdict
	// Which labels people named; none where nobody corrected it.
	Sentiment, Intent bool
	About, Not        []string // topics
}

// Corrected reports whether anybody corrected it.
func (j *Judgement) Corrected() bool {
	return j.Sentiment || j.Intent || len(j.About)+len(j.Not) > 0
}

// add takes the next correction of the same item.
func (j *Judgement) add(c *Correction) {
	if !j.Corrected() {
		j.Item, j.Said = c.Item, c.Was
	}
	j.Text, j.Right = c.Text, c.Is
	for _, label := range c.named() {
		name := label[1:]
		switch {
		case label[0] == '+':
			j.About, j.Not = appendNew(j.About, name), without(j.Not, name)
		case label[0] == '-':
			j.About, j.Not = without(j.About, name), appendNew(j.Not, name)
		case slices.Contains(feedback.Sentiments, label):
			j.Sentiment = true
		case slices.Contains(feedback.Intents, label):
			j.Intent = true
		}
	}
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

func without(list []string, s string) []string {
	return slices.DeleteFunc(list, func(have string) bool { return have == s })
}

// named returns the labels that a correction names. Of one kept before they were
// written down, what it changed tells.
func (c *Correction) named() []string {
	if c.Labels != "" {
		return strings.Fields(c.Labels)
	}
	var out []string
	if c.Was.Sentiment != c.Is.Sentiment {
		out = append(out, c.Is.Sentiment)
	}
	if c.Was.Intent != c.Is.Intent {
		out = append(out, c.Is.Intent)
	}
	was, is := c.Was.TopicNames(), c.Is.TopicNames()
	for _, t := range is {
		if !slices.Contains(was, t) {
			out = append(out, "+"+t)
		}
	}
	for _, t := range was {
		if !slices.Contains(is, t) {
			out = append(out, "-"+t)
		}
	}
	return out
}

// Corrected returns what standing corrections say, one for each item, the latest
// corrected first, and the ids of those corrections. At is not set. At most max
// corrections are looked at, the latest.
func (tx *Tx) Corrected(max int) ([]*Judgement, []int64, error) {
	all, err := tx.Corrections(max)
	if err != nil {
		return nil, nil, err
	}
	byItem := map[int64]*Judgement{}
	var order []int64
	ids := make([]int64, len(all))
	for i, c := range all {
		ids[i] = c.ID
		if byItem[c.Item] == nil {
			byItem[c.Item] = new(Judgement)
			order = append(order, c.Item)
		}
	}
	for _, c := range slices.Backward(all) {
		byItem[c.Item].add(c)
	}
	out := make([]*Judgement, len(order))
	for i, item := range order {
		out[i] = byItem[item]
	}
	return out, ids, nil
}

// judged selects items whose labels people have seen and judged: a colleague
// claimed them, answered or resolved them, or corrected them.
const judged = "(NOT history AND (claimed_at <> 0 OR replied_at <> 0 OR resolved_at <> 0) OR id IN (SELECT c.item FROM corrections c WHERE NOT c.revoked))"

// Judgements returns what people said of items created from since until before
// until, the newest first, at most max.
func (tx *Tx) Judgements(since, until time.Time, max int) ([]*Judgement, error) {
	corrected, _, err := tx.Corrected(0)
	if err != nil {
		return nil, err
	}
	byItem := make(map[int64]*Judgement, len(corrected))
	for _, j := range corrected {
		byItem[j.Item] = j
	}
	rows, err := list(tx, func(j *Judgement) []any { return []any{&j.Item, at{&j.At}, &j.Text, inJSON(&j.Said)} },
		"SELECT id, created_at, text, verdict FROM items WHERE created_at >= ? AND created_at < ? AND "+judged+" ORDER BY id DESC LIMIT ?", since, until, limit(max))
	if err != nil {
		return nil, err
	}
	for i, j := range rows {
		if c := byItem[j.Item]; c != nil {
			c.At = j.At
			rows[i] = c
			continue
		}
		j.Right = j.Said
	}
	return rows, nil
}
