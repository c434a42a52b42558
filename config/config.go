// Package config reads the configuration: strict YAML with the place of
// everything in it, so that whatever is wrong is said at once, with file, line
// and column and what to write instead, and never with a secret in it.
//
// The structs below are the schema: their tags name each key (yaml), explain it
// (zh, en) and bound it, their values in Default are the defaults. Decoder and
// sample both follow them.
package config

import (
	"net/netip"
	"time"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/feedback/route"
	"github.com/huiyin/huiyin/feedback/sla"
)

// Config is a configuration that was checked. It is not changed afterwards.
type Config struct {
	Brand     Brand             `yaml:"brand" zh:"谁在说话" en:"who is speaking"`
	Storage   Storage           `yaml:"storage" zh:"数据放在哪里" en:"where data is kept"`
	Web       Web               `yaml:"web" zh:"客户页面、团队看板、平台回调" en:"the customers' page, the team board, what platforms post to"`
	Bots      []Channel         `yaml:"bots" zh:"双向：客户找它们说话，团队也在里面处理" en:"two-way: customers talk to them, teams live in them"`
	Listeners []Channel         `yaml:"listeners" zh:"单向：别处怎么说这个品牌" en:"one-way: what is said about the brand elsewhere"`
	Topics    []Topic           `yaml:"topics" zh:"话题；和内置的同名就替换它" en:"topics; one with a built-in's name replaces it"`
	Teams     []Team            `yaml:"teams" zh:"团队" en:"teams"`
	Staff     []Staff           `yaml:"staff" zh:"同事；也可以用 huiyin staff add 加" en:"colleagues; huiyin staff add adds them, too"`
	Fields    []Field           `yaml:"fields" zh:"反馈按什么区分：来自链接、回调、导入、文字里的名字，或手填" en:"what items are told apart by: from links, webhooks, imports, names in the text, or by hand"`
	Routes    Route             `yaml:"routes" zh:"什么归谁：从上到下第一条对上的负责，对上后带 continue 的再往下看" en:"what goes to whom: the first match owns; after a match with continue, later ones add teams"`
	Cards     Cards             `yaml:"cards" zh:"团队群里的卡片" en:"cards in team chats"`
	Desk      Desk              `yaml:"desk" zh:"处理中的各种时间" en:"the times of an item's life"`
	Files     Files             `yaml:"files" zh:"客户发来的图片、语音、文件" en:"pictures, recordings and files from customers"`
	Privacy   Privacy           `yaml:"privacy" zh:"客户发「隐私」看到的" en:"what customers read who ask about privacy"`
	Security  Security          `yaml:"security" zh:"给数据库里的秘密上锁的钥匙；用动态码登录看板要有它" en:"the key that seals secrets in the database; one-time passwords on the board need it"`
	Network   Network           `yaml:"network" zh:"内容里的地址和跳转能去哪里；您自己写的地址不受限" en:"where addresses in content and redirects may lead; addresses you write are trusted"`
	Log       Log               `yaml:"log" zh:"日志" en:"the log"`
	Advanced  Advanced          `yaml:"advanced" zh:"一般不用改" en:"rarely worth changing"`
	Texts     map[string]string `yaml:"texts" zh:"给人看的话，按名字换成自己的；全部名字：huiyin check -texts" en:"any text by its name, in the brand's language; huiyin check -texts lists them"`
	Phrases   map[string]string `yaml:"phrases" zh:"话术：回复 %催件" en:"phrases: reply %name"`

	// File is where the configuration was read from, empty where there is none.
	File string `yaml:"-"`
	// Tree is Routes, compiled.
	Tree *route.Tree `yaml:"-"`
	// Location is Brand.Timezone, loaded.
	Location *time.Location `yaml:"-"`
}

// Brand is who is speaking.
type Brand struct {
	Name     string `yaml:"name" zh:"客户看到的名字" en:"the name customers read"`
	Language string `yaml:"language" enum:"zh-CN,en" zh:"zh-CN 或 en；知道客户用什么语言就用客户的" en:"zh-CN or en; customers are answered in their own where known"`
	Timezone string `yaml:"timezone" zh:"所有钟点都按这个时区" en:"the time zone of every clock time"`
	Hotline  string `yaml:"hotline" zh:"心理援助电话，有人说到轻生时给出" en:"the helpline named when someone speaks of self-harm"`
}

