package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"github.com/huiyin/huiyin/config"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/desk/phrase"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

const (
	byteOrderMark = "\uFEFF" // spreadsheets read CSV as UTF-8 because of it
	maxCell       = 32_767   // UTF-16 units of a cell, Excel's own bound
	maxSheetRows  = 1_048_576
	// itemTextCut is from which length an item's text may be cut: its messages
	// hold the whole.
	itemTextCut = 8<<10 - 8
	timeLayout  = "2006-01-02 15:04:05"
)

// export writes a row for each item.
func export(ctx context.Context, c *cli, args []string) error {
	fs := newFlags("export")
	out := fs.String("o", "", c.tr("写到哪个 `文件`：.csv、.xlsx 或 .jsonl", "`FILE`.csv, .xlsx or .jsonl"))
	channel := fs.String("channel", "", c.tr("只要这个 `渠道` 的", "items of this channel only"))
	lang := fs.String("lang", "", c.tr("列名用什么 `语言`：zh-CN 或 en；不写就用品牌的语言", "column names in zh-CN or en; the brand's language where left out"))
	if _, err := c.flags(fs, args, 0); err != nil {
		return err
	}
	format := strings.ToLower(filepath.Ext(*out))
	if !slices.Contains([]string{".csv", ".xlsx", ".jsonl"}, format) {
		return fmt.Errorf("%w: -o FILE.csv, FILE.xlsx or FILE.jsonl", errUsage)
	}
	if *lang != "" && phrase.Language(*lang) != *lang {
		return fmt.Errorf("%w: -lang zh-CN or -lang en", errUsage)
	}
	return c.onData(ctx, func(cfg *config.Config, db *store.DB, _ *desk.Service) error {
		x := &exporter{cfg: cfg, lang: *lang, names: map[int64]string{}}
		if x.lang == "" {
			x.lang = phrase.Language(cfg.Brand.Language)
		}
		x.texts, _ = phrase.New(cfg.Texts, cfg.Brand.Language)
		n, err := x.save(ctx, db, *out, format, store.Query{Channels: channels(*channel)}, newProgress(c))
		if err != nil {
			return err
		}
		if c.lang == "en" {
			fmt.Fprintf(c.out, "%s: %s items\n", *out, grouped(n))
		} else {
			fmt.Fprintf(c.out, "%s：%s 条\n", *out, grouped(n))
		}
		return nil
	})
}

func channels(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

// exporter makes rows of items.
type exporter struct {
	cfg   *config.Config
	lang  string
	texts *phrase.Catalog
	names map[int64]string // staff
}

// sink is one kind of file.
type sink interface {
	row(values []any) error
	close() error
}

// save writes the items into a file, which appears only when it is whole.
func (x *exporter) save(ctx context.Context, db *store.DB, path, format string, q store.Query, progress progress) (n int, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".huiyin-export-*")
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	columns := x.columns()
	s, err := x.open(f, format, columns)
	if err == nil {
		n, err = x.write(ctx, db, s, columns, q, progress)
		err = errors.Join(err, s.close())
	}
	progress.end()
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, err
	}
	return n, os.Rename(f.Name(), path)
}

func (x *exporter) write(ctx context.Context, db *store.DB, s sink, columns []column, q store.Query, progress progress) (n int, err error) {
	err = db.Read(ctx, func(tx *store.Tx) error {
		total, err := tx.CountItems(q)
		if err != nil {
			return err
		}
		staff, err := tx.AllStaff()
		if err != nil {
			return err
		}
		for _, st := range staff {
			x.names[st.ID] = st.Name
		}
		n = 0
		values := make([]any, len(columns))
		return tx.EachItem(q, func(i *feedback.Item) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			text, err := complete(tx, i)
			if err != nil {
				return err
			}
			for k, c := range columns {
				values[k] = c.value(i, text)
			}
			n++
			progress.at(n, int64(n), total)
			return s.row(values)
		})
	})
	return n, err
}

