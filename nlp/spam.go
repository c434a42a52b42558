package nlp

import (
	"math"
	"unicode"
	"unicode/utf8"
)

// spamRules are words of advertising, fraud and abuse of the channel.
const spamRules = `
4 刷单、日结、兼职日赚、日赚、日入、月入过万、躺赚、网赚、赚钱项目、在家赚钱、手机赚钱、宝妈兼职、招兼职、招代理、诚招代理、全国代理、招商加盟、代开发票、代开票、开发票加、办证、刻章、代办信用卡、信用卡套现、套现、花呗套现、无抵押、小额贷款、秒批、贷款秒、低息贷款、借钱找我、征信修复、澳门、博彩、赌场、六合彩、时时彩、彩票计划、棋牌、下注、网赌、注册送、首充送、私彩、包赢、裸聊、约炮、一夜情、上门服务 +妹、同城约、色情、成人视频、av在线、黄片、援交、包小姐、代孕、枪支、迷药、催情、壮阳、减肥药、丰胸、增大增粗、祛斑、治白癜风、老中医、祖传秘方、股票推荐、荐股、带你赚、跟单、内幕消息、炒币、虚拟币、usdt、空投领取、比特币投资、外汇平台、稳赚、保本收益、高收益、翻倍返、充值返、粉丝代刷、刷粉、涨粉、买粉、代刷、代练、外挂、低价代充、破解版、账号出售、出售账号、收购银行卡、收银行卡、四件套、跑分、黑户可做
3 加微、加我微、加v、加我v、加vx、加薇、加威、加徽、加扣、加q、加群、进群、扫码进群、扫码领、扫码加、私聊领取、私信领取、点击链接、点链接、戳链接、点击领取、免费领取、免费领、免费送、限时免费、0元购、零元购、领取红包、领红包、复制打开、复制这段、复制口令、打开淘宝、打开支付宝、货到付款、厂家直销、批发价、微商、一手货源、高仿、精仿、a货、复刻、原单、莆田、代购、优惠多多、联系电话、咨询热线、电话微信同号、微信同号、同v、互粉、互关、求关注、求点赞、帮忙点赞、帮我砍、砍一刀、助力一下、投我一票、帮忙投票、中奖了、恭喜您中、恭喜你中、您已中奖、领取奖品、账户异常请、点击验证、退订回t、回t退订、回td退订、退订回
2 vx、wx、微信、薇信、威信、薇芯、v信、qq群、q群、扣扣、兼职、代理、贷款、推广、引流、http://、https://、www.、.com、.cn、.top、.xyz、.vip、t.me、bit.ly
4 earn money from home、make money fast、work from home and earn、online casino、casino bonus、crypto investment、guaranteed profit、click here、click the link、free gift card、you have won、you won、viagra、escort、sexy girls、hot girls、cheap loans、no credit check、buy followers、seo service、web traffic、telegram channel join、whatsapp me`

// spamScore turns the weights of what was found into 0 to 1. One strong sign or
// two weaker ones pass one half.
func spamScore(weight float64) float64 { return 1 - math.Exp(-weight/4.5) }

// lookalikes are signs used in place of another to get past filters. They count
// only for spam: in other texts they mean what they are.
var lookalikes = map[rune]rune{
	'薇': '微', '徽': '微', '威': '微', '葳': '微', '魏': '微', '嶶': '微', '溦': '微', '癓': '微',
	'芯': '信', '伩': '信', '訫': '信', '峸': '信',
	'佳': '加', '珈': '加', '咖': '加', '茄': '加', '傢': '加', '伽': '加', '➕': '加', '+': '加', '十': '加',
	'✌': 'v', '∨': 'v', '√': 'v', 'ⅴ': 'v', 'ν': 'v', 'ѵ': 'v',
	'а': 'a', 'е': 'e', 'о': 'o', 'р': 'p', 'с': 'c', 'х': 'x', 'у': 'y', 'і': 'i', 'к': 'k', 'м': 'm', 'т': 't', 'в': 'b', 'н': 'h',
	'α': 'a', 'ο': 'o', 'ρ': 'p', 'χ': 'x', 'τ': 't', 'ι': 'i', 'κ': 'k',
	'筘': '扣', '抠': '扣', '釦': '扣', '裙': '群', '羣': '群', '峮': '群',
	'贷': '贷', '袋': '贷', '岱': '贷', '兼': '兼', '蒹': '兼', '祗': '职', '枳': '职',
}

// plainLookalikes are look-alikes that are common in plain texts, so that they
// alone are no reason to read a text without signs.
const plainLookalikes = "+十咖威裙袋佳"

// compact appends text to b without anything but letters and digits, and with
// look-alikes replaced.
func compact(b []byte, text []rune) []byte {
	for _, r := range text {
		if plain, ok := lookalikes[r]; ok {
			r = plain
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

// maxSpamWeight bounds what many rules add up to.
const maxSpamWeight = 20

// readSpam tells how likely the text is advertising, fraud or abuse. A text with
// signs between Chinese characters that break words apart, or with look-alikes of
// contact words, is evasive: it is read again without them.
func (a *Analyzer) readSpam(s *scratch) float64 {
	s.advert = hit{}
	weight := 0.0
	if s.kinds.has(actSpam) {
		weight = a.spamWeight(s.hits, &s.advert)
	}
	if s.survey.evasive || s.survey.spaces >= spacedRun-1 && spacedApart(s.fold.runes) {
		s.compact = compact(s.compact[:0], s.fold.runes)
		s.compactGlyphs, s.compactOffsets = a.rules.matcher.read(s.compact, s.compactGlyphs, s.compactOffsets)
		start, words := len(s.hits), len(s.common)
		s.hits, s.common = a.rules.matcher.scan(s.hits, s.common, s.compact, s.compactGlyphs, s.compactOffsets)
		weight = max(weight, 1.2*a.spamWeight(s.hits[start:], nil))
		s.hits, s.common = s.hits[:start], s.common[:words]
	}
	if weight == 0 {
		return 0
	}
	return spamScore(weight)
}

// spacedRun is how many Chinese characters in a row, each between spaces, are
// set apart on purpose.
const spacedRun = 4

// spacedApart reports whether spaces break Chinese words apart: 扫 码 进 群.
func spacedApart(text []rune) bool {
	run := 0
	for i, r := range text {
		switch {
		case r == ' ' || i+1 < len(text) && text[i+1] != ' ':
			if r != ' ' {
				run = 0
			}
		case !isHan(r):
			run = 0
		default:
			if run++; run == spacedRun {
				return true
			}
		}
	}
	return false
}

// spamWeight sums the rules of hits, each once, and tells the heaviest.
func (a *Analyzer) spamWeight(hits []hit, heaviest *hit) float64 {
	weight, top := 0.0, float32(0)
	for i, h := range hits {
		if !h.kinds.has(actSpam) {
			continue
		}
		acts := a.rules.of(h.literal)
		for k := range acts {
			act := &acts[k]
			if act.kind == actSpam && !earlier(hits[:i], h.literal) {
				weight += float64(act.weight)
				if heaviest != nil && act.weight > top {
					top, *heaviest = act.weight, h
				}
			}
		}
	}
	return min(weight, maxSpamWeight)
}

// earlier reports whether literal is among the last of hits.
func earlier(hits []hit, literal int32) bool {
	for i := len(hits) - 1; i >= 0 && i > len(hits)-64; i-- {
		if hits[i].literal == literal {
			return true
		}
	}
	return false
}
