package telegram

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/bots/bottest"
)

var testDecoder = decoder{
	me:  user{ID: 110201543, Bot: true, Username: "huiyin_bot"},
	now: time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC),
}

const (
	privateChat = `"chat":{"id":1001,"type":"private","first_name":"李","last_name":"雷"}`
	groupChat   = `"chat":{"id":-100200,"type":"supergroup","title":"客服群"}`
	fromLilei   = `"from":{"id":1001,"is_bot":false,"first_name":"李","last_name":"雷","username":"lilei","language_code":"zh-hans"}`
	fromBot     = `"from":{"id":110201543,"is_bot":true,"first_name":"回音","username":"huiyin_bot"}`
)

// decodeOne decodes an update with the given content.
func decodeOne(t *testing.T, content string) *bots.Event {
	t.Helper()
	raw := `{"update_id":9,` + content + `}`
	if !json.Valid([]byte(raw)) {
		t.Fatalf("the test's update is no JSON: %s", raw)
	}
	e, err := testDecoder.decode(json.RawMessage(raw))
	if err != nil {
		t.Fatalf("decode %s: %v", raw, err)
	}
	if e != nil && string(e.Raw) != raw {
		t.Errorf("the payload is not kept as received: %s", e.Raw)
	}
	return e
}

func message5(chat, rest string) string {
	return `"message":{"message_id":5,"date":1790000000,` + chat + `,` + fromLilei + `,` + rest + `}`
}

