package config

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/feedback/route"
)

// documented is the example of the documentation: what a reader copies must
// load as it stands.
const documented = `
brand:    {name: 青禾咖啡, language: zh-CN, timezone: Asia/Shanghai}     # zh-CN or en
storage:
  database: sqlite:huiyin-data/huiyin.db       # or postgres://user@host/db
  redis: ""                                    # empty: in-process; or redis:// rediss://
  files: huiyin-data/files                     # one directory shared by all processes
web:      {listen: "127.0.0.1:8080", public_url: "http://127.0.0.1:8080", metrics_listen: "127.0.0.1:9108", trusted_proxies: []}

bots:                                          # two-way
  - name: care
    type: telegram
    token: ${TELEGRAM_TOKEN}
    api_url: https://api.telegram.org          # or a self-hosted Bot API server
  - name: hq
    type: slack
    bot_token: ${SLACK_BOT_TOKEN}
    app_token: ${SLACK_APP_TOKEN}              # Socket Mode
    api_url: https://slack.com/api/
  - {name: site, type: web, origins: ["https://www.example.com"]}
  - {name: qun, type: robot, flavour: wecom, url: "${WECOM_ROBOT}"}      # one-way team robot

listeners:                                     # one-way
  - {name: weibo, type: feed, url: "https://rsshub.example.com/weibo/keyword/青禾咖啡", every: 5m, fresh: 24h}
  - {name: shop,  type: webhook, secret: "${SHOP_SECRET}"}

topics:                                        # a topic here replaces the built-in one of its name
  - {name: 物流配送, words: [快递, 配送, 骑手, 超时, 送错]}
teams:
  - {name: care, title: 客服组, alerts: ["hq:C0CARE"], hours: ["mon-sun 09:00-21:00"], answer: {P0: 10m, P1: 30m, P2: 2h, P3: 24h}}
  - {name: logistics, title: 物流组, alerts: ["hq:C0LOGIS", "care:-100200"]}      # bot:chat
staff:
  - {name: 李雷, shown_as: 小雷, role: agent, team: logistics, accounts: {hq: U01, care: "1001"}}
fields:
  - {name: shop, title: 门店, file: shops.csv}  # code, name, region, aliases
  - {name: order, title: 订单号, private: true}
routes:
  team: care
  routes:
    - {when: 'sentiment == "negative" && "物流配送" in topics', team: logistics}
cards:    {fold: 20, within: 10m}
desk:     {undo: 10s, close_after: 72h, remind_after: 24h, survey_every: 24h}
texts:    {receipt: "收到啦～编号 #{number}，{when}前回您"}
phrases:  {催件: "已经帮您催了，有消息马上告诉您。"}              # 回复 %催件
`

type slackOptions struct {
	BotToken string `yaml:"bot_token" secret:"true"`
	AppToken string `yaml:"app_token" secret:"true"`
	APIURL   string `yaml:"api_url"`
}

type webhookOptions struct {
	Secret string `yaml:"secret" secret:"true"`
}

type freshFeedOptions struct {
	URL          string `yaml:"url"`
	Every, Fresh time.Duration
}

func TestDocumentedExample(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"huiyin.yaml": documented, "shops.csv": "code,name,region,aliases\nSH018,徐家汇店,华东,徐家汇\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := options(map[string]string{
		"TELEGRAM_TOKEN": "1:x", "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "WECOM_ROBOT": "https://robot.example.com", "SHOP_SECRET": "0123456789",
	})
	o.Kinds.Bots = append(o.Kinds.Bots, Kind{Name: "slack", Team: true, Options: func() any { return &slackOptions{} }})
	o.Kinds.Listeners = []Kind{{Name: "feed", Options: func() any { return &freshFeedOptions{} }}, {Name: "webhook", Options: func() any { return &webhookOptions{} }}}
	c, problems := Load(filepath.Join(dir, "huiyin.yaml"), o)
	for _, p := range problems {
		t.Error(p)
	}
	if c == nil {
		t.FailNow()
	}
	d := c.Tree.Route(route.Env{Sentiment: "negative", Topics: []string{"物流配送"}})
	if d.Team != "logistics" || d.Default || len(c.Teams[1].Places) != 2 || c.Staff[0].FeedbackRole() != feedback.Agent {
		t.Errorf("%+v, %+v", d, c.Teams)
	}
	byDefault := Default()
	if c.Desk != byDefault.Desk || c.Cards != byDefault.Cards || c.Storage != byDefault.Storage || c.Teams[0].Answer != byDefault.Teams[0].Answer {
		t.Errorf("the documented values are not the defaults: %+v", c)
	}
	if feed := optionsOf[freshFeedOptions](t, c.Listeners[0]); feed.Every != 5*time.Minute || feed.Fresh != 24*time.Hour {
		t.Errorf("%+v", feed)
	}
}
