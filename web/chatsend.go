package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/bots/webchat"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/files"
)

const (
	// maxSend bounds one request with all its files, in bytes.
	maxSend = 64 << 20
	// uploadPause is how long a sender may pause, uploadMax how long one
	// message may take in all.
	uploadPause = 20 * time.Second
	uploadMax   = 10 * time.Minute
	maxNonce    = 64
	// knownWithin is how long the database is asked whether it has a message.
	knownWithin = 2 * time.Second
	maxRecorded = 3600 // seconds a recording may claim to last
)

// errSend is what is wrong with a message, by the key of its text.
type errSend struct {
	status int
	key    string
	args   []string
}

func (e *errSend) Error() string { return e.key }

// draft is a message as the page sends it.
type draft struct {
	nonce   string
	text    string
	page    string // the page's query: fields are taken from it
	seconds int
	files   []bots.Attachment
}

// chatAnswer is what the visitor sees at once.
type chatAnswer struct {
	Text    string         `json:"text,omitempty"`
	Buttons [][]chatButton `json:"buttons,omitempty"`
	Brief   bool           `json:"brief,omitempty"`
	Replace bool           `json:"replace,omitempty"`
}

func answerOf(a bots.Answer) *chatAnswer {
	if a.Dialog != nil && a.Text == "" {
		a.Text = a.Dialog.Prompt
	}
	if a.Text == "" && len(a.Buttons) == 0 && !a.Replace {
		return nil
	}
	return &chatAnswer{Text: a.Text, Buttons: buttonsOf(a.Buttons), Brief: a.Brief, Replace: a.Replace}
}

// chatSend takes a message of a customer. It answers 200 once the message is
// durable, 202 where it is on the disk spool only; the same nonce again is the
// same message.
func (s *Server) chatSend(w http.ResponseWriter, r *http.Request) {
	chat, v, leave, ok := s.chatWriter(w, r)
	if !ok {
		return
	}
	defer leave()
	slowly(w, r, maxSend)
	d, err := s.readDraft(r)
	if err != nil {
		s.discard(d)
		s.refuse(w, r, err)
		return
	}
	if s.alreadyHave(r, chat, v, d.nonce) {
		s.discard(d)
		writeJSON(w, http.StatusOK, map[string]any{"ok": true})
		return
	}
	at := s.now().UTC()
	e := bots.Event{
		Key: v.id + ":" + d.nonce, Type: bots.OnMessage, Chat: bots.Chat{ID: v.id}, MessageID: d.nonce, From: s.person(r, v),
		Text: d.text, Attachments: d.files, At: at, Fields: s.fieldsOf(d.page),
	}
	e.Raw = rawOf(e)
	// It is here in full: that the page does not wait for the answer any more must
	// not leave open what became of it.
	answer, err := s.inbox.Receive(context.WithoutCancel(r.Context()), chat.Name, e)
	if err != nil {
		s.discardAfter(err, d)
		s.broken(w, r, err)
		return
	}
	if answer.Kept {
		writeJSON(w, http.StatusAccepted, map[string]any{"ok": true, "kept": true, "answer": answerOf(answer)})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"ok": true, "answer": answerOf(answer)})
}