// complete returns what the customer wrote, also where the item keeps only its
// beginning, and adds what the source said beside it: columns of an imported
// file that are no configured fields.
func complete(tx *store.Tx, i *feedback.Item) (text string, err error) {
	if len(i.Text) < itemTextCut && i.Conversation != 0 {
		return i.Text, nil
	}
	ms, err := tx.MessagesOf(i.ID)
	if err != nil {
		return "", err
	}
	var parts []string
	for _, m := range ms {
		if m.Direction != feedback.In || m.Event != "" {
			continue
		}
		if m.Text != "" {
			parts = append(parts, m.Text)
		}
		for name, value := range m.Fields {
			if i.Fields == nil {
				i.Fields = map[string]string{}
			}
			if _, known := i.Fields[name]; !known {
				i.Fields[name] = value
			}
		}
	}
	if len(i.Text) < itemTextCut || len(parts) == 0 {
		return i.Text, nil
	}
	return strings.Join(parts, "\n"), nil
}

// column is one column: its names, as JSON Lines and English tables have it and
// as Chinese tables do, and its value.
type column struct {
	key, zh string
	value   func(i *feedback.Item, text string) any
	field   bool // a configured field; JSON Lines keep them together
}

// columns are those of every export, and one for each configured field.
func (x *exporter) columns() []column {
	title := func(teams []config.Team, name string) string {
		for _, t := range teams {
			if t.Name == name && t.Title != "" && x.lang != "en" {
				return t.Title
			}
		}
		return name
	}
	at := func(t time.Time) any {
		if t.IsZero() {
			return nil
		}
		return t
	}
	list := []column{
		{key: "number", zh: "编号", value: func(i *feedback.Item, _ string) any { return i.ID }},
		{key: "created_at", zh: "创建时间", value: func(i *feedback.Item, _ string) any { return at(i.CreatedAt) }},
		{key: "posted_at", zh: "发布时间", value: func(i *feedback.Item, _ string) any { return at(i.PostedAt) }},
		{key: "channel", zh: "渠道", value: func(i *feedback.Item, _ string) any { return i.Channel }},
		{key: "kind", zh: "类型", value: func(i *feedback.Item, _ string) any { return string(i.Kind) }},
		{key: "author", zh: "昵称", value: func(i *feedback.Item, _ string) any { return i.AuthorName }},
		{key: "text", zh: "内容", value: func(_ *feedback.Item, text string) any { return text }},
		{key: "sentiment", zh: "情感", value: func(i *feedback.Item, _ string) any { return i.Verdict.Sentiment }},
		{key: "score", zh: "情感得分", value: func(i *feedback.Item, _ string) any { return i.Verdict.Score }},
		{key: "confidence", zh: "把握", value: func(i *feedback.Item, _ string) any { return i.Verdict.Confidence }},
		{key: "intent", zh: "意图", value: func(i *feedback.Item, _ string) any { return i.Verdict.Intent }},
		{key: "urgency", zh: "紧急程度", value: func(i *feedback.Item, _ string) any { return i.Verdict.Urgency }},
		{key: "topics", zh: "话题", value: func(i *feedback.Item, _ string) any { return i.Verdict.TopicNames() }},
		{key: "keywords", zh: "关键词", value: func(i *feedback.Item, _ string) any { return i.Verdict.Keywords }},
		{key: "priority", zh: "优先级", value: func(i *feedback.Item, _ string) any { return i.Priority.String() }},
		{key: "state", zh: "状态", value: func(i *feedback.Item, _ string) any { return string(i.State) }},
		{key: "team", zh: "组", value: func(i *feedback.Item, _ string) any { return title(x.cfg.Teams, i.Team) }},
		{key: "owner", zh: "负责人", value: func(i *feedback.Item, _ string) any { return x.names[i.Owner] }},
		{key: "claimed_at", zh: "认领时间", value: func(i *feedback.Item, _ string) any { return at(i.ClaimedAt) }},
		{key: "replied_at", zh: "首次回复时间", value: func(i *feedback.Item, _ string) any { return at(i.RepliedAt) }},
		{key: "resolved_at", zh: "解决时间", value: func(i *feedback.Item, _ string) any { return at(i.ResolvedAt) }},
		{key: "ended_at", zh: "结束时间", value: func(i *feedback.Item, _ string) any { return at(i.EndedAt) }},
		{key: "receipt", zh: "回执", value: func(i *feedback.Item, _ string) any { return delivery(i.Receipt) }},
		{key: "closure", zh: "闭环通知", value: func(i *feedback.Item, _ string) any { return delivery(i.Closure) }},
		{key: "resolution", zh: "处理结果", value: func(i *feedback.Item, _ string) any { return i.Resolved }},
		{key: "rating", zh: "评分", value: func(i *feedback.Item, _ string) any {
			if i.Rating == 0 {
				return nil
			}
			return i.Rating
		}},
		{key: "history", zh: "历史数据", value: func(i *feedback.Item, _ string) any { return i.History }},
		{key: "url", zh: "链接", value: func(i *feedback.Item, _ string) any { return i.URL }},
	}
	for _, f := range x.cfg.Fields {
		name := f.Title
		if name == "" {
			name = f.Name
		}
		list = append(list, column{key: f.Name, zh: name, field: true, value: func(i *feedback.Item, _ string) any { return i.Fields[f.Name] }})
	}
	return append(list, column{key: "fields", zh: "其他字段", value: func(i *feedback.Item, _ string) any { return x.otherFields(i) }})
}

