package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/config"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/desk/phrase"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/feedback/route"
	"github.com/huiyin/huiyin/listeners"
	"github.com/huiyin/huiyin/listeners/table"
	"github.com/huiyin/huiyin/store"
)

const (
	// importBatch is how many rows one transaction stores.
	importBatch = 500
	// maxChannel bounds a channel's name, in bytes.
	maxChannel = 64
	// rejectedSuffix names the list of refused rows beside the file.
	rejectedSuffix = ".rejected.csv"
)

// columnMap is the flag -map: text=COLUMN, several by commas or by repeating it.
type columnMap map[string]string

// String writes the map as it is given.
func (m columnMap) String() string {
	var parts []string
	for _, target := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, target+"="+m[target])
	}
	return strings.Join(parts, ",")
}

// Set takes over one flag.
func (m columnMap) Set(s string) error {
	for _, part := range strings.Split(s, ",") {
		target, column, ok := strings.Cut(part, "=")
		target, column = strings.TrimSpace(target), strings.TrimSpace(column)
		if !ok || target == "" || column == "" {
			return fmt.Errorf("%q: write it as text=COLUMN", part)
		}
		m[target] = column
	}
	return nil
}

var _ flag.Value = columnMap{}

// importRows takes the rows of a file in.
func importRows(ctx context.Context, c *cli, args []string) error {
	fs := newFlags("import")
	channel := fs.String("channel", "", c.tr("这些行算哪个渠道的，`名字` 自己定", "`name` of the channel the rows are of"))
	mapped := columnMap{}
	fs.Var(mapped, "map", c.tr("哪一列是什么，`text=列名`：text、id、author、author_id、followers、posted_at、url、kind 或字段名；几个就用逗号隔开", "which `text=COLUMN` holds what: text, id, author, author_id, followers, posted_at, url, kind or a field"))
	live := fs.Bool("live", false, c.tr("算新反馈，会发卡片；先告诉您会发多少，再问", "the rows are news: cards follow"))
	yes := fs.Bool("yes", false, c.tr("和 -live 一起：不问", "with -live: do not ask"))
	paths, err := c.flags(fs, args, 1)
	if err != nil {
		return err
	}
	if err := checkChannel(*channel); err != nil {
		return err
	}
	if _, err := os.Stat(paths[0]); err != nil {
		return err // before a database is made for nothing
	}
	cfg, err := c.loadConfig()
	if err != nil {
		return err
	}
	if *live {
		cfg.Desk.Fresh = 0 // news because the operator says so, however old
	}
	a, err := newTool(ctx, c, cfg)
	if err != nil {
		return err
	}
	defer a.stop()
	im := &importer{app: a, path: paths[0], channel: *channel, options: table.Options{Map: mapped, Location: cfg.Location}, live: *live}
	if *live {
		if err := im.announce(ctx, *yes); err != nil {
			return err
		}
	}
	return im.run(ctx)
}

func checkChannel(name string) error {
	if strings.TrimSpace(name) == "" {
		return fmt.Errorf("%w: -channel NAME says where the rows come from", errUsage)
	}
	if len(name) > maxChannel || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) {
		return fmt.Errorf("%w: a channel's name has at most %d bytes and no spaces", errUsage, maxChannel)
	}
	return nil
}

// newTool builds what a command needs that works on messages beside serve: all
// but its lock and its loops.
func newTool(ctx context.Context, c *cli, cfg *config.Config) (_ *app, err error) {
	log := newLog(cfg, c.err)
	a := &app{
		cfg: cfg, cli: c, log: log, now: time.Now, meter: newMeter(),
		inbound: map[string]http.Handler{}, bots: map[string]bots.Bot{}, sources: map[string]any{}, channels: map[string]desk.Channel{},
	}
	defer func() {
		if err != nil {
			a.stop()
		}
	}()
	db, err := store.Open(ctx, cfg.Storage.Database.Reveal(), store.Options{Log: log, Now: a.now})
	if err != nil {
		return nil, err
	}
	a.db = db
	a.onStop("database", func(context.Context) error { return db.Close() })
	for _, build := range []func(context.Context) error{a.openStream, a.openFiles, a.openDesk, a.openChannels} {
		if err := build(ctx); err != nil {
			return nil, err
		}
	}
	return a, a.pipeline.LoadModel(ctx)
}

