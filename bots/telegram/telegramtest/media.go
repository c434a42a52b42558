package telegramtest

import (
	"net/http"
	"strings"
)

// file is something that can be fetched.
type file struct {
	path    string
	content []byte
	size    int64
}

const maxFetch = 20 << 20 // bytes of a file that a bot may fetch

// AddFile keeps content under a name and returns its file_id. A size beyond
// len(content) is claimed, not held: for files too large to be fetched.
func (s *Server) AddFile(name string, content []byte, size int64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addFile(name, content, size)
}

func (s *Server) addFile(name string, content []byte, size int64) string {
	s.serial++
	id := "file-" + itoa(s.serial)
	s.files[id] = &file{path: "documents/" + id + "/" + name, content: content, size: max(size, int64(len(content)))}
	return id
}

// media returns an option that hangs a file on a message.
func media(kind string, payload any, caption string) Option {
	return func(u *utterance) {
		u.kind, u.caption = kind, true
		u.extra[kind] = payload
		if caption == "" {
			u.caption = false
		}
	}
}

// SendsPhoto sends a picture in two sizes, with a caption where one is given.
func (s *Server) SendsPhoto(user, chatID int64, caption string, content []byte, options ...Option) int64 {
	small, large := s.AddFile("small.jpg", content[:len(content)/2], 0), s.AddFile("photo.jpg", content, 0)
	sizes := []any{
		map[string]any{"file_id": small, "file_unique_id": "u" + small, "width": 90, "height": 90, "file_size": len(content) / 2},
		map[string]any{"file_id": large, "file_unique_id": "u" + large, "width": 800, "height": 800, "file_size": len(content)},
	}
	return s.UserSays(user, chatID, caption, append(options, media("photo", sizes, caption))...)
}

// SendsVoice sends a voice message of that many seconds.
func (s *Server) SendsVoice(user, chatID int64, seconds int, content []byte, options ...Option) int64 {
	id := s.AddFile("voice.oga", content, 0)
	voice := map[string]any{"file_id": id, "file_unique_id": "u" + id, "duration": seconds, "mime_type": "audio/ogg", "file_size": len(content)}
	return s.UserSays(user, chatID, "", append(options, media("voice", voice, ""))...)
}

// SendsDocument sends a file; size as for AddFile.
func (s *Server) SendsDocument(user, chatID int64, caption, name, mime string, content []byte, size int64, options ...Option) int64 {
	id := s.AddFile(name, content, size)
	document := map[string]any{"file_id": id, "file_unique_id": "u" + id, "file_name": name, "mime_type": mime, "file_size": max(size, int64(len(content)))}
	return s.UserSays(user, chatID, caption, append(options, media("document", document, caption))...)
}

// Sends sends a message whose content has no text: field is its name in a
// Message (sticker, location, contact, video_note…) and payload its value.
func (s *Server) Sends(user, chatID int64, field string, payload any, options ...Option) int64 {
	return s.UserSays(user, chatID, "", append(options, media(field, payload, ""))...)
}

func (s *Server) getFile(c *call) reply {
	id := c.params["file_id"]
	f := s.files[id]
	if f == nil {
		return bad("wrong file_id or the file is temporarily unavailable")
	}
	if f.size > maxFetch {
		return bad("file is too big")
	}
	return done(map[string]any{"file_id": id, "file_unique_id": "u" + id, "file_size": f.size, "file_path": f.path})
}

// download serves a file's content.
func (s *Server) download(w http.ResponseWriter, path string) {
	s.mu.Lock()
	var found *file
	for _, f := range s.files {
		if f.path == path {
			found = f
		}
	}
	s.requests["download"]++
	s.mu.Unlock()
	if found == nil {
		write(w, refuse(http.StatusNotFound, "Not Found"))
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(found.content)
}

// sendMedia takes one file with its caption.
func (s *Server) sendMedia(c *call) reply {
	kind := strings.ToLower(strings.TrimPrefix(c.method, "send"))
	up, refusal := s.uploaded(c, kind, kind)
	if refusal != nil {
		return *refusal
	}
	m, refusal := s.compose(c, "caption", "caption_entities")
	if refusal != nil {
		return *refusal
	}
	m.Media, m.FileName, m.File = kind, up.name, up.content
	return s.post(c, m)
}

// uploaded finds the file a parameter speaks of and refuses what cannot be
// shown as that kind.
func (s *Server) uploaded(c *call, field, kind string) (upload, *reply) {
	up, ok := c.files[field]
	if !ok {
		f := s.files[c.params[field]]
		if f == nil {
			out := bad("there is no " + kind + " in the request")
			return upload{}, &out
		}
		up = upload{name: f.path, content: f.content}
	}
	switch {
	case len(up.content) == 0:
		out := bad("file must be non-empty")
		return upload{}, &out
	case len(up.content) > maxUpload || kind == "photo" && len(up.content) > 10<<20:
		out := refuse(http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return upload{}, &out
	case kind == "photo" && !strings.HasPrefix(string(up.content), "\xff\xd8") && !strings.HasPrefix(string(up.content), "\x89PNG"):
		out := bad("IMAGE_PROCESS_FAILED")
		return upload{}, &out
	}
	return up, nil
}

// sendMediaGroup takes two to ten files at once, or none of them.
func (s *Server) sendMediaGroup(c *call) reply {
	var items []struct {
		Type     string   `json:"type"`
		Media    string   `json:"media"`
		Caption  string   `json:"caption"`
		Entities []Entity `json:"caption_entities"`
	}
	if err := c.decode("media", &items); err != nil {
		return bad(err.Error())
	}
	if len(items) < 2 || len(items) > 10 {
		return bad("media group must include 2-10 items")
	}
	if c.params["reply_markup"] != "" {
		return bad("media groups bear no buttons")
	}
	visual := func(kind string) bool { return kind == "photo" || kind == "video" }
	var messages []*Message
	for _, item := range items {
		if item.Type != items[0].Type && (!visual(item.Type) || !visual(items[0].Type)) {
			return bad("these kinds of media can't be grouped")
		}
		name, attached := strings.CutPrefix(item.Media, "attach://")
		if !attached {
			return bad("the fake takes attached media only")
		}
		up, refusal := s.uploaded(c, name, item.Type)
		if refusal != nil {
			return *refusal
		}
		m, refusal := s.composeText(c, item.Caption, item.Entities, maxCaption, "message caption is too long")
		if refusal != nil {
			return *refusal
		}
		m.Media, m.FileName, m.File = item.Type, up.name, up.content
		messages = append(messages, m)
	}
	s.serial++
	var sent []any
	for _, m := range messages {
		m.Album = "album-" + itoa(s.serial)
		out := s.post(c, m)
		if !out.OK {
			return out
		}
		sent = append(sent, out.Result)
	}
	return done(sent)
}
