package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// Opener opens an empty store for one test.
type Opener func(tb testing.TB, o store.Options) *store.DB

// Run is the conformance suite: what every engine of the store does.
func Run(t *testing.T, open Opener) {
	for name, test := range map[string]func(*testing.T, *suite){
		"round trip":         testRoundTrip,
		"authors":            testAuthors,
		"conversations":      testConversations,
		"chat moves":         testMoveChat,
		"chat renumbers":     testMoveRenumbers,
		"messages once":      testMessagesOnce,
		"messages found":     testMessagesFound,
		"edits":              testEdits,
		"analyze batch":      testAnalyzeBatch,
		"attempts":           testAttempts,
		"finish":             testFinish,
		"attachments":        testAttachments,
		"items":              testItems,
		"lists":              testLists,
		"pages":              testPages,
		"counts":             testCounts,
		"search":             testSearch,
		"hostile tokens":     testHostileTokens,
		"many tokens":        testManyTokens,
		"hostile text":       testHostileText,
		"events and timers":  testEventsAndTimers,
		"outbox":             testOutbox,
		"outbox order":       testOutboxOrder,
		"cards":              testCards,
		"first cards":        testFirstCards,
		"folds":              testFolds,
		"leases":             testLeases,
		"shared state":       testSharedState,
		"staff":              testStaff,
		"sign-in":            testSignIn,
		"ratings":            testRatings,
		"corrections":        testCorrections,
		"judgements":         testJudgements,
		"models":             testModels,
		"backlog":            testBacklog,
		"erase":              testErase,
		"erase, hostile ids": testEraseHostileIDs,
		"together":           testTogether,
		"together, folds":    testTogetherFolds,
		"together, joins":    testTogetherJoins,
		"together, outcomes": testTogetherFinishes,
		"apart":              testApart,
		"claims":             testClaims,
		"look at":            testLookAt,
		"many people":        testUpsertMany,
		"accounts":           testAccounts,
		"read only":          testReadOnly,
		"transactions":       testTransactions,
		"neighbours":         testNeighbours,
		"cancelled":          testCancelled,
		"races":              testRaces,
		"closed":             testClosed,
		"prune":              testPrune,
		"restored":           testRestored,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &suite{T: t, now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
			s.db = open(t, store.Options{Now: func() time.Time { return s.now }})
			test(t, s)
		})
	}
}

// suite is one test's store and clock.
type suite struct {
	*testing.T
	db  *store.DB
	now time.Time
}

// write runs fn in a transaction that must succeed.
func (s *suite) write(fn func(tx *store.Tx)) {
	s.Helper()
	s.ok(s.db.Write(s.Context(), func(tx *store.Tx) error { fn(tx); return nil }))
}

// read runs fn on a snapshot.
func (s *suite) read(fn func(tx *store.Tx)) {
	s.Helper()
	s.ok(s.db.Read(s.Context(), func(tx *store.Tx) error { fn(tx); return nil }))
}

func (s *suite) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// is fails unless err is of kind want.
func (s *suite) is(err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Fatalf("error %v, want %v", err, want)
	}
}

// equal fails unless got is want.
func equal[T comparable](s *suite, what string, got, want T) {
	s.Helper()
	if got != want {
		s.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

// must returns v of a call that must succeed.
func must[T any](v T, err error) func(s *suite) T {
	return func(s *suite) T {
		s.Helper()
		s.ok(err)
		return v
	}
}

func (s *suite) conversation(tx *store.Tx, channel, chat string) *feedback.Conversation {
	s.Helper()
	a := &feedback.Author{Channel: channel, External: "of " + chat, Name: "王芳"}
	s.ok(tx.UpsertAuthor(a))
	c := &feedback.Conversation{Channel: channel, Chat: chat, Author: a.ID}
	s.ok(tx.UpsertConversation(c))
	return c
}

// message returns a new message that waits to be analysed.
func (s *suite) message(c *feedback.Conversation, external, text string) *feedback.Message {
	return &feedback.Message{
		Channel: c.Channel, External: external, MessageID: external, Conversation: c.ID, Author: c.Author,
		Direction: feedback.In, Kind: feedback.KindMessage, Text: text,
		Lane: feedback.Live, Stage: feedback.StageNew, ReceivedAt: s.now, PostedAt: s.now,
	}
}

func (s *suite) insert(tx *store.Tx, ms ...*feedback.Message) []bool {
	s.Helper()
	inserted, err := tx.InsertMessages(ms)
	s.ok(err)
	return inserted
}

// item keeps a new item that change has completed.
func (s *suite) item(tx *store.Tx, change func(i *feedback.Item)) *feedback.Item {
	s.Helper()
	i := &feedback.Item{Channel: "care", Kind: feedback.KindMessage, State: feedback.New, Priority: feedback.P2, Team: "care", CreatedAt: s.now, Receipt: feedback.DeliveryNone, Closure: feedback.DeliveryNone}
	if change != nil {
		change(i)
	}
	s.ok(tx.InsertItem(i))
	return i
}

func numbers(items []*feedback.Item) []int64 {
	ids := make([]int64, len(items))
	for k, i := range items {
		ids[k] = i.ID
	}
	return ids
}

// line returns the values in one line, a space between each.
func line(values ...any) string { return strings.TrimSuffix(fmt.Sprintln(values...), "\n") }
