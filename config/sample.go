package config

import (
	"cmp"
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"strings"
	"time"
)

// Sample returns a whole configuration with comments, generated from the schema
// and the kinds' own samples. What holds anyway, or needs somebody's tokens, is
// there behind a # to be switched on: the sample as it is gives the defaults.
func Sample(kinds Kinds, lang string) string {
	return sample(kinds, lang, false)
}

// sample writes the sample; all switches everything on, for tests.
func sample(kinds Kinds, lang string, all bool) string {
	s := sampler{kinds: kinds, zh: chinese(lang), all: all}
	s.comment("", s.say(
		"回音的配置。每一项都有默认值：什么都不写也能用。\n行首的 # 去掉就生效。${NAME} 取环境变量；密钥也可以写 NAME_file 放进文件。\n改完先 huiyin check，再给进程发 SIGHUP。",
		"Huiyin's configuration. Everything has a default: an empty file works.\nRemove the # in front of a line to use it. ${NAME} is taken from the environment; secrets can also be named by NAME_file.\nAfter a change: huiyin check, then send the process SIGHUP."))
	v := reflect.ValueOf(Default()).Elem()
	for i, f := range fieldsOf(v) {
		s.b.WriteByte('\n')
		s.section(f, v.Type().Field(i).Tag)
	}
	return s.b.String()
}

type sampler struct {
	kinds Kinds
	zh    bool
	all   bool
	b     strings.Builder
}

func (s *sampler) say(zh, en string) string {
	if s.zh {
		return zh
	}
	return en
}

// comment writes a comment of one or more lines.
func (s *sampler) comment(indent, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintf(&s.b, "%s# %s\n", indent, line)
	}
}

// section writes one top-level key.
func (s *sampler) section(f field, tag reflect.StructTag) {
	s.comment("", tag.Get(s.say("zh", "en")))
	switch f.key {
	case "bots":
		s.channels(f.key, s.kinds.Bots)
	case "listeners":
		s.channels(f.key, s.kinds.Listeners)
	default:
		if text, ok := s.examples()[f.key]; ok {
			s.elements(f)
			s.off(text)
			return
		}
		fmt.Fprintf(&s.b, "%s:\n", f.key)
		s.keys(f.value, "  ")
	}
}

// keys writes the keys of a section with their defaults and comments.
func (s *sampler) keys(v reflect.Value, indent string) {
	fields := fieldsOf(v)
	width := 0
	lines := make([]string, len(fields))
	for i, f := range fields {
		lines[i] = f.key + ": " + defaultText(f.value)
		width = max(width, len(lines[i]))
	}
	for i, f := range fields {
		fmt.Fprintf(&s.b, "%s%-*s  # %s\n", indent, width, lines[i], f.tag.Get(s.say("zh", "en")))
	}
}

// defaultText writes a default as YAML.
func defaultText(v reflect.Value) string {
	switch value := v.Interface().(type) {
	case time.Duration:
		return formatDuration(value)
	case Size:
		return value.String()
	case Secret:
		return quote(value.Reveal())
	case string:
		return quote(value)
	case []netip.Prefix:
		return "[]"
	default:
		return fmt.Sprint(value)
	}
}

