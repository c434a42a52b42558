package telegram

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"github.com/huiyin/huiyin/bots"
)

var captionLimit = bots.Limit{N: maxCaption, Unit: bots.UTF16}

// slow is how much longer than other requests one with a file may take.
const slow = 10

// shape is how a file is shown: the method that sends it and the field that
// holds it.
type shape struct {
	method, field string
	album         string // files of one kind can share an album
}

var document = shape{"sendDocument", "document", "document"}

// shapeOf picks how Telegram can show a file; what it cannot play is sent as a
// file, which always works.
func shapeOf(f bots.Attached) shape {
	kind, _, err := mime.ParseMediaType(f.MIME)
	if err != nil {
		kind = ""
	}
	switch {
	case f.Kind == "image" && (kind == "image/jpeg" || kind == "image/png" || kind == "image/webp") && f.Size <= maxPhoto:
		return shape{"sendPhoto", "photo", "visual"}
	case f.Kind == "video" && kind == "video/mp4":
		return shape{"sendVideo", "video", "visual"}
	case f.Kind == "audio" && (kind == "audio/ogg" || kind == "application/ogg"):
		return shape{"sendVoice", "voice", ""}
	case f.Kind == "audio" && (kind == "audio/mpeg" || kind == "audio/mp4" || kind == "audio/x-m4a"):
		return shape{"sendAudio", "audio", "audio"}
	default:
		return document
	}
}

// sendFiles sends a post with files. All are opened before anything leaves.
func (b *bot) sendFiles(ctx context.Context, p bots.Post, base tgbotapi.Params) (bots.Sent, error) {
	parcels, closeAll, err := b.pack(p.Files)
	defer closeAll()
	if err != nil {
		return bots.Sent{}, err
	}
	words, keys := render(p, textLimit), buttonsOf(p)
	var sent bots.Sent
	add := func(ids []string, err error) error {
		if err != nil {
			return b.partial(p, sent, err)
		}
		if sent.ID == "" {
			sent.ID, ids = ids[0], ids[1:]
		}
		sent.Parts = append(sent.Parts, ids...)
		return nil
	}
	caption := message{}
	if captionable(words, parcels, keys) {
		caption = words
	} else if words.text != "" || len(keys) > 0 {
		id, err := b.sendText(ctx, base, p)
		if err := add([]string{id}, err); err != nil {
			return sent, err
		}
		keys = nil
	}
	for _, parcel := range parcels {
		if err := add(b.sendParcel(ctx, base, parcel, caption, keys)); err != nil {
			return sent, err
		}
		caption, keys = message{}, nil
		delete(base, "reply_parameters")
	}
	return sent, nil
}

// captionable reports whether the words can go below the first file, so that
// everything is one message.
func captionable(words message, parcels [][]parcelFile, keys [][]button) bool {
	if captionLimit.Len(words.text) > maxCaption || len(parcels) != 1 {
		return false
	}
	return len(keys) == 0 || len(parcels[0]) == 1
}

// partial is the error of a post that failed when a part of it had been sent:
// sending it again would show that part twice.
func (b *bot) partial(p bots.Post, sent bots.Sent, err error) error {
	if sent.ID == "" {
		return private(p, err)
	}
	return &bots.SendError{Fate: bots.Uncertain, Code: "partial", Err: fmt.Errorf("a part was sent, then: %w", err)}
}

// parcelFile is an opened file.
type parcelFile struct {
	shape shape
	name  string
	body  io.ReadCloser
	from  bots.Attached
}

// pack opens files and groups them: albums of up to ten that Telegram shows
// together, the rest one by one.
func (b *bot) pack(files []bots.Attached) (parcels [][]parcelFile, closeAll func(), err error) {
	var open []io.Closer
	closeAll = func() {
		for _, c := range open {
			_ = c.Close() // it was only read
		}
	}
	for i, f := range files {
		if f.Size > maxUpload {
			return nil, closeAll, &bots.SendError{Fate: bots.Rejected, Code: "too large", Err: errors.New("a bot can send files of up to 50 MB")}
		}
		body, err := b.env.Files.Open(f.Path)
		if err != nil {
			return nil, closeAll, &bots.SendError{Fate: bots.Rejected, Code: "file", Err: fmt.Errorf("file %d of the post cannot be opened", i+1)}
		}
		open = append(open, body)
		one := parcelFile{shape: shapeOf(f), name: bots.FileName(f.Name), body: body, from: f}
		if last := len(parcels) - 1; last >= 0 && one.shape.album != "" && parcels[last][0].shape.album == one.shape.album && len(parcels[last]) < maxAlbum {
			parcels[last] = append(parcels[last], one)
			continue
		}
		parcels = append(parcels, []parcelFile{one})
	}
	return parcels, closeAll, nil
}

// sendParcel sends a file or an album and returns the messages' ids. A picture,
// voice or film that Telegram refuses to show as such is sent as a file: the
// refusal is certain, so nothing is sent twice.
func (b *bot) sendParcel(ctx context.Context, base tgbotapi.Params, parcel []parcelFile, caption message, keys [][]button) ([]string, error) {
	ids, err := b.upload(ctx, base, parcel, caption, keys)
	if err == nil || parcel[0].shape == document {
		return ids, err
	}
	if !says(err, "image_process_failed", "photo_", "voice_messages_forbidden", "video_", "audio_", "wrong type of", "wrong file", "too large", "too big") {
		return ids, err
	}
	for i := range parcel {
		again, openErr := b.env.Files.Open(parcel[i].from.Path)
		if openErr != nil {
			return nil, err
		}
		defer again.Close()
		parcel[i].shape, parcel[i].body = document, again
	}
	return b.upload(ctx, base, parcel, caption, keys)
}

