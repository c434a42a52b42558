package telegram

import (
	"context"
	"errors"

	"github.com/huiyin/huiyin/bots"
)

// Doctor implements bots.Doctor. It never polls: that would disturb the
// instance that does.
func (b *bot) Doctor(ctx context.Context) []bots.Finding {
	var me user
	if err := b.call(ctx, b.options.Timeout, "getMe", nil, nil, &me); err != nil {
		return []bots.Finding{unreachable(err)}
	}
	findings := []bots.Finding{{OK: true, Text: "Telegram 认得这个机器人：@" + me.Username, TextEN: "Telegram knows this bot: @" + me.Username}}
	if me.HearsAll {
		findings = append(findings, bots.Finding{OK: true, Text: "群里听得到 @ 和 #反馈", TextEN: "hears mentions and #反馈 in groups"})
	} else {
		findings = append(findings, bots.Finding{
			Text: "群里只看得到命令和对机器人的回复，看不到 @ 和 #反馈（Group Privacy 开着）",
			Do:   "在 @BotFather 发 /setprivacy，选 @" + me.Username + "，选 Disable，再把机器人移出群、重新拉进来；或者在群里把它设为管理员",

			TextEN: "in groups it hears only commands and replies to it, neither mentions nor #反馈 (Group Privacy is on)",
			DoEN:   "send @BotFather /setprivacy, choose @" + me.Username + ", choose Disable, then remove the bot from the group and add it again; or make it an administrator there",
		})
	}
	if !me.CanGroups {
		findings = append(findings, bots.Finding{
			Text: "这个机器人不能进群，团队收不到卡片", Do: "在 @BotFather 发 /setjoingroups，选 @" + me.Username + "，选 Enable",
			TextEN: "this bot may not join groups, so teams get no cards", DoEN: "send @BotFather /setjoingroups, choose @" + me.Username + ", choose Enable",
		})
	}
	return append(findings, b.polling(ctx)...)
}

// polling says what stands in the way of long polling.
func (b *bot) polling(ctx context.Context) []bots.Finding {
	var hook struct {
		URL string `json:"url"`
	}
	if err := b.call(ctx, b.options.Timeout, "getWebhookInfo", nil, nil, &hook); err != nil {
		return []bots.Finding{unreachable(err)}
	}
	if hook.URL != "" {
		return []bots.Finding{{
			Text: "这个机器人设了 webhook，收不到消息", Do: "没有别的程序在用的话，打开 " + b.options.APIURL + "/bot<token>/deleteWebhook 删掉它",
			TextEN: "a webhook is set for this bot, so nothing comes in", DoEN: "if no other program uses it, open " + b.options.APIURL + "/bot<token>/deleteWebhook to remove it",
		}}
	}
	b.mu.Lock()
	status := b.status
	b.mu.Unlock()
	if status == otherPoller {
		return []bots.Finding{{
			Text: "另一实例在轮询这个机器人，消息可能被它收走", Do: "停掉另一个用同一 token 的程序",
			TextEN: "another program polls this bot and may take its messages", DoEN: "stop the other program that uses this token",
		}}
	}
	return []bots.Finding{{OK: true, Text: "没有 webhook 挡着，可以收消息", TextEN: "no webhook is in the way: messages come in"}}
}

// unreachable says why Telegram did not answer.
func unreachable(err error) bots.Finding {
	var se *bots.SendError
	if errors.As(err, &se) && se.Fate == bots.Unauthorized {
		return bots.Finding{
			Text: "Telegram 不认这个 token", Do: "在 @BotFather 发 /mybots，选机器人，API Token，把新的填进配置",
			TextEN: "Telegram refuses this token", DoEN: "send @BotFather /mybots, choose the bot, API Token, and put the new one into the configuration",
		}
	}
	return bots.Finding{
		Text: "连不上 Telegram：" + err.Error(), Do: "看看网络、代理和 api_url；国内一般要自建 Bot API 服务器或代理",
		TextEN: "Telegram cannot be reached: " + err.Error(), DoEN: "check the network, the proxy and api_url",
	}
}