// importer is one import under way.
type importer struct {
	*app
	path    string
	channel string
	options table.Options
	live    bool

	seen     map[uint64]uint32 // rows without an id by content, and how often
	header   []string
	rejected *rejectedFile

	count, duplicate, refused int
}

// run imports the file.
func (im *importer) run(ctx context.Context) error {
	if n, err := im.pipeline.FinishHistory(ctx); err != nil {
		return err
	} else if n > 0 {
		im.log.Info("an earlier import was ended, its rows are analysed now", "rows", n)
	}
	batch := make([]listeners.Entry, 0, importBatch)
	store := func() error {
		if len(batch) == 0 {
			return nil
		}
		outcomes, err := im.pipeline.Import(ctx, im.channel, batch)
		if err != nil {
			return err
		}
		for _, o := range outcomes {
			if o == listeners.Accepted {
				im.count++
			} else {
				im.duplicate++
			}
		}
		batch = batch[:0]
		return nil
	}
	progress := newProgress(im.cli)
	err := im.each(ctx, func(e listeners.Entry) error {
		batch = append(batch, e)
		if len(batch) < importBatch {
			return nil
		}
		return store()
	}, func(e *table.RowError) error {
		im.refused++
		return im.reject(e)
	}, progress)
	if err == nil {
		err = store()
	}
	progress.end()
	if im.rejected != nil {
		err = errors.Join(err, im.rejected.close())
	}
	if err != nil {
		if im.count > 0 {
			im.report()
		}
		return err
	}
	im.report()
	return nil
}

// each reads the file and gives every row, with the id it is known by.
func (im *importer) each(ctx context.Context, row func(listeners.Entry) error, refuse func(*table.RowError) error, progress progress) error {
	r, err := table.Open(im.path, im.options)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // read to its end or given up: nothing can be lost
	im.header, im.seen = r.Header(), map[uint64]uint32{}
	rows := 0
	for ctx.Err() == nil {
		next, err := r.Next()
		var bad *table.RowError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			err = refuse(bad)
		case err == nil:
			err = row(im.entry(next))
		}
		if err != nil {
			return err
		}
		rows++
		done, total := r.Progress()
		progress.at(rows, done, total)
	}
	return ctx.Err()
}

// entry gives a row the id it is known by: its own, else one of its content and
// of how often that was in the file so far.
func (im *importer) entry(r *table.Row) listeners.Entry {
	e := r.Entry
	e.History = !im.live
	if raw, err := json.Marshal(r.Cells); err == nil {
		e.Raw = raw
	}
	if e.ID != "" {
		return e
	}
	h := sha256.New()
	add := func(parts ...string) {
		for _, s := range parts {
			fmt.Fprintf(h, "%d:%s", len(s), s)
		}
	}
	add(e.Text, e.Author.ID, e.Author.Name, e.URL, e.Kind, e.PostedAt.Format(time.RFC3339), strconv.FormatInt(e.Author.Followers, 10))
	for _, k := range slices.Sorted(maps.Keys(e.Fields)) {
		add(k, e.Fields[k])
	}
	sum := h.Sum(nil)
	key := uint64(0)
	for _, b := range sum[:8] {
		key = key<<8 | uint64(b)
	}
	im.seen[key]++
	e.ID = "row:" + hex.EncodeToString(sum[:16]) + ":" + strconv.FormatUint(uint64(im.seen[key]), 10)
	return e
}

// reject writes a refused row down.
func (im *importer) reject(e *table.RowError) error {
	if im.rejected == nil {
		f, err := newRejected(im.path+rejectedSuffix, im.header)
		if err != nil {
			return err
		}
		im.rejected = f
	}
	return im.rejected.write(e)
}

