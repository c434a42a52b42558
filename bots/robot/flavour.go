package robot

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots"
)

// flavour is what one platform's robots differ in. A further platform is one
// more entry in flavours.
type flavour struct {
	title string // 企业微信…
	name  string // WeCom…
	limit int    // bytes of a text
	rates []bots.Rate
	// message builds the body of a text that rings for the given ids.
	message func(text string, mention []string) map[string]any
	// inline is what stands in the text for a mention; empty where the body
	// alone mentions.
	inline func(id, name string) string
	// userID is what an id looks like that can be mentioned. It matches
	// nobody's "all".
	userID *regexp.Regexp
	// sign adds a signature to the address or the body; nil where robots do
	// not sign.
	sign func(address, secret string, now time.Time, body map[string]any) string
	// code reads the platform's verdict from an answer.
	code func(answer []byte) (code int, text string, ok bool)
	// fates is what codes other than 0 mean; others are refusals for good.
	fates map[int]bots.Fate
	// fate decides where the code alone does not; nil where it always does.
	fate func(code int, text string) (bots.Fate, bool)
	// pause is how long a refusal for too many messages lasts.
	pause func(code int) time.Duration
}

func flavours() map[string]flavour {
	return map[string]flavour{"wecom": wecom(), "feishu": feishu(), "dingtalk": dingtalk()}
}

// wecom: developer.work.weixin.qq.com, 群机器人配置说明. 20 messages a minute; a
// text has at most 2,048 bytes.
func wecom() flavour {
	return flavour{
		title: "企业微信", name: "WeCom", limit: 2048,
		rates: []bots.Rate{{N: 20, Per: time.Minute}},
		message: func(text string, mention []string) map[string]any {
			content := map[string]any{"content": text}
			if len(mention) > 0 {
				content["mentioned_list"] = mention
			}
			return map[string]any{"msgtype": "text", "text": content}
		},
		userID: regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`),
		code:   errcode,
		fates: map[int]bots.Fate{
			-1:    bots.Uncertain, // busy
			40001: bots.Unauthorized,
			40013: bots.Unauthorized,
			41001: bots.Unauthorized,
			45009: bots.Limited,
			45033: bots.Limited,
			93000: bots.Unauthorized, // the key is none, or the robot was removed
			93008: bots.Unauthorized, // not in the group any more
			93017: bots.Unauthorized, // address not in the robot's list of IPs
		},
		pause: func(int) time.Duration { return time.Minute },
	}
}

// feishu: open.feishu.cn, 自定义机器人使用指南. 100 messages a minute and 5 a
// second; a body has at most 20 KB. A custom robot takes no uuid.
func feishu() flavour {
	return flavour{
		title: "飞书", name: "Feishu", limit: 8000,
		rates: []bots.Rate{{N: 5, Per: time.Second}, {N: 100, Per: time.Minute}},
		message: func(text string, _ []string) map[string]any {
			return map[string]any{"msg_type": "text", "content": map[string]any{"text": text}}
		},
		inline: func(id, name string) string { return `<at user_id="` + id + `">` + inert(name) + `</at>` },
		userID: regexp.MustCompile(`^ou_[A-Za-z0-9]{1,64}$`),
		sign:   signFeishu,
		code: func(answer []byte) (int, string, bool) {
			var a struct {
				Code       *int   `json:"code"`
				StatusCode *int   `json:"StatusCode"`
				Msg        string `json:"msg"`
			}
			if json.Unmarshal(answer, &a) != nil {
				return 0, "", false
			}
			if a.Code == nil {
				a.Code = a.StatusCode
			}
			if a.Code == nil {
				return 0, "", false
			}
			return *a.Code, a.Msg, true
		},
		fates: map[int]bots.Fate{
			11232:    bots.Limited, // the platform as a whole, on full and half hours
			11233:    bots.Limited,
			99991400: bots.Limited,
			19001:    bots.Unauthorized, // the token is none, or the robot was removed
			19021:    bots.Unauthorized, // signature, or a clock off by more than an hour
			19022:    bots.Unauthorized, // IP not allowed
		},
		// 9499 is both a malformed request and one too many.
		fate: func(code int, text string) (bots.Fate, bool) {
			return bots.Limited, code == 9499 && strings.Contains(strings.ToLower(text), "too many")
		},
		pause: func(code int) time.Duration {
			if code == 11232 {
				return 15 * time.Second
			}
			return 2 * time.Second
		},
	}
}

// signFeishu puts time and signature into the body: base64 of an HMAC over
// nothing whose key is "TIMESTAMP\nSECRET".
func signFeishu(address, secret string, now time.Time, body map[string]any) string {
	stamp := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(stamp+"\n"+secret))
	body["timestamp"], body["sign"] = stamp, base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return address
}

// dingtalk: open.dingtalk.com, 自定义机器人接入. A 21st message within a minute
// closes the robot for ten; hence one message less.
func dingtalk() flavour {
	return flavour{
		title: "钉钉", name: "DingTalk", limit: 8000,
		rates: []bots.Rate{{N: 19, Per: time.Minute}},
		message: func(text string, mention []string) map[string]any {
			m := map[string]any{"msgtype": "text", "text": map[string]any{"content": text}}
			if len(mention) > 0 {
				m["at"] = map[string]any{"atUserIds": mention, "isAtAll": false}
			}
			return m
		},
		inline: func(id, _ string) string { return "@" + id },
		userID: regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`),
		sign:   signDingtalk,
		code:   errcode,
		fates: map[int]bots.Fate{
			-1:     bots.Uncertain, // busy
			88:     bots.Unauthorized,
			300001: bots.Unauthorized, // no such token
			300005: bots.Unauthorized,
			310000: bots.Unauthorized, // signature, or IP not allowed
			400101: bots.Unauthorized,
			400102: bots.Unauthorized, // switched off
			400106: bots.Unauthorized, // removed
			90030:  bots.Limited,
			130101: bots.Limited,
			130103: bots.Limited,
			410100: bots.Limited,
		},
		// 310000 is also a text that lacks the robot's keywords.
		fate: func(code int, text string) (bots.Fate, bool) {
			return bots.Rejected, code == 310000 && strings.Contains(text, "keywords")
		},
		pause: func(int) time.Duration { return 10 * time.Minute },
	}
}

