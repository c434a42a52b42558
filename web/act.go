package web

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/store"
)

// maxWords is how many characters a command, a note or a form's text may have.
const maxWords = 4000

// deed is what the board's script posts: exactly one of text, data and submit.
type deed struct {
	Nonce  string            `json:"nonce"`
	Item   int64             `json:"item"` // the page it was given on; 0: the list
	Text   string            `json:"text"`
	Data   string            `json:"data"`
	Submit string            `json:"submit"` // a dialog's data
	Values map[string]string `json:"values"`
}

// boardAnswer is what the person sees at once.
type boardAnswer struct {
	Text    string         `json:"text,omitempty"`
	Buttons [][]chatButton `json:"buttons,omitempty"`
	Brief   bool           `json:"brief,omitempty"`
	Seconds int            `json:"seconds,omitempty"` // how long it is of use
	Dialog  *boardDialog   `json:"dialog,omitempty"`
	Changed bool           `json:"changed,omitempty"` // something happened to the item
}

type boardDialog struct {
	Title   string        `json:"title"`
	Data    string        `json:"data"`
	Label   string        `json:"label"`
	Hint    string        `json:"hint"`
	Value   string        `json:"value"`
	Submit  string        `json:"submit"`
	Min     int           `json:"min"`
	Options []bots.Option `json:"options"`
}

// readDeed reads what the board's script posts: JSON, or a form of it with
// files, which are stored as they come. What was stored is returned along with
// an error, too.
func (s *Server) readDeed(w http.ResponseWriter, r *http.Request) (deed, draft, error) {
	var d deed
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "multipart/form-data" {
		return d, draft{}, readJSON(w, r, &d)
	}
	slowly(w, r, maxSend)
	up, err := s.readUpload(r)
	if err != nil {
		return d, up, err
	}
	if err := json.Unmarshal([]byte(up.text), &d); err != nil {
		return d, up, &errSend{status: http.StatusBadRequest, key: "err.bad"}
	}
	return d, up, nil
}

// act carries out what a colleague wrote or pressed, as in a chat: a note in
// the item's thread, a command, a button, a submitted form.
func (s *Server) act(w http.ResponseWriter, r *http.Request, ses *session) {
	d, up, err := s.readDeed(w, r)
	if err != nil {
		s.discard(up)
		s.refuse(w, r, err)
		return
	}
	e, ok := d.event(up.files)
	if !ok {
		s.discard(up)
		s.fail(w, r, http.StatusBadRequest, "err.bad")
		return
	}
	if utf8.RuneCountInString(e.Text) > maxWords {
		s.discard(up)
		s.fail(w, r, http.StatusRequestEntityTooLarge, "err.text", "max", strconv.Itoa(maxWords))
		return
	}
	// A nonce is the colleague's own: nobody can use up another's.
	e.Key = strconv.FormatInt(ses.staff.ID, 10) + ":" + d.Nonce
	e.From = bots.Person{ID: strconv.FormatInt(ses.staff.ID, 10), Name: ses.staff.Name, Lang: s.site.Load().Language}
	e.At = s.now().UTC()
	actor := desk.Actor{Staff: ses.staff, Bot: desk.Board, Chat: e.Chat, Key: e.Key}
	before := s.revision(r.Context(), d.Item)
	a, err := s.desk.Handle(r.Context(), actor, e)
	if err != nil {
		s.discardAfter(err, up)
		s.broken(w, r, err)
		return
	}
	out := boardAnswerOf(a)
	out.Buttons = without(out.Buttons, s.site.Load().PublicURL+"/i/"+strconv.FormatInt(d.Item, 10))
	out.Changed = before != s.revision(r.Context(), d.Item)
	writeJSON(w, http.StatusOK, out)
}

// revision rises with everything that happens to an item. The page keeps the
// words of a deed that changed nothing: it was refused, or asked about.
func (s *Server) revision(ctx context.Context, item int64) int64 {
	if item == 0 {
		return 0
	}
	var last int64
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		events, err := tx.Events(item)
		if err != nil || len(events) == 0 {
			return err
		}
		last = events[len(events)-1].ID
		return nil
	})
	if err != nil {
		return -1 // the item's page shows how it stands
	}
	return last
}

// event is the deed as the desk knows it. Everything a press carries is checked
// there again: who, which item, and whether it is still possible.
func (d deed) event(attached []bots.Attachment) (bots.Event, bool) {
	e := bots.Event{Chat: bots.Chat{ID: desk.Board}, Attachments: attached}
	if d.Item > 0 {
		e.Thread = strconv.FormatInt(d.Item, 10)
	}
	given := 0
	if d.Text != "" || len(attached) > 0 && d.Submit == "" {
		e.Type, e.Text = bots.OnMessage, clean(d.Text)
		given++
	}
	if d.Data != "" {
		e.Type, e.Payload = bots.OnPress, d.Data
		given++
	}
	if d.Submit != "" {
		e.Type, e.Payload, e.Values = bots.OnSubmit, d.Submit, map[string]string{}
		for k, v := range d.Values {
			e.Values[k] = clean(v)
		}
		e.Text = e.Values["text"]
		given++
	}
	return e, given == 1 && len(e.Payload) <= 256 && validNonce(d.Nonce)
}

// without leaves out buttons that lead to where the person is.
func without(rows [][]chatButton, here string) [][]chatButton {
	var left [][]chatButton
	for _, row := range rows {
		row = slices.DeleteFunc(row, func(b chatButton) bool { return b.URL == here })
		if len(row) > 0 {
			left = append(left, row)
		}
	}
	return left
}

func boardAnswerOf(a bots.Answer) boardAnswer {
	out := boardAnswer{Text: a.Text, Buttons: buttonsOf(a.Buttons), Brief: a.Brief, Seconds: int(a.Expires.Seconds())}
	if d := a.Dialog; d != nil {
		out.Dialog = &boardDialog{
			Title: d.Title, Data: d.Data, Label: d.Label, Hint: d.Hint, Value: d.Value, Submit: d.Submit, Min: d.Min, Options: d.Options,
		}
		if out.Dialog.Label == "" {
			out.Dialog.Label = d.Prompt
		}
	}
	return out
}
