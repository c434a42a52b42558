package phrase

// pageTexts are the words of the customers' page and the team board.
func pageTexts() []entry {
	return []entry{
		{"page.chat.title", "和{brand}说说", "Talk to {brand}"},
		{"page.chat.placeholder", "想说什么？", "What's on your mind?"},
		{"page.chat.send", "发送", "Send"},
		{"page.chat.photo", "照片", "Photo"},
		{"page.chat.voice", "按住说话", "Hold to talk"},
		{"page.chat.sending", "发送中…", "Sending…"},
		{"page.chat.unsent", "没发出去，点这里再试", "Not sent, tap to try again"},
		{"page.chat.offline", "网络断了，连上就继续", "You're offline; we'll go on once you're back"},
		{"page.chat.you", "您", "You"},
		{"page.chat.privacy", "隐私", "Privacy"},
		{"page.chat.closed", "这次聊完了，想说的随时接着说", "That's settled. You can go on any time"},
		{"page.board.title", "回音", "Huiyin"},
		{"page.board.empty", "没有等着的，挺好。", "Nothing is waiting. Nice."},
		{"page.board.first", "还没有人来说话。把客户页面的地址发给客户，或者自己先试一句：", "Nobody has written yet. Give customers the address of their page, or try it yourself:"},
		{"page.signin.title", "登录", "Sign in"},
		{"page.signin.code", "登录码", "Sign-in code"},
		{"page.signin.submit", "登录", "Sign in"},
		{"page.signin.wrong", "登录码不对，或者过期了", "That code is wrong or has expired"},
		{"page.signin.help", "首次启动时，登录码印在终端里；之后在群里发「网页」拿链接。", "On the first start the code is printed in the terminal; later, send “web” in a team chat for a link."},
		{"page.signout", "退出", "Sign out"},
		{"page.search", "搜索", "Search"},
		{"page.notfound", "没有这个页面，或者您看不到它。", "There is no such page, or you can't see it."},
		{"page.error", "出了点问题，已经记下来了（{id}）。过一会儿再试。", "Something went wrong; it's on record ({id}). Please try again in a moment."},
		{"page.updated", "刚更新", "Updated just now"},
	}
}
