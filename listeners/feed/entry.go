package feed

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mmcdole/gofeed"

	"github.com/huiyin/huiyin/listeners"
)

const (
	maxRaw  = 64 << 10 // bytes of an entry's source that are kept
	maxName = 200      // bytes of an author's name
)

// found is an entry with the marks it is known again by.
type found struct {
	edited bool // known, with another text
	entry  listeners.Entry
	marks  marks
}

// marks are hashes of an entry. Of two entries with the same primary mark, the
// one is an edit of the other. Where sources give ids anew with every answer,
// the others tell that it is the same.
type marks struct {
	primary  [16]byte // of the id; without one of the link, without that of the content
	linked   [8]byte  // of link, title and text; zero where there is no link
	dated    [8]byte  // of author, date, title and text; zero where there is no date
	revision [8]byte  // of what can be edited
}

// entries makes entries of a feed's items, the oldest first.
func (f *Feed) entries(items []*gofeed.Item, base *url.URL, now time.Time) []found {
	if len(items) > maxEntries {
		items = items[:maxEntries]
	}
	drafts := make([]draft, 0, len(items))
	guids, links := map[string]int{}, map[string]int{}
	seen := map[[32]byte]bool{}
	for _, item := range items {
		d := f.draft(item, base)
		if d.text == "" {
			continue
		}
		// The very same entry twice counts once, so that its id stays usable.
		same := sha256.Sum256([]byte(strings.Join([]string{d.guid, d.link, d.author, d.text, d.date.String()}, "\x00")))
		if seen[same] {
			continue
		}
		seen[same] = true
		guids[d.guid]++
		links[d.link]++
		drafts = append(drafts, d)
	}
	slices.Reverse(drafts) // sources put the newest first
	if !slices.ContainsFunc(drafts, func(d draft) bool { return d.date.IsZero() }) {
		slices.SortStableFunc(drafts, func(a, b draft) int { return a.date.Compare(b.date) })
	}
	out := make([]found, 0, len(drafts))
	at := map[[16]byte]int{}
	for _, d := range drafts {
		e := d.found(guids[d.guid] == 1, links[d.link] == 1, f.o.Fresh, now)
		if k, twice := at[e.marks.primary]; twice {
			out[k] = e
			continue
		}
		at[e.marks.primary] = len(out)
		out = append(out, e)
	}
	return out
}

// draft is an entry before it is known what tells it from the others.
type draft struct {
	guid, link, author, title, text string
	date                            time.Time
	raw                             []byte
}

func (f *Feed) draft(item *gofeed.Item, base *url.URL) draft {
	d := draft{guid: strings.TrimSpace(item.GUID), link: address(item.Link, base)}
	if d.link == "" {
		d.link = address(item.GUID, nil)
	}
	at := base
	if u, err := url.Parse(d.link); err == nil && d.link != "" {
		at = u
	}
	body := item.Content
	if strings.TrimSpace(body) == "" {
		body = item.Description
	}
	d.title = toText(item.Title, at)
	d.text = joined(d.title, toText(body, at))
	d.author = authorOf(item)
	d.date = dateOf(item.Published, item.PublishedParsed, f.zone)
	if d.date.IsZero() {
		d.date = dateOf(item.Updated, item.UpdatedParsed, f.zone)
	}
	d.raw = rawOf(item)
	return d
}

// joined returns title and text, without the title where the text begins with
// it: sources that know no titles make them of the text's beginning.
func joined(title, text string) string {
	bare := strings.TrimRight(title, ".…· ")
	switch {
	case title == "" || bare != "" && strings.HasPrefix(flat(text), flat(bare)):
		return text
	case text == "":
		return title
	default:
		return title + "\n" + text
	}
}

func flat(s string) string { return strings.Join(strings.Fields(s), " ") }

func authorOf(item *gofeed.Item) string {
	people := item.Authors
	if len(people) == 0 && item.Author != nil {
		people = []*gofeed.Person{item.Author}
	}
	for _, p := range people {
		if p == nil {
			continue
		}
		if name := toText(p.Name, nil); name != "" {
			return cutBytes(name, maxName)
		}
	}
	if item.DublinCoreExt != nil {
		for _, name := range item.DublinCoreExt.Creator {
			if name = toText(name, nil); name != "" {
				return cutBytes(name, maxName)
			}
		}
	}
	return ""
}

// rawOf returns what a source said of an entry, as JSON.
func rawOf(item *gofeed.Item) []byte {
	raw, err := json.Marshal(map[string]string{
		"guid": item.GUID, "link": item.Link, "title": item.Title, "published": item.Published, "updated": item.Updated,
		"description": cutBytes(item.Description, maxRaw/4), "content": cutBytes(item.Content, maxRaw/4),
	})
	if err != nil || len(raw) > maxRaw {
		return nil
	}
	return raw
}

// found decides what the entry is known by.
func (d draft) found(guidAlone, linkAlone bool, fresh time.Duration, now time.Time) found {
	m := marks{revision: short8("revision", d.title, d.text)}
	switch {
	case d.guid != "" && guidAlone:
		m.primary = long16("guid", d.guid)
	case d.link != "" && linkAlone:
		m.primary = long16("link", d.link)
	case !d.date.IsZero():
		m.primary = long16("content", d.title, d.author, d.date.Format(time.RFC3339))
		if d.title == "" {
			m.primary = long16("content", d.text, d.author, d.date.Format(time.RFC3339))
		}
	default:
		m.primary = long16("content", d.title, d.text, d.author)
	}
	if d.link != "" {
		m.linked = short8("linked", d.link, d.title, d.text)
	}
	if !d.date.IsZero() {
		m.dated = short8("dated", d.author, d.date.Format(time.RFC3339), d.title, d.text)
	}
	posted := d.date
	if posted.After(now) {
		posted = now // the source's clock is wrong, or it announces: it is no newer than now
	}
	return found{marks: m, entry: listeners.Entry{
		ID: hex.EncodeToString(m.primary[:]), Kind: "mention", Text: d.text, URL: d.link, Author: listeners.Author{Name: d.author},
		PostedAt: posted, Raw: d.raw, Revision: hex.EncodeToString(m.revision[:]),
		History: !d.date.IsZero() && now.Sub(d.date) > fresh,
	}}
}

func digest(parts ...string) [32]byte {
	return sha256.Sum256([]byte(strings.Join(parts, "\x00")))
}

func long16(parts ...string) (out [16]byte) {
	d := digest(parts...)
	copy(out[:], d[:])
	return out
}

func short8(parts ...string) (out [8]byte) {
	d := digest(parts...)
	copy(out[:], d[:])
	return out
}

func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
