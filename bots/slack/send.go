package slack

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/slack-go/slack"

	"github.com/huiyin/huiyin/bots"
)

// Send posts one message. Files go last, since what was uploaded is seen only
// once it is shared: a failure before that leaves nothing half said.
func (b *bot) Send(ctx context.Context, p bots.Post) (bots.Sent, error) {
	if len(p.Files) > 0 && p.Private == "" {
		return b.sendFiles(ctx, p)
	}
	return b.sendText(ctx, p)
}

func (b *bot) sendText(ctx context.Context, p bots.Post) (bots.Sent, error) {
	l := layPost(p)
	if len(l.blocks) == 0 {
		return bots.Sent{}, &bots.SendError{Fate: bots.Rejected, Code: "no_text"}
	}
	ts, err := b.post(ctx, p, l)
	if refusedLayout(err) {
		// Certainly not taken: once more as one plain text.
		ts, err = b.post(ctx, p, layout{fallback: l.fallback})
	}
	if err != nil {
		return bots.Sent{}, sendError(err)
	}
	if ts == "" {
		return bots.Sent{}, &bots.SendError{Fate: bots.Uncertain, Code: "no ts"}
	}
	return bots.Sent{ID: ts}, nil
}

// post performs one request of chat.postMessage or chat.postEphemeral.
func (b *bot) post(ctx context.Context, p bots.Post, l layout) (ts string, err error) {
	options := l.options()
	if thread := threadOf(p); thread != "" {
		options = append(options, slack.MsgOptionTS(thread))
	}
	if p.Private != "" {
		return b.api.PostEphemeralContext(ctx, p.Chat, p.Private, options...)
	}
	if p.Key != "" {
		options = append(options, slack.MsgOptionMetadata(metadata(p.Key)))
	}
	_, ts, err = b.api.PostMessageContext(ctx, p.Chat, options...)
	return ts, err
}

// options are a layout's parameters, with all of Slack's own interpreting off.
func (l layout) options() []slack.MsgOption {
	options := []slack.MsgOption{
		slack.MsgOptionText(l.fallback, false), // escaped already
		slack.MsgOptionParse(false),
		slack.MsgOptionLinkNames(false),
		slack.MsgOptionDisableMarkdown(),
		slack.MsgOptionDisableLinkUnfurl(),
		slack.MsgOptionDisableMediaUnfurl(),
	}
	if len(l.blocks) > 0 {
		options = append(options, slack.MsgOptionBlocks(l.blocks...))
	}
	return options
}

// threadOf returns the message to post under. Slack has no quotes: in a
// channel an answer goes below what it answers, in a private chat beside it.
func threadOf(p bots.Post) string {
	thread := p.Thread
	if thread == "" && !strings.HasPrefix(p.Chat, "D") {
		thread = p.ReplyTo
	}
	if timeOf(thread).IsZero() {
		return "" // a file's id, or none of ours
	}
	return thread
}

// refusedLayout reports whether Slack refused the blocks, not the message.
func refusedLayout(err error) bool {
	switch codeOf(err) {
	case "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long", "invalid_attachments", "block_mismatch":
		return true
	default:
		return false
	}
}

// Edit replaces a message's content.
func (b *bot) Edit(ctx context.Context, messageID string, p bots.Post) error {
	if timeOf(messageID).IsZero() {
		return &bots.SendError{Fate: bots.Rejected, Code: "cant_update_message"} // a file
	}
	l := layPost(p)
	err := b.update(ctx, p.Chat, messageID, l)
	if refusedLayout(err) {
		err = b.update(ctx, p.Chat, messageID, layout{fallback: l.fallback})
	}
	return sendError(err)
}

func (b *bot) update(ctx context.Context, chat, ts string, l layout) error {
	options := []slack.MsgOption{
		slack.MsgOptionText(l.fallback, false),
		slack.MsgOptionParse(false),
		slack.MsgOptionLinkNames(false),
		slack.MsgOptionBlocks(l.blocks...), // none clears what was there
	}
	_, _, _, err := b.api.UpdateMessageContext(ctx, chat, ts, options...)
	return err
}

// Recall deletes a message, or a file that was sent.
func (b *bot) Recall(ctx context.Context, chat, messageID string) error {
	if timeOf(messageID).IsZero() {
		return sendError(b.api.DeleteFileContext(ctx, messageID))
	}
	_, _, err := b.api.DeleteMessageContext(ctx, chat, messageID)
	return sendError(err)
}