func TestMessage(t *testing.T) {
	got := decodeOne(t, message5(privateChat, `"text":"奶茶里有虫"`))
	got.Raw = nil
	want := &bots.Event{
		Key: "1001:5", Type: bots.OnMessage, Chat: bots.Chat{ID: "1001", Title: "李 雷"}, MessageID: "5",
		From: bots.Person{ID: "1001", Name: "李 雷", Handle: "lilei", Lang: "zh-hans"}, Text: "奶茶里有虫", At: time.Unix(1790000000, 0).UTC(),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestTextAndAddress(t *testing.T) {
	mention := func(offset, length int) string {
		return fmt.Sprintf(`,"entities":[{"type":"mention","offset":%d,"length":%d}]`, offset, length)
	}
	for _, c := range []struct {
		text, marks string
		want        string
		mentioned   bool
		addressed   bool // by a mention at the beginning
	}{
		{"@huiyin_bot 认领 #3", mention(0, 11), "认领 #3", true, true},
		{"@Huiyin_Bot：解决 #3 好了", mention(0, 11), "解决 #3 好了", true, true},
		{"  @huiyin_bot\n解决", "", "解决", true, true},
		{"@huiyin_bot", mention(0, 11), "", true, true},
		{"@huiyin_bots 你好", mention(0, 12), "@huiyin_bots 你好", false, false},
		{"问问 @huiyin_bot 吧", mention(3, 11), "问问 @huiyin_bot 吧", true, false},
		{"😀😀 @huiyin_bot", mention(5, 11), "😀😀 @huiyin_bot", true, false},
		{"@lilei 你看", mention(0, 6), "@lilei 你看", false, false},
		{"/claim@huiyin_bot #3", "", "/claim #3", true, true},
		{"/claim@HUIYIN_BOT", "", "/claim", true, true},
		{"/claim@other_bot #3", "", "/claim@other_bot #3", false, false},
		{"/claim #3", "", "/claim #3", false, false},
		{"！认领 #3", "", "！认领 #3", false, false},
		{"@\u200dlilei 说 #\u200d退款 见 a.\u2060cn", "", "@lilei 说 #退款 见 a.cn", false, false},
		{"x", `,"entities":[{"type":"mention","offset":-3,"length":99},{"type":"mention","offset":0,"length":-1},null]`, "x", false, false},
	} {
		raw, err := json.Marshal(c.text)
		if err != nil {
			t.Fatal(err)
		}
		e := decodeOne(t, message5(groupChat, `"text":`+string(raw)+c.marks))
		if e.Text != c.want || e.Mentioned != c.mentioned || e.Addressed != c.addressed {
			t.Errorf("%q: %q %v %v, want %q %v %v", c.text, e.Text, e.Mentioned, e.Addressed, c.want, c.mentioned, c.addressed)
		}
	}
}

func TestReplies(t *testing.T) {
	toBot := decodeOne(t, message5(groupChat, `"text":"已电话","reply_to_message":{"message_id":3,"date":1,`+groupChat+`,`+fromBot+`,"text":"卡片"}`))
	if toBot.ReplyTo != "3" || toBot.Thread != "3" || !toBot.Chat.Group || toBot.Chat.Title != "客服群" {
		t.Errorf("a reply to the bot: %+v", toBot)
	}
	toOther := decodeOne(t, message5(groupChat, `"text":"嗯","reply_to_message":{"message_id":3,"date":1,`+groupChat+`,`+fromLilei+`,"text":"卡片"}`))
	if toOther.ReplyTo != "3" || toOther.Thread != "" {
		t.Errorf("a reply to a colleague: %+v", toOther)
	}
}

func TestContent(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		text    string
		want    []bots.Attachment
	}{
		"photo": {`"caption":"有虫","photo":[{"file_id":"s","width":90,"height":90,"file_size":9},{"file_id":"l","width":800,"height":600,"file_size":99},{"file_id":"m","width":320,"height":320},null]`, "有虫",
			[]bots.Attachment{{Kind: "image", Ref: "l", MIME: "image/jpeg", Size: 99}}},
		"voice":      {`"voice":{"file_id":"v","duration":12,"mime_type":"audio/ogg","file_size":5}`, "", []bots.Attachment{{Kind: "audio", Ref: "v", MIME: "audio/ogg", Size: 5, Duration: 12}}},
		"audio":      {`"audio":{"file_id":"a","duration":3,"file_name":"a.mp3"}`, "", []bots.Attachment{{Kind: "audio", Ref: "a", MIME: "audio/mpeg", Name: "a.mp3", Duration: 3}}},
		"video":      {`"video":{"file_id":"v","duration":3,"file_size":5368709120}`, "", []bots.Attachment{{Kind: "video", Ref: "v", MIME: "video/mp4", Size: 5368709120, Duration: 3}}},
		"video note": {`"video_note":{"file_id":"n","duration":3}`, "", []bots.Attachment{{Kind: "video", Ref: "n", MIME: "video/mp4", Duration: 3}}},
		"animation":  {`"animation":{"file_id":"g"},"document":{"file_id":"g"}`, "", []bots.Attachment{{Kind: "video", Ref: "g", MIME: "video/mp4"}}},
		"document":   {`"document":{"file_id":"d","file_name":"../../x.pdf","mime_type":"application/pdf"}`, "", []bots.Attachment{{Kind: "file", Ref: "d", Name: "../../x.pdf", MIME: "application/pdf"}}},
		"picture as a file": {`"document":{"file_id":"d","mime_type":"image/png"}`, "",
			[]bots.Attachment{{Kind: "image", Ref: "d", MIME: "image/png"}}},
		"svg":       {`"document":{"file_id":"d","mime_type":"image/svg+xml"}`, "", []bots.Attachment{{Kind: "file", Ref: "d", MIME: "image/svg+xml"}}},
		"sticker":   {`"sticker":{"file_id":"s","emoji":"🙂"}`, "🙂", []bots.Attachment{{Kind: "sticker", Ref: "s", MIME: "image/webp"}}},
		"location":  {`"location":{"latitude":31.2,"longitude":121.5}`, "📍 31.200000,121.500000", []bots.Attachment{{Kind: "location", Ref: "geo:31.200000,121.500000"}}},
		"venue":     {`"location":{"latitude":31.2,"longitude":121.5},"venue":{"title":"徐家汇店","address":"漕溪北路 1 号"}`, "📍 徐家汇店 漕溪北路 1 号", []bots.Attachment{{Kind: "location", Ref: "geo:31.200000,121.500000"}}},
		"contact":   {`"contact":{"phone_number":"13800138000","first_name":"小陈"}`, "👤 小陈  13800138000", nil},
		"poll":      {`"poll":{"question":"几分？","options":[{"text":"一"},{"text":"二"}]}`, "📊 几分？\n· 一\n· 二", nil},
		"dice":      {`"dice":{"emoji":"🎲","value":3}`, "🎲", nil},
		"checklist": {`"checklist":{"title":"问题","tasks":[{"id":1,"text":"漏"}]}`, "☑️ 问题\n· 漏", nil},
		"story":     {`"story":{"id":1}`, "[story]", nil},
		"rich":      {`"rich_message":{"blocks":[{"type":"paragraph","text":["奶茶",{"type":"bold","text":"有虫"}]},{"type":"list","items":[{"blocks":[{"type":"paragraph","text":"一"}]}]}]}`, "奶茶有虫\n一", nil},
		"odd types": {`"text":"还在","voice":{"file_id":7,"duration":"x"},"photo":"none"`, "还在", nil},
	} {
		e := decodeOne(t, message5(privateChat, c.content))
		if e == nil {
			t.Errorf("%s: nothing", name)
			continue
		}
		if e.Text != c.text || !reflect.DeepEqual(e.Attachments, c.want) {
			t.Errorf("%s: %q %+v\nwant %q %+v", name, e.Text, e.Attachments, c.text, c.want)
		}
	}
}

func TestWhoseWords(t *testing.T) {
	for name, c := range map[string]struct {
		content   string
		from      bots.Person
		forwarded bool
	}{
		"own":       {fromLilei + `,"text":"x"`, bots.Person{ID: "1001", Name: "李 雷", Handle: "lilei", Lang: "zh-hans"}, false},
		"forwarded": {fromLilei + `,"text":"x","forward_origin":{"type":"hidden_user","sender_user_name":"某人","date":1}`, bots.Person{ID: "1001", Name: "李 雷", Handle: "lilei", Lang: "zh-hans"}, true},
		"via a bot": {fromLilei + `,"text":"x","via_bot":{"id":5,"is_bot":true,"first_name":"gif"}`, bots.Person{ID: "1001", Name: "李 雷", Handle: "lilei", Lang: "zh-hans"}, true},
		"a bot":     {`"from":{"id":7,"is_bot":true,"first_name":"别的机器人"},"text":"x"`, bots.Person{ID: "7", Name: "别的机器人", Bot: true}, false},
		"anonymous admin": {`"from":{"id":1087968824,"is_bot":true,"first_name":"Group"},"sender_chat":{"id":-100200,"type":"supergroup","title":"客服群"},"text":"x"`,
			bots.Person{ID: "-100200", Name: "客服群"}, false},
		"linked channel": {`"from":{"id":777000,"is_bot":false,"first_name":"Telegram"},"sender_chat":{"id":-1003,"type":"channel","title":"频道","username":"pindao"},"is_automatic_forward":true,"text":"x"`,
			bots.Person{ID: "-1003", Name: "频道", Handle: "pindao", Bot: true}, true},
	} {
		e := decodeOne(t, `"message":{"message_id":5,"date":1790000000,`+groupChat+`,`+c.content+`}`)
		if e.From != c.from || e.Forwarded != c.forwarded {
			t.Errorf("%s: %+v %v, want %+v %v", name, e.From, e.Forwarded, c.from, c.forwarded)
		}
	}
}

func TestEditsAndAlbums(t *testing.T) {
	e := decodeOne(t, `"edited_message":{"message_id":5,"date":1790000000,"edit_date":1790000060,`+privateChat+`,`+fromLilei+`,"text":"塑料片"}`)
	if e.Type != bots.OnEdited || e.Key != "1001:5:1790000060" || e.MessageID != "5" || e.Text != "塑料片" || e.At.Unix() != 1790000060 {
		t.Errorf("an edit: %+v", e)
	}
	e = decodeOne(t, message5(privateChat, `"media_group_id":"77","photo":[{"file_id":"l","width":1,"height":1}]`))
	if e.Fields["album"] != "77" || e.Key != "1001:5" {
		t.Errorf("an album: %+v", e)
	}
}

func TestPresses(t *testing.T) {
	e := decodeOne(t, `"callback_query":{"id":"q1",`+fromLilei+`,"chat_instance":"1","data":"claim:3","message":{"message_id":8,"date":0,`+groupChat+`}}`)
	if e.Type != bots.OnPress || e.Key != "press:q1" || e.Trigger != "q1" || e.Payload != "claim:3" || e.MessageID != "8" || e.Chat.ID != "-100200" || e.From.ID != "1001" || !e.At.Equal(testDecoder.now) {
		t.Errorf("a press: %+v", e)
	}
	e = decodeOne(t, `"callback_query":{"id":"q2",`+fromLilei+`,"inline_message_id":"x","data":"y"}`)
	if e.Key != "press:q2" || e.Chat.ID != "" {
		t.Errorf("a press without its message: %+v", e)
	}
}

func TestMembership(t *testing.T) {
	member := func(chat, was, is string) *bots.Event {
		return decodeOne(t, `"my_chat_member":{`+chat+`,`+fromLilei+`,"date":1790000000,"old_chat_member":{"status":"`+was+`","user":{"id":110201543}},"new_chat_member":{"status":"`+is+`","user":{"id":110201543},"is_member":true}}`)
	}
	for _, c := range []struct {
		chat, was, is string
		want          bots.EventType
	}{
		{privateChat, "member", "kicked", bots.OnBlocked},
		{privateChat, "kicked", "member", bots.OnUnblocked},
		{groupChat, "left", "member", bots.OnJoined},
		{groupChat, "kicked", "administrator", bots.OnJoined},
		{groupChat, "left", "restricted", bots.OnJoined},
		{groupChat, "member", "left", bots.OnLeft},
		{groupChat, "administrator", "kicked", bots.OnLeft},
	} {
		e := member(c.chat, c.was, c.is)
		if e == nil || e.Type != c.want || e.From.ID != "1001" || e.Key == "" {
			t.Errorf("%s → %s: %+v, want %s", c.was, c.is, e, c.want)
		}
	}
	if e := member(groupChat, "member", "administrator"); e != nil {
		t.Errorf("a promotion is told as %+v", e)
	}
	if e := member(`"chat":{"id":-5,"type":"channel","title":"频道"}`, "left", "administrator"); e != nil {
		t.Errorf("a channel is told as %+v", e)
	}
}

func TestMoved(t *testing.T) {
	to := decodeOne(t, `"message":{"message_id":5,"date":1790000000,"chat":{"id":-4001,"type":"group","title":"群"},"migrate_to_chat_id":-1004001}`)
	from := decodeOne(t, `"message":{"message_id":1,"date":1790000000,"chat":{"id":-1004001,"type":"supergroup","title":"群"},"migrate_from_chat_id":-4001}`)
	for _, e := range []*bots.Event{to, from} {
		if e.Type != bots.OnMoved || e.Key != to.Key || e.Chat.ID != "-4001" || e.NewChat != "-1004001" {
			t.Errorf("moved: %+v", e)
		}
	}
}

func TestStart(t *testing.T) {
	for text, want := range map[string]struct {
		kind   bots.EventType
		text   string
		fields map[string]string
	}{
		"/start":                                {bots.OnStart, "", nil},
		"/start shop_SH018":                     {bots.OnStart, "shop_SH018", map[string]string{"shop": "SH018"}},
		"/start@huiyin_bot shop_SH_018":         {bots.OnStart, "shop_SH_018", map[string]string{"shop": "SH_018"}},
		"/start shop_SH018__table_7":            {bots.OnStart, "shop_SH018__table_7", map[string]string{"shop": "SH018", "table": "7"}},
		"/start c2hvcD1TSDAxOCZvcmRlcj1BJTJGMQ": {bots.OnStart, "c2hvcD1TSDAxOCZvcmRlcj1BJTJGMQ", map[string]string{"shop": "SH018", "order": "A/1"}},
		"/start hello":                          {bots.OnStart, "hello", nil},
		"/start shop_":                          {bots.OnStart, "shop_", nil},
		"/start SHOP_1":                         {bots.OnStart, "SHOP_1", nil},
		"/start " + strings.Repeat("a_b__", 20): {bots.OnStart, strings.Repeat("a_b__", 20), nil},
		"/started":                              {bots.OnMessage, "/started", nil},
	} {
		raw, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		e := decodeOne(t, message5(privateChat, `"text":`+string(raw)))
		if e.Type != want.kind || e.Text != want.text || len(e.Fields) != len(want.fields) || len(want.fields) > 0 && !reflect.DeepEqual(e.Fields, want.fields) {
			t.Errorf("%q: %s %q %v", text, e.Type, e.Text, e.Fields)
		}
		if e.Key != "1001:5" {
			t.Errorf("%q has the key %s, not its message's", text, e.Key)
		}
	}
	if e := decodeOne(t, message5(groupChat, `"text":"/start x"`)); e.Type != bots.OnMessage {
		t.Errorf("in a group: %+v", e)
	}
}

func TestNothingToTell(t *testing.T) {
	for _, content := range []string{
		`"channel_post":{"message_id":1}`, `"poll":{"id":"1"}`, `"unheard_of":{}`, `"message":null`,
		message5(groupChat, `"new_chat_title":"新名"`), message5(groupChat, `"new_chat_members":[{"id":1}]`), message5(groupChat, `"pinned_message":{"message_id":1}`),
		`"message":{"message_id":1,"date":1,"chat":{"id":-9,"type":"channel"},"text":"x"}`,
		`"edited_message":{"message_id":5,"date":1,"edit_date":2,` + privateChat + `,` + fromLilei + `,"location":{"latitude":1,"longitude":2,"live_period":900}}`,
	} {
		if e := decodeOne(t, content); e != nil {
			t.Errorf("%s is told as %+v", content, e)
		}
	}
}

func TestMalformed(t *testing.T) {
	for _, raw := range []string{
		`{"update_id":9,"message":{}}`, `{"update_id":9,"message":{"message_id":"x","chat":{"id":1}}}`, `{"update_id":9,"message":{"message_id":1,"chat":null}}`,
		`{"update_id":9,"edited_message":{"message_id":1,"chat":{"id":1}}}`, `{"update_id":9,"callback_query":{}}`, `{"update_id":9,"my_chat_member":{"chat":{"id":1}}}`, `{"update_id":9,"message":`, ``, `x`,
	} {
		if e, err := testDecoder.decode(json.RawMessage(raw)); err == nil {
			t.Errorf("%s passes as %+v", raw, e)
		}
	}
	for _, raw := range []string{`null`, `[]`, `{}`, `"x"`} {
		if e, err := testDecoder.decode(json.RawMessage(raw)); err != nil || e != nil {
			t.Errorf("%s: %+v %v", raw, e, err)
		}
	}
}

func TestRawIsCapped(t *testing.T) {
	raw := `{"update_id":9,` + message5(privateChat, `"text":"`+strings.Repeat("虫", 40000)+`"`) + `}`
	e, err := testDecoder.decode(json.RawMessage(raw))
	if err != nil || len(e.Raw) != maxRaw || len(e.Text) != 120000 {
		t.Errorf("%d bytes kept, %v", len(e.Raw), err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, content := range []string{
		message5(privateChat, `"text":"x","entities":[{"type":"mention","offset":0,"length":1}]`), message5(groupChat, `"photo":[null,{"file_id":"l"}],"caption":"@huiyin_bot x"`),
		message5(groupChat, `"text":"/a@huiyin_bot","reply_to_message":{"message_id":3,`+fromBot+`}`), message5(privateChat, `"text":"/start c2hvcD1TSDAxOA"`),
		`"edited_message":{"message_id":5,"date":1,"edit_date":2,` + privateChat + `}`, `"callback_query":{"id":"q",` + fromLilei + `,"message":{"message_id":8,` + groupChat + `}}`,
		`"my_chat_member":{` + groupChat + `,"old_chat_member":{"status":"left"},"new_chat_member":{"status":"member"}}`,
		message5(privateChat, `"rich_message":{"blocks":[{"text":["a",{"text":"b"}]}]}`), message5(privateChat, `"poll":{"options":[null]},"checklist":{"tasks":[null]}`),
	} {
		f.Add(`{"update_id":9,` + content + `}`)
	}
	for _, text := range bottest.Hostile() {
		if raw, err := json.Marshal(text); err == nil && len(raw) < 2000 {
			f.Add(`{"update_id":9,` + message5(groupChat, `"text":`+string(raw)) + `}`)
		}
	}
	f.Fuzz(func(t *testing.T, raw string) {
		e, err := testDecoder.decode(json.RawMessage(raw))
		if err != nil || e == nil {
			if e != nil {
				t.Error("an event beside an error")
			}
			return
		}
		again, err := testDecoder.decode(json.RawMessage(raw))
		if err != nil || again.Key != e.Key {
			t.Errorf("decoded twice: keys %q and %q", e.Key, again.Key)
		}
		if e.Key == "" || e.Type == "" || len(e.Raw) > maxRaw {
			t.Errorf("an event without key or type: %+v", e)
		}
		if e.Type == bots.OnMessage && (e.Chat.ID == "" || e.MessageID == "") {
			t.Errorf("a message without chat or id: %+v", e)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	raw := json.RawMessage(`{"update_id":9,` + message5(groupChat, `"text":"@huiyin_bot 奶茶里有虫，孩子喝了一半肚子疼","entities":[{"type":"mention","offset":0,"length":11}]`) + `}`)
	b.ReportAllocs()
	for b.Loop() {
		if e, err := testDecoder.decode(raw); err != nil || e == nil {
			b.Fatal(err)
		}
	}
}

// TestAnswersToOnesOwn: a reply to the bot's own message tells so, and what its
// buttons bear; a reply to somebody else's does not.
func TestAnswersToOnesOwn(t *testing.T) {
	const markup = `"reply_markup":{"inline_keyboard":[[{"text":"看原帖","url":"https://example.com"}],[{"text":"认领","callback_data":"claim:128"},{"text":"更多","callback_data":"more:128"}]]}`
	own := decodeOne(t, message5(groupChat, `"text":"！认领","reply_to_message":{"message_id":3,`+fromBot+`,`+markup+`}`))
	if !own.Own || own.Thread != "3" || own.ReplyTo != "3" || own.About != "claim:128" {
		t.Errorf("own: %+v", own)
	}
	others := decodeOne(t, message5(groupChat, `"text":"！认领","reply_to_message":{"message_id":3,`+fromLilei+`,`+markup+`}`))
	if others.Own || others.About != "" || others.Thread != "" || others.ReplyTo != "3" {
		t.Errorf("another's: %+v", others)
	}
	odd := decodeOne(t, message5(groupChat, `"text":"！认领","reply_to_message":{"message_id":3,`+fromBot+`,"reply_markup":{"inline_keyboard":[null,[null,{"callback_data":7}]]}}`))
	if !odd.Own || odd.About != "" {
		t.Errorf("odd buttons: %+v", odd)
	}
}
