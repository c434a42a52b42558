package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/bots/webchat"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/files"
)

const (
	// chatWindow is how many messages the page shows at first and adds at a
	// time.
	chatWindow = 60
	// maxWindow is how many a page that scrolled far back gets at most.
	maxWindow = 1000
	// readBatch is how many messages one query reads.
	readBatch = 500
	outPrefix = "out:" // begins the External of messages that the outbox delivers
)

// chatMessage is one bubble.
type chatMessage struct {
	ID      int64          `json:"id"`
	Mine    bool           `json:"mine"`
	Nonce   string         `json:"nonce,omitempty"` // of a message of the visitor's: what the page sent it under
	By      string         `json:"by,omitempty"`    // the colleague, as customers read the name
	Text    string         `json:"text,omitempty"`
	At      int64          `json:"at"` // milliseconds
	Files   []chatFile     `json:"files,omitempty"`
	Buttons [][]chatButton `json:"buttons,omitempty"`
}

type chatFile struct {
	Kind    string `json:"kind"` // image audio video file
	URL     string `json:"url,omitempty"`
	Name    string `json:"name,omitempty"`
	Size    int64  `json:"size,omitempty"`
	Seconds int    `json:"seconds,omitempty"`
	State   string `json:"state,omitempty"` // why there is no address: pending, failed, toobig
}

type chatButton struct {
	Text string `json:"text"`
	Data string `json:"data,omitempty"`
	URL  string `json:"url,omitempty"`
	Look string `json:"look,omitempty"`
}

// chatMessages answers with what has been said: the newest messages, those from
// ?from=ID on, or the ones before ?before=ID.
func (s *Server) chatMessages(w http.ResponseWriter, r *http.Request) {
	chat, ok := s.chatOf(w, r)
	if !ok {
		return
	}
	v, ok := s.visitorOf(r)
	if !ok {
		writeJSON(w, http.StatusOK, map[string]any{"messages": []chatMessage{}, "more": false})
		return
	}
	if wait, ok := s.readers.take(v.id, s.now()); !ok {
		s.slow(w, r, wait)
		return
	}
	conv, err := s.conversation(r.Context(), chat, v)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	var said []chatMessage
	more := false
	if conv != nil {
		from, before := number(r.FormValue("from")), number(r.FormValue("before"))
		err = s.db.Read(r.Context(), func(tx *store.Tx) error {
			rows, older, err := window(tx, conv.ID, from, before)
			if err != nil {
				return err
			}
			more = older
			said, err = s.bubbles(tx, chat, v, rows)
			return err
		})
	}
	if err != nil {
		s.broken(w, r, err)
		return
	}
	if said == nil {
		said = []chatMessage{}
	}
	writeJSON(w, http.StatusOK, map[string]any{"messages": said, "more": more})
}

// number reads a decimal id; anything else is 0.
func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// window returns messages of a conversation in their order: all with an id of
// at least from where that is set; else the last chatWindow of those below
// before, or of all. more tells that older ones exist.
func window(tx *store.Tx, conv, from, before int64) (rows []*feedback.Message, more bool, err error) {
	after := int64(0)
	if from > 0 {
		after, more = from-1, true
	}
	for {
		batch, err := tx.MessagesOfConversation(conv, after, readBatch)
		if err != nil {
			return nil, false, err
		}
		for _, m := range batch {
			if before > 0 && m.ID >= before {
				return rows, more, nil
			}
			if m.Direction == feedback.Note || m.Event != "" {
				continue
			}
			rows = append(rows, m)
			if from == 0 && len(rows) > chatWindow || len(rows) > maxWindow {
				rows, more = rows[1:], true
			}
		}
		if len(batch) < readBatch {
			return rows, more, nil
		}
		after = batch[len(batch)-1].ID
	}
}

