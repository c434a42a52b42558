package slacktest

import (
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// file is one file of the workspace.
type file struct {
	id, name, mime, subtype string
	owner                   string
	content                 []byte
	length                  int // announced by an upload
	durationMS              int64
	shared                  map[string]string // channel → ts
	uploaded, deleted       bool
}

func (s *Server) newFile(owner, name string) *file {
	f := &file{id: fmt.Sprintf("F%06d", s.next()), name: name, owner: owner, shared: map[string]string{}}
	s.files[f.id] = f
	return f
}

func (s *Server) private(f *file) string {
	return s.base + "/files-pri/" + f.id + "/" + url.PathEscape(f.name)
}

// payload is a file as events show it.
func (s *Server) payload(f *file) answer {
	a := answer{
		"id": f.id, "name": f.name, "title": f.name, "mimetype": f.mime, "size": len(f.content), "user": f.owner,
		"url_private": s.private(f), "mode": "hosted", "is_external": false,
	}
	if f.subtype != "" {
		a["subtype"] = f.subtype
	}
	if f.durationMS > 0 {
		a["duration_ms"] = f.durationMS
	}
	return a
}

func (s *Server) uploadURL(c call) (answer, error) {
	length, err := strconv.Atoi(c.args["length"])
	if err != nil || length <= 0 || c.args["filename"] == "" {
		return nil, no("invalid_arguments")
	}
	f := s.newFile(Bot, c.args["filename"])
	f.length = length
	return answer{"upload_url": s.base + "/upload/" + f.id, "file_id": f.id}, nil
}

// serveUpload takes a file's content, raw or as a form.
func (s *Server) serveUpload(w http.ResponseWriter, r *http.Request) {
	fault := s.fault("upload")
	if fault.before(s, w) {
		return
	}
	body := io.Reader(r.Body)
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		form, err := r.MultipartReader()
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		var part *multipart.Part
		if part, err = form.NextPart(); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		body = part
	}
	content, err := io.ReadAll(body)
	s.mu.Lock()
	f := s.files[r.PathValue("id")]
	ok := err == nil && f != nil && len(content) == f.length
	if ok {
		f.content, f.uploaded = content, true
	}
	s.mu.Unlock()
	if fault.after(s, w) {
		return
	}
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	_, _ = fmt.Fprintf(w, "OK - %d", len(content))
}

// completeUpload shares uploaded files as one message.
func (s *Server) completeUpload(c call) (answer, error) {
	ch, err := s.channelFor(c.args["channel_id"])
	if err != nil {
		return nil, err
	}
	thread, err := ch.threadFor(c.args["thread_ts"])
	if err != nil {
		return nil, err
	}
	var named []struct {
		ID    string `json:"id"`
		Title string `json:"title"`
	}
	if json.Unmarshal([]byte(c.args["files"]), &named) != nil || len(named) == 0 || len(named) > 10 {
		return nil, no("invalid_arguments")
	}
	m := &Message{Channel: ch.id, User: Bot, Thread: thread}
	if c.args["initial_comment"] != "" || c.args["blocks"] != "" {
		if m, err = s.compose(map[string]string{"channel": ch.id, "text": c.args["initial_comment"], "blocks": c.args["blocks"]}, thread); err != nil {
			return nil, err
		}
		if len(m.Buttons) > 0 {
			return nil, &notOK{"invalid_blocks", "only rich text goes with files"}
		}
	}
	m.TS = s.ts()
	var shared []answer
	for _, n := range named {
		f := s.files[n.ID]
		if f == nil || !f.uploaded || f.owner != Bot {
			return nil, no("file_not_found")
		}
		f.shared[ch.id] = m.TS
		m.ownFiles = append(m.ownFiles, f)
		shared = append(shared, answer{"id": f.id, "title": n.Title})
	}
	ch.messages = append(ch.messages, m)
	return answer{"files": shared}, nil
}

func (s *Server) fileInfo(c call) (answer, error) {
	f := s.files[c.args["file"]]
	if f == nil || f.deleted {
		return nil, no("file_not_found")
	}
	shares := map[string][]answer{}
	for id, ts := range f.shared {
		shares[id] = []answer{{"ts": ts}}
	}
	a := s.payload(f)
	a["shares"] = answer{"public": shares}
	return answer{"file": a, "comments": []string{}, "paging": answer{"count": 1, "total": 0, "page": 1, "pages": 0}}, nil
}

func (s *Server) deleteFile(c call) (answer, error) {
	f := s.files[c.args["file"]]
	switch {
	case f == nil:
		return nil, no("file_not_found")
	case f.deleted:
		return nil, no("file_deleted")
	case f.owner != Bot:
		return nil, no("cant_delete_file")
	}
	f.deleted = true
	return answer{}, nil
}

// serveFile serves a file to whoever bears the bot's token and sends everybody
// else to the sign-in page, as Slack does.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) {
	fault := s.fault("file")
	if fault.before(s, w) {
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+BotToken {
		http.Redirect(w, r, "/?redir="+url.QueryEscape(r.URL.Path), http.StatusFound)
		return
	}
	s.mu.Lock()
	f := s.files[r.PathValue("id")]
	s.mu.Unlock()
	if f == nil || f.deleted {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if fault.after(s, w) {
		return
	}
	w.Header().Set("Content-Type", f.mime)
	_, _ = w.Write(f.content)
}

func serveSignIn(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write([]byte("<html>sign in</html>"))
}
