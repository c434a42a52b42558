package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// everythingWrong holds a mistake in nearly every line.
const everythingWrong = `brnad: {name: x}
brand:
  name: 青禾
  language: zh-TW
  timezone: Asia/Peking
  name: 青木
storage: {database: mysql://db, redis: cache, file: x}
web:
  listen: 8080
  public_url: feedback.example.com
  trusted_proxies: [10.0.0.0/33, localhost]
bots:
  - {name: care, type: telegramm}
  - {type: telegram, token: "${UNSET}", polls: 1s}
  - {name: hq, type: telegram, token: "1:x", token_file: x}
  - {name: hq, type: telegram, token: "wrong-token"}
  - {name: "a b", type: web}
  - {name: board, type: web, origins: https://x.example}
  - just text
  - {name: late, type: telegram, token_file: none.txt, poll: 10}
listeners:
  - {name: weibo, type: rss}
  - {name: care, type: feed, every: often}
topics:
  - {name: 物流配送}
  - {name: 包装, words: []}
  - {name: 包装, words: [a]}
teams:
  - {name: care, alerts: ["hp:C0", hq, "web1:x", "board:x", [hq:C0]], hours: ["mon-fry 09:00-18:00"], answer: {P4: 10m, P1: 0s}}
  - {name: logistics, hours: ["mon-fri 9-18"], digest: "every morning"}
staff:
  - {name: 李 雷, role: boss, team: logistic, accounts: {hq: U1, qh: U2}}
  - {name: 韩梅梅, accounts: {hq: U1}}
fields:
  - {name: text}
  - {name: shop, file: shops.csv}
  - {name: order, private: yes}
  - {name: area, file: none.csv}
routes:
  routes:
    - when: sentiment == "negativ"
      team: logistic
    - {when: 'now() > 1', team: care}
    - {when: "topics = 5"}
    - {when: '"物流" in topic', priority: P9, continue: maybe}
    - {team: care}
    - {when: 'shop == "SH081" && text matches "("', cards: on}
cards: {fold: -1, within: 5x}
desk: {undo: 10, settle: 30s}
files: {max_size: huge}
advanced: {lease: 10ms, poll: 2m, retry_for: 1s}
texts: {receitp: x, receipt: "{numbr}"}
phrases: {催 件: x}
`

const shopsWrong = `code,name,region,aliases
SH018,徐家汇店,华东,徐家汇|六百
,陆家嘴店,华东,
SH018,静安店,华东,
SH020,六百,华东,
SH021,a,b,c,d
`

func TestEverythingWrongInChinese(t *testing.T) {
	golden(t, "zh-CN", "testdata/wrong.zh-CN.txt")
}

func TestEverythingWrongInEnglish(t *testing.T) {
	golden(t, "en", "testdata/wrong.en.txt")
}