// plain is text that means itself in YAML, as a value of its own.
var plain = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}/._-]*(:[\p{L}\p{N}/._-]+)*$`)

// quote writes text as a YAML scalar.
func quote(text string) string {
	if plain.MatchString(text) {
		return text
	}
	return `"` + strings.ReplaceAll(strings.ReplaceAll(text, `\`, `\\`), `"`, `\"`) + `"`
}

// elements explains the keys of a list's elements.
func (s *sampler) elements(f field) {
	t := f.value.Type()
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for _, key := range fieldsOf(reflect.New(t).Elem()) {
		s.comment("", fmt.Sprintf("  %s: %s", key.key, key.tag.Get(s.say("zh", "en"))))
	}
}

// off writes YAML that is switched off.
func (s *sampler) off(text string) {
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		if !s.all && strings.TrimSpace(line) != "" {
			line = "#" + line
		}
		s.b.WriteString(line + "\n")
	}
}

// channels writes the samples of kinds. The web chat needs nobody's token: it
// is switched on, as it is by default.
func (s *sampler) channels(key string, kinds []Kind) {
	on := false
	for _, k := range kinds {
		on = on || k.Name == "web" && key == "bots"
	}
	if on || s.all {
		fmt.Fprintf(&s.b, "%s:\n", key)
	} else {
		fmt.Fprintf(&s.b, "#%s:\n", key)
	}
	for _, k := range kinds {
		if title := s.say(k.Title, cmp.Or(k.TitleEN, k.Title)); title != "" {
			s.comment("  ", title)
		}
		text := indented(k.Sample, "  ")
		if k.Name == "web" && key == "bots" {
			s.b.WriteString(text)
			continue
		}
		s.off(text)
	}
}

// indented returns text with its common indentation replaced.
func indented(text, indent string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	common := -1
	for _, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		if n := len(line) - len(strings.TrimLeft(line, " ")); common < 0 || n < common {
			common = n
		}
	}
	var b strings.Builder
	for _, line := range lines {
		if strings.TrimSpace(line) == "" {
			b.WriteByte('\n')
			continue
		}
		b.WriteString(indent + line[common:] + "\n")
	}
	return b.String()
}

// examples are entries of the lists and maps that are empty by default.
func (s *sampler) examples() map[string]string {
	return map[string]string{
		"topics": s.say(
			"topics:\n  - {name: 物流配送, words: [快递, 配送, 骑手, 超时, 送错]}\n",
			"topics:\n  - {name: delivery, words: [courier, parcel, late]}\n"),
		"teams": s.say(
			"teams:\n  - name: care\n    title: 客服组\n    alerts: []          # 例如 [\"hq:C0CARE\"]\n    hours: [\"mon-sun 09:00-21:00\"]\n    answer: {P0: 10m, P1: 30m, P2: 2h, P3: 24h}\n    digest: \"0 9 * * *\"\n  - {name: logistics, title: 物流组, hours: [\"周一-周五 09:00-12:00 13:00-18:00\", \"sat,sun 10:00-24:00\"]}\n",
			"teams:\n  - name: care\n    title: Care\n    alerts: []          # such as [\"hq:C0CARE\"]\n    hours: [\"mon-sun 09:00-21:00\"]\n    answer: {P0: 10m, P1: 30m, P2: 2h, P3: 24h}\n    digest: \"0 9 * * *\"\n  - {name: logistics, title: Logistics, hours: [\"mon-fri 09:00-12:00 13:00-18:00\", \"sat,sun 10:00-24:00\"]}\n"),
		"staff": s.say(
			"staff:\n  - {name: 李雷, shown_as: 小雷, role: agent, team: care, accounts: {}}   # 例如 {hq: U01, care: \"1001\"}\n",
			"staff:\n  - {name: Alice, shown_as: Ally, role: agent, team: care, accounts: {}}   # such as {hq: U01, care: \"1001\"}\n"),
		"fields": s.say(
			"fields:\n  - {name: shop, title: 门店}                  # 加上 file: shops.csv 就认得店名和别名\n  - {name: order, title: 订单号, private: true}\n",
			"fields:\n  - {name: shop, title: Shop}                  # with file: shops.csv names and aliases are known, too\n  - {name: order, title: Order, private: true}\n"),
		"routes": s.say(
			"routes:\n  team: care\n  routes:\n    - {when: 'priority == \"P0\"', cards: urgent}\n    - {when: 'sentiment == \"negative\" && shop == \"SH018\"', team: care}\n",
			"routes:\n  team: care\n  routes:\n    - {when: 'priority == \"P0\"', cards: urgent}\n    - {when: 'sentiment == \"negative\" && shop == \"SH018\"', team: care}\n"),
		"texts": s.say(
			"texts:\n  receipt: \"收到啦～编号 #{number}，{when} 前回您\"\n",
			"texts:\n  receipt: \"Got it! No. #{number}, we'll reply by {when}.\"\n"),
		"phrases": s.say(
			"phrases:\n  催件: \"已经帮您催了，有消息马上告诉您。\"\n",
			"phrases:\n  chased: \"We've chased it and will tell you as soon as we know.\"\n"),
	}
}
