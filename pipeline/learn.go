package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/nlp"
	"github.com/huiyin/huiyin/store"
)

const (
	// maxLessons is how many corrections are learned from, the latest: what a
	// brand's people say changes, and memory is bounded by it.
	maxLessons = 5_000
	// maxKept is how many verdicts that people left as they were are looked at.
	maxKept = 1_000
	// keptFor is how far back those may lie.
	keptFor = 180 * 24 * time.Hour
	// learnBurst is how long learning works before it lets others work as long.
	learnBurst = 5 * time.Millisecond
)

// Reasons why a try was not applied, beside those of the parts.
const (
	refusedNothing       = "nothing"       // no text was corrected, or only taken back
	refusedContradiction = "contradiction" // people say one thing of a text as often as another
)

// learnLoop learns whenever other corrections stand than those last learned
// from, and were left alone for as long as Timing.Learn says.
func (p *Pipeline) learnLoop(ctx context.Context) error {
	seen, since := "", p.now()
	for ctx.Err() == nil {
		due, mark, err := p.toLearn(ctx)
		if err != nil {
			return err
		}
		now := p.now()
		if mark != seen {
			seen, since = mark, now
		}
		if due && now.Sub(since) >= p.timing.Learn {
			if err := p.LearnOnce(ctx); err != nil {
				return err
			}
			continue
		}
		pause(ctx, max(min(p.timing.Learn/4, 10*time.Second), 10*time.Millisecond))
	}
	return nil
}

// toLearn reports whether other corrections stand than those of the latest try,
// and a mark of those.
func (p *Pipeline) toLearn(ctx context.Context) (due bool, mark string, err error) {
	base, err := nlp.Base()
	if err != nil {
		return false, "", err
	}
	err = p.db.Read(ctx, func(tx *store.Tx) error {
		ids, err := tx.CorrectionIDs(maxLessons)
		if err != nil {
			return err
		}
		mark = printOf(ids)
		last, err := tx.Models(base, 1)
		if err != nil {
			return err
		}
		// Where nobody ever corrected anything, there is nothing to try.
		due = len(last) > 0 && last[0].Print != mark || len(last) == 0 && len(ids) > 0
		return nil
	})
	return due, mark, err
}