// chatPress takes a pressed button.
func (s *Server) chatPress(w http.ResponseWriter, r *http.Request) {
	chat, v, leave, ok := s.chatWriter(w, r)
	if !ok {
		return
	}
	defer leave()
	var p struct {
		Nonce   string `json:"nonce"`
		Message int64  `json:"message"`
		Data    string `json:"data"`
	}
	if err := readJSON(w, r, &p); err != nil || !validNonce(p.Nonce) || p.Data == "" || len(p.Data) > webchat.Kind().Caps.Data {
		s.fail(w, r, http.StatusBadRequest, "err.bad")
		return
	}
	under, err := s.pressedUnder(r, chat, v, p.Message)
	if errors.Is(err, feedback.ErrNotFound) {
		s.fail(w, r, http.StatusNotFound, "err.oldbutton")
		return
	}
	if err != nil {
		s.broken(w, r, err)
		return
	}
	e := bots.Event{
		Key: v.id + ":" + p.Nonce, Type: bots.OnPress, Chat: bots.Chat{ID: v.id}, MessageID: under, From: s.person(r, v),
		Payload: p.Data, At: s.now().UTC(),
	}
	e.Raw = rawOf(e)
	answer, err := s.inbox.Receive(r.Context(), chat.Name, e)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	if answer.Failed {
		w.Header().Set("Retry-After", "3")
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": answer.Text})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"ok": true, "answer": answerOf(answer)})
}

// chatWriter lets a visitor in who wants to write, within the limits. leave is
// to be called at the end.
func (s *Server) chatWriter(w http.ResponseWriter, r *http.Request) (Chat, visitor, func(), bool) {
	chat, ok := s.chatOf(w, r)
	if !ok {
		return chat, visitor{}, nil, false
	}
	v, ok := s.visitorOf(r)
	if !ok {
		s.fail(w, r, http.StatusUnauthorized, "err.novisitor")
		return chat, v, nil, false
	}
	now := s.now()
	if wait, ok := s.visitors.take(v.id, now); !ok {
		s.slow(w, r, wait)
		return chat, v, nil, false
	}
	if wait, ok := s.senders.take(s.address(r), now); !ok {
		s.slow(w, r, wait)
		return chat, v, nil, false
	}
	leave, ok := s.uploads.enter(v.id)
	if !ok {
		s.slow(w, r, time.Second)
	}
	return chat, v, leave, ok
}

// person is the visitor as the inbox knows people.
func (s *Server) person(r *http.Request, v visitor) bots.Person {
	// The name is for staff: visitors do not give one.
	return bots.Person{ID: v.id, Name: say(s.site.Load().Language, "visitor"), Handle: v.id[:6], Lang: browserLanguage(s.language(r))}
}

func browserLanguage(lang string) string {
	if lang == en {
		return "en"
	}
	return "zh-CN"
}

// rawOf keeps what was received as evidence of it.
func rawOf(e bots.Event) []byte {
	const most = 64 << 10
	b, err := json.Marshal(map[string]any{"type": e.Type, "text": e.Text, "payload": e.Payload, "fields": e.Fields, "attachments": e.Attachments})
	if err != nil || len(b) > most {
		return nil
	}
	return b
}

// slowly lets a body of up to limit bytes come in over a weak network: the
// deadline moves with every piece that arrives.
func slowly(w http.ResponseWriter, r *http.Request, limit int64) {
	c := http.NewResponseController(w)
	end := time.Now().Add(uploadMax)
	// Where the connection has no deadlines (a test's recorder) there is
	// nothing to move.
	_ = c.SetWriteDeadline(end)
	r.Body = http.MaxBytesReader(w, &patient{ReadCloser: r.Body, c: c, end: end}, limit)
}

type patient struct {
	io.ReadCloser
	c   *http.ResponseController
	end time.Time
}

func (p *patient) Read(b []byte) (int, error) {
	next := time.Now().Add(uploadPause)
	if next.After(p.end) {
		next = p.end
	}
	_ = p.c.SetReadDeadline(next) // as in slowly
	return p.ReadCloser.Read(b)
}

// readDraft reads a customer's message. The draft it returns along with an
// error holds the files that were stored so far.
func (s *Server) readDraft(r *http.Request) (draft, error) {
	d, err := s.readUpload(r)
	if err != nil {
		return d, err
	}
	d.text = clean(d.text)
	switch {
	case !validNonce(d.nonce):
		return d, &errSend{status: http.StatusBadRequest, key: "err.bad"}
	case utf8.RuneCountInString(d.text) > webchat.MaxText:
		return d, &errSend{http.StatusRequestEntityTooLarge, "err.text", []string{"max", strconv.Itoa(webchat.MaxText)}}
	case strings.TrimSpace(d.text) == "" && len(d.files) == 0:
		return d, &errSend{status: http.StatusBadRequest, key: "err.empty"}
	}
	for i := range d.files {
		if d.files[i].Kind == "audio" {
			d.files[i].Duration = d.seconds
		}
	}
	return d, nil
}

// readUpload reads a form part by part, storing its files as they come.
func (s *Server) readUpload(r *http.Request) (draft, error) {
	var d draft
	parts, err := r.MultipartReader()
	if err != nil {
		return d, &errSend{status: http.StatusBadRequest, key: "err.bad"}
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return d, nil
		}
		if err != nil {
			return d, transferError(err)
		}
		if err := s.readPart(&d, part); err != nil {
			return d, err
		}
	}
}

func (s *Server) readPart(d *draft, part *multipart.Part) error {
	const longest = webchat.MaxText*utf8.UTFMax + 1 // bytes of a field
	if part.FormName() == "file" {
		return s.readFile(d, part)
	}
	b, err := io.ReadAll(io.LimitReader(part, longest))
	if err != nil {
		return transferError(err)
	}
	switch part.FormName() {
	case "nonce":
		d.nonce = string(b)
	case "text":
		if len(b) == longest {
			return &errSend{http.StatusRequestEntityTooLarge, "err.text", []string{"max", strconv.Itoa(webchat.MaxText)}}
		}
		d.text = string(b)
	case "page":
		d.page = string(b)
	case "seconds":
		d.seconds = int(min(number(string(b)), maxRecorded))
	}
	return nil
}

