package stream

import (
	"context"
	"sync"
	"time"
)

// localStage holds what one stage has waiting and in hand.
type localStage struct {
	wake  chan struct{} // one token: something may be there; who takes it and leaves something passes it on
	limit int           // most ids that wait in a lane

	mu      sync.Mutex
	live    lane
	history lane
	fullRun int          // full batches of live in a row
	inHand  fifo[*batch] // handed out, oldest first; they come again when ClaimIdle has passed
	pending [2]int       // ids in hand, live and history
}

// lane is a bounded queue in which each id waits at most once.
type lane struct {
	queue   fifo[int64]
	waiting map[int64]struct{}
	dropped bool // ids were dropped since it was last half empty
}

// batch is what one handler call got.
type batch struct {
	ids     []int64
	rest    []int64 // of ids: what was not taken back by another
	live    int     // how many of rest, at its beginning, came from the live lane
	taken   time.Time
	due     time.Time
	done    bool
	more    bool // something was left for another worker
	drained bool // a lane that had dropped ids has room again
}

func (s *localStage) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// push appends ids that do not wait yet and returns how many found no room.
func (s *localStage) push(to Lane, ids []int64) (dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &s.live
	if to == History {
		l = &s.history
	}
	for _, id := range ids {
		if _, there := l.waiting[id]; there {
			continue
		}
		if l.queue.len() >= s.limit {
			dropped++
			continue
		}
		l.waiting[id] = struct{}{}
		l.queue.push(id)
	}
	l.dropped = l.dropped || dropped > 0
	return dropped
}

// take hands out the next batch, nil when nothing is due.
func (s *localStage) take(limit int, now time.Time, claimIdle time.Duration) *batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.overdue(now)
	if b == nil {
		b = s.fresh(limit)
	}
	if b == nil {
		return nil
	}
	b.rest, b.taken, b.due = b.ids, now, now.Add(claimIdle)
	s.inHand.push(b)
	b.more = s.live.queue.len()+s.history.queue.len() > 0 || s.nextDue(now) <= 0
	return b
}

// fresh makes a batch of ids that were not handed out yet: live first, what room is left from history.
func (s *localStage) fresh(limit int) *batch {
	liveRoom := limit
	if s.fullRun >= historyTurn && s.history.queue.len() > 0 {
		liveRoom = 0
	}
	nLive := min(liveRoom, s.live.queue.len())
	nHistory := min(limit-nLive, s.history.queue.len())
	if nLive+nHistory == 0 {
		return nil
	}
	if nLive == limit {
		s.fullRun++
	} else {
		s.fullRun = 0
	}
	b := &batch{ids: make([]int64, 0, nLive+nHistory), live: nLive}
	b.ids = s.live.pop(b.ids, nLive)
	b.ids = s.history.pop(b.ids, nHistory)
	b.drained = s.live.drained(s.limit) || s.history.drained(s.limit)
	s.pending[0] += nLive
	s.pending[1] += nHistory
	return b
}

// pop moves the n oldest ids to the end of ids.
func (l *lane) pop(ids []int64, n int) []int64 {
	for range n {
		id := l.queue.pop()
		delete(l.waiting, id)
		ids = append(ids, id)
	}
	return ids
}

// drained says, once, that a lane which had dropped ids has room for a sweep.
func (l *lane) drained(limit int) bool {
	if !l.dropped || l.queue.len() > limit/2 {
		return false
	}
	l.dropped = false
	return true
}

// overdue takes back what was handed out too long ago, one id at a time: the rest of its batch stays due.
func (s *localStage) overdue(now time.Time) *batch {
	s.forgetDone()
	if s.inHand.len() == 0 {
		return nil
	}
	old := s.inHand.at(0)
	if old.due.After(now) {
		return nil
	}
	one := &batch{ids: old.rest[:1:1], live: min(old.live, 1)}
	old.rest = old.rest[1:]
	old.live = max(old.live-1, 0)
	if len(old.rest) == 0 {
		old.done = true
		s.forgetDone()
	}
	return one
}

func (s *localStage) forgetDone() {
	for s.inHand.len() > 0 && s.inHand.at(0).done {
		s.inHand.pop()
	}
}

// finish strikes off a batch whose handler succeeded. What was taken back meanwhile is no longer its own.
func (s *localStage) finish(b *batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.done {
		return
	}
	b.done = true
	s.pending[0] -= b.live
	s.pending[1] -= len(b.rest) - b.live
	s.forgetDone()
}

// nextDue is how long until the oldest batch in hand comes again; negative means now, and a very long time that there
// is none.
func (s *localStage) nextDue(now time.Time) time.Duration {
	for i := range s.inHand.len() {
		if b := s.inHand.at(i); !b.done {
			return b.due.Sub(now)
		}
	}
	return time.Hour
}

// wait returns when something was announced, something in hand is due again, or ctx is done.
func (s *localStage) wait(ctx context.Context, now time.Time) {
	s.mu.Lock()
	next := s.nextDue(now)
	s.mu.Unlock()
	timer := time.NewTimer(max(next, 0))
	defer timer.Stop()
	select {
	case <-s.wake:
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (s *localStage) depth() (live, history int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(s.live.queue.len() + s.pending[0]), int64(s.history.queue.len() + s.pending[1])
}
