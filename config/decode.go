package config

import (
	"encoding"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/huiyin/huiyin/feedback/near"
)

// decoder fills structs from nodes. It remembers where every value came from,
// so that later checks can say it.
type decoder struct {
	*problems
	dir    string         // that files are relative to
	places map[string]pos // by path: teams[0].alerts[1]
	nodes  map[string]*node
	count  int
}

// Types that are written as one word though Go knows them as more.
var (
	durationType = reflect.TypeFor[time.Duration]()
	sizeType     = reflect.TypeFor[Size]()
	prefixType   = reflect.TypeFor[netip.Prefix]()
	secretType   = reflect.TypeFor[Secret]()
	channelsType = reflect.TypeFor[[]Channel]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// mark remembers where the value at path stands.
func (d *decoder) mark(path string, n *node) {
	d.places[path] = n.pos
	d.nodes[path] = n
}

// at returns where path stands, or the nearest thing around it that is written.
func (d *decoder) at(path string) pos {
	for path != "" {
		if p, ok := d.places[path]; ok {
			return p
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return d.places[""]
}

// written reports whether path is in the file.
func (d *decoder) written(path string) bool {
	_, ok := d.places[path]
	return ok
}

// tooMuch reports once that aliases repeat more than there can be.
func (d *decoder) tooMuch(n *node) bool {
	d.count++
	if d.count == maxValues {
		d.add(n.pos, aliasedTooMuch)
	}
	return d.count >= maxValues
}

// bad reports a value that cannot be what it should be, once: whoever looks at
// it later leaves it alone.
func (d *decoder) bad(n *node, c code, args ...any) {
	if !n.broken {
		n.broken = true
		d.add(n.pos, c, args...)
	}
}

// broken reports whether a problem was reported already for the value at path.
func (d *decoder) broken(path string) bool {
	n := d.nodes[path]
	return n != nil && n.broken
}

// value fills v from n. tag bounds what is possible.
func (d *decoder) value(n *node, v reflect.Value, path string, tag reflect.StructTag) {
	if d.tooMuch(n) {
		return
	}
	d.mark(path, n)
	if n.broken || n.shape == null {
		return // as if it were not written: the default holds
	}
	switch v.Type() {
	case durationType, sizeType, prefixType, secretType:
		d.scalar(n, v, tag)
		return
	}
	if v.CanAddr() && v.Addr().Type().Implements(textType) {
		d.scalar(n, v, tag)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.object(n, v, path)
	case reflect.Slice:
		d.list(n, v, path, tag)
	case reflect.Map:
		d.dictionary(n, v, path, tag)
	case reflect.Pointer:
		fresh := reflect.New(v.Type().Elem())
		d.value(n, fresh.Elem(), path, tag)
		v.Set(fresh)
	default:
		d.scalar(n, v, tag)
	}
}

// list fills a slice, whose elements begin with their defaults.
func (d *decoder) list(n *node, v reflect.Value, path string, tag reflect.StructTag) {
	if n.shape != list {
		d.bad(n, wantList)
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.items), len(n.items))
	for i, item := range n.items {
		element := out.Index(i)
		switch e := element.Addr().Interface().(type) {
		case *Team:
			*e = newTeam()
		case *Staff:
			*e = newStaff()
		}
		d.value(item, element, path+"["+strconv.Itoa(i)+"]", tag)
	}
	v.Set(out)
}

// dictionary fills a map with text keys, which are the operator's own.
func (d *decoder) dictionary(n *node, v reflect.Value, path string, tag reflect.StructTag) {
	if n.shape != mapping {
		d.bad(n, wantMapping, "name: value")
		return
	}
	if v.Type().Key().Kind() != reflect.String {
		d.bad(n, wantOther)
		return
	}
	out := reflect.MakeMapWithSize(v.Type(), len(n.pairs))
	for _, p := range n.pairs {
		element := reflect.New(v.Type().Elem()).Elem()
		below := path + "." + p.key
		d.value(p.value, element, below, tag)
		d.places[below+"#key"] = p.pos
		if !p.value.broken {
			out.SetMapIndex(reflect.ValueOf(p.key).Convert(v.Type().Key()), element)
		}
	}
	v.Set(out)
}

// object fills a struct: every key must be one of its fields.
func (d *decoder) object(n *node, v reflect.Value, path string) {
	if n.shape != mapping {
		example := "name: value"
		if fields := fieldsOf(v); len(fields) > 0 {
			example = fields[0].key + ": …"
		}
		d.bad(n, wantMapping, example)
		return
	}
	fields := fieldsOf(v)
	d.pairs(n, fields, path)
	d.required(n, fields)
}

// pairs fills fields from the pairs of n. extra are keys that somebody else
// reads.
func (d *decoder) pairs(n *node, fields []field, path string, extra ...string) {
	keys := slices.Clone(extra)
	for _, f := range fields {
		keys = append(keys, f.key)
		if f.secret {
			keys = append(keys, f.key+"_file")
		}
	}
	for _, p := range n.pairs {
		at := slices.IndexFunc(fields, func(f field) bool { return f.key == p.key || f.secret && f.key+"_file" == p.key })
		if at < 0 {
			if !slices.Contains(extra, p.key) {
				d.unknown(p.pos, p.key, keys)
			}
			continue
		}
		f := fields[at]
		below := strings.TrimPrefix(path+"."+f.key, ".")
		if f.secret && p.key != f.key {
			d.secretFile(n, p, f, below)
			continue
		}
		d.value(p.value, f.value, below, f.tag)
		if f.secret && p.value.shape == scalar {
			d.hideSecret(p.value.text)
		}
	}
}

// required reports the fields that must be written and are not.
func (d *decoder) required(n *node, fields []field) {
	for _, f := range fields {
		if f.tag.Get("need") == "true" && !slices.ContainsFunc(n.pairs, func(p pair) bool {
			return (p.key == f.key || f.secret && p.key == f.key+"_file") && !p.value.empty()
		}) {
			d.add(n.pos, needed, f.key)
		}
	}
}

// unknown reports a key that does not exist, with the nearest that does.
func (d *decoder) unknown(at pos, key string, known []string) {
	if nearest, ok := near.Word(key, known); ok {
		d.add(at, unknownKeyNear, quotable(key), nearest)
		return
	}
	d.add(at, unknownKey, quotable(key), strings.Join(known, ", "))
}

// field is one key of a struct.
type field struct {
	key    string
	value  reflect.Value
	tag    reflect.StructTag
	secret bool
}

// fieldsOf returns the keys of a struct, in their order.
func fieldsOf(v reflect.Value) []field {
	var fields []field
	t := v.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if !f.IsExported() || key == "-" {
			continue
		}
		if key == "" {
			key = strings.ToLower(f.Name)
		}
		fields = append(fields, field{key, v.Field(i), f.Tag, f.Tag.Get("secret") == "true" || f.Type == secretType})
	}
	return fields
}

// hideSecret keeps a secret, and the password of an address, out of texts.
func (d *decoder) hideSecret(secret string) {
	d.hide(secret)
	if _, rest, found := strings.Cut(secret, "://"); found {
		if user, _, found := strings.Cut(rest, "@"); found {
			if _, password, found := strings.Cut(user, ":"); found {
				d.hide(password)
			}
		}
	}
}

// maxSecretFile bounds a secret's file, in bytes.
const maxSecretFile = 64 << 10

// secretFile fills a secret from the file that p names.
func (d *decoder) secretFile(n *node, p pair, f field, path string) {
	if slices.ContainsFunc(n.pairs, func(other pair) bool { return other.key == f.key }) {
		d.add(p.pos, secretTwice, f.key)
		return
	}
	d.mark(path, p.value)
	if p.value.broken || p.value.shape == null {
		return
	}
	if p.value.shape != scalar {
		d.bad(p.value, wantText)
		return
	}
	content, err := readFile(d.dir, p.value.text, maxSecretFile)
	secret := strings.TrimRight(string(content), "\r\n")
	if err != nil || secret == "" {
		d.bad(p.value, secretFile)
		return
	}
	d.hideSecret(secret)
	d.value(&node{shape: scalar, pos: p.value.pos, text: secret, filled: true}, f.value, path, f.tag)
}

// readFile reads a regular file of at most limit bytes, relative to dir.
func readFile(dir, name string, limit int64) ([]byte, error) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, errValue
	}
	return os.ReadFile(name)
}

