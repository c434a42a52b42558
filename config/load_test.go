package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/feedback/route"
)

// telegramOptions and the like stand for connectors' options.
type telegramOptions struct {
	Token  string        `yaml:"token" secret:"true" need:"true"`
	APIURL string        `yaml:"api_url"`
	Poll   time.Duration `yaml:"poll" min:"1s"`
}

type webOptions struct {
	Title   string   `yaml:"title"`
	Origins []string `yaml:"origins"`
}

type robotOptions struct {
	Flavour string `yaml:"flavour" enum:"wecom,feishu,dingtalk"`
	URL     string `yaml:"url" secret:"true"`
}

type feedOptions struct {
	URL   string        `yaml:"url"`
	Every time.Duration `yaml:"every"`
}

func kinds() Kinds {
	return Kinds{
		Bots: []Kind{
			{Name: "web", Title: "网页", Options: func() any { return &webOptions{} }, Sample: "- name: site\n  type: web\n  origins: []   # sites that may embed the chat\n"},
			{Name: "telegram", Title: "Telegram", Team: true, Options: func() any { return &telegramOptions{APIURL: "https://api.telegram.org", Poll: 30 * time.Second} },
				Sample: "  - name: care\n    type: telegram\n\n    token: ${TELEGRAM_TOKEN}\n",
				Validate: func(o any) []KeyProblem {
					options, ok := o.(*telegramOptions)
					if ok && !strings.Contains(options.Token, ":") && options.Token != "" {
						return []KeyProblem{{"token", fmt.Sprintf("a token looks like 123:ABC, not %s", options.Token)}}
					}
					return nil
				}},
			{Name: "robot", Team: true, OneChat: true, Options: func() any { return &robotOptions{Flavour: "wecom"} }, Sample: "- {name: qun, type: robot, url: \"${ROBOT}\"}\n"},
		},
		Listeners: []Kind{
			{Name: "feed", Title: "Feed", Options: func() any { return &feedOptions{Every: 5 * time.Minute} }, Sample: "- {name: weibo, type: feed, url: \"https://rsshub.example.com/weibo/keyword/x\"}\n"},
		},
	}
}

// options are what these tests load with; env holds the variables that are set.
func options(env map[string]string) Options {
	return Options{
		Kinds: kinds(), Topics: []string{"物流配送", "口味"}, Lang: "zh-CN",
		Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		Texts: func(texts map[string]string, _ string) []TextProblem {
			var out []TextProblem
			for key, text := range texts {
				switch {
				case key != "receipt":
					out = append(out, TextProblem{Key: key, Code: "key", Nearest: "receipt"})
				case strings.Contains(text, "{numbr}"):
					out = append(out, TextProblem{Key: key, Code: "var", Known: []string{"number", "when"}})
				}
			}
			return out
		},
	}
}

// write writes a file below a fresh directory and returns its path.
func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// load loads content and fails on problems.
func load(t testing.TB, content string, env map[string]string) *Config {
	t.Helper()
	c, problems := Load(write(t, "huiyin.yaml", content), options(env))
	for _, p := range problems {
		t.Error(p)
	}
	if c == nil {
		t.FailNow()
	}
	return c
}

// said returns the problems of content as lines without the file's name.
func said(t testing.TB, content string, o Options) []string {
	t.Helper()
	path := write(t, "huiyin.yaml", content)
	c, problems := Load(path, o)
	if (c == nil) != (len(problems) > 0) {
		t.Fatalf("configuration %v and problems %v", c, problems)
	}
	var lines []string
	for _, p := range problems {
		lines = append(lines, strings.TrimPrefix(strings.TrimPrefix(p.Error(), path+":"), filepath.Dir(path)+"/"))
	}
	return lines
}

