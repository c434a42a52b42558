package pipeline

import (
	"time"

	"github.com/huiyin/huiyin/bots"
)

// limiter says when a bot may send next. Its figures are the platform's; what it
// knows is the recent past, which it starts from by reading the outbox.
type limiter struct {
	caps  bots.Caps
	all   []time.Time
	chats map[string][]time.Time
	hold  time.Time            // the platform said so, for the whole bot
	holds map[string]time.Time // and for single chats
}

func newLimiter(caps bots.Caps) *limiter {
	return &limiter{caps: caps, chats: map[string][]time.Time{}, holds: map[string]time.Time{}}
}

// rate returns the limit of a chat.
func (l *limiter) rate(group bool) bots.Rate {
	if group {
		return l.caps.PerGroup
	}
	return l.caps.PerChat
}

// next returns when a message to the chat may leave: now, or later.
func (l *limiter) next(chat string, group bool, now time.Time) time.Time {
	at := now
	later := func(t time.Time) {
		if t.After(at) {
			at = t
		}
	}
	later(l.hold)
	later(l.holds[chat])
	later(free(l.all, l.caps.Overall, now))
	later(free(l.chats[chat], l.rate(group), now))
	return at
}

// whole returns when any message at all may leave: now, or later.
func (l *limiter) whole(now time.Time) time.Time {
	at := free(l.all, l.caps.Overall, now)
	if l.hold.After(at) {
		at = l.hold
	}
	return at
}

// free returns when one more of rate is allowed after those sent.
func free(sent []time.Time, rate bots.Rate, now time.Time) time.Time {
	if rate.N == 0 || len(sent) < rate.N {
		return now
	}
	return sent[len(sent)-rate.N].Add(rate.Per)
}

// sent notes a message.
func (l *limiter) sent(chat string, now time.Time) {
	l.all = append(trim(l.all, now), now)
	l.chats[chat] = append(trim(l.chats[chat], now), now)
	if len(l.chats) > 10_000 {
		for c, times := range l.chats {
			if len(trim(times, now)) == 0 {
				delete(l.chats, c)
			}
		}
	}
}

// unsent takes the latest message to a chat back: it did not leave after all.
// Of the bot's whole count the latest goes, whichever it was.
func (l *limiter) unsent(chat string) {
	if n := len(l.chats[chat]); n > 0 {
		l.chats[chat] = l.chats[chat][:n-1]
		l.all = l.all[:max(len(l.all)-1, 0)]
	}
}

// span is how far back limits reach.
const span = 2 * time.Minute

func trim(times []time.Time, now time.Time) []time.Time {
	keep := 0
	for keep < len(times) && now.Sub(times[keep]) > span {
		keep++
	}
	return times[keep:]
}

// held notes that the platform asked for a pause.
func (l *limiter) held(scope bots.Scope, chat string, until time.Time) {
	if scope == bots.ScopeChat {
		l.holds[chat] = until
		return
	}
	l.hold = until
}