// Storage is where data is kept.
type Storage struct {
	Database Secret        `yaml:"database" secret:"true" zh:"sqlite:文件，或 postgres://用户@主机/库" en:"sqlite:FILE, or postgres://user@host/db"`
	Redis    Secret        `yaml:"redis" secret:"true" zh:"不写就在进程内；或 redis://、redis+sentinel://、redis+cluster:// 地址（rediss 加密）" en:"empty: in-process; or a redis://, redis+sentinel:// or redis+cluster:// address (rediss for TLS)"`
	Files    string        `yaml:"files" zh:"一个目录，所有进程共用" en:"one directory shared by all processes"`
	Spool    string        `yaml:"spool" zh:"数据库暂不可用时，推送来的新消息先存在这个目录；要在本机的磁盘上" en:"where messages that are pushed wait while the database is away: a directory on a local disk"`
	Keep     time.Duration `yaml:"keep" min:"168h" zh:"发给团队、已经办完的通知留多久；事情的经过不受影响" en:"how long lines to teams are kept once they were sent and their matter ended; what happened to a matter is kept in any case"`
	SpoolMax Size          `yaml:"spool_max" zh:"最多存多少，满了就请对方稍后再推；0 就不存" en:"how much may wait there; beyond it they are refused for now; 0: nothing waits"`
}

// Web is how pages are served.
type Web struct {
	Listen         string         `yaml:"listen" format:"listen" zh:"页面的监听地址" en:"where pages are served"`
	PublicURL      string         `yaml:"public_url" format:"url" zh:"别人打开页面用的地址；不写就按 listen" en:"the address people open; empty: as listen says"`
	MetricsListen  string         `yaml:"metrics_listen" format:"listen?" zh:"/metrics 的监听地址；空就关掉" en:"where /metrics is served; empty: off"`
	TrustedProxies []netip.Prefix `yaml:"trusted_proxies" zh:"信任这些代理给的客户 IP" en:"proxies that are believed about a client's address"`
}

// Channel is a bot or a listener: what is common to all of them, and the
// options of its kind.
type Channel struct {
	Name    string
	Type    string
	Title   string        // as people call it; empty: the kind's title
	Keep    time.Duration // how long its people's data is kept; 0: as privacy.keep says
	Options any           // what the kind's Options returned, filled in
}

// String leaves out the options: they hold secrets.
func (c Channel) String() string { return c.Type + ":" + c.Name }

// GoString is String.
func (c Channel) GoString() string { return c.String() }

// MarshalText is String, for logs and dumps.
func (c Channel) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Topic is a topic with the words that tell it.
type Topic struct {
	Name  string   `yaml:"name" need:"true" zh:"名字" en:"its name"`
	Words []string `yaml:"words" need:"true" zh:"文字里出现就算；英文和数字按整词" en:"found anywhere in the text; Latin words and digits as whole words"`
}

// Team is a team.
type Team struct {
	Name   string   `yaml:"name" need:"true" zh:"名字，路由和命令里用" en:"its name in routes and commands"`
	Title  string   `yaml:"title" zh:"给人看的名字" en:"the name people read"`
	Alerts []string `yaml:"alerts" zh:"卡片发到哪些群：机器人:群" en:"the chats its cards go to: bot:chat"`
	Hours  []string `yaml:"hours" zh:"上班时间；不写就是全天" en:"opening hours; none: always open"`
	Answer Answer   `yaml:"answer" zh:"多久之内回复；P0 不分昼夜，其他只算上班时间" en:"answer times; P0 day and night, the others in opening hours"`
	Digest string   `yaml:"digest" zh:"晨报时间（cron：分 时 日 月 周）；空就不发" en:"when the digest is sent (cron: minute hour day month weekday); empty: never"`

	Places []Place     `yaml:"-"` // Alerts, read
	Open   sla.Hours   `yaml:"-"` // Hours, read
	Within sla.Targets `yaml:"-"` // Answer, read
}

// Place is a chat of a bot. Chat is empty for a bot that has only one.
type Place struct{ Bot, Chat string }

