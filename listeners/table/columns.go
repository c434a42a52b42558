package table

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/listeners"
)

// The targets that a column can have besides fields.
const (
	toText      = "text"
	toID        = "id"
	toAuthor    = "author"
	toAuthorID  = "author_id"
	toFollowers = "followers"
	toPosted    = "posted_at"
	toURL       = "url"
	toKind      = "kind"
)

// The bounds of a row.
const (
	maxID     = 256 // bytes
	maxName   = 200 // bytes
	maxURL    = 2000
	maxFields = 64
	maxKey    = 64   // bytes of a field's name
	maxValue  = 1000 // bytes of a field's value
)

// names are what columns are usually called, the surest first. They are
// compared folded: see fold.
func names() map[string][]string {
	return map[string][]string{
		toText: {
			"text", "内容", "评论内容", "评价内容", "反馈内容", "留言内容", "消息内容", "意见内容", "投诉内容", "正文", "文本", "原文", "评论", "评价", "反馈", "留言", "消息", "意见", "描述",
			"content", "body", "message", "review", "reviewtext", "comment", "comments", "feedback", "reviews", "description",
		},
		toID: {
			"id", "编号", "评论id", "评价id", "反馈id", "消息id", "留言id", "评论编号", "评价编号", "反馈编号", "消息编号",
			"messageid", "reviewid", "commentid", "feedbackid", "uuid", "guid", "externalid",
		},
		toAuthor:    {"author", "昵称", "用户", "用户名", "用户昵称", "作者", "客户", "客户姓名", "顾客", "买家", "买家昵称", "会员", "姓名", "authorname", "username", "nickname", "user", "customer", "customername", "name"},
		toAuthorID:  {"authorid", "用户id", "作者id", "客户id", "会员id", "用户编号", "客户编号", "会员号", "userid", "customerid", "uid", "openid"},
		toFollowers: {"followers", "粉丝数", "粉丝"},
		toPosted: {
			"postedat", "发布时间", "评论时间", "评价时间", "反馈时间", "留言时间", "发表时间", "提交时间", "创建时间", "时间", "日期", "发布日期", "评论日期", "评价日期",
			"createdat", "publishedat", "submittedat", "datetime", "timestamp", "time", "date", "created", "published",
		},
		toURL:  {"url", "链接", "网址", "原文链接", "原帖链接", "link", "permalink"},
		toKind: {"kind"},
	}
}

// targets lists them in the order in which they choose their columns.
func targets() []string {
	return []string{toText, toID, toAuthor, toAuthorID, toFollowers, toPosted, toURL, toKind}
}

// Ours are the columns that a list of refused rows has before the file's own;
// they are passed over when it is read again.
const (
	OurLine   = "huiyin_line"
	OurReason = "huiyin_reason"
)

// fold makes names comparable: lower case, without spaces and punctuation.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// columns say what each column of a file holds.
type columns struct {
	at     map[string]int // target → column
	fields []string       // column → field's name; empty: none
	n      int
}

// ErrNoText is wrapped where no column holds the text.
var ErrNoText = errors.New("no column holds the text")

// assign decides what each column holds: what the operator said, then by name.
func assign(header []string, mapped map[string]string) (columns, error) {
	c := columns{at: map[string]int{}, fields: make([]string, len(header)), n: len(header)}
	for i, name := range header {
		c.fields[i] = fieldName(name, i, c.fields[:i])
	}
	taken := map[int]bool{}
	known := targets()
	for _, target := range slices.Sorted(maps.Keys(mapped)) {
		at, err := find(header, mapped[target])
		if err != nil {
			return c, err
		}
		taken[at] = true
		if slices.Contains(known, target) {
			c.at[target] = at
			c.fields[at] = ""
		} else {
			c.fields[at] = cut(target, maxKey)
		}
	}
	called := names()
	for _, target := range known {
		if _, done := c.at[target]; done {
			continue
		}
		if at := named(header, called[target], taken); at >= 0 {
			c.at[target], taken[at], c.fields[at] = at, true, ""
		}
	}
	for i, name := range header {
		if name == OurLine || name == OurReason {
			c.fields[i] = ""
		}
	}
	if _, ok := c.at[toText]; !ok {
		return c, &FileError{Err: fmt.Errorf("%w among %s: say which one with -map text=COLUMN", ErrNoText, listed(header))}
	}
	return c, nil
}