// sendFiles uploads p's files and shares them, its text with the last step.
// Text with buttons is a message of its own before the files.
func (b *bot) sendFiles(ctx context.Context, p bots.Post) (bots.Sent, error) {
	var files []slack.FileSummary
	for _, f := range p.Files {
		id, err := b.upload(ctx, f)
		if err != nil {
			return bots.Sent{}, unseen(err)
		}
		files = append(files, slack.FileSummary{ID: id, Title: bots.FileName(first(f.Name, f.Kind))})
	}
	var sent bots.Sent
	words := p
	words.Files = nil
	if p.Card != nil || len(p.Buttons) > 0 {
		s, err := b.sendText(ctx, words)
		if err != nil {
			return bots.Sent{}, err
		}
		sent, words = s, bots.Post{}
	}
	err := b.share(ctx, p, words, files)
	if err != nil && sent.ID != "" {
		// The text is out, its files are not: nobody may send it all again.
		return sent, &bots.SendError{Fate: bots.Uncertain, Code: first(codeOf(err), "files"), Err: errors.New("the text was sent, its files were not")}
	}
	if err != nil {
		return bots.Sent{}, sendError(err)
	}
	return b.withShared(ctx, sent, p.Chat, files), nil
}

// upload brings one file to Slack, where nobody sees it yet.
func (b *bot) upload(ctx context.Context, f bots.Attached) (id string, err error) {
	body, err := b.env.Files.Open(f.Path)
	if err != nil {
		return "", &bots.SendError{Fate: bots.Rejected, Code: "no file", Err: errors.New("the stored file cannot be opened")}
	}
	defer body.Close()
	content, err := io.ReadAll(body)
	if err != nil || len(content) == 0 {
		return "", &bots.SendError{Fate: bots.Rejected, Code: "no file", Err: errors.New("the stored file cannot be read")}
	}
	name := bots.FileName(first(f.Name, f.Kind))
	slot, err := b.api.GetUploadURLExternalContext(ctx, slack.GetUploadURLExternalParameters{FileName: name, FileSize: len(content)})
	if err != nil {
		return "", err
	}
	if !b.trusted.has(slot.UploadURL) {
		return "", &bots.SendError{Fate: bots.Rejected, Code: "upload_url", Err: errors.New("slack named a foreign host for the upload")}
	}
	err = b.api.UploadToURL(ctx, slack.UploadToURLParameters{UploadURL: slot.UploadURL, Filename: name, Reader: bytes.NewReader(content)})
	return slot.FileID, err
}

// share makes uploaded files seen, with a text beside them, in one request.
func (b *bot) share(ctx context.Context, p, words bots.Post, files []slack.FileSummary) error {
	params := slack.CompleteUploadExternalParameters{Files: files, Channel: p.Chat, ThreadTimestamp: threadOf(p)}
	if l := layText(words.Text, words.Mention); len(l.blocks) > 0 {
		params.Blocks = slack.Blocks{BlockSet: l.blocks}
	}
	_, err := b.api.CompleteUploadExternalContext(ctx, params)
	return err
}

// unseen turns a failure before anything was shown into one that certainly
// left nothing behind.
func unseen(err error) error {
	var se *bots.SendError
	if !errors.As(err, &se) {
		return &bots.SendError{Fate: bots.Unsent, Code: "upload", Err: bots.Redact(err)}
	}
	if se.Fate == bots.Uncertain {
		return &bots.SendError{Fate: bots.Unsent, Code: se.Code, Err: se.Err}
	}
	return err
}

// withShared adds the ids of the shared files' message. Slack tells it only
// when asked, and not always at once: the file's id stands in for it.
func (b *bot) withShared(ctx context.Context, sent bots.Sent, chat string, files []slack.FileSummary) bots.Sent {
	id := files[0].ID
	if f, _, _, err := b.api.GetFileInfoContext(ctx, id, 1, 1); err == nil {
		id = first(sharedIn(f.Shares.Public[chat]), sharedIn(f.Shares.Private[chat]), id)
	}
	if sent.ID == "" {
		sent.ID = id
	} else {
		sent.Parts = append(sent.Parts, id)
	}
	return sent
}

func sharedIn(shares []slack.ShareFileInfo) string {
	if len(shares) == 0 {
		return ""
	}
	return shares[len(shares)-1].Ts
}
