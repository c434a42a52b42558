package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/mmcdole/gofeed"
)

// maxEntries bounds how many entries of one read are looked at.
const maxEntries = 2000

// maxOpen bounds the root's start tag that each entry of a broken feed is read
// with, in bytes.
const maxOpen = 16 << 10

// errNoFeed is returned for what is no feed at all.
var errNoFeed = errors.New("the answer is no feed")

// errPage is returned for a web page in place of a feed: a login, a check for
// robots, an error page.
var errPage = fmt.Errorf("%w: it is a web page", errNoFeed)

// parsed is what could be read of a feed.
type parsed struct {
	feed     *gofeed.Feed
	salvaged bool // it was broken: what could be read of it
}

// parse reads a feed that is UTF-8. Of a broken one it reads every entry that
// is whole.
func parse(b []byte, cut bool) (parsed, error) {
	switch {
	case len(bytes.TrimSpace(b)) == 0:
		return parsed{}, fmt.Errorf("%w: it is empty", errNoFeed)
	case b[0] == '{', b[0] == '[':
		return parseJSON(b, cut)
	}
	o := scan(b)
	switch local(o.root) {
	case "rss", "rdf", "feed":
	default:
		// A server's warning may stand before the feed.
		at := bytes.Index(b[:min(len(b), 4096)], []byte("<?xml"))
		if at <= 0 {
			return parsed{}, noFeed(b)
		}
		p, err := parse(b[at:], cut)
		p.salvaged = true
		return p, err
	}
	if !cut && o.whole && !o.unclosed && !o.deep {
		if f, err := understand(b); err == nil {
			return parsed{feed: f}, nil
		}
	}
	return salvage(b, o), nil
}

// noFeed says what an answer is that is no feed.
func noFeed(b []byte) error {
	head := strings.ToLower(string(b[:min(len(b), 1024)]))
	if strings.Contains(head, "<!doctype html") || strings.Contains(head, "<html") || strings.Contains(head, "<body") {
		return errPage
	}
	return errNoFeed
}

// understand has gofeed read a whole document. Its panics are errors here.
func understand(b []byte) (f *gofeed.Feed, err error) {
	defer func() {
		if r := recover(); r != nil {
			f, err = nil, errors.New("the feed cannot be read")
		}
	}()
	f, err = gofeed.NewParser().Parse(bytes.NewReader(b))
	if err == nil && f == nil {
		err = errNoFeed
	}
	return f, err
}

// salvage reads the entries of a broken feed one by one, each in a document of
// its own with the root's namespaces.
func salvage(b []byte, o outline) parsed {
	out := parsed{feed: &gofeed.Feed{}, salvaged: true}
	var before, after []byte
	if len(o.open) <= maxOpen {
		before = append(before, o.open...)
	} else {
		before = append(before, "<"+o.root+">"...)
	}
	for _, name := range o.within {
		if name != o.root {
			before = append(before, "<"+name+">"...)
		}
	}
	for i := len(o.within) - 1; i >= 0; i-- {
		if o.within[i] != o.root {
			after = append(after, "</"+o.within[i]+">"...)
		}
	}
	after = append(after, "</"+o.root+">"...)
	for _, s := range o.items[:min(len(o.items), maxEntries)] {
		doc := make([]byte, 0, len(before)+s.to-s.from+len(after))
		doc = append(append(append(doc, before...), b[s.from:s.to]...), after...)
		f, err := understand(doc)
		if err != nil {
			f, err = understand(escaped(doc))
		}
		if err != nil || len(f.Items) != 1 {
			continue
		}
		out.feed.FeedType = f.FeedType
		out.feed.Items = append(out.feed.Items, f.Items...)
	}
	return out
}

// escaped writes every < that begins no markup as the character it was meant to
// be.
func escaped(b []byte) []byte {
	out := make([]byte, 0, len(b)+64)
	for i := 0; i < len(b); i++ {
		if b[i] != '<' {
			out = append(out, b[i])
			continue
		}
		if end, ok := skipped(b, i); ok && end > i {
			out = append(out, b[i:end]...)
			i = end - 1
			continue
		}
		name, _, next := tag(b, i)
		if name == "" || next < 0 {
			out = append(out, "&lt;"...)
			continue
		}
		out = append(out, b[i:next]...)
		i = next - 1
	}
	return out
}

