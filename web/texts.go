package web

import "strings"

// The languages of the pages.
const (
	zh = "zh-CN"
	en = "en"
)

// say returns a page's text in a language, with {name} replaced by the value
// that follows the name in args. Values are not looked at again.
func say(lang, key string, args ...string) string {
	t := pageTexts[key]
	text := t.zh
	if lang == en {
		text = t.en
	}
	if len(args) == 0 {
		return text
	}
	pairs := make([]string, len(args))
	copy(pairs, args)
	for i := 0; i+1 < len(pairs); i += 2 {
		pairs[i] = "{" + pairs[i] + "}"
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// scriptTexts returns the texts below a prefix, without it, for a page's
// script.
func scriptTexts(lang, prefix string) map[string]string {
	m := map[string]string{}
	for key := range pageTexts {
		if name, ok := strings.CutPrefix(key, prefix); ok {
			m[name] = say(lang, key)
		}
	}
	return m
}

// text is one text in both languages.
type text struct{ zh, en string }

// pageTexts are the words of the pages. What customers and staff are told about
// their matters comes from desk/phrase instead.
var pageTexts = map[string]text{
	"lang":    {"zh-CN", "en"},
	"visitor": {"访客", "Guest"},

	"page.home":       {"回到对话", "Back to the conversation"},
	"page.greeting":   {"您好，这里是{brand}。有什么想说的直接发来，文字、照片、语音都行，有人看，也有人回。", "Hello, this is {brand}. Tell us anything: words, photos or a voice message. People read it, and people answer."},
	"page.input":      {"说点什么…", "Write a message…"},
	"page.send":       {"发送", "Send"},
	"page.picture":    {"照片或文件", "Photo or file"},
	"page.voice":      {"语音", "Voice"},
	"page.close":      {"收起", "Close"},
	"page.log":        {"对话", "Conversation"},
	"page.older":      {"更早的消息", "Earlier messages"},
	"page.quick":      {"您想说的是", "What is it about"},
	"page.noscript":   {"这个页面需要打开 JavaScript。", "This page needs JavaScript."},
	"chip.complaint":  {"投诉", "Complaint"},
	"chip.question":   {"咨询", "Question"},
	"chip.suggestion": {"建议", "Suggestion"},
	"chip.praise":     {"表扬", "Praise"},

	"chat.sending":   {"发送中", "Sending"},
	"chat.received":  {"已收到", "Received"},
	"chat.kept":      {"已存好，系统恢复后马上处理", "Kept, and dealt with as soon as the system is back"},
	"chat.waiting":   {"等网络恢复，会自动再发", "Waiting for the network, will send again"},
	"chat.failed":    {"没发出去", "Not sent"},
	"chat.retry":     {"重试", "Retry"},
	"chat.discard":   {"删除", "Delete"},
	"chat.offline":   {"网络不通，正在重连…", "No connection, trying again…"},
	"chat.hold":      {"按住说话", "Hold to talk"},
	"chat.release":   {"松开发送，上滑取消", "Release to send, slide up to cancel"},
	"chat.cancel":    {"松开取消", "Release to cancel"},
	"chat.short":     {"说话时间太短", "Too short"},
	"chat.micdenied": {"没有麦克风权限，请在浏览器设置里允许，或直接打字。", "The microphone is not allowed. Allow it in the browser's settings, or type instead."},
	"chat.nomic":     {"这个浏览器不能录音，请选一个录音文件。", "This browser cannot record. Choose a recording instead."},
	"chat.keyboard":  {"打字", "Keyboard"},
	"chat.voice":     {"语音", "Voice"},
	"chat.toolarge":  {"文件太大了，最多 {max} MB。", "The file is too large: {max} MB at most."},
	"chat.toomany":   {"一次最多发 {max} 个文件。", "At most {max} files at a time."},
	"chat.toolong":   {"太长了，最多 {max} 字。", "Too long: {max} characters at most."},
	"chat.today":     {"今天", "Today"},
	"chat.yesterday": {"昨天", "Yesterday"},
	"chat.you":       {"我", "You"},
	"chat.us":        {"客服", "Team"},
	"chat.picture":   {"图片", "Picture"},
	"chat.recording": {"语音", "Voice message"},
	"chat.film":      {"视频", "Video"},
	"chat.file":      {"文件", "File"},
	"chat.seconds":   {"{n} 秒", "{n} s"},
	"chat.gone":      {"图片打不开", "Cannot be shown"},
	"chat.newbelow":  {"有新消息 ↓", "New messages ↓"},
	"chat.remove":    {"移除", "Remove"},
	"chat.chosen":    {"已选", "chosen"},
	"chat.mark":      {"{n} 分", "{n} of 5"},
	"chat.slow":      {"发得有点快，稍等会自动再发", "A little fast: it will be sent in a moment"},
	"chat.wordsonly": {"只发文字", "Send the words only"},
	"chat.attached":  {"要发的文件没能保留，请重新选择。", "The file could not be kept, please choose it again."},

	"err.notfound":    {"没有这个页面，或者它不在了。", "There is no such page, or it is gone."},
	"err.crossorigin": {"这个请求来自别的网站，没有执行。请刷新页面再试。", "This request came from another site and was not carried out. Reload the page and try again."},
	"err.slow":        {"操作有点快，请稍等几秒再试。", "A little too fast: please try again in a few seconds."},
	"err.later":       {"暂时没处理成功，请稍后再试。", "That did not work just now, please try again."},
	"err.bad":         {"这个请求看不懂，请刷新页面再试。", "This request is not understood. Reload the page and try again."},
	"err.novisitor":   {"浏览器没有带上身份，请刷新页面；如果禁用了 Cookie，请打开。", "The browser sent no identity. Reload the page, and allow cookies if they are off."},
	"err.oldbutton":   {"这个按钮已经过期了。", "This button is out of date."},
	"err.text":        {"太长了，一条最多 {max} 字，请分开发。", "Too long: {max} characters at most, please send it in parts."},
	"err.empty":       {"还没有写内容。", "There is nothing in it yet."},
	"err.files":       {"一次最多发 {max} 个文件。", "At most {max} files at a time."},
	"err.file":        {"文件太大了，最多 {max} MB。", "The file is too large: {max} MB at most."},
	"err.emptyfile":   {"有个文件是空的，没有发出。请重新选择。", "A file is empty, nothing was sent. Please choose it again."},
	"err.all":         {"加起来太大了，最多 {max} MB，请分开发。", "Together they are too large: {max} MB at most, please send them apart."},
	"err.full":        {"现在收不了文件，请先用文字说明，我们会处理。", "Files cannot be taken right now. Please describe it in words, we will look into it."},
	"err.broken":      {"没有传完，请再发一次。", "The transfer broke off, please send it again."},
	"err.signin":      {"这个码不对、用过了或者过期了。请再要一个。", "This code is wrong, used or expired. Please ask for another."},
	"err.signedout":   {"登录已过期，请重新登录。", "You are signed out. Please sign in again."},
	"err.number":      {"没有 #{number}，或者你看不到它。", "There is no #{number}, or you cannot see it."},

	"err.password": {"名字、密码或动态码不对。", "Name, password or one-time code is wrong."},
	"err.weak":     {"这个密码太容易猜：至少 12 个字符，别太重复，也别含自己的名字。", "This password is too easy to guess: at least 12 characters, not the same ones over and over, and not your name."},
	"err.twice":    {"两次写的不一样。", "The two are not the same."},
	"err.otp":      {"这个动态码不对。看一眼手机时间准不准，等下一个码再试。", "This code is wrong. See that the phone's clock is right, and try the next one."},
	"err.stale":    {"改登录方式前，请重新登录一次（15 分钟内有效）。", "Sign in again before you change how you sign in (within 15 minutes)."},

	"signin.password": {"用名字和密码登录", "Sign in with name and password"},
	"signin.name":     {"名字", "Name"},
	"signin.word":     {"密码", "Password"},
	"signin.otp":      {"动态码（没设就空着）", "One-time code (if you have set it up)"},

	"account.title":      {"我的登录方式", "How I sign in"},
	"account.open":       {"登录方式", "Sign-in"},
	"account.word":       {"密码", "Password"},
	"account.has":        {"已设置", "Set"},
	"account.hasnot":     {"没有设置。一次性链接一直能用。", "Not set. One-time links always work."},
	"account.new":        {"新密码（至少 12 个字符）", "New password (12 characters or more)"},
	"account.again":      {"再写一遍", "Once more"},
	"account.save":       {"保存密码", "Save password"},
	"account.drop":       {"不用密码了", "Remove password"},
	"account.totp":       {"动态码", "One-time codes"},
	"account.totphow":    {"用密码登录时再要一个手机上的 6 位码。", "Signing in with the password then takes six digits from your phone, too."},
	"account.totpneeds":  {"要先设密码。", "Set a password first."},
	"account.totpkey":    {"服务器还没有配置 security.key，请找管理员。", "The server has no security.key yet. Please ask whoever runs it."},
	"account.begin":      {"开始设置", "Set up"},
	"account.anew":       {"换一串密钥重来", "Start again with another key"},
	"account.seed":       {"在手机的验证器里添加账号，手动输入这串密钥，选「基于时间」。10 分钟内有效。", "Add an account in your phone's authenticator, type this key, and choose “time-based”. It waits for 10 minutes."},
	"account.link":       {"给密码管理器用的地址", "The address for password managers"},
	"account.code":       {"验证器显示的 6 位码", "The six digits it shows"},
	"account.confirm":    {"确认", "Confirm"},
	"account.off":        {"停用动态码", "Stop using codes"},
	"account.recovery":   {"动态码开好了。这些是备用码，手机丢了用，每个只能用一次，只显示这一次，请抄下来：", "One-time codes are on. These recovery codes help when the phone is lost. Each works once, and they are shown only now. Write them down:"},
	"account.everywhere": {"退出所有设备", "Sign out everywhere"},
	"account.others":     {"所有浏览器都要重新登录，包括这个。", "Every browser has to sign in again, this one too."},
	"account.saved":      {"保存好了，别的设备都退出了。", "Saved. Every other browser is signed out."},
	"account.back":       {"回看板", "Back to the board"},

	"signin.title":   {"登录团队看板", "Sign in to the team board"},
	"signin.code":    {"登录码", "Sign-in code"},
	"signin.submit":  {"登录", "Sign in"},
	"signin.how":     {"首次启动时，登录码印在终端里。之后对机器人说「网页」，会拿到一次性链接；或在服务器上运行 huiyin signin 名字。", "On the first start the code is printed in the terminal. Later, say “web” to the bot for a one-time link, or run huiyin signin NAME on the server."},
	"signin.link":    {"用这条链接登录", "Sign in with this link"},
	"signin.once":    {"链接只能用一次。按下按钮才会用掉。", "The link works once. It is used when you press the button."},
	"signin.out":     {"退出", "Sign out"},
	"board.title":    {"看板", "Board"},
	"board.todo":     {"待办", "To do"},
	"board.mine":     {"我的", "Mine"},
	"board.all":      {"全部", "All"},
	"board.teams":    {"团队", "Teams"},
	"board.search":   {"搜内容、#编号，或 ！命令", "Search, #number, or !command"},
	"board.results":  {"「{q}」的结果", "Results for “{q}”"},
	"board.none":     {"没有要处理的了。", "Nothing left to do."},
	"board.nonemine": {"你手上没有事。", "Nothing is yours right now."},
	"board.nonefind": {"没有找到。换个词试试。", "Nothing found. Try other words."},
	"board.noneall":  {"还没有反馈。把客服页面的地址发给客户试试：", "No feedback yet. Share the customers' page:"},
	"board.choose":   {"从左边选一条", "Choose one from the list"},
	"board.more":     {"更早的", "Earlier"},
	"board.cut":      {"这里只列最急的 {n} 条。", "Only the {n} most urgent are listed here."},
	"board.rest":     {"看全部没结束的", "See all that have not ended"},
	"board.urged":    {"催 ×{n}", "asked ×{n}"},
	"board.unowned":  {"待认领", "Unclaimed"},
	"board.history":  {"历史", "History"},
	"board.back":     {"返回", "Back"},
	"board.keys":     {"j/k 上下 · c 认领 · r 回复 · e 解决 · / 搜索", "j/k move · c claim · r reply · e resolve · / search"},
	"board.bell":     {"有新反馈时出声提醒", "Sound for new feedback"},
	"board.skip":     {"跳到内容", "Skip to content"},
	"board.list":     {"反馈列表", "Feedback list"},

	"board.kept": {"数据库暂不可用，新消息先存在磁盘（{n} 条，最早 {at}），恢复后自动补上。", "The database is not available: new messages are kept on disk ({n}, the oldest of {at}) and follow by themselves."},

	"state.new":      {"待认领", "Unclaimed"},
	"state.open":     {"处理中", "In progress"},
	"state.waiting":  {"等客户", "Waiting"},
	"state.resolved": {"已解决", "Resolved"},
	"state.closed":   {"已结束", "Ended"},

	"sentiment.positive": {"正面", "Positive"},
	"sentiment.neutral":  {"中性", "Neutral"},
	"sentiment.negative": {"负面", "Negative"},
	"card.unread":        {"未能分析", "Not analysed"},

	"item.thread":    {"往来", "Thread"},
	"item.customer":  {"客户", "Customer"},
	"item.reply":     {"发给客户", "To the customer"},
	"item.auto":      {"自动", "Automatic"},
	"item.note":      {"内部备注", "Internal note"},
	"item.edited":    {"改过", "edited"},
	"item.recalled":  {"已撤回", "taken back"},
	"item.notified":  {"未通知", "Not told"},
	"item.pending":   {"文件还在取", "File is being fetched"},
	"item.lost":      {"文件没取到", "File could not be fetched"},
	"item.toobig":    {"文件太大，没有保留", "File too large, not kept"},
	"item.seconds":   {"{n} 秒", "{n} s"},
	"item.onlystaff": {"只有同事看得到", "Only colleagues see this"},
	"item.tocust":    {"客户会收到", "The customer gets this"},
	"item.topost":    {"不会自己发出：备好文字，您去原帖发", "Nothing is sent: the text is prepared for you to post"},

	"delivery.pending":   {"等待发送", "Waiting to be sent"},
	"delivery.sending":   {"正在发送", "Being sent"},
	"delivery.retry":     {"稍后再试", "Will be tried again"},
	"delivery.sent":      {"已送出", "Sent"},
	"delivery.uncertain": {"⚠️ 可能到了，也可能没到", "⚠️ May or may not have arrived"},
	"delivery.dead":      {"❌ 没送到", "❌ Not delivered"},
	"delivery.cancelled": {"已撤销，没有发出", "Taken back, not sent"},

	"compose.note":       {"备注", "Note"},
	"compose.reply":      {"回复", "Reply"},
	"compose.resolve":    {"解决", "Resolve"},
	"compose.notehint":   {"写给同事的备注，客户看不到…", "A note for colleagues, the customer does not see it…"},
	"compose.notesubmit": {"记下备注", "Add note"},
	"compose.mode":       {"写什么", "What to write"},

	"board.js.left":      {"剩 {t}", "{t} left"},
	"board.js.over":      {"超时 {t}", "{t} late"},
	"board.js.min":       {"{n} 分", "{n} min"},
	"board.js.hour":      {"{n} 小时", "{n} h"},
	"board.js.day":       {"{n} 天", "{n} d"},
	"board.js.now":       {"刚刚", "now"},
	"board.js.new":       {"新反馈 {n}", "New feedback {n}"},
	"board.js.failed":    {"没有成功，请再试一次。", "That did not work, please try again."},
	"board.js.offline":   {"连接断了，正在重连…", "Connection lost, trying again…"},
	"board.js.close":     {"关闭", "Close"},
	"board.js.cancel":    {"取消", "Cancel"},
	"board.js.submit":    {"提交", "Submit"},
	"board.js.short":     {"至少写 {n} 个字。", "At least {n} characters."},
	"board.js.copied":    {"复制好了", "Copied"},
	"board.js.files":     {"{n} 个文件", "{n} files"},
	"board.js.copy":      {"复制", "Copy"},
	"board.js.signedout": {"登录已过期，请重新登录。", "You are signed out. Please sign in again."},
}