// golden compares the problems of everythingWrong with a file. To change the
// file, set HUIYIN_GOLDEN=write and read the difference.
func golden(t *testing.T, lang, name string) {
	t.Helper()
	dir := t.TempDir()
	for file, content := range map[string]string{"huiyin.yaml": everythingWrong, "shops.csv": shopsWrong} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := options(nil)
	o.Lang = lang
	c, problems := Load(filepath.Join(dir, "huiyin.yaml"), o)
	if c != nil {
		t.Error("there is a configuration")
	}
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintln(&b, strings.TrimPrefix(p.Error(), dir+"/"))
	}
	if os.Getenv("HUIYIN_GOLDEN") == "write" {
		if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestSyntaxProblems(t *testing.T) {
	for source, want := range map[string]string{
		"a: {secret: ${X}}\n":               "1:14: { } 和 [ ] 里的 ${…} 要加引号",
		"brand:\n\tname: x\n":               "2:1: 缩进用了 Tab",
		"brand: {name: \"x\n":               "1:15: 引号没有收尾",
		"brand: {name: 'it}\n":              "1:15: 引号没有收尾",
		"brand: [x\n":                       "1:8: 括号或逗号不对",
		"brand: x: y\n":                     "1:8: 缩进不对，或者多了一个冒号",
		"brand:\n  name: a\n name: b\n":     "3:2: 这里的 YAML 读不懂",
		"- a\n- b\n":                        "1:1: 这里要写「名字: 值」",
		"brand: {}\n---\nlog: {}\n":         "3:4: 一个文件只能有一份配置",
		"brand: !!str x\n":                  "1:8: 这里不能用 YAML 标签",
		"? {a: b}\n: b\n":                   "这里的 YAML 读不懂",
		"brand: *x\n":                       "1:8: 前面没有这个名字的锚点",
		"brand: {name: \"${}\"}\n":          "1:15: ${…} 写得不对",
		"brand: {name: \"${A B}\"}\n":       "1:15: ${…} 写得不对",
		"brand: {name: \"${UNSET}\"}\n":     "1:15: 没有环境变量 UNSET",
		"\xff\n":                            "1:1: 不是 UTF-8 文本",
		"brand: {name: \"a\x00b\"}\n":       "1:1: 不是 UTF-8 文本",
		strings.Repeat("[", 100):            "1:41: 括号或横线套得太深",
		strings.Repeat("- ", 100) + "a":     "1:81: 括号或横线套得太深",
		strings.Repeat("a: b\n", maxTokens): "内容太多了",
	} {
		lines := said(t, source, options(nil))
		if len(lines) == 0 || !strings.Contains(lines[0], want) {
			t.Errorf("%.40q: %q, want %q", source, lines, want)
		}
	}
}

// TestRouteProblemsAreWhereTheyAre looks for the very character.
func TestRouteProblemsAreWhereTheyAre(t *testing.T) {
	for source, want := range map[string]string{
		"routes:\n  team: care\n  routes:\n    - when: group && sentiment == \"bad\"\n":           "4:35:",
		"routes:\n  team: care\n  routes:\n    - when: 'group && sentiment == \"bad\"'\n":         "4:36:",
		"routes:\n  team: care\n  routes:\n    - when: \"group && sentiment == 'bad'\"\n":         "4:36:",
		"routes:\n  team: care\n  routes:\n    - when: \"group && sentiment == \\\"bad\\\"\"\n":   "4:13:",
		"routes:\n  team: care\n  routes:\n    - when: >-\n        group && sentiment == 'bad'\n": "4:13:",
		"routes:\n  routes: []\n": "2:3:",
		"routes: {team: car}\n":   "1:16:",
	} {
		lines := said(t, source, options(nil))
		if len(lines) != 1 || !strings.HasPrefix(lines[0], want) {
			t.Errorf("%q: %q, want it at %s", source, lines, want)
		}
	}
}

func TestSecretsNeverShow(t *testing.T) {
	const secret = "s3cr3t-T0k3n"
	c := load(t, "storage: {redis: \"redis://:${SECRET}@cache:6379\"}\nbots:\n  - {name: care, type: telegram, token: \"1:${SECRET}\"}\n", map[string]string{"SECRET": secret})
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	logger.Info("loaded", "config", c, "storage", c.Storage, "redis", c.Storage.Redis, "bots", c.Bots)
	asJSON, err := json.Marshal(c.Storage)
	if err != nil {
		t.Fatal(err)
	}
	bots, err := json.Marshal(c.Bots)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(c.Storage)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		log.String(), string(asJSON), string(bots), string(asYAML),
		fmt.Sprint(*c), fmt.Sprintf("%v %+v %#v", c.Storage, c.Bots, c.Bots), fmt.Sprintf("%s %q %x", c.Storage.Redis, c.Storage.Redis, c.Storage.Redis),
	} {
		if strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
			t.Errorf("the secret shows: %s", text)
		}
	}
	if got := Secret("").String(); got != "" {
		t.Errorf("no secret prints %q", got)
	}
	// A kind that repeats a secret in its own words does not leak it either.
	lines := said(t, "bots:\n  - {name: care, type: telegram, token: s3cr3t-T0k3n}\n", options(nil))
	if len(lines) != 1 || strings.Contains(lines[0], secret) || !strings.Contains(lines[0], redacted) {
		t.Errorf("%q", lines)
	}
}

func TestValues(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"10s": 10 * time.Second, "1h30m": 90 * time.Minute, "3d": 72 * time.Hour, "1d12h": 36 * time.Hour, "2w": 14 * 24 * time.Hour, "1w1d": 8 * 24 * time.Hour,
		"0": 0, "0s": 0, "1.5h": 90 * time.Minute, "100ms": 100 * time.Millisecond,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%q = %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "10", "-1s", "+1s", "1", "d", "1d-1h", "-1d", "1.5d", "10x", "1d1w", "999999999999d", "300000d", "1 d", "9223372036s9223372036s"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q = %v", text, got)
		}
	}
	for text, want := range map[string]Size{"20MB": 20 << 20, "512 KB": 512 << 10, "1GiB": 1 << 30, "10b": 10, "7": 7, "2k": 2 << 10} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("%q = %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "MB", "-1MB", "1.5MB", "1TB", "99999999999GB", "1 M B", "1IB"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%q = %v", text, got)
		}
	}
	for size, want := range map[Size]string{20 << 20: "20MB", 1 << 30: "1GB", 1500: "1500B", 0: "0B"} {
		if got := size.String(); got != want {
			t.Errorf("%d = %q", int64(size), got)
		}
	}
	for d, want := range map[time.Duration]string{0: "0s", 72 * time.Hour: "72h", 180 * 24 * time.Hour: "180d", 10 * time.Minute: "10m", 6 * time.Second: "6s", 90 * time.Minute: "90m"} {
		if got := formatDuration(d); got != want {
			t.Errorf("%v = %q", d, got)
		}
		if back, err := parseDuration(want); err != nil || back != d {
			t.Errorf("%q = %v, %v", want, back, err)
		}
	}
}

