package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// ErrSending says that a person cannot be erased yet: a message to them is at
// this moment handed to a platform.
var ErrSending = errors.New("a message to this person is being sent")

const (
	// forgetBatch is how many people one call of Forget erases.
	forgetBatch = 100
	// erasedFor is how long it is remembered, as a hash, that a person asked to be
	// erased: a disk spool that is replayed within that time brings nothing of
	// theirs back.
	erasedFor = 366 * 24 * time.Hour
	// ForgetPrefix begins the keys of states that name files to be removed.
	ForgetPrefix = "forget:"
	// AuditErase and AuditExport are the kinds of audit lines about people's
	// data.
	AuditErase  = "privacy.erase"
	AuditExport = "privacy.export"
)

// Erase removes what is kept about a person and ends what is open, as they can
// themselves. why is what the audit line says. Nothing is sent to the person.
// What they said before and is still on a disk spool is left out when it is
// replayed. While a message to them is being sent: ErrSending.
func (s *Service) Erase(ctx context.Context, author int64, why string) (store.Erased, error) {
	return s.remove(ctx, author, (*work).erase, why)
}

// remove has one of the ways to erase a person done, unless a message to them is
// being sent.
func (s *Service) remove(ctx context.Context, author int64, erase func(*work, *feedback.Author, string) (store.Erased, error), why string) (store.Erased, error) {
	var erased store.Erased
	err := s.do(ctx, func(w *work) error {
		sending, err := w.tx.AuthorSending(author)
		if err != nil {
			return err
		}
		if sending > 0 {
			return ErrSending
		}
		a, err := w.tx.Author(author)
		if err != nil {
			return err
		}
		erased, err = erase(w, a, why)
		return err
	})
	return erased, err
}

// erase removes a person at somebody's request: nothing that was said before
// comes back.
func (w *work) erase(author *feedback.Author, why string) (store.Erased, error) {
	if err := w.tx.RememberErased(author.Channel, author.External, w.now, w.now.Add(erasedFor)); err != nil {
		return store.Erased{}, err
	}
	return w.forget(author, why)
}

// forget ends what is open of a person and removes what is personal. It is all
// that happens once it was kept long enough: what the person has said since, and
// waits on a disk spool, is new.
func (w *work) forget(author *feedback.Author, why string) (store.Erased, error) {
	// What is just now being made of what they wrote is ended and emptied, too.
	if _, err := w.tx.LockAuthor(author.ID); err != nil {
		return store.Erased{}, err
	}
	var items []int64
	for before := int64(0); ; {
		page, err := w.tx.Items(store.Query{Author: author.ID, Before: before, Limit: 1000})
		if err != nil {
			return store.Erased{}, err
		}
		for _, listed := range page {
			items, before = append(items, listed.ID), listed.ID
			if listed.State == feedback.Closed {
				continue
			}
			if err := w.endErased(listed.ID); err != nil {
				return store.Erased{}, err
			}
		}
		if len(page) == 0 {
			break
		}
	}
	sent, err := w.sentFiles(author.ID)
	if err != nil {
		return store.Erased{}, err
	}
	channel, known := w.r.Channels[author.Channel]
	erased, err := w.tx.EraseAuthor(author.ID, !known || !channel.Bot)
	if err != nil {
		return erased, err
	}
	used, err := w.tx.FilesInUse(sent) // one file can go to several people
	if err != nil {
		return erased, err
	}
	for _, path := range sent {
		if !used[path] && !slices.Contains(erased.Files, path) {
			erased.Files = append(erased.Files, path)
		}
	}
	// What has expired is only not looked at until it is dropped.
	if err := w.tx.DropExpired(w.now); err != nil {
		return erased, err
	}
	if err := w.dropPending(items); err != nil {
		return erased, err
	}
	if err := w.forgetFiles(erased.Files); err != nil {
		return erased, err
	}
	return erased, w.tx.AddAudit(store.Audit{At: w.now, Kind: AuditErase, Data: map[string]string{
		"why": why, "channel": author.Channel, "messages": fmt.Sprint(erased.Messages), "items": fmt.Sprint(erased.Items), "files": fmt.Sprint(len(erased.Files)),
	}})
}

func (w *work) endErased(id int64) error {
	item, err := w.tx.LockItem(id)
	if err != nil {
		return err
	}
	if err := w.cancelUnsent(item); err != nil {
		return err
	}
	return w.end(item, step{kind: "withdrawn", data: map[string]string{"why": "erased"}})
}