// printOf names a set of corrections.
func printOf(ids []int64) string {
	h := sha256.New()
	_, _ = fmt.Fprint(h, ids) // never fails
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// LearnOnce learns from the corrections that stand, keeps how that went and,
// where it passed, puts it in force. What is in force already stays where
// nothing passes, unless it was learned from corrections that no longer stand:
// those must not teach on.
func (p *Pipeline) LearnOnce(ctx context.Context) error {
	began := p.now()
	base, err := nlp.Base()
	if err != nil {
		return err
	}
	var lessons, kept []nlp.Lesson
	var ids []int64
	var inForce *store.Model
	err = p.db.Read(ctx, func(tx *store.Tx) error {
		var corrected, left []*store.Judgement
		var err error
		if corrected, ids, err = tx.Corrected(maxLessons); err != nil {
			return err
		}
		if left, err = tx.Judgements(began.Add(-keptFor), began, maxKept); err != nil {
			return err
		}
		lessons, kept = lessonsOf(corrected), keptOf(left)
		if inForce, err = tx.ModelInForce(base); errors.Is(err, feedback.ErrNotFound) {
			inForce, err = nil, nil
		}
		return err
	})
	if err != nil {
		return err
	}
	p.fail("learn.begun")
	learned, report, err := p.mind.Analyzer().Learn(ctx, lessons, nlp.LearnOptions{Kept: kept, Pause: breather(ctx)})
	if err != nil {
		return err
	}
	m := &store.Model{
		Version: report.Version, Base: base, Lessons: report.Lessons, Print: printOf(ids), At: began, Took: p.now().Sub(began),
		Applied: learned != nil, Reason: reasonOf(report),
	}
	figures, err := json.Marshal(tried{report, ids})
	if err != nil {
		return fmt.Errorf("keep how learning went: %w", err)
	}
	m.Figures = string(figures)
	switch {
	case learned != nil:
		if m.Data, err = learned.MarshalBinary(); err != nil {
			return err
		}
	case inForce != nil && inForce.Data != nil && !stillStands(inForce, ids):
		m.Applied, m.Version = true, base // taken back, down to the base
	}
	p.fail("learn.tried")
	err = p.db.Write(ctx, func(tx *store.Tx) error {
		if epoch := epochOf(ctx); epoch != 0 {
			if err := tx.CheckLease(learnLease, epoch); err != nil {
				return err
			}
		}
		return tx.AddModel(m)
	})
	if err != nil {
		return err
	}
	p.fail("learn.kept")
	p.log.Info("learned from corrections", "model", m.Version, "corrections", m.Lessons, "applied", m.Applied, "reason", m.Reason, "took", m.Took)
	if err := p.LoadModel(ctx); err != nil {
		return err
	}
	p.publish(topicModel, "")
	return nil
}

// learnLease is the lease under which one process learns.
const learnLease = "learn"

// tried is what is kept of a try.
type tried struct {
	*nlp.LearnReport
	Corrections []int64 `json:"corrections"`
}

// stillStands reports whether every correction that m learned from is among ids.
func stillStands(m *store.Model, ids []int64) bool {
	var t tried
	if err := json.Unmarshal([]byte(m.Figures), &t); err != nil {
		return false
	}
	// Where more stand than are learned from, those that fell out of the end were
	// not taken back.
	full := len(ids) == maxLessons
	for _, id := range t.Corrections {
		if !slices.Contains(ids, id) && (!full || id >= ids[len(ids)-1]) {
			return false
		}
	}
	return true
}

// reasonOf says in a code why nothing, or not everything, was applied.
func reasonOf(r *nlp.LearnReport) string {
	switch {
	case r.Lessons == 0 && r.Contradictions > 0:
		return refusedContradiction
	case len(r.Parts) == 0:
		return refusedNothing
	}
	for _, part := range r.Parts {
		if !part.Applied && (part.Reason != nlp.RefusedFew || !r.Applied()) {
			return part.Reason
		}
	}
	return ""
}

// lessonsOf are what people said of items. Texts that nothing was said in teach
// nothing: a voice message was corrected for what it says.
func lessonsOf(judged []*store.Judgement) []nlp.Lesson {
	var out []nlp.Lesson
	for _, j := range judged {
		l := nlp.Lesson{Text: j.Text, Topics: j.About, Not: j.Not}
		if j.Sentiment {
			l.Sentiment = j.Right.Sentiment
		}
		if j.Intent {
			l.Intent = j.Right.Intent
		}
		out = append(out, l)
	}
	return out
}

// keptOf are verdicts that people saw and left as they were.
func keptOf(judged []*store.Judgement) []nlp.Lesson {
	var out []nlp.Lesson
	for _, j := range judged {
		if !j.Corrected() {
			out = append(out, nlp.Lesson{Text: j.Text, Sentiment: j.Said.Sentiment, Intent: j.Said.Intent, Topics: j.Said.TopicNames()})
		}
	}
	return out
}

// breather returns what learning calls between its steps: after a burst of work
// it rests as long, so that analysis in the same process goes on.
func breather(ctx context.Context) func() {
	began := time.Now()
	return func() {
		if worked := time.Since(began); worked >= learnBurst {
			pause(ctx, worked)
			began = time.Now()
		}
	}
}

// LoadModel puts in force what another process, or this one before it was
// restarted, learned.
func (p *Pipeline) LoadModel(ctx context.Context) error {
	p.loading.Lock()
	defer p.loading.Unlock()
	var err error
	p.model, err = TeachFrom(ctx, p.db, p.mind, p.model, p.log)
	return err
}

// TeachFrom has mind use what the database says was learned, where that is
// another model than the one with the ID have, and returns the ID of the one in
// use; 0: nothing was ever learned. What cannot be used leaves mind as it is: it
// is damaged.
func TeachFrom(ctx context.Context, db *store.DB, mind *nlp.Live, have int64, log *slog.Logger) (int64, error) {
	base, err := nlp.Base()
	if err != nil {
		return have, err
	}
	var m *store.Model
	err = db.Read(ctx, func(tx *store.Tx) error {
		id, err := tx.IDOfModelInForce(base)
		if err != nil || id == have {
			return err
		}
		m, err = tx.ModelInForce(base)
		return err
	})
	if err != nil || m == nil {
		return have, err
	}
	var learned *nlp.Learned
	if m.Data != nil {
		learned = new(nlp.Learned)
		err = learned.UnmarshalBinary(m.Data)
	}
	if err == nil {
		err = mind.Teach(learned)
	}
	if err != nil {
		log.Error("what was learned from corrections cannot be used, the analysis stays as it is", "model", m.Version, "err", err)
		return m.ID, nil
	}
	log.Info("the analysis uses what was learned from corrections", "model", m.Version)
	return m.ID, nil
}

// followModel notices what another process learned: by its ring, or at the
// latest after modelPoll.
func (p *Pipeline) followModel(ctx context.Context) error {
	bell, err := p.stream.Subscribe(ctx, topicModel)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		if err := p.LoadModel(ctx); err != nil {
			return err
		}
		await(ctx, &bell, modelPoll)
	}
	return nil
}

// modelPoll is how often SQL is asked for another model although nobody rang.
const modelPoll = 30 * time.Second
