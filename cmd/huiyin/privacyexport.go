package main

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/files"
)

// The person's data as data.json holds it. Times are RFC 3339 in UTC; what there
// is nothing of is left out.
type (
	personData struct {
		ExportedAt    time.Time                              `json:"exported_at"`
		Person        personRecord                           `json:"person"`
		Conversations []personChat                           `json:"conversations,omitempty"`
		Messages      []personMessage                        `json:"messages,omitempty"`
		Items         []personItem                           `json:"items,omitempty"`
		Sent          []personSent                           `json:"sent,omitempty"`
		files         map[string]struct{ path, name string } // by name in the archive
	}
	personRecord struct {
		Channel   string    `json:"channel"`
		User      string    `json:"user"`
		Name      string    `json:"name,omitempty"`
		Handle    string    `json:"handle,omitempty"`
		Language  string    `json:"language,omitempty"`
		Followers int64     `json:"followers,omitempty"`
		Blocked   bool      `json:"blocked,omitempty"`
		FirstSeen time.Time `json:"first_seen"`
	}
	personChat struct {
		Chat   string            `json:"chat"`
		Title  string            `json:"title,omitempty"`
		Group  bool              `json:"group,omitempty"`
		Fields map[string]string `json:"fields,omitempty"`
	}
	personMessage struct {
		ID          string             `json:"id"`
		At          time.Time          `json:"at"`
		From        string             `json:"from"` // person or team
		Kind        string             `json:"kind"`
		Event       string             `json:"event,omitempty"`
		Text        string             `json:"text,omitempty"`
		URL         string             `json:"url,omitempty"`
		Item        int64              `json:"item,omitempty"`
		Fields      map[string]string  `json:"fields,omitempty"`
		Verdict     *feedback.Verdict  `json:"verdict,omitempty"`
		Attachments []personAttachment `json:"attachments,omitempty"`
		Received    string             `json:"received,omitempty"` // as the platform sent it
	}
	personAttachment struct {
		Name string `json:"name,omitempty"`
		Type string `json:"type,omitempty"`
		Size int64  `json:"size,omitempty"`
		File string `json:"file,omitempty"` // in this archive
	}
	personItem struct {
		Number      int64              `json:"number"`
		State       string             `json:"state"`
		Priority    string             `json:"priority"`
		Team        string             `json:"team,omitempty"`
		Name        string             `json:"name,omitempty"`
		Text        string             `json:"text,omitempty"`
		Quote       string             `json:"quote,omitempty"`
		URL         string             `json:"url,omitempty"`
		Resolved    string             `json:"resolved_with,omitempty"`
		Asked       string             `json:"asked,omitempty"`
		Fields      map[string]string  `json:"fields,omitempty"`
		Verdict     feedback.Verdict   `json:"verdict"`
		CreatedAt   time.Time          `json:"created_at"`
		EndedAt     *time.Time         `json:"ended_at,omitempty"`
		Ratings     []int              `json:"ratings,omitempty"`
		Steps       []personStep       `json:"steps,omitempty"`
		Corrections []personCorrection `json:"corrections,omitempty"`
	}
	personStep struct {
		At   time.Time         `json:"at"`
		What string            `json:"what"`
		Data map[string]string `json:"data,omitempty"`
	}
	personCorrection struct {
		At   time.Time        `json:"at"`
		Text string           `json:"text"`
		Was  feedback.Verdict `json:"was"`
		Is   feedback.Verdict `json:"is"`
	}
	personSent struct {
		At    time.Time          `json:"at"`
		What  string             `json:"what"`
		State string             `json:"state"`
		Text  string             `json:"text,omitempty"`
		Files []personAttachment `json:"files,omitempty"`
	}
)

// export writes the person's data into a .zip: data.json and the files.
func (p *person) export(ctx context.Context, path string) error {
	if p.author == nil {
		return errors.New("nothing is kept about this person")
	}
	data, err := p.collect(ctx)
	if err != nil {
		return err
	}
	// The archive gets its name when it is whole.
	part, err := os.CreateTemp(filepath.Dir(path), ".huiyin-*.part") // for the owner's eyes only
	if err != nil {
		return fmt.Errorf("make the archive: %w", err)
	}
	defer func() { _ = os.Remove(part.Name()) }() // gone once it has its name
	lost, err := p.writeArchive(part, data)
	if err == nil {
		err = part.Sync()
	}
	if err = errors.Join(err, part.Close()); err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	if err := os.Rename(part.Name(), path); err != nil {
		return fmt.Errorf("name the archive: %w", err)
	}
	err = p.db.Write(ctx, func(tx *store.Tx) error {
		return tx.AddAudit(store.Audit{At: p.now().UTC(), Kind: desk.AuditExport, Data: map[string]string{
			"channel": p.author.Channel, "messages": strconv.Itoa(len(data.Messages)), "items": strconv.Itoa(len(data.Items)), "files": strconv.Itoa(len(data.files) - lost),
		}})
	})
	if err != nil {
		return err
	}
	p.say(fmt.Sprintf("%s：消息 %d 条，反馈 %d 件，文件 %d 个。", path, len(data.Messages), len(data.Items), len(data.files)-lost),
		fmt.Sprintf("%s: %d messages, %d items, %d files.", path, len(data.Messages), len(data.Items), len(data.files)-lost))
	return nil
}

