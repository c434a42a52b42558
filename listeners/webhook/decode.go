package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/listeners"
)

// The bounds of one object.
const (
	maxID     = 256  // bytes
	maxURL    = 2000 // bytes
	maxFields = 32
	maxKey    = 64       // bytes
	maxValue  = 1000     // bytes
	maxRaw    = 64 << 10 // bytes that are kept as received
)

var (
	errNotJSON = errors.New("the body is not JSON: an object, or an array of them")
	errTooMany = fmt.Errorf("more than %d objects: post in several parts", MaxObjects)
)

// decode reads a body: one object or an array of them. Objects that cannot be
// taken are in refused, with their place and reason; they do not touch the
// others. An error means that nothing can be taken.
func decode(body []byte) (entries []listeners.Entry, refused []refusal, err error) {
	refused = []refusal{}
	objects, err := split(body)
	if err != nil {
		return nil, nil, err
	}
	for i, raw := range objects {
		e, err := entryOf(raw)
		if err != nil {
			refused = append(refused, refusal{Index: i, ID: e.ID, Error: err.Error()})
			continue
		}
		entries = append(entries, e)
	}
	return entries, refused, nil
}

// split returns the elements of an array, or the one object that is there.
func split(body []byte) ([]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	head := bytes.TrimLeft(body, " \t\r\n")
	if len(head) == 0 || head[0] != '[' && head[0] != '{' {
		return nil, errNotJSON
	}
	if head[0] == '{' {
		var one json.RawMessage
		if err := d.Decode(&one); err != nil {
			return nil, errNotJSON
		}
		return []json.RawMessage{one}, ended(d)
	}
	if _, err := d.Token(); err != nil {
		return nil, errNotJSON
	}
	var list []json.RawMessage
	for d.More() {
		if len(list) == MaxObjects {
			return nil, errTooMany
		}
		var one json.RawMessage
		if err := d.Decode(&one); err != nil {
			return nil, errNotJSON
		}
		list = append(list, one)
	}
	if _, err := d.Token(); err != nil {
		return nil, errNotJSON
	}
	return list, ended(d)
}

func ended(d *json.Decoder) error {
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errNotJSON
	}
	return nil
}

// entryOf reads one object. Where it is refused, the entry has its id if that
// could be read.
func entryOf(raw json.RawMessage) (listeners.Entry, error) {
	e := listeners.Entry{Kind: string(feedback.KindMention), Raw: raw[:min(len(raw), maxRaw)]}
	var wrong error
	err := members(raw, func(key string, value json.RawMessage) error {
		// The first thing wrong is told; the id is looked for all the same.
		if err := set(&e, key, value); err != nil && wrong == nil {
			wrong = err
		}
		return nil
	})
	switch {
	case err != nil:
		return e, err
	case wrong != nil:
		return e, wrong
	case e.ID == "":
		return e, errors.New("id is missing")
	case strings.TrimSpace(e.Text) == "":
		return e, errors.New("text is missing")
	}
	return e, nil
}

// set takes over one member. Names are as written in the contract, in lower
// case; others are somebody else's business.
func set(e *listeners.Entry, key string, value json.RawMessage) (err error) {
	switch key {
	case "id":
		e.ID, err = identifier("id", value)
	case "text":
		e.Text, err = text("text", value)
	case "author":
		e.Author, err = author(value)
	case "posted_at":
		e.PostedAt, err = instant(value)
	case "url":
		e.URL, err = webAddress(value)
	case "fields":
		e.Fields, err = fields(value)
	case "kind":
		e.Kind, err = kind(value)
	}
	return err
}

// members calls fn for each member of an object, in order. A name given twice
// is an error: which of the two counts would be anyone's guess.
func members(raw json.RawMessage, fn func(key string, value json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("is no object")
	}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return errNotJSON
		}
		key, ok := t.(string)
		if !ok {
			return errNotJSON
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return errNotJSON
		}
		if seen[key] {
			return fmt.Errorf("%s is there twice", shown(key))
		}
		seen[key] = true
		if err := fn(key, value); err != nil {
			return err
		}
	}
	return nil
}

// shown quotes a name from outside for an error, cut.
func shown(key string) string {
	if len(key) > maxKey {
		key = strings.ToValidUTF8(key[:maxKey], "") + "…"
	}
	return strconv.Quote(key)
}

