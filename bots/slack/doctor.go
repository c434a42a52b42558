package slack

import (
	"context"
	"fmt"
	"strings"

	"github.com/huiyin/huiyin/bots"
)

// scopes are what the bot token needs, and what for.
func scopes() []struct{ name, use string } {
	return []struct{ name, use string }{
		{"chat:write", "发消息、改卡片"},
		{"app_mentions:read", "听见 @回音"},
		{"channels:history", "看公开频道里的消息和话题"},
		{"groups:history", "看私有频道里的消息和话题"},
		{"im:history", "看客户的私聊"},
		{"channels:read", "知道进了哪个频道、频道叫什么"},
		{"groups:read", "知道进了哪个私有频道"},
		{"users:read", "显示对方的名字"},
		{"files:read", "取客户发来的图片和语音"},
		{"files:write", "把图片和语音发出去"},
		{"commands", "斜杠命令 /hy"},
	}
}

// Doctor tries both tokens and says which scopes are missing and what each is
// for.
func (b *bot) Doctor(ctx context.Context) []bots.Finding {
	answer, err := b.api.AuthTestContext(ctx)
	if err != nil {
		return append([]bots.Finding{tokenFinding("bot_token", err)}, b.socketFinding(ctx))
	}
	findings := []bots.Finding{{OK: true, Text: fmt.Sprintf("bot_token 有效：工作区 %s，机器人 %s", answer.Team, answer.User)}}
	findings = append(findings, b.scopeFindings()...)
	return append(findings, b.socketFinding(ctx))
}

func (b *bot) scopeFindings() []bots.Finding {
	b.mu.RLock()
	granted := b.scopes
	b.mu.RUnlock()
	if granted == "" {
		return []bots.Finding{{Text: "Slack 没有说明 bot_token 有哪些权限", Do: "在 OAuth & Permissions 里核对权限，改动后重新安装应用"}}
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
			})
		}
	}
	if len(findings) == 0 {
		return []bots.Finding{{OK: true, Text: "权限齐全"}}
	}
	return findings
}

func (b *bot) socketFinding(ctx context.Context) bots.Finding {
	if _, _, err := b.api.StartSocketModeContext(ctx); err != nil {
		return tokenFinding("app_token", err)
	}
	return bots.Finding{OK: true, Text: "app_token 有效：可以用 Socket Mode 接收消息"}
}

// tokenFinding says what is wrong with a token, or with the way to Slack.
func tokenFinding(key string, err error) bots.Finding {
	f := bots.Finding{Text: fmt.Sprintf("%s 不能用：%s", key, first(codeOf(err), "回答读不懂"))}
	switch {
	case bots.FateOf(err) == bots.Unsent:
		f.Text = "连不上 Slack"
		f.Do = "检查网络、代理和 api_url"
	case codeOf(err) == "missing_scope":
		f.Do = "app_token 要有 connections:write：在 Basic Information 新建一个 App-Level Token"
	case codeOf(err) == "not_allowed_token_type":
		f.Do = "两个令牌放反了：bot_token 以 xoxb- 开头，app_token 以 xapp- 开头"
	case bots.FateOf(err) == bots.Unauthorized:
		f.Do = "从应用设置里重新复制 " + key + "；应用被移除过就重新安装"
	case bots.FateOf(err) == bots.Limited:
		f.Do = "Slack 让稍后再试，过一分钟再查"
	default:
		f.Do = "过一会儿再试；一直这样就核对 api_url"
	}
	return f
}