func delivery(d feedback.Delivery) string {
	if d == "" {
		d = feedback.DeliveryNone
	}
	return string(d)
}

// otherFields are those that have no column of their own.
func (x *exporter) otherFields(i *feedback.Item) map[string]string {
	out := maps.Clone(i.Fields)
	for _, f := range x.cfg.Fields {
		delete(out, f.Name)
	}
	return out
}

// open begins a file of a format.
func (x *exporter) open(f *os.File, format string, columns []column) (sink, error) {
	header := make([]string, len(columns))
	for i, c := range columns {
		header[i] = c.zh
		if x.lang == "en" {
			header[i] = c.key
		}
	}
	switch format {
	case ".jsonl":
		return &jsonSink{w: bufio.NewWriterSize(f, 1<<16), columns: columns}, nil
	case ".xlsx":
		return newSheetSink(f, header, x)
	default:
		return newCSVSink(f, header, x)
	}
}

// shown writes a value as a table shows it.
func (x *exporter) shown(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case time.Time:
		return v.In(x.cfg.Location).Format(timeLayout)
	case string:
		return v
	case []string:
		return strings.Join(v, "、")
	case map[string]string:
		parts := make([]string, 0, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, k+"="+v[k])
		}
		return strings.Join(parts, "; ")
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', 4, 64)
	default:
		return fmt.Sprint(v)
	}
}

// formulaSafe keeps spreadsheets from reading a text as a formula.
func formulaSafe(s string) string {
	r, _ := utf8.DecodeRuneInString(s)
	if strings.ContainsRune("=+-@\t\r＝＋－＠", r) && s != "" {
		return "'" + s
	}
	return s
}

// csvSink writes CSV.
type csvSink struct {
	x *exporter
	w *csv.Writer
}

func newCSVSink(w io.Writer, header []string, x *exporter) (*csvSink, error) {
	if _, err := io.WriteString(w, byteOrderMark); err != nil {
		return nil, err
	}
	s := &csvSink{x: x, w: csv.NewWriter(w)}
	return s, s.w.Write(header)
}

func (s *csvSink) row(values []any) error {
	cells := make([]string, len(values))
	for i, v := range values {
		cells[i] = s.x.shown(v)
		switch v.(type) {
		case string, []string, map[string]string:
			cells[i] = formulaSafe(cells[i])
		}
	}
	return s.w.Write(cells)
}