// sentFiles returns the stored files that colleagues sent to a person.
func (w *work) sentFiles(author int64) ([]string, error) {
	outs, err := w.tx.OutsOfAuthor(author)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, o := range outs {
		var post bots.Post
		if len(o.Body) == 0 {
			continue
		}
		if err := json.Unmarshal(o.Body, &post); err != nil {
			return nil, fmt.Errorf("outbox row %d: %w", o.ID, err)
		}
		for _, f := range post.Files {
			if f.Path != "" && !slices.Contains(paths, f.Path) {
				paths = append(paths, f.Path)
			}
		}
	}
	return paths, nil
}

// dropPending drops commands about items that wait for a yes, and what undoing
// the latest ones would bring back: they hold what was said.
func (w *work) dropPending(items []int64) error {
	asked, err := w.tx.StatesWithPrefix(askPrefix)
	if err != nil {
		return err
	}
	for key, value := range asked {
		var p pending
		if err := json.Unmarshal([]byte(value), &p); err != nil {
			return fmt.Errorf("kept command: %w", err)
		}
		if slices.ContainsFunc(p.Items, func(id int64) bool { return slices.Contains(items, id) }) || slices.Contains(items, p.Thread) {
			if err := w.tx.DropState(key); err != nil {
				return err
			}
		}
	}
	last, err := w.tx.StatesWithPrefix(lastPrefix)
	if err != nil {
		return err
	}
	for key, value := range last {
		var done []undoable
		if err := json.Unmarshal([]byte(value), &done); err != nil {
			return fmt.Errorf("remembered command: %w", err)
		}
		if slices.ContainsFunc(done, func(u undoable) bool { return slices.Contains(items, u.Item) }) {
			if err := w.tx.DropState(key); err != nil {
				return err
			}
		}
	}
	return nil
}

// askPrefix begins the keys of states that keep a command until it is confirmed.
const askPrefix = "ask:"

// Forget erases people whose matters have all been over for as long as the
// privacy text of their channel promises, some at a time. It returns how many it
// erased; somebody to whom a message is just being sent waits for the next time.
// Where somebody cannot be erased, the others are all the same: the error is that
// of all who could not.
func (s *Service) Forget(ctx context.Context) (int, error) {
	ids, err := s.due(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	var failed error
	for _, id := range ids {
		switch _, err := s.remove(ctx, id, (*work).forget, "kept long enough"); {
		case errors.Is(err, ErrSending):
		case err != nil && ctx.Err() != nil:
			return n, err
		case err != nil:
			failed = errors.Join(failed, fmt.Errorf("author %d: %w", id, err))
		default:
			n++
		}
	}
	return n, failed
}

// due returns people whose time has passed.
func (s *Service) due(ctx context.Context) ([]int64, error) {
	r, now := s.Rules(), s.now().UTC()
	var all []int64
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		all = nil
		channels, err := tx.AuthorChannels()
		if err != nil {
			return err
		}
		for _, name := range channels {
			keep := r.keep(name)
			if keep <= 0 {
				continue
			}
			// What is said about the brand in public was promised to nobody: it goes
			// only where the configuration says so of its channel.
			oneWay := !r.Channels[name].Bot && r.Channels[name].Keep > 0
			ids, err := tx.AuthorsToForget(name, oneWay, now.Add(-keep), forgetBatch-len(all))
			if err != nil {
				return err
			}
			if all = append(all, ids...); len(all) == forgetBatch {
				return nil
			}
		}
		return nil
	})
	return all, err
}

// keep is how long data of a channel is kept after a matter is over.
func (r *Rules) keep(channel string) time.Duration {
	if own := r.Channels[channel].Keep; own > 0 {
		return own
	}
	return time.Duration(r.Retention) * 24 * time.Hour
}

// forgetFiles has stored files removed once their rows are gone. Each is a
// state of its own, so that a crash in between removes them later.
func (w *work) forgetFiles(paths []string) error {
	for _, p := range paths {
		if err := w.tx.SetState(ForgetPrefix+p, "1", time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// RemoveForgotten removes the files whose rows are gone. It returns how many it
// removed and how many it could not, which are tried again the next time.
func (s *Service) RemoveForgotten(ctx context.Context, remove func(path string) error) (removed, left int, err error) {
	var keys map[string]string
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		var err error
		keys, err = tx.StatesWithPrefix(ForgetPrefix)
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	for key := range keys {
		if err := remove(strings.TrimPrefix(key, ForgetPrefix)); err != nil {
			s.log.Warn("file not removed, it will be tried again", "err", err)
			left++
			continue
		}
		if err := s.db.Write(ctx, func(tx *store.Tx) error { return tx.DropState(key) }); err != nil {
			return removed, left, fmt.Errorf("forget a file: %w", err)
		}
		removed++
	}
	return removed, left, nil
}