// signDingtalk puts time and signature into the address: base64 of an HMAC
// over "MILLISECONDS\nSECRET" whose key is the secret.
func signDingtalk(address, secret string, now time.Time, _ map[string]any) string {
	stamp := strconv.FormatInt(now.UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "\n" + secret))
	u, err := url.Parse(address)
	if err != nil {
		return address // Validate has parsed it before
	}
	q := u.Query()
	q.Set("timestamp", stamp)
	q.Set("sign", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	u.RawQuery = q.Encode()
	return u.String()
}

// errcode reads {"errcode":0,"errmsg":"ok"}.
func errcode(answer []byte) (int, string, bool) {
	var a struct {
		Code *int   `json:"errcode"`
		Text string `json:"errmsg"`
	}
	if json.Unmarshal(answer, &a) != nil || a.Code == nil {
		return 0, "", false
	}
	return *a.Code, a.Text, true
}

// judge turns an answer into its fate: by the platform's code where there is
// one, else by the HTTP status.
func (f flavour) judge(status int, answer []byte) error {
	if code, text, ok := f.code(answer); ok && status < 500 {
		return f.judgeCode(code, text)
	}
	e := &bots.SendError{Fate: bots.Rejected, Code: strconv.Itoa(status)}
	switch {
	case status == http.StatusOK:
		e.Fate, e.Code = bots.Uncertain, "no verdict"
	case status == http.StatusTooManyRequests:
		e.Fate, e.Scope, e.RetryAfter = bots.Limited, bots.ScopeBot, f.pause(0)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		e.Fate = bots.Unauthorized
	case status == http.StatusRequestTimeout || status >= 500:
		e.Fate = bots.Uncertain
	}
	return e
}

func (f flavour) judgeCode(code int, text string) error {
	if code == 0 {
		return nil
	}
	e := &bots.SendError{Fate: bots.Rejected, Code: strconv.Itoa(code)}
	if fate, known := f.fates[code]; known {
		e.Fate = fate
	}
	if f.fate != nil {
		if fate, decided := f.fate(code, text); decided {
			e.Fate = fate
		}
	}
	if e.Fate == bots.Limited {
		e.Scope, e.RetryAfter = bots.ScopeBot, f.pause(code)
	}
	return e
}
