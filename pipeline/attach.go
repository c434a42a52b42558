package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/files"
)

const (
	attachBatch = 16
	// attachTries is how often a file is asked for before it is given up.
	attachTries = 6
	// fetchTimeout bounds fetching one file.
	fetchTimeout = 2 * time.Minute
	// storedRef begins the reference of a file that is in the store already;
	// viaRef that of a file which another bot has to fetch.
	storedRef = "stored:"
	viaRef    = "via:"
)

// attachLoop fetches attachments after their message was acknowledged.
func (p *Pipeline) attachLoop(ctx context.Context) error {
	bell, err := p.stream.Subscribe(ctx, stageAttach)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		n, err := p.attachOnce(ctx)
		if err != nil {
			return err
		}
		if n == attachBatch {
			continue
		}
		t := time.NewTimer(p.timing.Poll)
		select {
		case <-ctx.Done():
		case <-t.C:
		case _, ok := <-bell:
			if !ok {
				bell = nil
			}
		}
		t.Stop()
	}
	return nil
}

func (p *Pipeline) attachOnce(ctx context.Context) (int, error) {
	var due []*feedback.Attachment
	err := p.db.Read(ctx, func(tx *store.Tx) error {
		var err error
		due, err = tx.AttachmentsDue(p.now(), attachBatch)
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, a := range due {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err := p.fetch(ctx, a); err != nil {
			return 0, err
		}
	}
	if err := p.forget(ctx); err != nil {
		return 0, err
	}
	return len(due), nil
}

// fetch brings one attachment into the store and tells the desk.
func (p *Pipeline) fetch(ctx context.Context, a *feedback.Attachment) error {
	a.Attempts++
	next := time.Time{}
	switch err := p.get(ctx, a); {
	case err == nil:
		a.State, a.Error = feedback.AttachmentStored, ""
	case errors.Is(err, files.ErrTooBig):
		a.State, a.Error = feedback.AttachmentTooBig, "too large"
	case a.Attempts >= attachTries || permanent(err):
		a.State, a.Error = feedback.AttachmentFailed, reason(err)
	default:
		a.Error = reason(err)
		next = p.now().Add(min(time.Second<<a.Attempts, p.timing.RetryMax))
	}
	p.fail("attach.fetched")
	err := p.db.Write(ctx, func(tx *store.Tx) error {
		if a.State == feedback.AttachmentStored {
			if err := p.withinQuota(tx, a); err != nil {
				return err
			}
		}
		return tx.SaveAttachment(a, next)
	})
	if errors.Is(err, feedback.ErrNotFound) {
		// The person was erased while the file was on its way.
		if a.Path == "" {
			return nil
		}
		return p.files.Remove(a.Path)
	}
	if err != nil || a.State == feedback.AttachmentPending {
		return err
	}
	if err := p.desk.Apply(ctx, desk.Fetched{Attachment: a})[0].Err; err != nil && !errors.Is(err, feedback.ErrDuplicate) {
		p.log.Error("file not shown to the team", "attachment", a.ID, "err", err)
	}
	return nil
}

// withinQuota counts a customer's file on their day, and sets it aside where the
// day is full.
func (p *Pipeline) withinQuota(tx *store.Tx, a *feedback.Attachment) error {
	m, err := tx.Message(a.Message)
	if err != nil || p.quota <= 0 || m.Direction != feedback.In || m.Author == 0 {
		return err
	}
	now := p.now().UTC()
	key := fmt.Sprintf("quota:%d:%s", m.Author, now.Format(time.DateOnly))
	raw, known, err := tx.State(key)
	if err != nil {
		return err
	}
	var used int64
	if known {
		if used, err = strconv.ParseInt(raw, 10, 64); err != nil {
			return fmt.Errorf("a person's quota: %w", err)
		}
	}
	if used+a.Size > p.quota {
		a.State, a.Error = feedback.AttachmentTooBig, "the person's files of the day are too many"
		return tx.SetState(desk.ForgetPrefix+a.Path, "1", time.Time{})
	}
	return tx.SetState(key, strconv.FormatInt(used+a.Size, 10), now.Add(24*time.Hour))
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

// get stores the file that an attachment refers to.
func (p *Pipeline) get(ctx context.Context, a *feedback.Attachment) error {
	if path, ok := strings.CutPrefix(a.Ref, storedRef); ok {
		a.Path = path
		return nil
	}
	bot, ref, err := p.fetcher(ctx, a)
	if err != nil {
		return err
	}
	limit, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	f, err := bot.Fetch(limit, ref, p.files.MaxFile())
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

// fetcher returns the bot that can fetch an attachment: the one it came
// through.
func (p *Pipeline) fetcher(ctx context.Context, a *feedback.Attachment) (bots.Fetcher, string, error) {
	channel, ref := "", a.Ref
	if rest, ok := strings.CutPrefix(a.Ref, viaRef); ok {
		channel, ref, _ = strings.Cut(rest, ":")
	} else {
		err := p.db.Read(ctx, func(tx *store.Tx) error {
			m, err := tx.Message(a.Message)
			if err == nil {
				channel = m.Channel
			}
			return err
		})
		if err != nil {
			return nil, "", err
		}
	}
	r := p.runner(channel)
	if r == nil {
		return nil, "", &bots.SendError{Fate: bots.Rejected, Code: "channel is not configured any more"}
	}
	f, can := r.bot.(bots.Fetcher)
	if !can {
		return nil, "", &bots.SendError{Fate: bots.Rejected, Code: "channel has no files"}
	}
	return f, ref, nil
}

// forget removes the files whose rows a person had deleted.
func (p *Pipeline) forget(ctx context.Context) error {
	_, _, err := p.desk.RemoveForgotten(ctx, p.files.Remove)
	return err
}
