package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
	"github.com/huiyin/huiyin/store/files"
)

// chatFile serves a file that the visitor sent.
func (s *Server) chatFile(w http.ResponseWriter, r *http.Request) {
	conv, ok := s.chatReader(w, r)
	if !ok {
		return
	}
	s.serveAttachment(w, r, func(m *feedback.Message) bool { return m.Conversation == conv.ID })
}

// boardFile serves a file that a customer sent to signed-in staff.
func (s *Server) boardFile(w http.ResponseWriter, r *http.Request, _ *session) {
	s.serveAttachment(w, r, func(*feedback.Message) bool { return true })
}

// chatSentFile serves a file that staff sent to the visitor.
func (s *Server) chatSentFile(w http.ResponseWriter, r *http.Request) {
	conv, ok := s.chatReader(w, r)
	if !ok {
		return
	}
	s.serveSent(w, r, func(o *store.Out) bool { return o.Conversation == conv.ID && o.State == store.OutSent })
}

// boardSentFile serves a file that staff sent to a customer, to signed-in
// staff.
func (s *Server) boardSentFile(w http.ResponseWriter, r *http.Request, _ *session) {
	s.serveSent(w, r, func(*store.Out) bool { return true })
}

// chatReader returns the visitor's conversation. Where there is none the answer
// is that of a file that does not exist: nobody learns which ids do.
func (s *Server) chatReader(w http.ResponseWriter, r *http.Request) (*feedback.Conversation, bool) {
	chat, ok := s.chatOf(w, r)
	if !ok {
		return nil, false
	}
	v, ok := s.visitorOf(r)
	if !ok {
		s.fail(w, r, http.StatusNotFound, "err.notfound")
		return nil, false
	}
	conv, err := s.conversation(r.Context(), chat, v)
	if err != nil {
		s.broken(w, r, err)
		return nil, false
	}
	if conv == nil {
		s.fail(w, r, http.StatusNotFound, "err.notfound")
		return nil, false
	}
	return conv, true
}

// serveAttachment serves the attachment that the path names where may says so
// of its message. Who may is looked up at every request.
func (s *Server) serveAttachment(w http.ResponseWriter, r *http.Request, may func(*feedback.Message) bool) {
	var a *feedback.Attachment
	err := s.db.Read(r.Context(), func(tx *store.Tx) error {
		var err error
		if a, err = tx.Attachment(number(r.PathValue("id"))); err != nil {
			return err
		}
		m, err := tx.Message(a.Message)
		if err != nil {
			return err
		}
		if !may(m) || storedPath(a) == "" {
			return feedback.ErrNotFound
		}
		return nil
	})
	if err != nil {
		s.missing(w, r, err)
		return
	}
	s.serveFile(w, r, storedPath(a), a.Name)
}

// serveSent serves a file of an outbox row.
func (s *Server) serveSent(w http.ResponseWriter, r *http.Request, may func(*store.Out) bool) {
	var file bots.Attached
	err := s.db.Read(r.Context(), func(tx *store.Tx) error {
		out, err := tx.Out(number(r.PathValue("id")))
		if err != nil {
			return err
		}
		if out.Audience != store.ToCustomer || !may(out) {
			return feedback.ErrNotFound
		}
		var post bots.Post
		if err := json.Unmarshal(out.Body, &post); err != nil {
			return fmt.Errorf("outbox row %d: %w", out.ID, err)
		}
		n := int(number(r.PathValue("n")))
		if n >= len(post.Files) {
			return feedback.ErrNotFound
		}
		file = post.Files[n]
		return nil
	})
	if err != nil {
		s.missing(w, r, err)
		return
	}
	s.serveFile(w, r, file.Path, file.Name)
}

// missing answers 404 for what is not there and what is not theirs alike.
func (s *Server) missing(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, feedback.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		s.fail(w, r, http.StatusNotFound, "err.notfound")
		return
	}
	s.broken(w, r, err)
}

// serveFile serves a stored file as what its content is, whatever was recorded
// of it. Parts can be asked for, since players want to jump.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request, path, name string) {
	f, err := s.files.File(path)
	if err != nil {
		s.missing(w, r, err)
		return
	}
	defer closeFile(f)
	head := make([]byte, files.HeadLen)
	n, err := f.ReadAt(head, 0)
	if err != nil && n == 0 {
		s.broken(w, r, err)
		return
	}
	files.Header(w, files.Stored{Path: path, MIME: files.Sniff(head[:n])}, name)
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(uploadMax)) // a film over a weak network
	http.ServeContent(w, r, "", time.Time{}, f)
}

// closeFile closes what was only read: the outcome no longer matters.
func closeFile(f *os.File) { _ = f.Close() }