func TestNothingWritten(t *testing.T) {
	for name, path := range map[string]string{
		"no file": "", "empty": write(t, "a.yaml", ""), "comments": write(t, "b.yaml", "# nothing\n\n"), "null": write(t, "c.yaml", "~\n"),
		"keys without values": write(t, "d.yaml", "brand:\nteams:\n"),
	} {
		c, problems := Load(path, options(nil))
		if len(problems) > 0 {
			t.Fatalf("%s: %v", name, problems)
		}
		if len(c.Bots) != 1 || c.Bots[0].Name != "web" || c.Bots[0].Type != "web" || c.Bots[0].Options == nil || len(c.Listeners) != 0 {
			t.Errorf("%s: bots %v", name, c.Bots)
		}
		if c.Storage.Database.Reveal() != "sqlite:huiyin-data/huiyin.db" || c.Storage.Redis != "" || c.Web.Listen != "127.0.0.1:8080" || c.Web.PublicURL != "http://127.0.0.1:8080" {
			t.Errorf("%s: %+v %+v", name, c.Storage, c.Web)
		}
		if len(c.Teams) != 1 || !c.Teams[0].Open.Always() || c.Teams[0].Within.For(feedback.P1) != 30*time.Minute {
			t.Errorf("%s: teams %+v", name, c.Teams)
		}
		if d := c.Tree.Route(route.Env{}); d.Team != c.Teams[0].Name || !d.Default {
			t.Errorf("%s: %+v", name, d)
		}
		if c.Location.String() != "Asia/Shanghai" || c.Desk.Undo != 10*time.Second || c.Cards.Fold != 20 {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

// whole is a configuration that uses everything.
const whole = `
brand:    {name: 青禾咖啡, language: zh-CN, timezone: Asia/Shanghai}
storage:
  database: postgres://huiyin:${DB_PASSWORD}@db/huiyin
  redis: rediss://cache:6379/0
  files: /srv/huiyin
web:      {listen: ":9000", public_url: "https://feedback.example.com/", metrics_listen: "", trusted_proxies: [10.0.0.0/8, 192.168.1.5]}
bots:
  - name: care
    type: telegram
    token: ${TELEGRAM_TOKEN}
    poll: 10s
  - name: hq
    title: 总部
    type: telegram
    token_file: hq.token
  - {name: site, type: web, title: 和我们说, origins: ["https://www.example.com"]}
  - {name: qun, type: robot, flavour: feishu, url: "${ROBOT}"}
listeners:
  - {name: weibo, type: feed, url: "https://rsshub.example.com/weibo/keyword/青禾咖啡", every: 1d}
topics:
  - {name: 物流配送, words: [快递, 配送, 骑手]}
  - &quality {name: 食品安全, words: [异物, 变质]}
teams:
  - {name: care, title: 客服组, alerts: ["care:-100200", qun], hours: ["mon-sun 09:00-21:00"], answer: {P1: 20m}}
  - {name: logistics, alerts: ["hq:C0:LOGIS"], digest: "0 9 * * 1-5"}
staff:
  - {name: 李雷, shown_as: 小雷, role: lead, team: logistics, accounts: {hq: U01, care: "1001"}}
  - {name: 韩梅梅}
fields:
  - {name: shop, title: 门店, file: shops.csv}
  - {name: order, private: true}
routes:
  team: care
  routes:
    - when: sentiment == "negative" && "食品安全" in topics
      team: care
      priority: P0
    - {when: 'shop == "SH018" && channel == "weibo"', team: logistics, cards: urgent, continue: true}
cards:    {fold: 0, within: 1m}
desk:     {undo: 1s, close_after: 3d, remind_after: 1d, settle: 100ms}
files:    {max_size: 5MB}
privacy:  {company: 青禾, contact: privacy@example.com, keep: 90d}
network:  {allow: [127.0.0.0/8]}
log:      {level: debug, format: json}
advanced: {poll: 20ms}
texts:    {receipt: "收到啦～编号 #{number}，{when}前回您，$${x}"}
phrases:  {催件: "已经帮您催了，有消息马上告诉您。"}
`

func TestWhole(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"huiyin.yaml": whole, "hq.token": "22:HQSECRET\n",
		"shops.csv": "\ufeffcode,name,region,aliases\nSH018,徐家汇店,华东,徐家汇|六百\nSH019,\"陆家嘴,正大\",华东\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, problems := Load(filepath.Join(dir, "huiyin.yaml"), options(map[string]string{"DB_PASSWORD": "pa:ss", "TELEGRAM_TOKEN": "11:CARE", "ROBOT": "https://robot.example.com/?key=1"}))
	for _, p := range problems {
		t.Error(p)
	}
	if c == nil {
		t.FailNow()
	}
	if got := c.Storage.Database.Reveal(); got != "postgres://huiyin:pa:ss@db/huiyin" {
		t.Error(got)
	}
	care, hq := optionsOf[telegramOptions](t, c.Bots[0]), optionsOf[telegramOptions](t, c.Bots[1])
	if care.Token != "11:CARE" || care.Poll != 10*time.Second || care.APIURL != "https://api.telegram.org" {
		t.Errorf("%+v", care)
	}
	if hq.Token != "22:HQSECRET" || hq.Poll != 30*time.Second || c.Bots[1].Title != "总部" {
		t.Errorf("%+v %+v", hq, c.Bots[1].Title)
	}
	if site := optionsOf[webOptions](t, c.Bots[2]); site.Title != "和我们说" || len(site.Origins) != 1 || c.Bots[2].Title != "" {
		t.Errorf("%+v", site)
	}
	if feed := optionsOf[feedOptions](t, c.Listeners[0]); feed.Every != 24*time.Hour {
		t.Errorf("%+v", feed)
	}
	if c.Web.PublicURL != "https://feedback.example.com" || c.Web.MetricsListen != "" || len(c.Web.TrustedProxies) != 2 || c.Web.TrustedProxies[1].Bits() != 32 {
		t.Errorf("%+v", c.Web)
	}
	if got := c.Teams[0].Places; !slices.Equal(got, []Place{{"care", "-100200"}, {"qun", ""}}) {
		t.Errorf("%v", got)
	}
	if got := c.Teams[1].Places; !slices.Equal(got, []Place{{"hq", "C0:LOGIS"}}) {
		t.Errorf("%v", got)
	}
	if c.Teams[0].Within.For(feedback.P1) != 20*time.Minute || c.Teams[0].Within.For(feedback.P0) != 10*time.Minute || c.Teams[1].Title != "logistics" || c.Teams[0].Open.Always() {
		t.Errorf("%+v", c.Teams)
	}
	if c.Staff[0].FeedbackRole() != feedback.Lead || c.Staff[1].FeedbackRole() != feedback.Agent || c.Staff[0].Accounts["care"] != "1001" {
		t.Errorf("%+v", c.Staff)
	}
	shop := c.Fields[0]
	if len(shop.Values) != 2 || shop.Values[1].Name != "陆家嘴,正大" || !slices.Equal(shop.Values[0].Aliases, []string{"徐家汇", "六百"}) || c.Fields[1].Title != "order" {
		t.Errorf("%+v", c.Fields)
	}
	if d := c.Tree.Route(route.Env{Sentiment: "negative", Topics: []string{"食品安全"}}); d.Priority != "P0" {
		t.Errorf("%+v", d)
	}
	if c.Desk.CloseAfter != 72*time.Hour || c.Desk.SettleMax != 20*time.Second || c.Files.MaxSize != 5<<20 || c.Privacy.Days() != 90 || c.Advanced.Poll != 20*time.Millisecond {
		t.Errorf("%+v %+v %+v", c.Desk, c.Files, c.Privacy)
	}
	if got := c.Texts["receipt"]; got != "收到啦～编号 #{number}，{when}前回您，${x}" {
		t.Error(got)
	}
	if c.Phrases["催件"] == "" || c.TopicNames([]string{"物流配送", "口味"})[2] != "食品安全" {
		t.Errorf("%v", c.Phrases)
	}
}

// optionsOf returns the options of a channel as their own type.
func optionsOf[T any](t *testing.T, c Channel) *T {
	t.Helper()
	o, ok := c.Options.(*T)
	if !ok {
		t.Fatalf("%v has options %T", c, c.Options)
	}
	return o
}

func TestSecretsFromFiles(t *testing.T) {
	dir := t.TempDir()
	put := func(name, content string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("huiyin.yaml", "storage: {database_file: db.url, redis_file: empty}\n")
	put("db.url", "postgres://u:p4ssw0rd@db/huiyin\r\n")
	put("empty", "\n")
	_, problems := Load(filepath.Join(dir, "huiyin.yaml"), options(nil))
	if len(problems) != 1 || problems[0].Line != 1 || !strings.Contains(problems[0].Text, "密钥文件") {
		t.Errorf("%v", problems)
	}
	put("empty", "redis://:other@cache\n")
	c, problems := Load(filepath.Join(dir, "huiyin.yaml"), options(nil))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if c.Storage.Database.Reveal() != "postgres://u:p4ssw0rd@db/huiyin" || c.Storage.Redis.Reveal() != "redis://:other@cache" {
		t.Error("the secrets are not what the files hold")
	}
}

func TestFileProblems(t *testing.T) {
	_, problems := Load(filepath.Join(t.TempDir(), "none.yaml"), options(nil))
	if len(problems) != 1 || problems[0].Text != "没有这个文件" || problems[0].Line != 0 {
		t.Errorf("%v", problems)
	}
	_, problems = Load(t.TempDir(), options(nil))
	if len(problems) != 1 {
		t.Errorf("a directory: %v", problems)
	}
	_, problems = Load(write(t, "big.yaml", "# "+strings.Repeat("x", maxFile)), options(nil))
	if len(problems) != 1 || !strings.Contains(problems[0].Text, "1 MiB") {
		t.Errorf("too big: %v", problems)
	}
}

func TestJSONIsYAML(t *testing.T) {
	c := load(t, `{"brand": {"name": "青禾", "language": "en"}, "bots": [], "desk": {"undo": "3s"}}`, nil)
	if c.Brand.Name != "青禾" || len(c.Bots) != 0 || c.Desk.Undo != 3*time.Second || c.Teams[0].Title != "Care" {
		t.Errorf("%+v", c)
	}
}

func TestAliases(t *testing.T) {
	c := load(t, `
topics:
  - &a {name: A, words: &w [a, b]}
  - {name: B, words: *w}
  - {<<: *a, name: C}
`, nil)
	if len(c.Topics) != 3 || !slices.Equal(c.Topics[1].Words, []string{"a", "b"}) || c.Topics[2].Name != "C" || len(c.Topics[2].Words) != 2 {
		t.Errorf("%+v", c.Topics)
	}
	laughs := "routes:\n  team: care\n  routes:\n    - &a {when: group, continue: true}\n"
	for i := range 20 {
		was, is := string(rune('a'+i)), string(rune('b'+i))
		laughs += fmt.Sprintf("    - &%s {when: group, continue: true, routes: [*%s, *%s, *%s, *%s]}\n", is, was, was, was, was)
	}
	// A million million routes, were they all made: this would not come back.
	if lines := said(t, laughs, options(nil)); len(lines) == 0 {
		t.Error("nothing is said of references within references")
	}
}

func TestSampleLoads(t *testing.T) {
	for _, lang := range []string{"zh-CN", "en"} {
		text := Sample(kinds(), lang)
		c := load(t, text, nil)
		byDefault, problems := Load("", options(nil))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if len(c.Bots) != 1 || c.Bots[0].Name != "site" || c.Desk != byDefault.Desk || c.Advanced != byDefault.Advanced || c.Storage != byDefault.Storage || c.Cards != byDefault.Cards || c.Files != byDefault.Files {
			t.Errorf("%s: the sample changes a default: %+v", lang, c)
		}
		load(t, sample(kinds(), lang, true), map[string]string{"TELEGRAM_TOKEN": "1:x", "ROBOT": "https://x.example"})
		for i, line := range strings.Split(text, "\n") {
			if strings.Contains(line, "# \n") || strings.HasSuffix(line, " ") || strings.HasSuffix(line, "#") {
				t.Errorf("%s, line %d: no comment: %q", lang, i+1, line)
			}
		}
	}
}

func TestRedisAddresses(t *testing.T) {
	for address, good := range map[string]bool{
		"redis://h:6379/0": true, "rediss://u:p@h": true, "unix:///run/redis.sock": true,
		"redis+sentinel://u:p@a:26379,b:26379/main/1": true, "rediss+cluster://a:6379,b:6379": true,
		"redis://a:1,b:2": false, "redis+sentinel://a:26379": false, "redis+cluster://a:6379/1": false, "h:6379": false, "http://h": false,
	} {
		problems := said(t, "storage: {database: postgres://u@h/d, redis: \""+address+"\"}\n", options(nil))
		if got := len(problems) == 0; got != good {
			t.Errorf("%s: taken is %v, want %v: %v", address, got, good, problems)
		}
	}
}