// parseJSON reads a JSON Feed. Where gofeed cannot, it is read entry by entry:
// numbers as ids, nulls, a cut end.
func parseJSON(b []byte, cut bool) (parsed, error) {
	if !cut {
		if f, err := understand(b); err == nil && strings.HasPrefix(f.FeedVersion, "https://jsonfeed.org/") && complete(f) {
			return parsed{feed: f}, nil
		}
	}
	items, whole, err := jsonItems(b)
	if err != nil {
		return parsed{}, err
	}
	out := parsed{feed: &gofeed.Feed{FeedType: "json"}, salvaged: cut || !whole}
	for _, raw := range items {
		item := repaired(raw)
		if item == nil {
			out.salvaged = true
			continue
		}
		doc, err := json.Marshal(map[string]any{"version": "https://jsonfeed.org/version/1.1", "title": "", "items": []any{item}})
		if err != nil {
			continue
		}
		f, err := understand(doc)
		if err != nil || len(f.Items) != 1 || f.Items[0] == nil {
			out.salvaged = true
			continue
		}
		out.feed.Items = append(out.feed.Items, f.Items[0])
	}
	return out, nil
}

// complete reports whether no entry of f is nil.
func complete(f *gofeed.Feed) bool {
	for _, item := range f.Items {
		if item == nil {
			return false
		}
	}
	return true
}

// jsonItems returns the elements of the top object's "items", as many as can be
// read, and whether that was all of them.
func jsonItems(b []byte) (items []json.RawMessage, whole bool, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, false, errNoFeed
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, false, fmt.Errorf("%w: its JSON is broken", errNoFeed)
		}
		if key != "items" {
			var skip json.RawMessage
			if err := d.Decode(&skip); err != nil {
				return nil, false, fmt.Errorf("%w: its JSON is broken", errNoFeed)
			}
			continue
		}
		if t, err := d.Token(); err != nil || t != json.Delim('[') {
			return nil, false, fmt.Errorf("%w: items is no list", errNoFeed)
		}
		items, whole = elements(d)
		return items, whole, nil
	}
	return nil, false, fmt.Errorf("%w: it has no items", errNoFeed)
}

// elements reads a list as far as it can be read.
func elements(d *json.Decoder) (list []json.RawMessage, whole bool) {
	for d.More() && len(list) < maxEntries {
		var raw json.RawMessage
		if d.Decode(&raw) != nil {
			return list, false
		}
		list = append(list, raw)
	}
	_, err := d.Token()
	return list, err == nil
}

// repaired returns an entry with numbers written as strings where strings are
// due; nil for what is no entry.
func repaired(raw json.RawMessage) map[string]any {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var item map[string]any
	if err := d.Decode(&item); err != nil || item == nil {
		return nil
	}
	for _, key := range []string{"id", "url", "external_url", "title", "content_html", "content_text", "summary", "date_published", "date_modified"} {
		switch v := item[key].(type) {
		case json.Number:
			item[key] = v.String()
		case string, nil:
		default:
			delete(item, key)
		}
	}
	for _, key := range []string{"image", "banner_image", "language", "tags", "attachments"} {
		delete(item, key)
	}
	if _, ok := item["author"].(map[string]any); !ok {
		delete(item, "author")
	}
	if list, ok := item["authors"].([]any); ok {
		var good []any
		for _, a := range list {
			if m, ok := a.(map[string]any); ok {
				if name, ok := m["name"].(string); ok {
					good = append(good, map[string]any{"name": name})
				}
			}
		}
		item["authors"] = good
	} else {
		delete(item, "authors")
	}
	if a, ok := item["author"].(map[string]any); ok {
		name, _ := a["name"].(string)
		item["author"] = map[string]any{"name": name}
	}
	return item
}
