package config

import (
	"fmt"
	"strings"
)

// code names a message.
type code string

// The messages. Their arguments are keys, names that exist, bounds and units:
// never values of the file.
const (
	fileMissing      code = "file missing"
	fileUnreadable   code = "file unreadable"
	fileTooBig       code = "file too big"     // MiB
	fileTooLong      code = "file too long"    //
	notUTF8          code = "not utf-8"        //
	severalDocuments code = "several docs"     //
	nestedTooDeep    code = "nested"           //
	aliasedTooMuch   code = "aliased"          //
	unknownAlias     code = "unknown alias"    //
	tagUsed          code = "tag"              //
	syntaxError      code = "syntax"           //
	syntaxTab        code = "syntax tab"       //
	syntaxVariable   code = "syntax variable"  //
	syntaxQuote      code = "syntax quote"     //
	syntaxBracket    code = "syntax bracket"   //
	syntaxColon      code = "syntax colon"     //
	strangeKey       code = "strange key"      //
	duplicateKey     code = "duplicate key"    // key
	variableForm     code = "variable form"    //
	variableUnset    code = "variable unset"   // name
	unknownKey       code = "unknown key"      // key, known keys
	unknownKeyNear   code = "unknown key near" // key, nearest
	wantMapping      code = "want mapping"     // example
	wantList         code = "want list"        //
	wantText         code = "want text"        //
	wantTextQuoted   code = "want quotes"      //
	wantBool         code = "want bool"        //
	wantNumber       code = "want number"      //
	wantDuration     code = "want duration"    //
	wantSize         code = "want size"        //
	wantPrefix       code = "want prefix"      //
	wantOneOf        code = "want one of"      // values
	wantNear         code = "want near"        // nearest
	wantListen       code = "want listen"      //
	wantURL          code = "want url"         //
	wantOther        code = "want other"       //
	tooSmall         code = "too small"        // bound
	tooLarge         code = "too large"        // bound
	needed           code = "needed"           // key
	secretTwice      code = "secret twice"     // key
	secretFile       code = "secret file"      // reason
	typeNeeded       code = "type needed"      // known types
	typeUnknown      code = "type unknown"     // known types
	typeUnknownNear  code = "type near"        // nearest
	badName          code = "bad name"         //
	reservedName     code = "reserved name"    //
	takenName        code = "taken name"       // line
	badPersonName    code = "bad person name"  //
	badTimezone      code = "bad timezone"     //
	badDatabase      code = "bad database"     //
	badRedis         code = "bad redis"        //
	badCron          code = "bad cron"         //
	badPlace         code = "bad place"        //
	unknownBot       code = "unknown bot"      // known bots
	unknownBotNear   code = "unknown bot near" // nearest
	botWithoutTeams  code = "bot no teams"     //
	botOneChat       code = "bot one chat"     //
	unknownTeam      code = "unknown team"     // known teams
	unknownTeamNear  code = "unknown team near"
	takenAccount     code = "taken account" // line
	noWords          code = "no words"
	noTeams          code = "no teams"
	badFieldName     code = "bad field name"
	orderOfTimes     code = "order of times" // smaller key, larger key
	badPhrase        code = "bad phrase"
	kindSays         code = "kind says" // text

	hoursEmpty code = "hours empty"
	hoursDay   code = "hours day"
	hoursTimes code = "hours times"
	hoursTime  code = "hours time"
	hoursSpan  code = "hours span"
	hoursSame  code = "hours same"

	csvMissing code = "csv missing"
	csvBig     code = "csv big" // MiB
	csvUTF8    code = "csv utf-8"
	csvHeader  code = "csv header"
	csvQuote   code = "csv quote"
	csvCode    code = "csv code"
	csvTwice   code = "csv twice" // line
	csvAlias   code = "csv alias" // line
	csvColumns code = "csv columns"

	routeTeam        code = "route root team"
	routeRootWhen    code = "route root when"
	routeTooMany     code = "route too many"
	routeUnreachable code = "route unreachable"
	routeTooLong     code = "route too long" // bytes
	routeSyntax      code = "route syntax"
	routeEqual       code = "route equal"
	routeAnd         code = "route and"
	routeQuotes      code = "route quotes"
	routeWidth       code = "route width"
	routeType        code = "route type"      // detail
	routeNotAllowed  code = "route allowed"   // construct
	routeName        code = "route name"      // known
	routeNameNear    code = "route name near" // nearest
	routeFunction    code = "route function"  // known
	routeValue       code = "route value"     // variable, known
	routeValueNear   code = "route near"      // variable, nearest
	routeRange       code = "route range"     // variable, low, high
	routePattern     code = "route pattern"
	routePatternLong code = "route pattern long" // characters
	routePatternMany code = "route pattern many"
	routePatternSays code = "route pattern says" // detail

	textKey     code = "text key"
	textKeyNear code = "text key near" // nearest
	textVar     code = "text var"      // allowed
	textNoVars  code = "text no vars"
	textEmpty   code = "text empty"
	textLong    code = "text long" // characters
)

