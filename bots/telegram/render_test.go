package telegram

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/bots/bottest"
	"github.com/huiyin/huiyin/bots/telegram/telegramtest"
)

// outline writes a message with its entities as <type>…</type>, for people.
func outline(m message) string {
	opens, closes := map[int]string{}, map[int]string{}
	for _, e := range m.entities {
		opens[e.Offset] += "<" + e.Type + ">"
		closes[e.Offset+e.Length] = "</" + e.Type + ">" + closes[e.Offset+e.Length]
	}
	var b strings.Builder
	units := 0
	for _, r := range m.text {
		b.WriteString(closes[units] + opens[units])
		b.WriteRune(r)
		units++
		if r > 0xffff {
			units++
		}
	}
	b.WriteString(closes[units])
	return b.String()
}

// entitiesOf returns a message's entities as the fake reads them.
func entitiesOf(t testing.TB, m message) []telegramtest.Entity {
	t.Helper()
	raw, err := json.Marshal(m.entities)
	if err != nil {
		t.Fatal(err)
	}
	var list []telegramtest.Entity
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func sampleCard() *bots.Card {
	return &bots.Card{
		Item: 128, Head: "🔴 P0 #128 · 食品安全/异物 · 负面 · 投诉", State: "待认领", Quote: "芋泥奶茶里有条虫，孩子喝了一半肚子疼",
		Lines: []string{"🖼 1　🎤 12″ 还没人听", "Telegram 私聊 · 王** · 徐家汇店（华东）· 14:02 · 第 1 次", "14:12 前回复（剩 9 分）", "P0 因为：异物 + 身体不适"},
		URL:   "https://board.example.com/items/128", Tone: bots.Red,
	}
}

func TestCardLayout(t *testing.T) {
	got := outline(render(bots.Post{Card: sampleCard()}, textLimit))
	want := `<bold>🔴 P0 </bold><bold><text_link>#128</text_link></bold><bold> · 食品安全/异物 · 负面 · 投诉</bold>　　待认领
<blockquote>「芋泥奶茶里有条虫，孩子喝了一半肚子疼」</blockquote>
🖼 1　🎤 12″ 还没人听
Telegram 私聊 · 王** · 徐家汇店（华东）· 14:02 · 第 1 次
14:12 前回复（剩 9 分）
P0 因为：异物 + 身体不适`
	if got != want {
		t.Errorf("the card reads\n%s\nwant\n%s", got, want)
	}
}

func TestCardOnLocalhostHasNoLink(t *testing.T) {
	card := sampleCard()
	card.URL = "http://localhost:8080/items/128"
	if got := outline(render(bots.Post{Card: card}, textLimit)); strings.Contains(got, "text_link") {
		t.Errorf("Telegram refuses such an address: %s", got)
	}
}

func TestLongCardLosesLinesFromItsEnd(t *testing.T) {
	card := sampleCard()
	card.Quote = strings.Repeat("虫", 3000)
	card.Lines = []string{"第一行", strings.Repeat("二", 900), strings.Repeat("三", 900)}
	m := render(bots.Post{Card: card}, textLimit)
	if !strings.Contains(m.text, card.Quote) || !strings.Contains(m.text, "第一行") || !strings.Contains(m.text, card.Lines[1]) || strings.Contains(m.text, "三") {
		t.Errorf("kept the wrong parts of %d units", textLimit.Len(m.text))
	}
	card.Quote = strings.Repeat("👨‍👩‍👧‍👦", 1000)
	m = render(bots.Post{Card: card}, textLimit)
	if reason := telegramtest.Refusal(m.text, entitiesOf(t, m), maxText); reason != "" {
		t.Fatalf("refused: %s", reason)
	}
	if !strings.Contains(m.text, "#128") || !strings.Contains(m.text, "待认领") || !strings.Contains(m.text, "…」") {
		t.Error("the head is gone, or the quotation is not cut")
	}
	for _, e := range entitiesOf(t, m) {
		if e.Type == "blockquote" && !strings.HasSuffix(e.Part(m.text), "…」") {
			t.Errorf("the quotation ends %q", e.Part(m.text)[len(e.Part(m.text))-20:])
		}
	}
}

func TestMention(t *testing.T) {
	lei, mei := bots.Person{ID: "1001", Name: "李雷"}, bots.Person{ID: "1002", Name: "韩梅梅"}
	nobody := bots.Person{ID: "U01", Name: "王五"}
	for _, c := range []struct {
		text   string
		people []bots.Person
		want   string
	}{
		{"@李雷 请直接回复这条", []bots.Person{lei}, "<text_mention>@李雷</text_mention> 请直接回复这条"},
		{"客户催了", []bots.Person{lei}, "<text_mention>@李雷</text_mention> 客户催了"},
		{"转给 @韩梅梅，@李雷 知悉", []bots.Person{lei, mei}, "转给 <text_mention>@韩梅梅</text_mention>，<text_mention>@李雷</text_mention> 知悉"},
		{"客户说：「@王五」", []bots.Person{nobody}, "客户说：「@王五」"},
		{"客户说：「@李雷」", nil, "客户说：「@李雷」"},
	} {
		if got := outline(render(bots.Post{Text: c.text, Mention: c.people}, textLimit)); got != c.want {
			t.Errorf("%q: %s, want %s", c.text, got, c.want)
		}
	}
	m := render(bots.Post{Card: sampleCard(), Mention: []bots.Person{lei}}, textLimit)
	if !strings.HasSuffix(outline(m), "\n<text_mention>@李雷</text_mention>") {
		t.Errorf("a card's mention stands last: %s", outline(m))
	}
}

func TestKeyboard(t *testing.T) {
	long := strings.Repeat("很长的按钮", 20)
	rows := keyboard([][]bots.Button{
		{{Text: "认领", Data: "c:1", Style: bots.Primary}, {Text: "看原帖", URL: "https://weibo.example.com/1"}, {Text: "垃圾", Data: "s:1", Style: bots.Danger}},
		{},
		{{Text: long, Data: "l"}, {Text: "太长", Data: strings.Repeat("x", 65)}, {Text: "坏", URL: "javascript:alert(1)"}, {Text: "", Data: "e"}},
		{{Text: "1", Data: "1"}, {Text: "2", Data: "2"}, {Text: "3", Data: "3"}, {Text: "4", Data: "4"}, {Text: "5", Data: "5"}, {Text: "6", Data: "6"}, {Text: "7", Data: "7"}, {Text: "8", Data: "8"}, {Text: "9", Data: "9"}},
	})
	var got []string
	for _, row := range rows {
		for _, b := range row {
			got = append(got, b.Text+"="+b.Data+b.URL+b.Style)
		}
		got = append(got, "/")
	}
	want := "认领=c:1primary 看原帖=https://weibo.example.com/1 垃圾=s:1danger / " + string([]rune(long)[:63]) + "…=l …=e / 1=1 2=2 3=3 4=4 5=5 6=6 7=7 8=8 / 9=9 /"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
}

func TestButtonsThatTelegramRefusesAreToldInWords(t *testing.T) {
	m := render(bots.Post{Text: "打开", Buttons: [][]bots.Button{{{Text: "后台", URL: "http://localhost:8080/b"}}}}, textLimit)
	if bottest.Visible(m.text) != "打开 后台:http://localhost:8080/b" {
		t.Errorf("reads %q", m.text)
	}
}

func FuzzRender(f *testing.F) {
	for i, text := range bottest.Hostile() {
		f.Add(text, text, "名字", i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, text, other, name string, card bool) {
		p := bots.Post{Text: text, Mention: []bots.Person{{ID: "7", Name: name}}}
		if card {
			p.Card = &bots.Card{
				Item: 7, Head: "#7 " + text, State: other, Quote: text, Lines: []string{other, text, name}, URL: "https://board.example.com/7",
				Buttons: [][]bots.Button{{{Text: text, Data: "d"}, {Text: name, URL: other}}},
			}
		}
		for _, limit := range []bots.Limit{textLimit, captionLimit} {
			m := render(p, limit)
			entities := entitiesOf(t, m)
			if reason := telegramtest.Refusal(m.text, entities, limit.N); reason != "" {
				t.Errorf("refused: %s\n%q %+v", reason, m.text, entities)
			}
			for _, part := range telegramtest.Live(m.text) {
				t.Errorf("live: %q in %q", part, m.text)
			}
			for _, e := range entities {
				if e.Type == "text_mention" && e.User.ID != 7 {
					t.Errorf("mentions %v", e.User)
				}
			}
		}
		for _, row := range keyboard(p.Buttons) {
			for _, b := range row {
				if b.Text == "" || len(b.Data) > maxData || (b.Data == "") == (b.URL == "") {
					t.Errorf("button %+v", b)
				}
			}
		}
	})
}

func BenchmarkRenderCard(b *testing.B) {
	card := sampleCard()
	b.ReportAllocs()
	for b.Loop() {
		if m := render(bots.Post{Card: card}, textLimit); m.text == "" {
			b.Fatal("nothing")
		}
	}
}

// What somebody pastes must not keep a processor busy. It takes some 30 ms of its
// time for 64 KiB; the bound leaves room for the race detector.
func TestRenderingHugeTextsIsQuick(t *testing.T) {
	for _, unit := range []string{"#1", "@a", "a.b", "1.1.1.1", "://", "👨‍👩‍👧‍👦", "a\u0301", "\n", "虫", "/a ", "$A", "."} {
		text := strings.Repeat(unit, (64<<10)/len(unit))
		card := &bots.Card{Item: 1, Head: "#1 " + text, State: text, Quote: text, Lines: []string{text, text}}
		began := processorTime(t)
		render(bots.Post{Text: text, Mention: []bots.Person{{ID: "7", Name: "李雷"}}}, textLimit)
		render(bots.Post{Card: card}, textLimit)
		if took := processorTime(t) - began; took > 5*time.Second {
			t.Errorf("%q…: %s", unit, took)
		}
	}
}

// processorTime is what this process has used: others on a busy machine do not
// add to it.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
