package main

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/storetest"
)

// machine is one whose clock is set by hand.
type machine struct {
	set time.Time // its clock
	ran time.Duration
	log bytes.Buffer
	c   *clock
}

func newMachine() *machine {
	m := &machine{set: time.Date(2026, 5, 6, 9, 0, 0, 0, time.UTC)}
	m.c = &clock{wall: func() time.Time { return m.set }, run: func() time.Duration { return m.ran }, log: slog.New(slog.NewTextHandler(&m.log, nil))}
	return m
}

func (m *machine) passes(d time.Duration) { m.set, m.ran = m.set.Add(d), m.ran+d }

func TestClockIsTheMachines(t *testing.T) {
	m := newMachine()
	for range 10 {
		if got := m.c.now(); !got.Equal(m.set) {
			t.Fatalf("%v, and the machine has %v", got, m.set)
		}
		m.passes(37 * time.Second)
	}
	if m.log.Len() > 0 {
		t.Errorf("nothing happened, and it said\n%s", m.log.String())
	}
}

func TestClockFollowsForward(t *testing.T) {
	m := newMachine()
	m.c.now()
	m.passes(time.Second)
	m.set = m.set.Add(8 * time.Hour) // the machine slept
	if got := m.c.now(); !got.Equal(m.set) {
		t.Errorf("%v, and the machine has %v", got, m.set)
	}
	if said := m.log.String(); strings.Count(said, "the clock was set") != 1 || !strings.Contains(said, "by=8h0m0s") {
		t.Errorf("said %q", said)
	}
}

// What was due in ten seconds is not due in four minutes because the clock was
// set back: the program's time goes on, at half the speed, until it is right.
func TestClockNeverStepsBackALittle(t *testing.T) {
	m := newMachine()
	began := m.c.now()
	m.set = m.set.Add(-3 * time.Minute)
	last := began
	for range 4 * 60 {
		m.passes(time.Second)
		now := m.c.now()
		if now.Sub(last) < time.Second/2 {
			t.Fatalf("after %v a second was %v", m.ran, now.Sub(last))
		}
		last = now
	}
	if got, want := last.Sub(began), 2*time.Minute; got != want {
		t.Errorf("in four minutes %v passed, want %v", got, want)
	}
	m.passes(3 * time.Minute)
	if got := m.c.now(); !got.Equal(m.set) {
		t.Errorf("%v, and the machine has had %v for long", got, m.set)
	}
	if said := m.log.String(); strings.Count(said, "the clock was set") != 1 {
		t.Errorf("said %q", said)
	}
}

func TestClockFollowsFarBack(t *testing.T) {
	m := newMachine()
	m.c.now()
	m.set = m.set.Add(-time.Hour)
	m.passes(time.Second)
	if got := m.c.now(); !got.Equal(m.set) {
		t.Errorf("%v, and the machine has %v", got, m.set)
	}
}

// A shared database's time is the right one: what a machine is set to later is
// nothing to it.
func TestClockGoesByTheDatabase(t *testing.T) {
	m := newMachine()
	m.c.now()
	right := m.set.Add(90 * time.Second)
	answer := func(t time.Time, trip time.Duration) {
		asked := m.ran
		m.passes(trip)
		m.c.heed(t.Add(trip/2), asked, m.ran)
	}
	answer(right, 20*time.Millisecond)
	began := m.ran
	is := func(want time.Time) {
		t.Helper()
		if got := m.c.now(); got.Sub(want).Abs() > 50*time.Millisecond {
			t.Errorf("%v, want %v", got, want)
		}
	}
	is(right)
	if !strings.Contains(m.log.String(), "differs from the database's") {
		t.Errorf("a minute and a half off, and it said %q", m.log.String())
	}
	m.set = m.set.Add(-time.Hour)
	m.passes(time.Minute)
	is(right.Add(m.ran - began))
	answer(right.Add(m.ran-began).Add(time.Hour), 5*time.Second) // too slow to be believed
	is(right.Add(m.ran - began))
	answer(right.Add(m.ran-began).Add(40*time.Millisecond), 200*time.Millisecond) // the way there
	is(right.Add(m.ran - began))
}

func TestClockAsksPostgres(t *testing.T) {
	c := newClock(slog.New(slog.DiscardHandler))
	c.wall = func() time.Time { return time.Now().Add(-2 * time.Minute) }
	for dsn, off := range map[string]time.Duration{storetest.PostgresDSN(t): 0, "sqlite:" + t.TempDir() + "/h.db": -2 * time.Minute} {
		db, err := store.Open(context.Background(), dsn, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		c.ref, c.told = time.Time{}, time.Time{}
		if err := c.ask(context.Background(), db); err != nil {
			t.Fatal(err)
		}
		if got := time.Until(c.now()) - off; got.Abs() > 30*time.Second {
			t.Errorf("%s: off by %v", db.Dialect(), got)
		}
	}
}