// phrasing is one message: what is wrong and what to write, in both languages.
type phrasing struct{ zh, zhFix, en, enFix string }

// messages are all messages, in one place.
func messages() map[code]phrasing {
	return map[code]phrasing{
		fileMissing:      {"没有这个文件", "检查 -c 后面的路径；或者 huiyin check -sample > huiyin.yaml 先生成一份", "there is no such file", "check the path behind -c, or start with: huiyin check -sample > huiyin.yaml"},
		fileUnreadable:   {"读不了这个文件", "看看权限", "the file cannot be read", "check its permissions"},
		fileTooBig:       {"文件超过 %[1]d MiB", "配置不会这么大，是不是指错了文件", "the file is larger than %[1]d MiB", "no configuration is that large: is it the right file?"},
		fileTooLong:      {"内容太多了", "话题的词、门店之类放到单独的文件里", "there is too much in it", "move shops and the like into files of their own"},
		notUTF8:          {"不是 UTF-8 文本", "另存为 UTF-8", "not UTF-8 text", "save it as UTF-8"},
		severalDocuments: {"一个文件只能有一份配置", "删掉 ---", "a file holds one configuration", "remove the ---"},
		nestedTooDeep:    {"括号或横线套得太深", "检查有没有漏掉的右括号", "nested too deep", "look for a missing closing bracket"},
		aliasedTooMuch:   {"别名（*）展开后太多", "少用别名", "aliases (*) repeat too much", "use fewer of them"},
		unknownAlias:     {"前面没有这个名字的锚点（&）", "先写 &名字，再写 *名字", "there is no such anchor (&) before this", "write &name first, then *name"},
		tagUsed:          {"这里不能用 YAML 标签（!）", "去掉它；以 ! 开头的文字加引号", "YAML tags (!) are not used here", "remove it; put text that begins with ! in quotes"},
		syntaxError:      {"这里的 YAML 读不懂", "检查缩进、冒号后的空格和引号", "this cannot be read as YAML", "check indentation, the space after colons, and quotes"},
		syntaxTab:        {"缩进用了 Tab", "改成空格", "indented with a tab", "use spaces"},
		syntaxVariable:   {"{ } 和 [ ] 里的 ${…} 要加引号", `写成 "${NAME}"`, "within { } and [ ], ${…} needs quotes", `write "${NAME}"`},
		syntaxQuote:      {"引号没有收尾", "补上右引号", "a quote is not closed", "close it"},
		syntaxBracket:    {"括号或逗号不对", "检查 [ ]、{ } 和逗号；含 : # [ { 的文字加引号", "brackets or commas do not match", "check [ ], { } and commas; put text with : # [ { in quotes"},
		syntaxColon:      {"缩进不对，或者多了一个冒号", "和上面同级的项对齐；含冒号的文字加引号", "wrong indentation, or one colon too many", "align it with its neighbours; put text with a colon in quotes"},
		strangeKey:       {"这不能当名字", "名字写成普通文字", "this cannot be a key", "write plain text"},
		duplicateKey:     {"「%[1]s」写了两次", "留一个", "%[1]s is there twice", "keep one"},
		variableForm:     {"${…} 写得不对", "写成 ${NAME}；要原样的 ${ 就写 $${", "${…} is not well-formed", "write ${NAME}; for a literal ${ write $${"},
		variableUnset:    {"没有环境变量 %[1]s", "启动前设好：export %[1]s=…", "the environment has no %[1]s", "set it before starting: export %[1]s=…"},
		unknownKey:       {"没有「%[1]s」这一项", "可以写：%[2]s", "there is no key %[1]s here", "use one of: %[2]s"},
		unknownKeyNear:   {"没有「%[1]s」这一项", "写成 %[2]s", "there is no key %[1]s here", "write %[2]s"},
		wantMapping:      {"这里要写「名字: 值」", "例如 %[1]s", "a mapping is needed here", "such as %[1]s"},
		wantList:         {"这里要写一列", "写成 [甲, 乙]，或每行以 - 开头", "a list is needed here", "write [a, b], or lines that begin with -"},
		wantText:         {"这里要写文字", "一个值，不是一列或一组", "text is needed here", "one value, neither a list nor a mapping"},
		wantTextQuoted:   {"这里要写文字", `含冒号的文字加引号，例如 "hq:C0CARE"`, "text is needed here", `put text with a colon in quotes, such as "hq:C0CARE"`},
		wantBool:         {"这里只能是 true 或 false", "写 true 或 false", "this is either true or false", "write true or false"},
		wantNumber:       {"这里要写整数", "例如 20", "a whole number is needed here", "such as 20"},
		wantDuration:     {"看不懂这段时间", "写成 10s、30m、2h、3d", "this is no length of time", "write 10s, 30m, 2h or 3d"},
		wantSize:         {"看不懂这个大小", "写成 512KB、20MB", "this is no size", "write 512KB or 20MB"},
		wantPrefix:       {"这不是地址段", "写成 10.0.0.0/8 或 192.168.1.5", "this is no network", "write 10.0.0.0/8 or 192.168.1.5"},
		wantOneOf:        {"这里不能这么写", "写 %[1]s 之一", "this is not possible here", "write one of %[1]s"},
		wantNear:         {"这里不能这么写", "写成 %[1]s", "this is not possible here", "write %[1]s"},
		wantListen:       {"这不是监听地址", "写成 127.0.0.1:8080 或 :8080", "this is no address to listen on", "write 127.0.0.1:8080 or :8080"},
		wantURL:          {"这不是网址", "写成 https://feedback.example.com", "this is no address of a site", "write https://feedback.example.com"},
		wantOther:        {"看不懂这个值", "看 huiyin check -sample 里的写法", "this value cannot be read", "see huiyin check -sample"},
		tooSmall:         {"太小了", "至少 %[1]s", "too small", "at least %[1]s"},
		tooLarge:         {"太大了", "最多 %[1]s", "too large", "at most %[1]s"},
		needed:           {"缺「%[1]s」", "加上 %[1]s: …", "%[1]s is missing", "add %[1]s: …"},
		secretTwice:      {"%[1]s 和 %[1]s_file 都写了", "留一个", "both %[1]s and %[1]s_file are set", "keep one"},
		secretFile:       {"读不了这个密钥文件", "检查路径（相对本配置文件）和权限；只放密钥一行", "the secret's file cannot be read", "check its path (relative to this file) and permissions; it holds the secret alone"},
		typeNeeded:       {"缺「type」", "加上 type: %[1]s", "type is missing", "add type: %[1]s"},
		typeUnknown:      {"没有这种 type", "写 %[1]s 之一", "there is no such type", "write one of %[1]s"},
		typeUnknownNear:  {"没有这种 type", "写成 %[1]s", "there is no such type", "write %[1]s"},
		badName:          {"名字不能这么写", "用字母、数字、- 和 _，字母或数字开头，最多 32 个字", "this cannot be a name", "use letters, digits, - and _, beginning with a letter or digit, at most 32"},
		reservedName:     {"这个名字系统自己要用", "换一个", "this name is taken by the program", "choose another"},
		takenName:        {"这个名字第 %[1]d 行用过了", "换一个", "this name is used in line %[1]d", "choose another"},
		badPersonName:    {"名字里不能有空格、@、# 和冒号", "去掉它们，最多 32 个字", "a name has no spaces, @, # or colons", "remove them, at most 32 characters"},
		badTimezone:      {"没有这个时区", "写成 Asia/Shanghai 这样", "there is no such time zone", "write such as Asia/Shanghai"},
		badDatabase:      {"看不懂数据库地址", "写成 sqlite:huiyin-data/huiyin.db 或 postgres://用户@主机/库", "this is no database", "write sqlite:huiyin-data/huiyin.db or postgres://user@host/db"},
		badRedis:         {"看不懂 Redis 地址", "写成 redis://主机:6379/0；有哨兵写 redis+sentinel://主机:26379,主机:26379/主节点名；集群写 redis+cluster://主机:6379,主机:6379；要加密把 redis 换成 rediss；不用就留空", "this is no Redis address", "write redis://host:6379/0; with sentinels redis+sentinel://host:26379,host:26379/MASTER; a cluster redis+cluster://host:6379,host:6379; rediss in place of redis for TLS; leave it empty to go without"},
		badCron:          {"看不懂这个时间表", `写成 "0 9 * * *"（分 时 日 月 周）`, "this is no schedule", `write "0 9 * * *" (minute hour day month weekday)`},
		badPlace:         {"看不懂发到哪里", `写成 "机器人:群"，例如 "hq:C0CARE"`, "this is no chat", `write "bot:chat", such as "hq:C0CARE"`},
		unknownBot:       {"没有这个机器人", "写 %[1]s 之一", "there is no such bot", "write one of %[1]s"},
		unknownBotNear:   {"没有这个机器人", "写成 %[1]s", "there is no such bot", "write %[1]s"},
		botWithoutTeams:  {"这种机器人没有团队群", "卡片发到别的机器人，或者只看网页看板", "a bot of this kind has no team chats", "send cards through another one, or use the board alone"},
		botOneChat:       {"群写漏了", `写成 "机器人:群"，例如 "hq:C0CARE"`, "the chat is missing", `write "bot:chat", such as "hq:C0CARE"`},
		unknownTeam:      {"没有这个组", "写 %[1]s 之一", "there is no such team", "write one of %[1]s"},
		unknownTeamNear:  {"没有这个组", "写成 %[1]s", "there is no such team", "write %[1]s"},
		takenAccount:     {"这个账号第 %[1]d 行的同事已经用了", "一个账号只能是一个人", "this account belongs to the colleague in line %[1]d", "an account is one person's"},
		noWords:          {"话题没有词", "words: [快递, 配送]", "the topic has no words", "words: [delivery, courier]"},
		noTeams:          {"一个组都没有", "至少写一个；或者整段删掉，用默认的", "there is no team", "write one at least, or leave the section out"},
		badFieldName:     {"这个名字不能用在路由条件里", "用字母（也可以中文）、数字和 _，字母开头，别和已有的变量同名", "this name cannot be used in route conditions", "use letters, digits and _, beginning with a letter, and no name that conditions know"},
		orderOfTimes:     {"%[1]s 比 %[2]s 还长", "%[1]s 要短一些", "%[1]s is longer than %[2]s", "shorten %[1]s"},
		badPhrase:        {"话术的名字不能这么写", "不带空格和 %，最多 32 个字；内容最多 2000 个字", "this cannot be a phrase", "its name has no spaces or %, at most 32 characters; its text at most 2000"},
		kindSays:         {"%[1]s", "", "%[1]s", ""},

		hoursEmpty: {"上班时间是空的", `写成 "mon-sun 09:00-21:00"`, "the opening hours are empty", `write "mon-sun 09:00-21:00"`},
		hoursDay:   {"看不懂是星期几", "写 mon、tue … sun，或 mon-fri、周一-周五、每天", "this is no day", "write mon, tue … sun, mon-fri or daily"},
		hoursTimes: {"只有日子，没有钟点", `写成 "mon-fri 09:00-12:00 13:00-18:00"`, "days without times", `write "mon-fri 09:00-12:00 13:00-18:00"`},
		hoursTime:  {"看不懂钟点", "写 00:00 到 24:00", "this is no time of day", "write 00:00 to 24:00"},
		hoursSpan:  {"看不懂从几点到几点", "写成 09:00-21:00", "this is no span of time", "write 09:00-21:00"},
		hoursSame:  {"开门和关门是同一时刻", "全天写 00:00-24:00", "opens and closes at the same time", "for the whole day write 00:00-24:00"},

		csvMissing: {"读不了取值表", "检查路径（相对本配置文件）和权限", "the table of values cannot be read", "check its path (relative to this file) and permissions"},
		csvBig:     {"取值表超过 %[1]d MiB，或超过 10 万行", "拆小", "the table is larger than %[1]d MiB or 100,000 rows", "make it smaller"},
		csvUTF8:    {"取值表不是 UTF-8", "在 Excel 里另存为「CSV UTF-8」", "the table is not UTF-8", "in Excel, save it as “CSV UTF-8”"},
		csvHeader:  {"第一行要是列名", "写 code,name,region,aliases（后三列可以不要）", "the first row names the columns", "write code,name,region,aliases (the last three are optional)"},
		csvQuote:   {"这一行的引号不对", "引号要成对，里面的引号写两个", "the quotes of this row do not match", "close them; write a quote within quotes twice"},
		csvCode:    {"缺编码", "第一列 code 不能空", "the code is missing", "the column code must not be empty"},
		csvTwice:   {"这个编码第 %[1]d 行有了", "编码不能重复", "this code is in row %[1]d already", "codes are unique"},
		csvAlias:   {"这个叫法第 %[1]d 行用过了", "一个叫法只能指一个", "this name is used in row %[1]d already", "a name stands for one value"},
		csvColumns: {"这一行的列比第一行多", "含逗号的文字加引号；别名之间用 | 隔开", "this row has more columns than the first", "put text with commas in quotes; separate aliases by |"},

		routeTeam:        {"最上面要有 team", "加上 team: %[1]s，没有别的对上时归它", "the root needs a team", "add team: %[1]s, for what nothing else matches"},
		routeRootWhen:    {"最上面不带条件，什么都对得上", "把条件写到下面的 routes 里", "the root matches everything", "move the condition below routes"},
		routeTooMany:     {"路由太多，或套得太深", "最多 1000 条、16 层", "too many routes, or nested too deep", "at most 1000, 16 deep"},
		routeUnreachable: {"永远走不到这一条", "上面那条没有 when，也没有 continue：把它移到最后，或加上条件", "this route is never reached", "the one before has neither when nor continue: move it to the end, or give it a condition"},
		routeTooLong:     {"条件超过 %[1]d 字节", "拆成几条", "the condition is longer than %[1]d bytes", "split it"},
		routeSyntax:      {"条件读不懂", `写成 sentiment == "negative" && "物流配送" in topics 这样`, "the condition cannot be read", `write such as sentiment == "negative" && "物流配送" in topics`},
		routeEqual:       {"条件里「等于」要写两个等号", "写 ==", "equality is written with two equals signs", "write =="},
		routeAnd:         {"条件里「并且、或者」不能这么写", "写 && 和 ||", "this is not how conditions say and or or", "write && and ||"},
		routeQuotes:      {"条件里用了中文引号", `改成 "`, "typographic quotes in a condition", `write "`},
		routeWidth:       {"条件里用了全角符号", "改成半角", "full-width signs in a condition", "write them in half width"},
		routeType:        {"条件两边对不上：%[1]s", "文字加引号，数字不加；整个条件要成立或不成立", "the condition does not fit together: %[1]s", "text in quotes, numbers without; the whole must be true or false"},
		routeNotAllowed:  {"条件里不能用 %[1]s", "用 == != < > in && || ! 和 len any all none lower upper contains startsWith endsWith matches", "conditions have no %[1]s", "use == != < > in && || ! and len any all none lower upper contains startsWith endsWith matches"},
		routeName:        {"条件里没有这个名字", "可以用：%[1]s", "conditions have no such name", "use one of: %[1]s"},
		routeNameNear:    {"条件里没有这个名字", "写成 %[1]s", "conditions have no such name", "write %[1]s"},
		routeFunction:    {"条件里没有这个函数", "可以用：%[1]s", "conditions have no such function", "use one of: %[1]s"},
		routeValue:       {"%[1]s 永远不会是这个值", "写 %[2]s 之一", "%[1]s never has this value", "write one of %[2]s"},
		routeValueNear:   {"%[1]s 永远不会是这个值", "写成 %[2]q", "%[1]s never has this value", "write %[2]q"},
		routeRange:       {"%[1]s 只会在 %[2]g 到 %[3]g 之间", "改成这个范围里的数", "%[1]s lies between %[2]g and %[3]g", "write a number in that range"},
		routePattern:     {"matches 后面要直接写出模式", `写成 text matches "退.?款"`, "the pattern of matches must be written out", `write text matches "refund|return"`},
		routePatternLong: {"模式超过 %[1]d 个字", "拆成几条", "the pattern is longer than %[1]d characters", "split it"},
		routePatternMany: {"模式里重复的次数太大，每条消息都要算很久", "把花括号里的数改小", "the pattern repeats too much, each message would take too long", "write smaller numbers in braces"},
		routePatternSays: {"模式写得不对：%[1]s", "检查括号和方括号", "the pattern cannot be read: %[1]s", "check its brackets"},

		textKey:     {"没有这个名字的文字", "全部名字：huiyin check -texts", "there is no text of this name", "huiyin check -texts lists them all"},
		textKeyNear: {"没有这个名字的文字", "写成 %[1]s", "there is no text of this name", "write %[1]s"},
		textVar:     {"这段文字里没有这个变量", "可以用 %[1]s", "this text has no such variable", "use %[1]s"},
		textNoVars:  {"这段文字没有变量", "去掉 { }", "this text has no variables", "remove the { }"},
		textEmpty:   {"文字是空的", "写上要说的话", "the text is empty", "write what to say"},
		textLong:    {"文字超过 %[1]d 个字", "写短一点", "the text is longer than %[1]d characters", "make it shorter"},
	}
}

// message returns text and fix of a message. Both may use every argument.
func message(lang string, c code, args ...any) (text, fix string) {
	m := messages()[c]
	text, fix = m.en, m.enFix
	if chinese(lang) {
		text, fix = m.zh, m.zhFix
	}
	if len(args) == 0 {
		return text, fix
	}
	return fill(text, args), fill(fix, args)
}

func fill(format string, args []any) string {
	if !strings.Contains(format, "%[") {
		return format
	}
	return fmt.Sprintf(format, args...)
}

// chinese reports whether a BCP 47 tag is a kind of Chinese.
func chinese(lang string) bool { return strings.HasPrefix(strings.ToLower(lang), "zh") }
