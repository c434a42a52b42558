package main

import (
	"errors"
	"strings"

	"github.com/chromedp/chromedp"
)

// others are what further customers write, so that the board looks like a day.
var others = []struct{ shop, text string }{
	{"SH021", "桂花拿铁真好喝，店员也特别热情"},
	{"SH018", "发票抬头开错了，怎么改？"},
	{"SH021", "店里空调太冷了，坐不住，能不能调高一点"},
	{"SH018", "骑手态度很差，等了一个小时还没到，咖啡都凉了"},
}

// play is the story: customers write, a colleague claims and resolves, the
// customer hears back. It returns the pictures by name.
func play(b *browser, s *shop) (map[string][]byte, error) {
	for _, o := range others {
		if _, err := customer(b, s, o.shop, o.text); err != nil {
			return nil, err
		}
	}
	guest, err := customer(b, s, "SH018", "芋泥奶茶里有条虫，孩子喝了一半肚子疼")
	if err != nil {
		return nil, err
	}
	desk, err := colleague(b, s)
	if err != nil {
		return nil, err
	}
	card, err := desk.picture("section.card")
	if err != nil {
		return nil, err
	}
	board, err := work(desk)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(guest.says("处理好了"), guest.do(visible(".marks button:nth-child(4)"), click(".marks button:nth-child(4)")), guest.says("谢谢"), guest.without("#toast:not([hidden])")); err != nil {
		return nil, err
	}
	chat, err := guest.picture("")
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"card.png": card, "board.png": board, "customer.png": chat}, nil
}

// customer writes a message on a phone and waits for the receipt.
func customer(b *browser, s *shop, shopCode, text string) (page, error) {
	p, err := b.person(390, 844, 1.5)
	if err != nil {
		return p, err
	}
	if err := p.do(open(s.base+"/c?shop="+shopCode), visible("#chips"), write("#text", text), click("#send")); err != nil {
		return p, err
	}
	if strings.Contains(text, "好喝") {
		return p, p.says("谢谢") // praise gets thanks, and no promise
	}
	return p, p.says("编号 #")
}

// colleague signs in and opens the most urgent item.
func colleague(b *browser, s *shop) (page, error) {
	p, err := b.person(1000, 720, 1)
	if err != nil {
		return p, err
	}
	link, err := s.colleague(p.ctx, "李雷", "quality")
	if err != nil {
		return p, err
	}
	return p, errors.Join(
		p.do(open(link), visible("button.primary"), click("button.primary"), visible("#list .row"), click("#list .row"), visible("section.card")),
		p.says("有条虫"),
	)
}

// work claims, notes, replies and resolves, and takes the board's picture
// before the item leaves the list.
func work(p page) ([]byte, error) {
	item, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`document.getElementById("item").dataset.item`))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(p.do(press("claim:"+item)), p.says("处理中 · 李雷"),
		say(p, "note", "已给徐家汇店打电话，实物和批次都留着"),
		say(p, "reply", "您好，我是品控的小李。孩子现在怎么样？麻烦留个电话，我马上打给您。"), p.without("#bar:not([hidden])"), p.without(".entry.pending")); err != nil {
		return nil, err
	}
	picture, err := p.picture("")
	if err != nil {
		return nil, err
	}
	return picture, say(p, "resolve", "已退 18 元，1–3 天到账。这一批已经下架送检，结果出来我们再告诉您。")
}

// say writes into the box below an item: a note, a reply or the closing words.
// The box changes when the desk has answered that it may.
func say(p page, mode, text string) error {
	return errors.Join(p.do(click(`[data-mode="`+mode+`"]`), visible(".compose.mode-"+mode), write("#words", text), click("#submit")), p.says(text))
}
