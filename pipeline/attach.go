package pipeline

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/files"
)

const (
	// attachLook is how many due files are looked at, attachAtOnce how many are
	// fetched through one bot at a time: where one platform hands out nothing, the
	// files of the others do not wait for it.
	attachLook   = 1000
	attachAtOnce = 4
	// attachTries is how often a file is asked for before it is given up.
	attachTries = 6
	// fetchTimeout bounds fetching one file.
	fetchTimeout = 2 * time.Minute
	// viaRef begins the reference of a file which another bot has to fetch.
	viaRef = "via:"
)

// attachLoop fetches attachments after their message was acknowledged.
func (p *Pipeline) attachLoop(ctx context.Context) error {
	bell, err := p.stream.Subscribe(ctx, stageAttach)
	if err != nil {
		return err
	}
	f := newFetching(p)
	defer f.work.Wait()
	for ctx.Err() == nil {
		if _, err := f.step(ctx); err != nil {
			return err
		}
		if err := p.forget(ctx); err != nil {
			return err
		}
		t := time.NewTimer(p.timing.Poll)
		select {
		case <-ctx.Done():
		case <-t.C:
		case <-f.freed:
		case _, ok := <-bell:
			if !ok {
				bell = nil
			}
		}
		t.Stop()
	}
	return nil
}

// fetching is what is being fetched under one lease.
type fetching struct {
	p     *Pipeline
	freed chan struct{} // one token: a file is done
	work  sync.WaitGroup

	mu     sync.Mutex
	busy   map[int64]bool // by attachment
	of     map[string]int // how many by bot
	failed error          // ends the loop
}

func newFetching(p *Pipeline) *fetching {
	return &fetching{p: p, freed: make(chan struct{}, 1), busy: map[int64]bool{}, of: map[string]int{}}
}

// step begins to fetch what is due, as far as there is room, and returns how many
// files that are.
func (f *fetching) step(ctx context.Context) (begun int, err error) {
	f.mu.Lock()
	// What is in hand before the look is passed over: it may be done after it.
	busy := maps.Clone(f.busy)
	err = f.failed
	f.mu.Unlock()
	if err != nil {
		return 0, err
	}
	var due []*store.FileDue
	err = f.p.db.Read(ctx, func(tx *store.Tx) error {
		var err error
		due, err = tx.AttachmentsDue(f.p.now(), attachLook)
		return err
	})
	for _, one := range due {
		bot, ref := fetchedBy(one)
		if !busy[one.ID] && f.begin(one.ID, bot) {
			begun++
			f.work.Go(func() { f.end(one.ID, bot, safely(func() error { return f.p.fetch(ctx, &one.Attachment, bot, ref) })) })
		}
	}
	return begun, err
}

// begin takes up a file, unless its bot has enough to do.
func (f *fetching) begin(id int64, bot string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of[bot] >= attachAtOnce {
		return false
	}
	f.busy[id] = true
	f.of[bot]++
	return true
}

func (f *fetching) end(id int64, bot string, err error) {
	f.mu.Lock()
	delete(f.busy, id)
	f.of[bot]--
	if f.failed == nil {
		f.failed = err
	}
	f.mu.Unlock()
	select {
	case f.freed <- struct{}{}:
	default:
	}
}

// fetchedBy returns the bot that can fetch a file, and what it calls the file: the
// one it came through.
func fetchedBy(f *store.FileDue) (bot, ref string) {
	if rest, ok := strings.CutPrefix(f.Ref, viaRef); ok {
		bot, ref, _ = strings.Cut(rest, ":")
		return bot, ref
	}
	return f.Channel, f.Ref
}