// Answer are the answer times by priority.
type Answer struct {
	P0 time.Duration `yaml:"P0" min:"1s" zh:"P0" en:"P0"`
	P1 time.Duration `yaml:"P1" min:"1s" zh:"P1" en:"P1"`
	P2 time.Duration `yaml:"P2" min:"1s" zh:"P2" en:"P2"`
	P3 time.Duration `yaml:"P3" min:"1s" zh:"P3" en:"P3"`
}

// Staff is a colleague.
type Staff struct {
	Name     string            `yaml:"name" need:"true" zh:"名字" en:"their name"`
	ShownAs  string            `yaml:"shown_as" zh:"客户看到的名字" en:"the name customers read"`
	Role     string            `yaml:"role" enum:"viewer,agent,lead,admin" zh:"viewer 看、agent 处理、lead 组长、admin 管理员" en:"viewer, agent, lead or admin"`
	Team     string            `yaml:"team" zh:"在哪个组" en:"their team"`
	Accounts map[string]string `yaml:"accounts" zh:"在各个机器人里的账号" en:"their accounts, by bot"`
}

// FeedbackRole returns the role.
func (s Staff) FeedbackRole() feedback.Role { return feedback.Role(s.Role) }

// Field is something that items are told apart by.
type Field struct {
	Name    string `yaml:"name" need:"true" zh:"名字，路由条件里直接用" en:"its name, a variable of route conditions"`
	Title   string `yaml:"title" zh:"给人看的名字" en:"the name people read"`
	File    string `yaml:"file" zh:"取值表（CSV：code,name,region,aliases），相对本文件" en:"its values (CSV: code,name,region,aliases), relative to this file"`
	Private bool   `yaml:"private" zh:"群里打码" en:"masked in chats"`

	Values []Value `yaml:"-"` // of File, in its order
}

// Value is one value of a field: a shop.
type Value struct {
	Code, Name, Region string
	Aliases            []string
}

// Route is one node of the routing tree; package route says how it is walked.
type Route struct {
	When     string  `yaml:"when" zh:"条件" en:"the condition"`
	Team     string  `yaml:"team" zh:"归哪个组" en:"the team that owns it"`
	Priority string  `yaml:"priority" enum:"P0,P1,P2,P3" zh:"定成这个优先级" en:"sets the priority"`
	Cards    string  `yaml:"cards" enum:"on,off,urgent" zh:"on、off 或 urgent（只有紧急的）" en:"on, off or urgent"`
	Continue bool    `yaml:"continue" zh:"对上了也接着往下看" en:"go on to the next ones after a match"`
	Routes   []Route `yaml:"routes" zh:"更细的" en:"finer ones"`
}

// Cards are the rules of cards in team chats.
type Cards struct {
	Fold   int           `yaml:"fold" min:"0" max:"10000" zh:"一个群里新卡片超过这么多，P1 以下的合成一张，没人接的提醒多了也合；0 不合" en:"beyond this many new cards in a chat, those below P1 share one, and many reminders do; 0: never"`
	Within time.Duration `yaml:"within" min:"1s" zh:"在这么长时间里" en:"counted over this long"`
}

// Desk are the times of an item's life (contract, section 5).
type Desk struct {
	Undo        time.Duration `yaml:"undo" zh:"发给客户前留多久可以撤销" en:"how long a message to a customer can be taken back before it leaves"`
	CloseAfter  time.Duration `yaml:"close_after" min:"1s" zh:"解决后多久结束；等客户等多久" en:"how long after resolving it ends, and how long a customer is waited for"`
	RemindAfter time.Duration `yaml:"remind_after" min:"1s" zh:"等客户多久提醒一次（只一次）" en:"when a customer who is waited for is reminded, once"`
	SurveyEvery time.Duration `yaml:"survey_every" zh:"同一个人多久最多问一次满意" en:"a person is asked for a rating at most once in this long"`
	ReopenIn    time.Duration `yaml:"reopen_within" zh:"解决后这么久之内客户再说话就重开" en:"a customer who writes within this long after resolving reopens the item"`
	SameIn      time.Duration `yaml:"same_within" zh:"再往后这么久之内，先问是不是同一件" en:"after that, for this long, the bot asks whether it is the same matter"`
	UrgeEvery   time.Duration `yaml:"urge_every" zh:"客户催，多久答一次" en:"asking again is answered once in this long"`
	Settle      time.Duration `yaml:"settle" zh:"话没说完时，静多久再回执" en:"the silence that is waited for after a fragment"`
	SettleMax   time.Duration `yaml:"settle_max" zh:"最多等这么久" en:"the longest wait for it"`
	RateChange  time.Duration `yaml:"rate_within" zh:"评价多久之内能改" en:"how long a rating can be changed"`
	AskExpires  time.Duration `yaml:"ask_expires" min:"1s" zh:"「请直接回复这条」多久有效" en:"how long a prompt waits for its reply"`
	AsCustomer  time.Duration `yaml:"as_customer" min:"1s" zh:"「当客户」多久" en:"how long staff are treated as customers on request"`
	Late        time.Duration `yaml:"late_after" min:"1s" zh:"读到时已经过了这么久，回执先道歉" en:"a message this old when it is read gets an apology"`
	Fresh       time.Duration `yaml:"fresh" min:"1s" zh:"单向内容比这更旧就算历史，不发卡片" en:"one-way items older than this are history: no card"`
	PromiseWarn time.Duration `yaml:"promise_warn" zh:"答应的时间前多久告诉客户要晚" en:"how long before a promised time the customer is told it will be missed"`
}