// named returns the column with the surest of several names; -1: none.
func named(header, called []string, taken map[int]bool) int {
	for _, name := range called {
		for i, h := range header {
			if !taken[i] && fold(h) == name {
				return i
			}
		}
	}
	return -1
}

// find returns the column that the operator meant, by name or number.
func find(header []string, said string) (int, error) {
	for i, h := range header {
		if strings.TrimSpace(h) == strings.TrimSpace(said) {
			return i, nil
		}
	}
	for i, h := range header {
		if fold(said) != "" && fold(h) == fold(said) {
			return i, nil
		}
	}
	if n, err := strconv.Atoi(said); err == nil && n >= 1 && n <= len(header) {
		return n - 1, nil
	}
	return 0, &FileError{Err: fmt.Errorf("there is no column %q among %s", said, listed(header))}
}

func listed(header []string) string {
	var quoted []string
	for i, h := range header {
		if i == 30 {
			quoted = append(quoted, "…")
			break
		}
		quoted = append(quoted, strconv.Quote(cut(h, 40)))
	}
	return strings.Join(quoted, ", ")
}

// fieldName returns the field that a column without another target is kept as;
// each name counts once.
func fieldName(name string, i int, before []string) string {
	name = cut(strings.Join(strings.Fields(name), " "), maxKey-4)
	if name == "" {
		name = "column " + strconv.Itoa(i+1)
	}
	unique := name
	for n := 2; slices.Contains(before, unique); n++ {
		unique = name + " " + strconv.Itoa(n)
	}
	return unique
}

// entry makes an entry of a row.
func (c columns) entry(cells []string, zone *time.Location) (listeners.Entry, error) {
	for _, extra := range cells[min(c.n, len(cells)):] {
		if strings.TrimSpace(extra) != "" {
			return listeners.Entry{}, fmt.Errorf("%d cells, but %d columns: a delimiter inside a text needs quotes around it", len(cells), c.n)
		}
	}
	v := values{zone: zone, get: func(target string) string {
		if at, ok := c.at[target]; ok && at < len(cells) {
			return cells[at]
		}
		return ""
	}}
	for i, name := range c.fields {
		if name != "" && i < len(cells) {
			v.field(name, cells[i])
		}
	}
	return v.entry()
}

// values are a row's values by what they mean.
type values struct {
	get    func(target string) string
	fields map[string]string
	zone   *time.Location
}

func (v *values) field(name, value string) {
	value = strings.TrimSpace(value)
	if value == "" || len(v.fields) == maxFields {
		return
	}
	if v.fields == nil {
		v.fields = map[string]string{}
	}
	v.fields[name] = cut(value, maxValue)
}

// entry checks the values and makes an entry of them.
func (v *values) entry() (listeners.Entry, error) {
	e := listeners.Entry{
		Text: strings.TrimSpace(strings.ReplaceAll(v.get(toText), "\r\n", "\n")), ID: strings.TrimSpace(v.get(toID)), URL: strings.TrimSpace(v.get(toURL)),
		Kind: strings.ToLower(strings.TrimSpace(v.get(toKind))), Fields: v.fields,
		Author: listeners.Author{ID: strings.TrimSpace(v.get(toAuthorID)), Name: cut(strings.TrimSpace(v.get(toAuthor)), maxName)},
	}
	switch {
	case e.Text == "":
		return e, errors.New("the text is empty")
	case len(e.ID) > maxID:
		return e, fmt.Errorf("the id is longer than %d bytes", maxID)
	case len(e.Author.ID) > maxID:
		return e, fmt.Errorf("the author's id is longer than %d bytes", maxID)
	case strings.ContainsFunc(e.ID, unicode.IsControl):
		return e, errors.New("the id holds characters that cannot be kept")
	case e.Kind != "" && !slices.Contains(feedback.Kinds, feedback.Kind(e.Kind)):
		return e, fmt.Errorf("kind %q is unknown: message, mention, review, survey, call or form", cut(e.Kind, 40))
	}
	if e.Kind == "" {
		e.Kind = string(feedback.KindReview)
	}
	if !strings.HasPrefix(e.URL, "http://") && !strings.HasPrefix(e.URL, "https://") || len(e.URL) > maxURL {
		if e.URL != "" {
			v.field("url", e.URL)
			e.Fields, e.URL = v.fields, ""
		}
	}
	var err error
	if e.Author.Followers, err = followers(v.get(toFollowers)); err != nil {
		return e, err
	}
	e.PostedAt, err = instant(v.get(toPosted), v.zone)
	return e, err
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