func (s *Server) readFile(d *draft, part *multipart.Part) error {
	if len(d.files) >= s.limits.MaxFiles {
		return &errSend{http.StatusRequestEntityTooLarge, "err.files", []string{"max", strconv.Itoa(s.limits.MaxFiles)}}
	}
	st, err := s.files.Put(part)
	switch {
	case errors.Is(err, files.ErrTooBig):
		return &errSend{http.StatusRequestEntityTooLarge, "err.file", []string{"max", strconv.FormatInt(s.files.MaxFile()>>20, 10)}}
	case errors.Is(err, files.ErrEmpty):
		return &errSend{status: http.StatusBadRequest, key: "err.emptyfile"}
	case errors.Is(err, files.ErrFull):
		s.log.Error("web: no room for uploads", "err", err)
		return &errSend{status: http.StatusInsufficientStorage, key: "err.full"}
	case err != nil:
		return transferError(err)
	}
	kind := files.Kind(st.MIME)
	if kind == "video" && strings.HasPrefix(part.Header.Get("Content-Type"), "audio/") {
		kind = "audio"
	}
	d.files = append(d.files, bots.Attachment{
		Kind: kind, Ref: webchat.Stored + st.Path, Name: files.SafeName(part.FileName(), st.MIME), MIME: st.MIME, Size: st.Size,
	})
	return nil
}

// transferError tells a body that is too long from one that broke off.
func transferError(err error) error {
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		return &errSend{http.StatusRequestEntityTooLarge, "err.all", []string{"max", strconv.Itoa(maxSend >> 20)}}
	}
	return &errSend{status: http.StatusBadRequest, key: "err.broken"}
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var e *errSend
	if !errors.As(err, &e) {
		s.broken(w, r, err)
		return
	}
	s.fail(w, r, e.status, e.key, e.args...)
}

// discard removes the files of a message that was not taken.
func (s *Server) discard(d draft) {
	for _, f := range d.files {
		if err := s.files.Remove(strings.TrimPrefix(f.Ref, webchat.Stored)); err != nil {
			s.log.Warn("web: an upload that was not taken remains", "err", err)
		}
	}
}

// discardAfter removes the files of a message that was not taken because of err,
// where that is certain: perhaps it was, and then they are all there is of them.
func (s *Server) discardAfter(err error, d draft) {
	if errors.Is(err, store.ErrUnknownOutcome) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return
	}
	s.discard(d)
}

// alreadyHave reports whether a message of this nonce is stored: a retry after
// a lost answer. Its files need not be kept twice. Where the database does not
// say, it is not known: the inbox takes a message once in any case.
func (s *Server) alreadyHave(r *http.Request, chat Chat, v visitor, nonce string) bool {
	if n, _ := s.waiting(); n > 0 {
		return false
	}
	ctx, cancel := context.WithTimeout(r.Context(), knownWithin)
	defer cancel()
	found := false
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		_, err := tx.MessageByPlatformID(chat.Name, v.id, nonce)
		found = err == nil
		return absent(err)
	})
	return found && err == nil
}

// pressedUnder returns the platform's id of the message whose button was
// pressed, which must be the visitor's. Buttons of a passing answer are under
// none.
func (s *Server) pressedUnder(r *http.Request, chat Chat, v visitor, id int64) (string, error) {
	if id == 0 {
		return "", nil
	}
	conv, err := s.conversation(r.Context(), chat, v)
	if err != nil {
		return "", err
	}
	if conv == nil {
		return "", feedback.ErrNotFound
	}
	key := ""
	err = s.db.Read(r.Context(), func(tx *store.Tx) error {
		m, err := tx.Message(id)
		if err != nil {
			return err
		}
		k, ok := strings.CutPrefix(m.External, outPrefix)
		if !ok || m.Conversation != conv.ID {
			return feedback.ErrNotFound
		}
		key = k
		return nil
	})
	return key, err
}

func (s *Server) fieldsOf(query string) map[string]string {
	values, err := url.ParseQuery(strings.TrimPrefix(query, "?"))
	if err != nil {
		return nil
	}
	return s.linkFields(values)
}

// validNonce reports whether a page's own id of an action is plain.
func validNonce(s string) bool {
	return len(s) >= 8 && len(s) <= maxNonce && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

// clean makes text valid and drops control characters, as intake does; line
// breaks stay.
func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}

// readJSON reads a small JSON body.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxForm))
	if err := dec.Decode(v); err != nil {
		return &errSend{status: http.StatusBadRequest, key: "err.bad"}
	}
	return nil
}