// Files are the rules for attachments.
type Files struct {
	MaxSize   Size `yaml:"max_size" min:"1" zh:"一个文件最大多少；更大的不存，告诉团队" en:"the largest file that is kept; of larger ones the team is told"`
	MaxTotal  Size `yaml:"max_total" zh:"全部文件加起来最多多少；到了就不再存，告诉团队；0 不限" en:"the most that is kept of all files together; beyond it nothing is, and the team is told; 0: no limit"`
	MaxPerDay Size `yaml:"max_per_day" min:"1" zh:"一个人一天最多存多少；再多的不存，告诉团队" en:"the most that is kept of one person's files in a day; of more the team is told"`
}

// Privacy is what the privacy text says.
type Privacy struct {
	Company string        `yaml:"company" zh:"谁在用这些信息；不写就用 brand.name" en:"who uses the data; empty: brand.name"`
	Contact string        `yaml:"contact" zh:"有疑问找谁" en:"whom to ask"`
	Keep    time.Duration `yaml:"keep" min:"24h" zh:"处理完留多久；某个渠道要不一样，就在它下面写 keep" en:"how long data is kept after a matter is settled; a channel's own keep goes before it"`
}

// Days returns Keep in days.
func (p Privacy) Days() int { return int(p.Keep / (24 * time.Hour)) }

// Security is what seals secrets. The keys are never in the database.
type Security struct {
	Key    Secret `yaml:"key" secret:"true" zh:"32 个随机字节：openssl rand -base64 32；最好用 key_file" en:"32 random bytes: openssl rand -base64 32; better in key_file"`
	OldKey Secret `yaml:"old_key" secret:"true" zh:"换钥匙时，原来那把" en:"the one before, while keys are exchanged"`
}

// Network is where requests may lead.
type Network struct {
	Allow []netip.Prefix `yaml:"allow" zh:"也可以去的内网地址段" en:"private networks that are allowed"`
}

// Log is how the log is written.
type Log struct {
	Level  string `yaml:"level" enum:"debug,info,warn,error" zh:"debug、info、warn 或 error" en:"debug, info, warn or error"`
	Format string `yaml:"format" enum:"text,json" zh:"text 或 json" en:"text or json"`
}