func (s *csvSink) close() error {
	s.w.Flush()
	return s.w.Error()
}

// jsonSink writes JSON Lines: the whole text, times in RFC 3339, all fields in
// one object.
type jsonSink struct {
	w       *bufio.Writer
	columns []column
}

func (s *jsonSink) row(values []any) error {
	row := make(map[string]any, len(values))
	fields := map[string]string{}
	for i, c := range s.columns {
		switch v := values[i].(type) {
		case map[string]string:
			maps.Copy(fields, v)
		case string:
			if !c.field {
				row[c.key] = v
			} else if v != "" {
				fields[c.key] = v
			}
		case []string:
			row[c.key] = append([]string{}, v...)
		default:
			row[c.key] = v
		}
	}
	row["fields"] = fields
	b, err := marshalPlain(row)
	if err != nil {
		return err
	}
	_, err = s.w.Write(append(b, '\n'))
	return err
}

func (s *jsonSink) close() error { return s.w.Flush() }

// sheetSink writes XLSX row by row; what does not fit one sheet goes on in the
// next.
type sheetSink struct {
	x      *exporter
	out    io.Writer
	book   *excelize.File
	sheet  *excelize.StreamWriter
	header []string
	sheets int
	at     int // rows of this sheet
	date   int // the style of times
	bold   int // the style of the header
}

func newSheetSink(out io.Writer, header []string, x *exporter) (*sheetSink, error) {
	s := &sheetSink{x: x, out: out, book: excelize.NewFile(), header: header}
	format := "yyyy-mm-dd hh:mm:ss"
	var err error
	if s.date, err = s.book.NewStyle(&excelize.Style{CustomNumFmt: &format}); err != nil {
		return nil, err
	}
	if s.bold, err = s.book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}}); err != nil {
		return nil, err
	}
	return s, s.begin()
}

// begin begins the next sheet, with its frozen header.
func (s *sheetSink) begin() error {
	s.sheets++
	name := "items"
	if s.x.lang != "en" {
		name = "反馈"
	}
	var err error
	if s.sheets == 1 {
		err = s.book.SetSheetName("Sheet1", name)
	} else {
		name += " " + strconv.Itoa(s.sheets)
		_, err = s.book.NewSheet(name)
	}
	if err != nil {
		return err
	}
	if s.sheet, err = s.book.NewStreamWriter(name); err != nil {
		return err
	}
	if err := s.sheet.SetColWidth(1, len(s.header), 16); err != nil {
		return err
	}
	if err := s.sheet.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	cells := make([]any, len(s.header))
	for i, h := range s.header {
		cells[i] = excelize.Cell{StyleID: s.bold, Value: cellText(h)}
	}
	s.at = 1
	return s.sheet.SetRow("A1", cells)
}

func (s *sheetSink) row(values []any) error {
	if s.at == maxSheetRows {
		if err := s.sheet.Flush(); err != nil {
			return err
		}
		if err := s.begin(); err != nil {
			return err
		}
	}
	s.at++
	cells := make([]any, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case nil, int, int64, float64, bool:
			cells[i] = v
		case time.Time:
			cells[i] = excelize.Cell{StyleID: s.date, Value: v.In(s.x.cfg.Location)}
		default:
			// Texts are inline strings: whatever they begin with, they are no formula.
			cells[i] = cellText(s.x.shown(v))
		}
	}
	return s.sheet.SetRow("A"+strconv.Itoa(s.at), cells)
}

func (s *sheetSink) close() error {
	err := s.sheet.Flush()
	if err == nil {
		err = s.book.Write(s.out)
	}
	return errors.Join(err, s.book.Close())
}

// cellText returns a text as a cell can hold it: without characters that XML
// forbids, and no longer than Excel allows.
func cellText(s string) string {
	units := 0
	for i, r := range s {
		units += utf16.RuneLen(r)
		if units > maxCell {
			s = s[:i]
			break
		}
	}
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 {
			return r
		}
		return -1
	}, s)
}
