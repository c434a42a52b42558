package robot

import (
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/bots/bottest"
)

// The expected values were computed with another implementation of HMAC.
func TestSignatureVectors(t *testing.T) {
	const secret = "SECdemo0123456789"
	body := map[string]any{}
	signFeishu("", secret, time.Unix(1700000000, 0), body)
	if body["timestamp"] != "1700000000" || body["sign"] != "OwVY1o4jtY+KrWyBDuR3eNKZbwzYJawAd+W7mUYesSU=" {
		t.Errorf("feishu: %v", body)
	}
	signed := signDingtalk("https://oapi.example.com/robot/send?access_token=t", secret, time.UnixMilli(1700000000123), nil)
	u, err := url.Parse(signed)
	if err != nil {
		t.Fatal(err)
	}
	if q := u.Query(); q.Get("access_token") != "t" || q.Get("timestamp") != "1700000000123" || !strings.Contains(signed, "sign=Mcc8J9GPzVIVCtdwel19QnbvmqYdBj2sa4%2FyO8EOoMI%3D") {
		t.Errorf("dingtalk: %s", signed)
	}
}

func TestInert(t *testing.T) {
	for text, want := range map[string]string{
		"@all @所有人 x@y.cn":                   "＠all ＠所有人 x＠y．cn",
		`<at user_id="all">所有人</at>`:         `＜at user_id="all">所有人＜/at>`,
		"<@lilei>":                           "＜＠lilei>",
		"看 https://evil.example.net/x?y=1.5": "看 https：//evil．example．net/x?y=1.5",
		"[银行](https://a.cn)":                 "[银行］(https：//a．cn)",
		"10.0.0.1":                           "10．0．0．1",
		"12:30 前，3.5 折，2 < 3，#128，a. b":      "12:30 前，3.5 折，2 < 3，#128，a. b",
	} {
		if got := inert(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// FuzzLayOut holds that a text fits its platform, is valid and keeps the way
// to the board, whatever customers wrote.
func FuzzLayOut(f *testing.F) {
	for _, text := range bottest.Hostile() {
		f.Add(text, "李雷", "lilei")
	}
	f.Fuzz(func(t *testing.T, text, name, id string) {
		people := []bots.Person{{ID: id, Name: name}, {ID: "lilei", Name: text}}
		for kind, fl := range flavours() {
			card := bots.Card{Head: "🔴 " + text, State: text, Quote: text, Lines: []string{text, name, text}, URL: "https://board.example.com/i/1"}
			for _, p := range []bots.Post{{Text: text}, {Card: &card}, {Text: text, Mention: people, Files: []bots.Attached{{Name: name}}}} {
				got := layOut(p, fl)
				if len(got) > fl.limit || !utf8.ValidString(got) {
					t.Fatalf("%s: %d bytes, valid %v", kind, len(got), utf8.ValidString(got))
				}
				if p.Card != nil && !strings.HasSuffix(got, "\n→ "+card.URL) {
					t.Fatalf("%s: the link is gone: %q", kind, got)
				}
				body, err := encode(fl.message(got, ids(p.Mention, fl)))
				if err != nil || len(body) > 20000 {
					t.Fatalf("%s: %d bytes of body, %v", kind, len(body), err)
				}
			}
		}
	})
}

// FuzzJudge holds that no answer panics and that only a zero passes for taken.
func FuzzJudge(f *testing.F) {
	for _, answer := range []string{`{"errcode":0}`, `{"code":0}`, `{"StatusCode":0}`, `{"errcode":"0"}`, `{"errcode":null}`, `null`, `[]`, `{`, `{"code":1e99}`} {
		f.Add(200, []byte(answer))
		f.Add(500, []byte(answer))
	}
	f.Fuzz(func(t *testing.T, status int, answer []byte) {
		for kind, fl := range flavours() {
			err := fl.judge(status, answer)
			if code, _, ok := fl.code(answer); err == nil && (!ok || code != 0 || status >= 500) {
				t.Errorf("%s: %d %q passes for taken", kind, status, answer)
			}
		}
	})
}