// Advanced are times that tests shorten and operators rarely change, and how texts
// are cut into words.
type Advanced struct {
	Lease       time.Duration `yaml:"lease" min:"100ms" max:"10s" zh:"租约多长：被杀的进程最多这么久后由别人接手" en:"the length of leases: a killed process is replaced after this long"`
	Poll        time.Duration `yaml:"poll" min:"10ms" max:"1m" zh:"没有铃声时多久看一次有没有活" en:"how often work is looked for without a ring"`
	Reconcile   time.Duration `yaml:"reconcile" min:"100ms" zh:"没做完的活多久再催一次" en:"how old unfinished work is when it is rung for again"`
	SendTimeout time.Duration `yaml:"send_timeout" min:"100ms" zh:"发一次最多等平台多久；带文件的十倍" en:"how long one request to a platform may take; ten times that with files"`
	RetryMax    time.Duration `yaml:"retry_max" min:"10ms" zh:"两次重试最多隔多久" en:"the longest wait between two tries"`
	SpoolAfter  time.Duration `yaml:"spool_after" min:"10ms" zh:"数据库多久没收下推送来的消息，就先存磁盘" en:"how long the database is waited for before a message that was pushed is kept on disk"`
	RetryFor    time.Duration `yaml:"retry_for" min:"10ms" zh:"一直发不出去，试多久后放弃并告诉团队" en:"how long a message is tried before the team is told that it failed"`
	Learn       time.Duration `yaml:"learn" min:"10ms" zh:"多久没有新的纠正，模型就去学一遍" en:"how long nobody corrects anything before the model learns from it"`
	Stop        time.Duration `yaml:"stop" min:"1s" zh:"停机最多等多久" en:"how long a stop may take"`
	Segmenter   string        `yaml:"segmenter" enum:"huiyin,gojieba" zh:"用什么分词：huiyin 是自带的，gojieba 是 C++ 库；分出来的词一样，后者慢，内存多用几十 MB" en:"what cuts words: huiyin, or gojieba, the C++ library; the words are the same, the latter is slower and takes tens of MB more"`
	Dictionary  string        `yaml:"dictionary" enum:"common,full" zh:"词典：common 只装常用词，full 连生僻词" en:"its words: common ones, or the full dictionary with the rare ones"`
}

// Default returns the configuration that holds where nothing is written: SQLite
// below the working directory, in-process streams, one web bot and one team.
// The bot's options are those of kinds' "web".
func Default() *Config {
	answer := sla.DefaultTargets()
	return &Config{
		Brand:   Brand{Name: "回音", Language: "zh-CN", Timezone: "Asia/Shanghai", Hotline: "12356"},
		Storage: Storage{Database: "sqlite:huiyin-data/huiyin.db", Files: "huiyin-data/files", Spool: "huiyin-data/spool", Keep: 90 * 24 * time.Hour, SpoolMax: 256 << 20},
		Web:     Web{Listen: "127.0.0.1:8080", MetricsListen: "127.0.0.1:9108"},
		Teams: []Team{{
			Name: "care", Title: "客服组",
			Answer: Answer{answer[feedback.P0], answer[feedback.P1], answer[feedback.P2], answer[feedback.P3]},
		}},
		Cards: Cards{Fold: 20, Within: 10 * time.Minute},
		Desk: Desk{
			Undo: 10 * time.Second, CloseAfter: 72 * time.Hour, RemindAfter: 24 * time.Hour, SurveyEvery: 24 * time.Hour,
			ReopenIn: 24 * time.Hour, SameIn: 7 * 24 * time.Hour, UrgeEvery: 30 * time.Minute,
			Settle: 6 * time.Second, SettleMax: 20 * time.Second, RateChange: 24 * time.Hour, AskExpires: 5 * time.Minute,
			AsCustomer: 30 * time.Minute, Late: 10 * time.Minute, Fresh: 24 * time.Hour, PromiseWarn: 5 * time.Minute,
		},
		Files:   Files{MaxSize: 20 << 20, MaxPerDay: 200 << 20},
		Privacy: Privacy{Keep: 180 * 24 * time.Hour},
		Log:     Log{Level: "info", Format: "text"},
		Advanced: Advanced{
			Lease: 10 * time.Second, Poll: time.Second, Reconcile: 10 * time.Second, SendTimeout: 20 * time.Second,
			RetryMax: 5 * time.Minute, RetryFor: 24 * time.Hour, SpoolAfter: 5 * time.Second, Learn: 30 * time.Second, Stop: 20 * time.Second,
			Segmenter: "huiyin", Dictionary: "common",
		},
	}
}

// newTeam, newStaff and the like are the defaults of list elements.
func newTeam() Team { return Team{Answer: Default().Teams[0].Answer} }

func newStaff() Staff { return Staff{Role: string(feedback.Agent)} }

// TopicNames returns the names of the built-in topics and the configured ones,
// each once.
func (c *Config) TopicNames(builtin []string) []string {
	names := append([]string(nil), builtin...)
	for _, t := range c.Topics {
		names = appendNew(names, t.Name)
	}
	return names
}
