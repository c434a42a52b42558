package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/huiyin/huiyin/bots/slack/slacktest"
	"github.com/huiyin/huiyin/bots/telegram/telegramtest"
	"github.com/huiyin/huiyin/desk/phrase"
)

// people are the Telegram accounts whose chats a failure shows, beside the
// first groups.
var people = []int64{customer, lead, voice, urger, canceller, fan, boss}

// sees is everything that people see, for a failed test.
func (h *house) sees() string {
	var b strings.Builder
	for _, id := range append(people, -4001, -4002, -4003) {
		if got := h.customerSees(id); got != "" {
			fmt.Fprintf(&b, "-- %d sees:\n%s", id, got)
		}
	}
	for _, id := range []string{channel, logistic} {
		fmt.Fprintf(&b, "-- %s sees:\n", id)
		for _, m := range h.sl.Messages(id) {
			fmt.Fprintf(&b, "%s%s %s\n", indent(m.Thread), m.Text, slackButtons(m))
		}
	}
	for _, m := range h.sl.Ephemerals(agent) {
		fmt.Fprintf(&b, "(only 李雷) %s %s\n", m.Text, slackButtons(m))
	}
	return b.String()
}

func indent(thread string) string {
	if thread == "" {
		return ""
	}
	return "    "
}

func slackButtons(m slacktest.Message) string {
	var names []string
	for _, row := range m.Buttons {
		for _, b := range row {
			names = append(names, "["+b.Text+"]")
		}
	}
	return strings.Join(names, " ")
}

func telegramButtons(m telegramtest.Message) string {
	var rows []string
	for _, row := range m.Buttons {
		var names []string
		for _, b := range row {
			names = append(names, "["+b.Text+"]")
		}
		rows = append(rows, strings.Join(names, " "))
	}
	return strings.Join(rows, " / ")
}

// plain is a text without the joiners that keep names and links inert.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case 0x200b, 0x200c, 0x200d, 0x2060, 0xfeff:
			return -1
		}
		return r
	}, s)
}

func (h *house) customerSees(id int64) string {
	var b strings.Builder
	for _, m := range h.tg.FromBot(id) {
		if !m.Deleted {
			fmt.Fprintln(&b, m.Text, telegramButtons(m))
		}
	}
	return b.String()
}

// hears waits until the bot wrote in a Telegram chat what contains text.
func (h *house) hears(chat int64, text string) telegramtest.Message {
	h.t.Helper()
	var found telegramtest.Message
	h.until(fmt.Sprintf("chat %d hears «%s»", chat, text), func() bool {
		for _, m := range h.tg.FromBot(chat) {
			if !m.Deleted && strings.Contains(plain(m.Text), text) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// times counts a Telegram chat's messages that contain text.
func (h *house) times(chat int64, text string) int {
	n := 0
	for _, m := range h.tg.FromBot(chat) {
		if strings.Contains(plain(m.Text), text) {
			n++
		}
	}
	return n
}

// cardIn waits for the card of an item in a Slack channel, with a text.
func (h *house) cardIn(where string, number int, text string) slacktest.Message {
	h.t.Helper()
	var found slacktest.Message
	h.until(fmt.Sprintf("the card of #%d in %s says «%s»", number, where, text), func() bool {
		for _, m := range h.sl.Messages(where) {
			if isCard(m.Thread, m.Text, number) && !m.Deleted && strings.Contains(m.Text, text) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

func isCard(thread, text string, number int) bool {
	return thread == "" && strings.Contains(firstLine(text), fmt.Sprintf("#%d ", number))
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line + " "
}

// card waits for the care team's card in Slack.
func (h *house) card(number int, text string) slacktest.Message {
	h.t.Helper()
	return h.cardIn(channel, number, text)
}

// groupCard waits for a card in a team's Telegram group.
func (h *house) groupCard(group int64, number int, text string) telegramtest.Message {
	h.t.Helper()
	var found telegramtest.Message
	h.until(fmt.Sprintf("the card of #%d in the group says «%s»", number, text), func() bool {
		for _, m := range h.tg.FromBot(group) {
			if m.ReplyTo == 0 && !m.Deleted && strings.Contains(firstLine(plain(m.Text)), fmt.Sprintf("#%d ", number)) && strings.Contains(plain(m.Text), text) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// thread waits for a line under a message in Slack.
func (h *house) thread(where, ts, text string) slacktest.Message {
	h.t.Helper()
	var found slacktest.Message
	h.until("the thread says «"+text+"»", func() bool {
		for _, m := range h.sl.Thread(where, ts) {
			if m.User == slacktest.Bot && strings.Contains(m.Text, text) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// whispered waits for the newest thing only one person sees in Slack that
// contains text.
func (h *house) whispered(person, text string) slacktest.Message {
	h.t.Helper()
	var found slacktest.Message
	h.until(person+" is told privately «"+text+"»", func() bool {
		for _, m := range h.sl.Ephemerals(person) {
			if strings.Contains(m.Text, text) {
				found = m
			}
		}
		return found.Text != ""
	})
	return found
}

// opens waits for a dialog with that title.
func (h *house) opens(person, title string) slacktest.View {
	h.t.Helper()
	var found slacktest.View
	h.until("the dialog «"+title+"» is open", func() bool {
		for _, v := range h.sl.Views(person) {
			if v.Open && v.Title == title {
				found = v
			}
		}
		return found.ID != ""
	})
	return found
}

// taps is a person pressing a button in Telegram; it returns what came of it
// at once.
func (h *house) taps(person, chat, message int64, button string) telegramtest.CallbackAnswer {
	h.t.Helper()
	query, err := h.tg.Presses(person, chat, message, button)
	if err != nil {
		h.t.Fatalf("%v\n%s", err, h.sees())
	}
	var got telegramtest.CallbackAnswer
	h.until("the press of "+button+" is answered", func() bool {
		for _, a := range h.tg.Answers() {
			if a.Query == query {
				got = a
				return true
			}
		}
		return false
	})
	return got
}

// same compares a text that holds clock times, which stand as ⧗ in want.
func same(got, want string) bool {
	parts := strings.Split(want, "⧗")
	rest := plain(got)
	for i, p := range parts {
		at := strings.Index(rest, p)
		if at < 0 || i == 0 && at != 0 {
			return false
		}
		if i > 0 && (at == 0 || !clock(rest[:at])) {
			return false
		}
		rest = rest[at+len(p):]
	}
	return rest == ""
}

// clock reports whether s looks like 今天 15:30, 14:10 or 明早 9:00.
func clock(s string) bool {
	return utf8.RuneCountInString(s) <= 14 && strings.Contains(s, ":") && strings.Trim(s, "0123456789: 昨今明后天下凌晨早上午晚周一二三四五六日月") == ""
}

// Tests run at any hour, and a text that is compared must not depend on it.
func TestEveryClockTimeIsOne(t *testing.T) {
	words, problems := phrase.New(nil, phrase.Chinese)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	midnight := time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)
	for now := range 48 {
		for ahead := range 10 * 48 {
			now := midnight.Add(time.Duration(now) * 30 * time.Minute)
			if s := words.Clock(phrase.Chinese, now.Add(time.Duration(ahead)*30*time.Minute), now); !same("我们"+s+" 前回复", "我们⧗ 前回复") {
				t.Fatalf("at %s: %q is not taken for a clock time", now.Format(time.TimeOnly), s)
			}
		}
	}
}

// reads fails where a text is not the wanted one.
func (h *house) reads(got, want string) {
	h.t.Helper()
	if !same(got, want) {
		h.t.Errorf("text\n%s\nwant\n%s", plain(got), want)
	}
}