// writeArchive writes the archive and returns how many files are not there any
// more.
func (p *person) writeArchive(w io.Writer, data *personData) (lost int, err error) {
	z := zip.NewWriter(w)
	f, err := z.Create("data.json")
	if err != nil {
		return 0, err
	}
	enc := json.NewEncoder(f)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(data); err != nil {
		return 0, err
	}
	for name, stored := range data.files {
		switch err := p.copyFile(z, name, stored.path); {
		case errors.Is(err, fs.ErrNotExist):
			lost++
		case err != nil:
			return lost, err
		}
	}
	return lost, z.Close()
}

func (p *person) copyFile(z *zip.Writer, name, path string) error {
	from, err := p.files.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }() // only read
	to, err := z.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return err
}

// collect reads everything in one transaction.
func (p *person) collect(ctx context.Context) (*personData, error) {
	var data *personData
	err := p.db.Read(ctx, func(tx *store.Tx) error {
		a := p.author
		data = &personData{ExportedAt: p.now().UTC(), files: map[string]struct{ path, name string }{}, Person: personRecord{
			Channel: a.Channel, User: a.External, Name: a.Name, Handle: a.Handle, Language: a.Lang, Followers: a.Followers, Blocked: a.Blocked, FirstSeen: a.CreatedAt,
		}}
		for _, read := range []func(*store.Tx, int64) error{data.readChats, data.readMessages, data.readItems, data.readSent} {
			if err := read(tx, a.ID); err != nil {
				return err
			}
		}
		return nil
	})
	return data, err
}

func (d *personData) readChats(tx *store.Tx, author int64) error {
	chats, err := tx.ConversationsOf(author)
	for _, c := range chats {
		d.Conversations = append(d.Conversations, personChat{Chat: c.Chat, Title: c.Title, Group: c.Group, Fields: c.Fields})
	}
	return err
}

func (d *personData) readMessages(tx *store.Tx, author int64) error {
	said, err := tx.MessagesOfAuthor(author)
	for _, m := range said {
		pm := personMessage{
			ID: m.External, At: m.PostedAt, From: "person", Kind: string(m.Kind), Event: m.Event, Text: m.Text, URL: m.URL, Item: m.Item,
			Fields: m.Fields, Verdict: m.Verdict, Received: string(m.Raw),
		}
		if m.Direction != feedback.In {
			pm.From = "team"
		}
		for _, a := range m.Attachments {
			pm.Attachments = append(pm.Attachments, d.attach(a.Path, a.Name, a.MIME, a.Size))
		}
		d.Messages = append(d.Messages, pm)
	}
	return err
}

// attach gives a stored file its place in the archive.
func (d *personData) attach(path, name, mediaType string, size int64) personAttachment {
	a := personAttachment{Name: name, Type: mediaType, Size: size}
	if path == "" {
		return a
	}
	a.File = fmt.Sprintf("files/%03d-%s", len(d.files)+1, files.SafeName(name, mediaType))
	d.files[a.File] = struct{ path, name string }{path, name}
	return a
}

func (d *personData) readItems(tx *store.Tx, author int64) error {
	for before := int64(0); ; {
		items, err := tx.Items(store.Query{Author: author, Before: before, Limit: 1000})
		if err != nil || len(items) == 0 {
			return err
		}
		for _, i := range items {
			before = i.ID
			if err := d.readItem(tx, i); err != nil {
				return err
			}
		}
	}
}

func (d *personData) readItem(tx *store.Tx, i *feedback.Item) error {
	pi := personItem{
		Number: i.ID, State: string(i.State), Priority: i.Priority.String(), Team: i.Team, Name: i.AuthorName, Text: i.Text, Quote: i.Quote, URL: i.URL,
		Resolved: i.Resolved, Asked: i.Ask, Fields: i.Fields, Verdict: i.Verdict, CreatedAt: i.CreatedAt,
	}
	if !i.EndedAt.IsZero() {
		pi.EndedAt = &i.EndedAt
	}
	events, err := tx.Events(i.ID)
	if err != nil {
		return err
	}
	for _, e := range events {
		pi.Steps = append(pi.Steps, personStep{At: e.At, What: e.Kind, Data: e.Data})
	}
	ratings, err := tx.Ratings(i.ID)
	if err != nil {
		return err
	}
	for _, r := range ratings {
		pi.Ratings = append(pi.Ratings, r.Mark)
	}
	corrections, err := tx.CorrectionsOf(i.ID)
	if err != nil {
		return err
	}
	for _, c := range corrections {
		pi.Corrections = append(pi.Corrections, personCorrection{At: c.At, Text: c.Text, Was: c.Was, Is: c.Is})
	}
	d.Items = append(d.Items, pi)
	return nil
}

func (d *personData) readSent(tx *store.Tx, author int64) error {
	outs, err := tx.OutsOfAuthor(author)
	if err != nil {
		return err
	}
	for _, o := range outs {
		if o.Audience != store.ToCustomer {
			continue // what colleagues were told is in the item's steps
		}
		var post bots.Post
		if len(o.Body) > 0 {
			if err := json.Unmarshal(o.Body, &post); err != nil {
				return fmt.Errorf("outbox row %d: %w", o.ID, err)
			}
		}
		sent := personSent{At: o.CreatedAt, What: o.Kind, State: string(o.State), Text: post.Text}
		for _, f := range post.Files {
			sent.Files = append(sent.Files, d.attach(f.Path, f.Name, f.MIME, f.Size))
		}
		d.Sent = append(d.Sent, sent)
	}
	return nil
}
