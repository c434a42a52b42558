package robottest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// post sends a body to the robot's address, or another, and returns its code.
func post(t *testing.T, address, body string) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := (&http.Client{}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct{ Code, Errcode int }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Code + answer.Errcode
}

// The fake must refuse what the platforms refuse: one that takes everything
// proves nothing.
func TestRefusals(t *testing.T) {
	now := time.Unix(1700000000, 0)
	for _, c := range []struct {
		flavour, body string
		want          int
	}{
		{"wecom", `{"msgtype":"text","text":{"content":"好"}}`, 0},
		{"wecom", `{"msgtype":"text","text":{"content":""}}`, 44004},
		{"wecom", `{"msgtype":"text","text":{"content":"` + strings.Repeat("长", 683) + `"}}`, 40058},
		{"wecom", `{"msgtype":"text","text":{"content":"x"},"colour":"red"}`, 40008},
		{"wecom", `{"msgtype":"card"}`, 40008},
		{"feishu", `{"msg_type":"text","content":{"text":"好"}}`, 0},
		{"feishu", `{"msg_type":"text","content":{"text":"好"},"uuid":"x"}`, 9499},
		{"feishu", `{"msg_type":"text","content":{"text":"` + strings.Repeat("长", 7000) + `"}}`, 11246},
		{"feishu", `{`, 9499},
		{"dingtalk", `{"msgtype":"text","text":{"content":"好"}}`, 0},
		{"dingtalk", `{"msgtype":"text","text":{"content":"` + strings.Repeat("长", 7000) + `"}}`, 460101},
		{"dingtalk", `{"msgtype":"text"}`, 40035},
	} {
		s := Start(Options{Flavour: c.flavour, Now: func() time.Time { return now }})
		if got := post(t, s.URL(), c.body); got != c.want || len(s.Messages()) > 0 != (c.want == 0) {
			t.Errorf("%s answers %.60s with %d, want %d", c.flavour, c.body, got, c.want)
		}
		s.Close()
	}
	for flavour, code := range map[string]int{"wecom": 93000, "feishu": 19001, "dingtalk": 300001} {
		s := Start(Options{Flavour: flavour})
		if got := post(t, strings.Replace(s.URL(), Key, "other", 1), `{}`); got != code {
			t.Errorf("%s answers another key with %d, want %d", flavour, got, code)
		}
		s.Close()
	}
	for flavour, code := range map[string]int{"feishu": 19024, "dingtalk": 310000} {
		s := Start(Options{Flavour: flavour, Keyword: "回音"})
		if got := post(t, s.URL(), text(flavour, "没有")); got != code {
			t.Errorf("%s answers a text without its keyword with %d, want %d", flavour, got, code)
		}
		s.Close()
	}
}

func text(flavour, s string) string {
	if flavour == "feishu" {
		return fmt.Sprintf(`{"msg_type":"text","content":{"text":%q}}`, s)
	}
	return fmt.Sprintf(`{"msgtype":"text","text":{"content":%q}}`, s)
}

// A 21st message within a minute closes a DingTalk robot for ten.
func TestDingTalkCloses(t *testing.T) {
	now := time.Unix(1700000000, 0)
	s := Start(Options{Flavour: "dingtalk", Now: func() time.Time { return now }})
	defer s.Close()
	for i := range 20 {
		if code := post(t, s.URL(), text("dingtalk", "好")); code != 0 {
			t.Fatalf("message %d: %d", i+1, code)
		}
	}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 130101}, {9 * time.Minute, 130101}, {time.Minute, 0}} {
		now = now.Add(step.after)
		if code := post(t, s.URL(), text("dingtalk", "好")); code != step.want {
			t.Errorf("%s later: %d, want %d", step.after, code, step.want)
		}
	}
	if s.Blocks() != 1 {
		t.Errorf("closed %d times", s.Blocks())
	}
}

func TestReading(t *testing.T) {
	for _, c := range []struct {
		flavour, text    string
		notified, living int
	}{
		{"feishu", `<at user_id="all">所有人</at> <at id=ou_1></at>`, 2, 0},
		{"wecom", "<@lilei> @lilei", 1, 2},
		{"wecom", "https://a.example.com/x 10.0.0.1 evil.com [x](http://b.cn)", 0, 5},
		{"dingtalk", "@all <b>x</b>", 0, 3},
		{"dingtalk", "#128 12:30 3.5 ＠all a：//b", 0, 0},
	} {
		s := Start(Options{Flavour: c.flavour})
		post(t, s.URL(), text(c.flavour, c.text))
		if all := s.Messages(); len(all) != 1 || len(all[0].Notified) != c.notified || len(all[0].Live) != c.living {
			t.Errorf("%s reads %q as %+v", c.flavour, c.text, all)
		}
		s.Close()
	}
}
