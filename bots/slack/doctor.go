package slack

import (
	"context"
	"fmt"
	"strings"

	"github.com/huiyin/huiyin/bots"
)

// scopes are what the bot token needs, and what for.
func scopes() []struct{ name, use, useEN string } {
	return []struct{ name, use, useEN string }{
		{"chat:write", "发消息、改卡片", "post messages and change cards"},
		{"app_mentions:read", "听见 @回音", "hear mentions of the bot"},
		{"channels:history", "看公开频道里的消息和话题", "read messages and threads of public channels"},
		{"groups:history", "看私有频道里的消息和话题", "read messages and threads of private channels"},
		{"im:history", "看客户的私聊", "read what customers write in private"},
		{"channels:read", "知道进了哪个频道、频道叫什么", "know which channels it is in, and their names"},
		{"groups:read", "知道进了哪个私有频道", "know which private channels it is in"},
		{"users:read", "显示对方的名字", "show people's names"},
		{"files:read", "取客户发来的图片和语音", "fetch customers' pictures and recordings"},
		{"files:write", "把图片和语音发出去", "send pictures and recordings"},
		{"commands", "斜杠命令 /hy", "the slash command /hy"},
	}
}

// Doctor tries both tokens and says which scopes are missing and what each is
// for.
func (b *bot) Doctor(ctx context.Context) []bots.Finding {
	answer, err := b.api.AuthTestContext(ctx)
	if err != nil {
		return append([]bots.Finding{tokenFinding("bot_token", err)}, b.socketFinding(ctx))
	}
	findings := []bots.Finding{{
		OK: true, Text: fmt.Sprintf("bot_token 有效：工作区 %s，机器人 %s", answer.Team, answer.User),
		TextEN: fmt.Sprintf("bot_token works: workspace %s, bot %s", answer.Team, answer.User),
	}}
	findings = append(findings, b.scopeFindings()...)
	return append(findings, b.socketFinding(ctx))
}

func (b *bot) scopeFindings() []bots.Finding {
	b.mu.RLock()
	granted := b.scopes
	b.mu.RUnlock()
	if granted == "" {
		return []bots.Finding{{
			Text: "Slack 没有说明 bot_token 有哪些权限", Do: "在 OAuth & Permissions 里核对权限，改动后重新安装应用",
			TextEN: "Slack does not say what bot_token may do", DoEN: "check the scopes under OAuth & Permissions, and install the app again after a change",
		}}
	}
	has := map[string]bool{}
	for _, s := range strings.Split(granted, ",") {
		has[strings.TrimSpace(s)] = true
	}
	var findings []bots.Finding
	for _, s := range scopes() {
		if !has[s.name] {
			findings = append(findings, bots.Finding{
				Text: fmt.Sprintf("缺权限 %s（%s）", s.name, s.use),
				Do:   fmt.Sprintf("在 OAuth & Permissions 加上 %s，然后重新安装应用", s.name),

				TextEN: fmt.Sprintf("the scope %s is missing (%s)", s.name, s.useEN),
				DoEN:   fmt.Sprintf("add %s under OAuth & Permissions, then install the app again", s.name),
			})
		}
	}
	if len(findings) == 0 {
		return []bots.Finding{{OK: true, Text: "权限齐全", TextEN: "all scopes are there"}}
	}
	return findings
}

func (b *bot) socketFinding(ctx context.Context) bots.Finding {
	if _, _, err := b.api.StartSocketModeContext(ctx); err != nil {
		return tokenFinding("app_token", err)
	}
	return bots.Finding{OK: true, Text: "app_token 有效：可以用 Socket Mode 接收消息", TextEN: "app_token works: messages come in by Socket Mode"}
}

// tokenFinding says what is wrong with a token, or with the way to Slack.
func tokenFinding(key string, err error) bots.Finding {
	f := bots.Finding{
		Text:   fmt.Sprintf("%s 不能用：%s", key, first(codeOf(err), "回答读不懂")),
		TextEN: fmt.Sprintf("%s does not work: %s", key, first(codeOf(err), "an unknown answer")),
	}
	switch {
	case bots.FateOf(err) == bots.Unsent:
		f.Text, f.TextEN = "连不上 Slack", "Slack cannot be reached"
		f.Do, f.DoEN = "检查网络、代理和 api_url", "check the network, the proxy and api_url"
	case codeOf(err) == "missing_scope":
		f.Do = "app_token 要有 connections:write：在 Basic Information 新建一个 App-Level Token"
		f.DoEN = "app_token needs connections:write: make a new App-Level Token under Basic Information"
	case codeOf(err) == "not_allowed_token_type":
		f.Do = "两个令牌放反了：bot_token 以 xoxb- 开头，app_token 以 xapp- 开头"
		f.DoEN = "the two tokens are swapped: bot_token begins with xoxb-, app_token with xapp-"
	case bots.FateOf(err) == bots.Unauthorized:
		f.Do = "从应用设置里重新复制 " + key + "；应用被移除过就重新安装"
		f.DoEN = "copy " + key + " from the app's settings again; if the app was removed, install it again"
	case bots.FateOf(err) == bots.Limited:
		f.Do = "Slack 让稍后再试，过一分钟再查"
		f.DoEN = "Slack asks to wait: look again in a minute"
	default:
		f.Do = "过一会儿再试；一直这样就核对 api_url"
		f.DoEN = "try again in a while; if it stays so, check api_url"
	}
	return f
}