// scalar fills what is written as one word or text.
func (d *decoder) scalar(n *node, v reflect.Value, tag reflect.StructTag) {
	switch {
	case n.shape == mapping && len(n.pairs) == 1:
		d.bad(n, wantTextQuoted) // [hq:C0] is a mapping in YAML
		return
	case n.shape != scalar:
		d.bad(n, wantText)
		return
	}
	text := n.text
	switch v.Type() {
	case durationType:
		value, err := parseDuration(text)
		if err != nil {
			d.bad(n, wantDuration)
			return
		}
		if d.within(n, int64(value), tag, func(s string) int64 { bound, _ := parseDuration(s); return int64(bound) }) {
			v.SetInt(int64(value))
		}
		return
	case sizeType:
		value, err := parseSize(text)
		if err != nil {
			d.bad(n, wantSize)
			return
		}
		if d.within(n, int64(value), tag, number) {
			v.SetInt(int64(value))
		}
		return
	case prefixType:
		value, err := parsePrefix(text)
		if err != nil {
			d.bad(n, wantPrefix)
			return
		}
		v.Set(reflect.ValueOf(value))
		return
	}
	if v.CanAddr() {
		if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
			if u.UnmarshalText([]byte(text)) != nil {
				d.bad(n, wantOther)
			}
			return
		}
	}
	d.basic(n, v, tag)
}