// bubbles turns messages into what the page shows. What has not left yet, was
// taken back or is uncertain is not shown: it was not said.
func (s *Server) bubbles(tx *store.Tx, chat Chat, v visitor, rows []*feedback.Message) ([]chatMessage, error) {
	base := "/c/" + chat.Name
	names := map[int64]string{}
	var all []chatMessage
	for _, m := range rows {
		b := chatMessage{ID: m.ID, Mine: m.Direction == feedback.In, Text: m.Text, At: m.ReceivedAt.UnixMilli()}
		if b.Mine {
			b.Nonce = strings.TrimPrefix(m.External, v.id+":")
			b.Files = received(base+"/files/", m.Attachments)
			all = append(all, b)
			continue
		}
		out, post, err := sentPost(tx, m)
		if err != nil {
			return nil, err
		}
		if out == nil {
			continue
		}
		b.At = out.SentAt.UnixMilli()
		b.Files = append(received(base+"/files/", m.Attachments), sentFiles(base+"/sent/", out.ID, post.Files)...)
		b.Buttons = buttonsOf(post.Buttons)
		if b.By, err = shownName(tx, m.Staff, names); err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	slices.SortStableFunc(all, func(a, b chatMessage) int { return int(a.At - b.At) })
	return all, nil
}

// sentPost returns the outbox row that delivered a message, with its content;
// nil where it is not sent.
func sentPost(tx *store.Tx, m *feedback.Message) (*store.Out, bots.Post, error) {
	var post bots.Post
	key, ok := strings.CutPrefix(m.External, outPrefix)
	if !ok {
		return nil, post, nil
	}
	out, err := tx.OutByKey(key)
	if err != nil {
		return nil, post, absent(err)
	}
	if out.State != store.OutSent {
		return nil, post, nil
	}
	if gone, err := recalled(tx, out); err != nil || gone {
		return nil, post, err
	}
	if err := json.Unmarshal(out.Body, &post); err != nil {
		return nil, post, fmt.Errorf("outbox row %d: %w", out.ID, err)
	}
	return out, post, nil
}

// recalled reports whether a sent message was taken back: that is an outbox row
// of its own.
func recalled(tx *store.Tx, out *store.Out) (bool, error) {
	r, err := tx.OutByKey("recall:" + out.Key)
	if err != nil {
		return false, absent(err)
	}
	return r.State == store.OutSent, nil
}

// shownName returns a colleague's name as customers read it.
func shownName(tx *store.Tx, id int64, known map[int64]string) (string, error) {
	if id == 0 {
		return "", nil
	}
	if name, ok := known[id]; ok {
		return name, nil
	}
	st, err := tx.Staff(id)
	if err != nil {
		return "", absent(err)
	}
	known[id] = st.Shown()
	return known[id], nil
}

// received lists the files that came with a message.
func received(base string, all []feedback.Attachment) []chatFile {
	var list []chatFile
	for _, a := range all {
		f := chatFile{Kind: a.Kind, Name: files.SafeName(a.Name, a.MIME), Size: a.Size, Seconds: a.Duration}
		if storedPath(&a) == "" {
			f.State = string(a.State)
		} else {
			f.Kind = shownKind(a.Kind, a.MIME)
			f.URL = base + strconv.FormatInt(a.ID, 10)
		}
		list = append(list, f)
	}
	return list
}

// storedPath returns where an attachment lies, empty where it does not yet.
// What was uploaded through a page is there before anybody looked at it.
func storedPath(a *feedback.Attachment) string {
	if a.State == feedback.AttachmentStored {
		return a.Path
	}
	if path, ok := strings.CutPrefix(a.Ref, webchat.Stored); ok && a.State == feedback.AttachmentPending {
		return path
	}
	return ""
}

// shownKind is how a stored file is shown: by its content, whatever was said of
// it. A recording in a container that could hold a film stays a recording.
func shownKind(said, mediaType string) string {
	kind := files.Kind(mediaType)
	if kind == "video" && said == "audio" {
		return "audio"
	}
	return kind
}

// sentFiles lists the files that went out with a post.
func sentFiles(base string, out int64, all []bots.Attached) []chatFile {
	var list []chatFile
	for i, a := range all {
		list = append(list, chatFile{
			Kind: shownKind(a.Kind, a.MIME), Name: files.SafeName(a.Name, a.MIME), Size: a.Size,
			URL: base + strconv.FormatInt(out, 10) + "/" + strconv.Itoa(i),
		})
	}
	return list
}

// buttonsOf passes buttons on, addresses only where they are http or https.
func buttonsOf(rows [][]bots.Button) [][]chatButton {
	var all [][]chatButton
	for _, row := range rows {
		var line []chatButton
		for _, b := range row {
			if b.URL != "" && !strings.HasPrefix(b.URL, "https://") && !strings.HasPrefix(b.URL, "http://") {
				continue
			}
			line = append(line, chatButton{Text: b.Text, Data: b.Data, URL: b.URL, Look: string(b.Style)})
		}
		if len(line) > 0 {
			all = append(all, line)
		}
	}
	return all
}
