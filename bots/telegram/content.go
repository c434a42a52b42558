package telegram

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/huiyin/huiyin/bots"
)

// attachments lists what came with a message and can be fetched, and places.
func attachments(m *wireMessage) []bots.Attachment {
	var list []bots.Attachment
	add := func(kind, mime string, f *wireFile) {
		if f == nil || f.ID == "" {
			return
		}
		if f.MIME != "" {
			mime = f.MIME
		}
		list = append(list, bots.Attachment{Kind: kind, Ref: f.ID, Name: f.Name, MIME: mime, Size: f.Size, Duration: f.Duration})
	}
	add("image", "image/jpeg", largest(m.Photo))
	add("audio", "audio/ogg", m.Voice)
	add("audio", "audio/mpeg", m.Audio)
	add("video", "video/mp4", m.Video)
	add("video", "video/mp4", m.VideoNote)
	if len(m.Photo) == 0 {
		add("video", "video/mp4", m.LivePhoto)
	}
	if m.Animation != nil {
		add("video", "video/mp4", m.Animation) // comes as a document, too
	} else {
		add(documentKind(m.Document), "application/octet-stream", m.Document)
	}
	add("sticker", "image/webp", m.Sticker)
	if m.Location != nil {
		list = append(list, bots.Attachment{Kind: "location", Ref: "geo:" + coordinates(*m.Location)})
	}
	return list
}

// documentKind tells pictures, sound and film that were sent as files.
func documentKind(f *wireFile) string {
	if f == nil {
		return "file"
	}
	for prefix, kind := range map[string]string{"image/jpeg": "image", "image/png": "image", "image/webp": "image", "audio/": "audio", "video/": "video"} {
		if strings.HasPrefix(f.MIME, prefix) {
			return kind
		}
	}
	return "file"
}

// largest returns a picture's largest size.
func largest(sizes []wireFile) *wireFile {
	var best *wireFile
	for i := range sizes {
		if best == nil || sizes[i].Width*sizes[i].Height > best.Width*best.Height {
			best = &sizes[i]
		}
	}
	return best
}

func coordinates(l wireLocation) string {
	format := func(f float64) string { return strconv.FormatFloat(f, 'f', 6, 64) }
	return format(l.Latitude) + "," + format(l.Longitude)
}

// described says in words what a message without text holds, where words do:
// "" for files, which are attachments, and for service messages.
func described(m *wireMessage) string {
	switch {
	case m.Sticker != nil:
		return m.Sticker.Emoji
	case m.Dice != nil:
		return m.Dice.Emoji
	case m.Venue != nil:
		return "📍 " + strings.TrimSpace(m.Venue.Title+" "+m.Venue.Address)
	case m.Location != nil:
		return "📍 " + coordinates(*m.Location)
	case m.Contact != nil:
		return "👤 " + strings.TrimSpace(m.Contact.First+" "+m.Contact.Last+" "+m.Contact.Phone)
	case m.Poll != nil:
		lines := []string{"📊 " + m.Poll.Question}
		for _, o := range m.Poll.Options {
			lines = append(lines, "· "+o.Text)
		}
		return strings.Join(lines, "\n")
	case m.Checklist != nil:
		lines := []string{"☑️ " + m.Checklist.Title}
		for _, t := range m.Checklist.Tasks {
			lines = append(lines, "· "+t.Text)
		}
		return strings.Join(lines, "\n")
	case present(m.Rich):
		return richText(m.Rich)
	case present(m.Story):
		return "[story]"
	case present(m.PaidMedia):
		return "[paid media]"
	default:
		return ""
	}
}

// richText collects the words of a rich message: the strings below "text",
// whatever blocks they are in, one line a block.
func richText(raw json.RawMessage) string {
	var rich struct {
		Blocks []any `json:"blocks"`
	}
	if json.Unmarshal(raw, &rich) != nil {
		return ""
	}
	var lines []string
	for _, block := range rich.Blocks {
		var b strings.Builder
		collect(block, false, 0, &b)
		if line := strings.TrimSpace(b.String()); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

const maxDepth = 32 // of blocks within blocks

func collect(v any, isText bool, depth int, out *strings.Builder) {
	if depth > maxDepth {
		return
	}
	switch v := v.(type) {
	case string:
		if isText {
			out.WriteString(v)
		}
	case []any:
		for _, x := range v {
			collect(x, isText, depth+1, out)
			if !isText {
				out.WriteByte(' ')
			}
		}
	case map[string]any:
		for _, key := range []string{"text", "caption", "blocks", "items", "rows", "cells", "summary", "credit"} {
			if x, ok := v[key]; ok {
				collect(x, key == "text" || key == "caption" || key == "summary" || key == "credit", depth+1, out)
			}
		}
	}
}