// fetch brings one attachment into the store and has the desk keep and show it.
func (p *Pipeline) fetch(ctx context.Context, a *feedback.Attachment, bot, ref string) error {
	a.Attempts++
	next := time.Time{}
	switch err := p.get(ctx, a, bot, ref); {
	case err == nil:
		a.State, a.Error = feedback.AttachmentStored, ""
	case ctx.Err() != nil:
		return nil // a stop is no try: it is due again
	case errors.Is(err, files.ErrTooBig):
		a.State, a.Error = feedback.AttachmentTooBig, "too large"
	case a.Attempts >= attachTries || permanent(err):
		a.State, a.Error = feedback.AttachmentFailed, reason(err)
	default:
		a.Error = reason(err)
		next = p.now().Add(p.attachPause(a))
	}
	p.fail("attach.fetched")
	// What was fetched is kept, whatever has ended meanwhile.
	keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.timing.Grace)
	defer cancel()
	err := p.desk.Apply(keep, desk.Fetched{Attachment: a, Next: next, Quota: p.quota})[0].Err
	switch {
	case err == nil, errors.Is(err, store.ErrUnknownOutcome):
		return err
	case unwritable(err):
		return errors.Join(err, p.discard(a))
	case errors.Is(err, feedback.ErrNotFound): // the person was erased while the file was on its way
		if a.Path == "" {
			return nil
		}
		return p.files.Remove(a.Path)
	}
	return p.unshown(keep, a, err)
}

// attachPause is how long to wait before a file is asked for again.
func (p *Pipeline) attachPause(a *feedback.Attachment) time.Duration {
	return min(time.Second<<a.Attempts, p.timing.RetryMax)
}

// discard removes a file that was stored and that no row tells of. What was in the
// store already stays.
func (p *Pipeline) discard(a *feedback.Attachment) error {
	if a.Path == "" || strings.HasPrefix(a.Ref, feedback.StoredRef) {
		return nil
	}
	return p.files.Remove(a.Path)
}

// unshown deals with a file that the desk could not show: it is tried again from
// the beginning some times, then kept all the same.
func (p *Pipeline) unshown(ctx context.Context, a *feedback.Attachment, cause error) error {
	p.log.Error("file not shown to the team", "attachment", a.ID, "try", a.Attempts, "err", cause)
	next := time.Time{}
	if a.State != feedback.AttachmentPending && a.Attempts < attachTries {
		if err := p.discard(a); err != nil {
			return err
		}
		a.State, a.Path, a.Error = feedback.AttachmentPending, "", "could not be shown"
	}
	if a.State == feedback.AttachmentPending {
		next = p.now().Add(p.attachPause(a))
	}
	return p.db.Write(ctx, func(tx *store.Tx) error { return tx.SaveAttachment(a, next) })
}

// permanent reports whether asking again is of no use.
func permanent(err error) bool {
	var se *bots.SendError
	return errors.As(err, &se) && (se.Fate == bots.Rejected || se.Fate == bots.Gone || se.Fate == bots.Vanished)
}

// reason is an error without anything that came from outside.
func reason(err error) string {
	var se *bots.SendError
	if errors.As(err, &se) {
		return string(se.Fate) + ": " + se.Code
	}
	return "could not be fetched"
}

// get stores the file that bot knows as ref.
func (p *Pipeline) get(ctx context.Context, a *feedback.Attachment, bot, ref string) error {
	if path, ok := strings.CutPrefix(a.Ref, feedback.StoredRef); ok {
		a.Path = path
		return nil
	}
	r := p.runner(bot)
	if r == nil {
		return &bots.SendError{Fate: bots.Rejected, Code: "channel is not configured any more"}
	}
	fetcher, can := r.bot.(bots.Fetcher)
	if !can {
		return &bots.SendError{Fate: bots.Rejected, Code: "channel has no files"}
	}
	limit, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	f, err := fetcher.Fetch(limit, ref, p.files.MaxFile())
	if err != nil {
		return err
	}
	defer f.Body.Close()
	stored, err := p.files.Put(f.Body)
	if err != nil {
		return err
	}
	a.Path, a.MIME, a.Size = stored.Path, stored.MIME, stored.Size
	if a.Name == "" {
		a.Name = f.Name
	}
	return nil
}

// forget removes the files whose rows a person had deleted.
func (p *Pipeline) forget(ctx context.Context) error {
	_, _, err := p.desk.RemoveForgotten(ctx, p.files.Remove)
	return err
}