func (b *bot) upload(ctx context.Context, base tgbotapi.Params, parcel []parcelFile, caption message, keys [][]button) ([]string, error) {
	timeout := slow * b.options.Timeout
	// The files are handed over without Close: the library closes what it was
	// given only on some of its ways out, sendFiles on all.
	data := func(f parcelFile) tgbotapi.RequestFileData {
		return tgbotapi.FileReader{Name: f.name, Reader: struct{ io.Reader }{f.body}}
	}
	if len(parcel) == 1 {
		f := parcel[0]
		var sent sentMessage
		params := with(base, "caption", "caption_entities", caption, keys)
		if err := b.call(ctx, timeout, f.shape.method, params, []tgbotapi.RequestFile{{Name: f.shape.field, Data: data(f)}}, &sent); err != nil {
			return nil, err
		}
		return []string{strconv.FormatInt(sent.ID, 10)}, nil
	}
	type item struct {
		Type     string   `json:"type"`
		Media    string   `json:"media"`
		Caption  string   `json:"caption,omitempty"`
		Entities []entity `json:"caption_entities,omitempty"`
	}
	items := make([]item, len(parcel))
	files := make([]tgbotapi.RequestFile, len(parcel))
	for i, f := range parcel {
		name := "file" + strconv.Itoa(i)
		items[i] = item{Type: f.shape.field, Media: "attach://" + name}
		files[i] = tgbotapi.RequestFile{Name: name, Data: data(f)}
	}
	items[0].Caption, items[0].Entities = caption.text, caption.entities
	params := make(tgbotapi.Params, len(base)+1)
	for key, value := range base {
		params[key] = value
	}
	set(params, "media", items)
	var sent []sentMessage
	if err := b.call(ctx, timeout, "sendMediaGroup", params, files, &sent); err != nil {
		return nil, err
	}
	if len(sent) == 0 {
		return nil, &bots.SendError{Fate: bots.Uncertain, Code: "unreadable answer", Err: errUnreadable}
	}
	ids := make([]string, len(sent))
	for i, m := range sent {
		ids[i] = strconv.FormatInt(m.ID, 10)
	}
	return ids, nil
}

// Fetch implements bots.Fetcher for the file_ids of received files.
func (b *bot) Fetch(ctx context.Context, ref string, limit int64) (bots.File, error) {
	var file struct {
		Path string `json:"file_path"`
		Size int64  `json:"file_size"`
	}
	if err := b.call(ctx, b.options.Timeout, "getFile", tgbotapi.Params{"file_id": ref}, nil, &file); err != nil {
		return bots.File{}, err
	}
	if limit > 0 && file.Size > limit {
		return bots.File{}, bots.TooLarge(limit)
	}
	return b.download(ctx, file.Path, limit)
}

// download opens a file that getFile named.
func (b *bot) download(ctx context.Context, name string, limit int64) (bots.File, error) {
	if name == "" || path.IsAbs(name) || strings.Contains("/"+name+"/", "/../") {
		// A Bot API server run with --local names files of its own machine.
		return bots.File{}, &bots.SendError{Fate: bots.Rejected, Code: "file path", Err: errors.New("the Bot API server names no file that can be fetched: run it without --local")}
	}
	ctx, cancel := context.WithTimeout(ctx, slow*b.options.Timeout)
	var written bots.Written
	address := b.options.APIURL + "/file/bot" + b.options.Token + "/" + (&url.URL{Path: name}).EscapedPath()
	req, err := http.NewRequestWithContext(written.Watch(ctx), http.MethodGet, address, nil)
	if err != nil {
		cancel()
		return bots.File{}, &bots.SendError{Fate: bots.Rejected, Code: "file path", Err: errors.New("the file's path cannot be asked for")}
	}
	resp, err := b.http.Do(req)
	if err != nil {
		cancel()
		// Fetching again does no harm, whatever became of the first try.
		return bots.File{}, &bots.SendError{Fate: bots.Unsent, Code: "no answer", Err: cause(err)}
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		cancel()
		return bots.File{}, fetchRefused(resp.StatusCode)
	}
	if limit > 0 && resp.ContentLength > limit {
		resp.Body.Close()
		cancel()
		return bots.File{}, bots.TooLarge(limit)
	}
	return bots.File{
		Body: bots.Bounded(&body{resp.Body, cancel}, limit),
		Name: path.Base(name), MIME: resp.Header.Get("Content-Type"), Size: resp.ContentLength,
	}, nil
}

// fetchRefused is the error of a download that was not served.
func fetchRefused(status int) error {
	se := &bots.SendError{Fate: bots.Rejected, Code: strconv.Itoa(status), Err: errors.New("the file is not served")}
	switch {
	case status == http.StatusUnauthorized:
		se.Fate = bots.Unauthorized
	case status == http.StatusTooManyRequests:
		se.Fate, se.RetryAfter, se.Scope = bots.Limited, unstated, bots.ScopeBot
	case status >= http.StatusInternalServerError:
		se.Fate = bots.Unsent
	}
	return se
}

// body is a download whose errors hold no address.
type body struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Read implements io.Reader.
func (d *body) Read(p []byte) (int, error) {
	n, err := d.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		return n, cause(err)
	}
	return n, err
}

// Close implements io.Closer.
func (d *body) Close() error {
	d.cancel()
	return d.ReadCloser.Close()
}
