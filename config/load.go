package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/huiyin/huiyin/feedback/near"
)

// Kind is a kind of bot or listener as configuration needs to know it.
type Kind struct {
	Name    string
	Title   string // as people call it
	TitleEN string // the same in English; empty where it is Title
	Sample  string // YAML of one entry, with comments
	// Options returns a pointer to the kind's options with their defaults.
	Options func() any
	// Validate returns what is wrong with decoded options in ways that types do
	// not tell; nil where the kind has nothing to add.
	Validate func(options any) []KeyProblem
	// Team tells that cards can be sent to its chats. OneChat: it has only
	// one, which needs no name.
	Team, OneChat bool
}

// KeyProblem is one thing wrong with a kind's options.
type KeyProblem struct{ Key, Text string }

// Kinds are the kinds that entries of bots and listeners can have, in the order
// of the documentation.
type Kinds struct{ Bots, Listeners []Kind }

// TextProblem is one thing wrong with an entry of texts.
type TextProblem struct {
	Key     string
	Code    string // key, var, empty or long
	Nearest string
	Known   []string
	Limit   int
}

// Options are what Load needs from its surroundings.
type Options struct {
	Kinds  Kinds
	Topics []string // built-in
	// Env looks up a variable of the environment.
	Env func(name string) (string, bool)
	// Lang is the language of problems: zh-CN or en.
	Lang string
	// Texts checks the entries of texts for a brand that speaks lang.
	Texts func(texts map[string]string, lang string) []TextProblem
}

// Load reads the configuration from path; an empty path stands for none. It
// returns the configuration where it is whole, else every problem that it
// finds, in the order of their places. It changes nothing.
func Load(path string, o Options) (*Config, []Problem) {
	ps := &problems{lang: o.Lang}
	var source []byte
	if path != "" {
		var err error
		source, err = readFile("", path, maxFile+1)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			ps.add(pos{file: path}, fileMissing)
		case errors.Is(err, errValue):
			ps.add(pos{file: path}, fileTooBig, maxFile>>20)
		case err != nil:
			ps.add(pos{file: path}, fileUnreadable)
		}
		if err != nil {
			return nil, ps.result()
		}
	}
	return parse(path, source, ps, o)
}

// parse reads a configuration from source.
func parse(path string, source []byte, ps *problems, o Options) (*Config, []Problem) {
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
	r := &reader{problems: ps, file: path, env: o.Env, anchors: map[string]*node{}}
	root := r.read(source)
	l := &loader{
		decoder: decoder{problems: ps, dir: filepath.Dir(path), places: map[string]pos{"": {path, 1, 1}}, nodes: map[string]*node{}},
		o:       o, c: Default(),
	}
	l.c.File = path
	if root != nil && root.shape != null {
		l.top(root)
	}
	if root != nil || len(ps.found) == 0 {
		l.check()
	}
	if len(ps.found) > 0 {
		return nil, ps.result()
	}
	return l.c, nil
}

// loader builds one Config.
type loader struct {
	decoder
	o Options
	c *Config
}

// top decodes the whole. Bots and listeners are read by kind.
func (l *loader) top(root *node) {
	v := reflect.ValueOf(l.c).Elem()
	if root.shape != mapping {
		l.bad(root, wantMapping, "brand: {name: 青禾咖啡}")
		return
	}
	fields := fieldsOf(v)
	l.pairs(root, slices.DeleteFunc(slices.Clone(fields), func(f field) bool { return f.value.Type() == channelsType }), "", "bots", "listeners")
	for _, p := range root.pairs {
		switch p.key {
		case "bots":
			l.c.Bots = l.channels(p, l.o.Kinds.Bots)
		case "listeners":
			l.c.Listeners = l.channels(p, l.o.Kinds.Listeners)
		}
	}
}

// channels decodes a list of bots or listeners.
func (l *loader) channels(p pair, kinds []Kind) []Channel {
	l.mark(p.key, p.value)
	if p.value.broken || p.value.shape == null {
		return nil
	}
	if p.value.shape != list {
		l.bad(p.value, wantList)
		return nil
	}
	var channels []Channel
	for i, item := range p.value.items {
		if l.tooMuch(item) {
			break
		}
		path := p.key + "[" + strconv.Itoa(i) + "]"
		l.mark(path, item)
		if item.shape != mapping {
			l.bad(item, wantMapping, "name: …, type: …")
			continue
		}
		channels = append(channels, l.channel(item, path, kinds))
	}
	return channels
}

// channel decodes one bot or listener by its kind.
func (l *loader) channel(n *node, path string, kinds []Kind) Channel {
	var c Channel
	common := []field{
		{key: "name", value: reflect.ValueOf(&c.Name).Elem(), tag: `need:"true"`},
		{key: "type", value: reflect.ValueOf(&c.Type).Elem()},
		{key: "title", value: reflect.ValueOf(&c.Title).Elem()},
		{key: "keep", value: reflect.ValueOf(&c.Keep).Elem(), tag: `min:"24h"`},
	}
	own := func(keys ...string) *node { // the pairs of n with these keys
		out := *n
		out.pairs = slices.DeleteFunc(slices.Clone(n.pairs), func(p pair) bool { return !slices.Contains(keys, p.key) })
		return &out
	}
	l.pairs(own("name", "type"), common[:2], path)
	l.required(n, common[:2])
	kind, ok := l.kind(n, path, c.Type, kinds)
	if !ok {
		return c
	}
	c.Options = kind.Options()
	options := reflect.ValueOf(c.Options)
	for options.Kind() == reflect.Pointer {
		options = options.Elem()
	}
	fields := fieldsOf(options)
	if slices.ContainsFunc(fields, func(f field) bool { return f.key == "title" }) {
		common = slices.Delete(common, 2, 3) // the kind's own
	}
	before := len(l.found)
	l.pairs(n, slices.Concat(common[2:], fields), path, "name", "type")
	l.required(n, fields)
	if len(l.found) == before && kind.Validate != nil {
		for _, p := range kind.Validate(c.Options) {
			text, fix := message(l.lang, kindSays, p.Text)
			l.addText(l.at(strings.TrimSuffix(path+"."+p.Key, ".")), text, fix)
		}
	}
	return c
}

// kind returns the kind that an entry's type names.
func (l *loader) kind(n *node, path, name string, kinds []Kind) (Kind, bool) {
	at := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name })
	if at >= 0 {
		return kinds[at], true
	}
	var names []string
	for _, k := range kinds {
		names = append(names, k.Name)
	}
	nearest, found := near.Word(name, names)
	switch typeNode := l.nodes[path+".type"]; {
	case typeNode != nil && typeNode.broken:
	case name == "":
		l.add(n.pos, typeNeeded, strings.Join(names, "|"))
	case found:
		l.add(l.at(path+".type"), typeUnknownNear, nearest)
	default:
		l.add(l.at(path+".type"), typeUnknown, strings.Join(names, ", "))
	}
	return Kind{}, false
}
