// Package bottest is the conformance suite of the bots contract: what every
// two-way connector has to show against a fake of its platform that enforces
// the platform's documented limits. A connector's own tests call Run with a
// Harness; what is special to one platform is tested beside it.
package bottest

import (
	"testing"

	"github.com/huiyin/huiyin/bots"
)

// Harness is how the suite gets hold of a connector and its fake platform.
type Harness struct {
	Kind bots.Kind
	// Start returns a fresh fake platform with a bot on it, made by Kind.New
	// with env. The suite calls the bot's Run itself, where a test needs it.
	Start func(t *testing.T, env bots.Env) Platform
	// Never names fates that the platform cannot cause, each with the reason.
	// Every other fate must be among the platform's Faults.
	Never map[bots.Fate]string
}

// Platform is a fake platform with one bot, one person, one group and the
// person's private chat. Its methods report their own failures to the test.
type Platform interface {
	Bot() bots.Bot
	// Secrets are strings that must show in no error, log or message.
	Secrets() []string
	// Group is a team chat with the bot and the person in it.
	Group() string
	// Private is the person's chat with the bot. The person wrote there before.
	Private() string
	Person() bots.Person
	// Say writes as the person and returns the message's id.
	Say(chat, text string) string
	// Press taps the button of that text as the person.
	Press(chat, messageID, button string)
	// Shown lists the bot's messages of a chat, oldest first, those that were
	// taken back included.
	Shown(chat string) []Shown
	// Pending counts events that the bot has not acknowledged.
	Pending() int
	// Faults are the ways a request can end, at least one for each fate.
	Faults() []Fault
}

// Shown is a message as people see it.
type Shown struct {
	ID      string
	Text    string     // with markup resolved: what a person reads
	Buttons [][]string // their texts
	// Pings counts the people who were notified by name.
	Pings int
	// Live is what a tap on the text would do: links, mentions, commands,
	// hashtags. Buttons are not part of it.
	Live    []string
	Deleted bool
}

// Fault is one way a request can end and the fate that it must be given.
type Fault struct {
	Name string
	// Edit tells that the next edit fails, not the next message.
	Edit bool
	// Arm makes the platform fail so, once. It may return another post to
	// send (an unknown chat); nil keeps the suite's own.
	Arm  func(p bots.Post) *bots.Post
	Want bots.Fate
	// Taken tells that the platform shows the message in spite of the fault.
	Taken bool
}