func null(value json.RawMessage) bool { return string(value) == "null" }

func text(name string, value json.RawMessage) (string, error) {
	if null(value) {
		return "", nil
	}
	var s string
	if len(value) == 0 || value[0] != '"' || json.Unmarshal(value, &s) != nil {
		return "", fmt.Errorf("%s must be a text in quotes", name)
	}
	return s, nil
}

// identifier reads a text or a number, the number with all its digits.
func identifier(name string, value json.RawMessage) (string, error) {
	if null(value) || len(value) == 0 {
		return "", nil
	}
	id := string(value)
	if value[0] == '"' {
		s, err := text(name, value)
		if err != nil {
			return "", err
		}
		id = strings.TrimSpace(s)
	} else if value[0] != '-' && (value[0] < '0' || value[0] > '9') {
		return "", fmt.Errorf("%s must be a text in quotes or a number", name)
	}
	switch {
	case len(id) > maxID:
		return "", fmt.Errorf("%s is longer than %d bytes", name, maxID)
	case strings.ContainsFunc(id, func(r rune) bool { return unicode.IsControl(r) || r == '\uFFFD' }):
		return "", fmt.Errorf("%s holds characters that cannot be kept", name)
	}
	return id, nil
}

func author(value json.RawMessage) (a listeners.Author, err error) {
	if null(value) {
		return a, nil
	}
	err = members(value, func(key string, value json.RawMessage) (err error) {
		switch key {
		case "id":
			a.ID, err = identifier("author.id", value)
		case "name":
			a.Name, err = text("author.name", value)
		case "followers":
			a.Followers, err = count(value)
		}
		return err
	})
	if err != nil {
		return listeners.Author{}, fmt.Errorf("author: %w", err)
	}
	return a, nil
}

func count(value json.RawMessage) (int64, error) {
	if null(value) {
		return 0, nil
	}
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil || n < 0 {
		return 0, errors.New("followers must be a whole number, not below 0")
	}
	return n, nil
}

func instant(value json.RawMessage) (time.Time, error) {
	s, err := text("posted_at", value)
	if err != nil || s == "" {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, errors.New("posted_at must be written as RFC 3339: 2026-03-01T09:30:00+08:00")
	}
	if t.Year() < 1970 {
		return time.Time{}, errors.New("posted_at lies before 1970")
	}
	return t.UTC(), nil
}

func webAddress(value json.RawMessage) (string, error) {
	s, err := text("url", value)
	if err != nil || s == "" {
		return "", err
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || len(s) > maxURL {
		return "", fmt.Errorf("url must be an address that begins with http:// or https://, of %d bytes at most", maxURL)
	}
	return s, nil
}

func fields(value json.RawMessage) (map[string]string, error) {
	if null(value) {
		return nil, nil
	}
	out := map[string]string{}
	err := members(value, func(key string, value json.RawMessage) error {
		s := string(value)
		switch {
		case null(value):
			return nil
		case value[0] == '"':
			var err error
			if s, err = text(shown(key), value); err != nil {
				return err
			}
		case value[0] == '{', value[0] == '[':
			return fmt.Errorf("%s must be a text, a number, true or false", shown(key))
		}
		switch {
		case key == "" || len(key) > maxKey:
			return fmt.Errorf("a name must have 1 to %d bytes", maxKey)
		case len(s) > maxValue:
			return fmt.Errorf("%s is longer than %d bytes", shown(key), maxValue)
		case len(out) == maxFields:
			return fmt.Errorf("more than %d", maxFields)
		}
		out[key] = s
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("fields: %w", err)
	}
	return out, nil
}

func kind(value json.RawMessage) (string, error) {
	s, err := text("kind", value)
	if err != nil {
		return "", err
	}
	if s == "" {
		return string(feedback.KindMention), nil
	}
	if !slices.Contains(feedback.Kinds, feedback.Kind(s)) {
		names := make([]string, len(feedback.Kinds))
		for i, k := range feedback.Kinds {
			names[i] = string(k)
		}
		return "", fmt.Errorf("kind must be one of %s", strings.Join(names, ", "))
	}
	return s, nil
}
