package nlp

import (
	"sync"
	"sync/atomic"
)

// Live is the Analyzer in force: configuration and learning each put another one
// in its place while it is used. A text that is being analysed is finished by
// the one that began it. It is safe for concurrent use.
type Live struct {
	current atomic.Pointer[Analyzer]
	mu      sync.Mutex // held by those who change it
	learned *Learned
}

// NewLive returns a Live of a, which has learned nothing.
func NewLive(a *Analyzer) *Live {
	l := new(Live)
	l.current.Store(a)
	return l
}

// Analyzer returns the one in force.
func (l *Live) Analyzer() *Analyzer { return l.current.Load() }

// Analyze returns what the Analyzer in force makes of text.
func (l *Live) Analyze(text string) Verdict { return l.current.Load().Analyze(text) }

// Replace puts a in force, with what was learned before. Where that does not fit
// it, the one before stays.
func (l *Live) Replace(a *Analyzer) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.put(a, l.learned)
}

// Teach puts what was learned in force instead of what was learned before; nil
// takes everything learned back.
func (l *Live) Teach(learned *Learned) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.put(l.current.Load(), learned)
}

func (l *Live) put(a *Analyzer, learned *Learned) error {
	next, err := a.With(learned)
	if err != nil {
		return err
	}
	l.learned = learned
	l.current.Store(next)
	return nil
}
