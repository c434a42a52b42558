package telegram

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/huiyin/huiyin/bots/bottest"
	"github.com/huiyin/huiyin/bots/telegram/telegramtest"
)

func TestInertTouchesOnlyWhatWouldBeLive(t *testing.T) {
	for _, same := range []string{
		"", "#128", "编号 #128，15:30 前", "24/7", "红/蓝", "and/or", "3.5 元", "v1.2", "等…等", "第 1. 步", "A. B", "a.m.", "@ 我", "# 标题", "/ 分隔 /", "$18", "1:0",
		"#️⃣", "13800138000", "6222020200112230", "李雷@", "2026-11-22 09:00", "http:", "：//", "👨‍👩‍👧‍👦",
	} {
		if got := inert(same); got != same {
			t.Errorf("%q became %q", same, got)
		}
	}
	for text, want := range map[string]string{
		"@lilei":                 "@" + joiner + "lilei",
		"#退款":                    "#" + joiner + "退款",
		"#128号":                  "#" + joiner + "128号",
		"/claim #1":              "/" + joiner + "claim #1",
		"发「/link 客服组」":           "发「/" + joiner + "link 客服组」",
		"$USD":                   "$" + joiner + "USD",
		"tg://user?id=1":         "tg:" + breaker + "//user?id=1",
		"https://a.example.com/": "https:" + breaker + "//a." + breaker + "example." + breaker + "com/",
		"10.0.0.1":               "10." + breaker + "0." + breaker + "0." + breaker + "1",
		"例子.中国":                  "例子." + breaker + "中国",
		"a@b.cn":                 "a@" + joiner + "b." + breaker + "cn",
	} {
		if got := inert(text); got != want {
			t.Errorf("inert(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestInertSameKeepsTheLength(t *testing.T) {
	text := "@lilei #退款 /claim $USD tg://x https://a.example.com 10.0.0.1"
	got := inertSame(text)
	if textLimit.Len(got) != textLimit.Len(text) {
		t.Errorf("%d units became %d", textLimit.Len(text), textLimit.Len(got))
	}
	if live := telegramtest.Live(got); len(live) != 0 {
		t.Errorf("live: %q", live)
	}
	if bottest.Visible(got) != bottest.Visible(text) {
		t.Errorf("reads %q", got)
	}
}

func FuzzInert(f *testing.F) {
	for _, text := range bottest.Hostile() {
		if len(text) < 2000 {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = tidy(text)
		if !utf8.ValidString(text) {
			t.Fatal("tidy leaves invalid UTF-8")
		}
		for _, got := range []string{inert(text), inertSame(text)} {
			if live := telegramtest.Live(got); len(live) != 0 {
				t.Errorf("%q is live: %q", got, live)
			}
			if !utf8.ValidString(got) {
				t.Error("invalid UTF-8")
			}
		}
		if textLimit.Len(inertSame(text)) > textLimit.Len(text) {
			t.Error("inertSame made the text longer")
		}
		// What people copy and send back is what was meant, unless it held
		// such marks before.
		if !strings.ContainsAny(text, joiner+breaker) && unmark(inert(text)) != text {
			t.Errorf("unmark does not undo inert: %q", inert(text))
		}
	})
}

func TestTheFakeFindsWhatIsLive(t *testing.T) {
	for text, want := range map[string][]string{
		"@lilei 你好":            {"@lilei"},
		"见 https://a.cn/x":     {"https://a.cn"},
		"发/help@huiyin_bot。":   {"/help@huiyin_bot"},
		"#退款 $USD":             {"#退款", "$USD"},
		"tg://user?id=1":       {"tg://user?id=1"},
		"evil.\u200dcom":       {"evil.\u200dcom"},
		"无":                    nil,
		"#128 24/7 3.5 a_@_ b": nil,
	} {
		if got := telegramtest.Live(text); !slices.Equal(got, want) {
			t.Errorf("%q: live %q, want %q", text, got, want)
		}
	}
}