// TestEveryKeyIsExplained keeps the schema whole: a comment in both languages
// for every key, and a message in both for every code.
func TestEveryKeyIsExplained(t *testing.T) {
	var walk func(path string, v reflect.Value, depth int)
	walk = func(path string, v reflect.Value, depth int) {
		if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct {
			v = reflect.New(v.Type().Elem()).Elem()
		}
		if v.Kind() != reflect.Struct || v.Type() == prefixType || v.Type() == channelsType.Elem() || depth > 3 {
			return
		}
		for _, f := range fieldsOf(v) {
			if f.tag.Get("yaml") == "" || f.tag.Get("zh") == "" || f.tag.Get("en") == "" {
				t.Errorf("%s.%s has no name or comment", path, f.key)
			}
			walk(path+"."+f.key, f.value, depth+1)
		}
	}
	walk("", reflect.ValueOf(Default()).Elem(), 0)
	for code, m := range messages() {
		if m.zh == "" || m.en == "" || (m.zhFix == "") != (m.enFix == "") {
			t.Errorf("%s lacks a text", code)
		}
		if strings.Count(m.zh+m.zhFix, "%[1]") == 0 != (strings.Count(m.en+m.enFix, "%[1]") == 0) {
			t.Errorf("%s does not use the same arguments", code)
		}
	}
}

func FuzzLoad(f *testing.F) {
	const secret = "XyZZy-9f3a7c"
	f.Add(everythingWrong)
	f.Add(whole)
	f.Add(sample(kinds(), "en", true))
	for _, seed := range []string{
		"a: &a [*a]", "brand: {name: ${SECRET}}", "bots: [{name: a, type: telegram, token: \"${SECRET}\"}]", "routes: {team: care, routes: [{when: '${SECRET}'}]}",
		"storage: {database: \"${SECRET}\"}", "desk: {undo: \"${SECRET}\"}", "texts: {\"${SECRET}\": x}", "teams: [{name: \"${SECRET}\", alerts: [\"${SECRET}:x\"], hours: [\"${SECRET}\"]}]",
		"<<: {}", "? a", "\r\r0", "a: \u0085\u2028\u2029- b", "\xef\xbb\xbfa: b", "a: |\n  b\n", "- - - a", "{", "a: 'b", "a:\n\tb", "!!a b", "%x", "---\n---\n", "fields: [{name: \"${SECRET}\", file: \"${SECRET}\"}]",
		"network: {allow: [\"${SECRET}\"]}", "staff: [{name: x, role: \"${SECRET}\", accounts: {web: \"${SECRET}\"}}]", "cards: {fold: \"${SECRET}\"}",
	} {
		f.Add(seed)
	}
	o := options(map[string]string{"SECRET": secret})
	f.Fuzz(func(t *testing.T, source string) {
		ps := &problems{lang: "en"}
		c, found := parse("huiyin.yaml", []byte(source), ps, o)
		if (c == nil) != (len(found) > 0) {
			t.Fatalf("configuration %v and problems %v", c, found)
		}
		lines := 1 // as YAML counts them
		for _, r := range source {
			if strings.ContainsRune("\n\r\u0085\u2028\u2029", r) {
				lines++
			}
		}
		for _, p := range found {
			if strings.Contains(p.Error(), secret) {
				t.Fatalf("the secret shows: %v", p)
			}
			if p.Text == "" || p.File == "huiyin.yaml" && p.Line > lines+1 {
				t.Fatalf("%+v", p)
			}
		}
		if c != nil && strings.Contains(fmt.Sprintf("%+v", c.Storage)+fmt.Sprint(c.Bots), secret) {
			t.Fatal("the secret shows in a dump")
		}
	})
}

func TestProblemsAreInOrderAndBounded(t *testing.T) {
	var b strings.Builder
	for i := range 500 {
		fmt.Fprintf(&b, "wrong%s: 1\n", strings.Repeat("x", i%20))
	}
	_, found := parse("x.yaml", []byte(b.String()), &problems{lang: "en"}, options(nil))
	if len(found) == 0 || len(found) > maxProblems {
		t.Errorf("%d problems", len(found))
	}
	if !slices.IsSortedFunc(found, func(a, b Problem) int { return a.Line - b.Line }) {
		t.Error("not in order")
	}
}