// basic fills Go's own types.
func (d *decoder) basic(n *node, v reflect.Value, tag reflect.StructTag) {
	switch v.Kind() {
	case reflect.String:
		if allowed := tag.Get("enum"); allowed != "" && !slices.Contains(strings.Split(allowed, ","), n.text) {
			d.oneOf(n, strings.Split(allowed, ","))
			return
		}
		v.SetString(n.text)
	case reflect.Bool:
		if n.text != "true" && n.text != "false" {
			d.bad(n, wantBool)
			return
		}
		v.SetBool(n.text == "true")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		value, err := strconv.ParseInt(n.text, 10, v.Type().Bits())
		if err != nil {
			d.bad(n, wantNumber)
			return
		}
		if d.within(n, value, tag, number) {
			v.SetInt(value)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		value, err := strconv.ParseUint(n.text, 10, v.Type().Bits())
		if err != nil {
			d.bad(n, wantNumber)
			return
		}
		v.SetUint(value)
	case reflect.Float32, reflect.Float64:
		value, err := strconv.ParseFloat(n.text, v.Type().Bits())
		if err != nil || value != value {
			d.bad(n, wantNumber)
			return
		}
		v.SetFloat(value)
	default:
		d.bad(n, wantOther)
	}
}

// oneOf reports a word that is none of a few.
func (d *decoder) oneOf(n *node, allowed []string) {
	if nearest, ok := near.Word(n.text, allowed); ok && !n.filled {
		d.bad(n, wantNear, nearest)
		return
	}
	d.bad(n, wantOneOf, strings.Join(allowed, ", "))
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// within reports whether value lies between the tag's bounds, and says so where
// it does not.
func (d *decoder) within(n *node, value int64, tag reflect.StructTag, bound func(string) int64) bool {
	if low, ok := tag.Lookup("min"); ok && value < bound(low) {
		d.bad(n, tooSmall, low)
		return false
	}
	if high, ok := tag.Lookup("max"); ok && value > bound(high) {
		d.bad(n, tooLarge, high)
		return false
	}
	return true
}