// report says what became of the rows.
func (im *importer) report() {
	texts, _ := phrase.New(im.cfg.Texts, im.cfg.Brand.Language)
	vars := phrase.Vars{"count": grouped(im.count), "duplicate": grouped(im.duplicate), "rejected": grouped(im.refused), "file": im.path + rejectedSuffix}
	zh := im.cli.lang != "en"
	switch {
	case im.live && zh:
		fmt.Fprintf(im.cli.out, "已导入 %s 条，按新反馈处理。重复 %s，退回 %s。\n", grouped(im.count), grouped(im.duplicate), grouped(im.refused))
	case im.live:
		fmt.Fprintf(im.cli.out, "Imported %s rows as news. %s duplicate, %s refused.\n", grouped(im.count), grouped(im.duplicate), grouped(im.refused))
	case im.refused > 0:
		fmt.Fprintln(im.cli.out, texts.Text(im.cli.lang, "imported", vars))
	default:
		fmt.Fprintln(im.cli.out, texts.Text(im.cli.lang, "imported.clean", vars))
	}
	if im.live && im.refused > 0 {
		fmt.Fprintln(im.cli.out, im.path+rejectedSuffix)
	}
}

// grouped writes 8214 as 8,214.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// announce says what a live import will cause and asks for consent.
func (im *importer) announce(ctx context.Context, yes bool) error {
	ahead, err := im.lookAhead(ctx)
	if err != nil {
		return err
	}
	if im.cli.lang == "en" {
		fmt.Fprintf(im.cli.err, "%s new rows (%s known, %s unusable). At most %s cards, as %s messages in team chats. No messages to customers.\n",
			grouped(ahead.rows), grouped(ahead.known), grouped(ahead.refused), grouped(ahead.cards), grouped(ahead.messages))
	} else {
		fmt.Fprintf(im.cli.err, "新反馈 %s 条（已有 %s，不能用 %s）。最多 %s 张卡片，往团队群发 %s 条消息。不给客户发消息。\n",
			grouped(ahead.rows), grouped(ahead.known), grouped(ahead.refused), grouped(ahead.cards), grouped(ahead.messages))
	}
	if yes || ahead.rows == 0 {
		return nil
	}
	if !isTerminal(im.cli.in) {
		return fmt.Errorf("%w: -live asks first, and nobody can answer here: add -yes", errUsage)
	}
	fmt.Fprint(im.cli.err, map[bool]string{true: "Go on? y/N ", false: "继续吗？y/N "}[im.cli.lang == "en"])
	line, err := bufio.NewReader(im.cli.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes", "是":
		return nil
	default:
		return errors.New(map[bool]string{true: "nothing was imported", false: "没有导入"}[im.cli.lang == "en"])
	}
}

// ahead is what a live import will cause.
type ahead struct{ rows, known, refused, cards, messages int }

// lookAhead reads the file without storing anything.
func (im *importer) lookAhead(ctx context.Context) (ahead, error) {
	var out ahead
	rules := im.desk.Rules()
	err := im.db.Read(ctx, func(tx *store.Tx) error {
		out = ahead{}
		chats, err := tx.TeamChats()
		if err != nil {
			return err
		}
		ids := map[string]bool{}
		return im.each(ctx, func(e listeners.Entry) error {
			_, err := tx.MessageByExternal(im.channel, e.ID)
			switch {
			case err == nil || ids[e.ID]:
				out.known++
				return nil
			case !errors.Is(err, feedback.ErrNotFound):
				return err
			}
			ids[e.ID] = true
			out.rows++
			if n, card := cardsOf(rules, chats, im.channel, e); card {
				out.cards++
				out.messages += n
			}
			return nil
		}, func(*table.RowError) error { out.refused++; return nil }, silent{})
	})
	return out, err
}

// cardsOf reports whether an entry becomes a card, and in how many chats.
func cardsOf(r *desk.Rules, linked []*store.TeamChat, channel string, e listeners.Entry) (chats int, card bool) {
	v := r.Analyze(e.Text)
	if v.Intent == "spam" {
		return 0, false
	}
	verdict := feedback.Verdict{
		Lang: v.Lang, Sentiment: v.Sentiment, Score: v.Score, Confidence: v.Confidence, Intent: v.Intent, Urgency: v.Urgency, Keywords: v.Keywords, Hazards: v.Hazards,
	}
	for _, t := range v.Topics {
		verdict.Topics = append(verdict.Topics, feedback.Topic(t))
	}
	priority, _ := feedback.Rank(feedback.Grounds{Verdict: verdict, Followers: e.Author.Followers, Visit: 1})
	at := e.PostedAt.In(r.Location)
	fields := maps.Clone(v.Found)
	for _, f := range r.Fields {
		if value := e.Fields[f.Name]; value != "" {
			if fields == nil {
				fields = map[string]string{}
			}
			fields[f.Name] = value
		}
	}
	weekday := int(at.Weekday())
	if weekday == 0 {
		weekday = 7
	}
	d := r.Routes.Route(route.Env{
		Text: e.Text, Lang: v.Lang, Sentiment: v.Sentiment, Intent: v.Intent, Urgency: v.Urgency, Priority: priority.String(),
		Channel: channel, Platform: "import", Kind: e.Kind, URL: e.URL, AuthorName: e.Author.Name, Followers: e.Author.Followers,
		Score: v.Score, Confidence: v.Confidence, Hour: at.Hour(), Weekday: weekday, Topics: verdict.TopicNames(), Keywords: v.Keywords, Fields: fields,
	})
	urgent := v.Urgency == "high" || v.Urgency == "critical"
	switch {
	case d.Cards == "off", d.Cards == "urgent" && !urgent:
		return 0, false
	case d.Cards == "" && d.Default && v.Sentiment != "negative" && !urgent:
		return 0, false
	}
	for _, team := range append([]string{d.Team}, d.Copies...) {
		if t := r.Teams[team]; t != nil {
			chats += len(t.Alerts)
		}
		for _, c := range linked {
			if c.Team == team {
				chats++
			}
		}
	}
	return chats, true
}

// rejectedFile is the list of refused rows: where, why, and the row as it was,
// to be put right and imported again.
type rejectedFile struct {
	f *os.File
	w *csv.Writer
}

func newRejected(path string, header []string) (*rejectedFile, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the list of refused rows: %w", err)
	}
	r := &rejectedFile{f: f, w: csv.NewWriter(f)}
	if header == nil {
		header = []string{"json"}
	}
	if _, err := f.WriteString(byteOrderMark); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, r.record(append([]string{table.OurLine, table.OurReason}, header...))
}

func (r *rejectedFile) write(e *table.RowError) error {
	return r.record(append([]string{strconv.Itoa(e.Line), e.Reason}, e.Cells...))
}

func (r *rejectedFile) record(cells []string) error {
	for i, cell := range cells {
		cells[i] = formulaSafe(cell)
	}
	return r.w.Write(cells)
}

func (r *rejectedFile) close() error {
	r.w.Flush()
	return errors.Join(r.w.Error(), r.f.Close())
}

// progress shows how far long work is.
type progress interface {
	at(rows int, done, total int64)
	end()
}

// newProgress returns a bar on a terminal, lines elsewhere.
func newProgress(c *cli) progress {
	if isTerminal(c.err) {
		return &barProgress{w: c.err}
	}
	return &lineProgress{c: c, next: time.Now().Add(progressEvery)}
}

// progressEvery is how often a line is written where there is no terminal.
const progressEvery = 10 * time.Second

func isTerminal(v any) bool {
	f, ok := v.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// silent shows nothing.
type silent struct{}

func (silent) at(int, int64, int64) {}
func (silent) end()                 {}

type barProgress struct {
	w   io.Writer
	bar *progressbar.ProgressBar
}

func (p *barProgress) at(rows int, done, total int64) {
	if p.bar == nil {
		size := total
		if size == 0 {
			size = -1
		}
		p.bar = progressbar.NewOptions64(size, progressbar.OptionSetWriter(p.w), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30), progressbar.OptionSetPredictTime(total > 0))
	}
	if rows%100 != 0 {
		return
	}
	p.bar.Describe(grouped(rows))
	to := done
	if total == 0 {
		to = int64(rows)
	}
	if err := p.bar.Set64(to); err != nil {
		p.bar.Describe(grouped(rows)) // the work goes on without its bar
	}
}

func (p *barProgress) end() {
	if p.bar != nil {
		if err := p.bar.Finish(); err != nil {
			fmt.Fprintln(p.w)
		}
	}
}

type lineProgress struct {
	c    *cli
	next time.Time
	rows int
}

func (p *lineProgress) at(rows int, done, total int64) {
	p.rows = rows
	if rows%100 != 0 || time.Now().Before(p.next) {
		return
	}
	p.next = time.Now().Add(progressEvery)
	share := ""
	if total > 0 {
		share = fmt.Sprintf(" (%d%%)", 100*done/total)
	}
	fmt.Fprintf(p.c.err, "%s%s\n", grouped(rows), share)
}

func (p *lineProgress) end() {}
