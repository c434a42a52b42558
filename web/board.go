package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/huiyin/huiyin/bots"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

const (
	listLength = 50
	// dueLength is how many items a list by due time shows: the most urgent.
	dueLength = 200
	maxQuery  = 200 // bytes of a search
	// listFacts is how many of an item's topics a row shows.
	listFacts = 2
)

// boardView is the frame around a list and an item.
type boardView struct {
	Staff   *feedback.Staff
	Tabs    []tab
	Teams   []tab
	Query   string
	List    listView
	Item    *itemView // nil on the front page
	Config  boardConfig
	ChatURL string
	Kept    string // how much waits on disk for the database; empty: nothing
}

type boardConfig struct {
	Item  int64             `json:"item"`
	Zone  string            `json:"zone"`
	Lang  string            `json:"lang"`
	Texts map[string]string `json:"texts"`
}

type tab struct {
	Text   string
	URL    string
	Count  int64
	Active bool
}

type listView struct {
	Rows  []rowView
	Empty string
	Cut   string // says that these are only the most urgent ones; empty: all are here
	Rest  string // address of a list with the others; empty where there is none
	More  string // address of the next page
	Title string
	First bool // nothing has ever come in
}

// rowView is an item in a list.
type rowView struct {
	ID       int64
	URL      string
	Tone     bots.Tone
	Priority string
	State    string
	Quote    string
	Facts    []string
	Who      string
	Source   string
	At       time.Time
	Due      time.Time // zero: no clock runs
	Images   int
	Voice    bool
	Urged    string
	Unowned  bool
	Current  bool
}

// listPage shows a list.
func (s *Server) listPage(w http.ResponseWriter, r *http.Request, ses *session) {
	if n := itemNumber(r.URL.Query().Get("q")); n > 0 {
		http.Redirect(w, r, "/i/"+strconv.FormatInt(n, 10), http.StatusSeeOther)
		return
	}
	v, err := s.boardView(r, ses, 0)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	s.renderBoard(w, r, http.StatusOK, v)
}

// renderBoard answers with the whole page, or with the parts that a page which
// is open already replaces.
func (s *Server) renderBoard(w http.ResponseWriter, r *http.Request, status int, v *boardView) {
	name := "board"
	if r.Header.Get("X-Part") != "" {
		name = "board-parts"
	}
	w.Header().Add("Vary", "X-Part")
	s.render(w, r, status, name, v)
}

// itemNumber reads "#128", "＃128" or "128"; 0 where q is something else.
func itemNumber(q string) int64 {
	q = strings.TrimSpace(q)
	q = strings.TrimPrefix(strings.TrimPrefix(q, "#"), "＃")
	q = strings.Map(func(r rune) rune {
		if r >= '０' && r <= '９' {
			return r - '０' + '0'
		}
		return r
	}, q)
	if len(q) > 18 || strings.Trim(q, "0123456789") != "" {
		return 0
	}
	return number(q)
}

// boardView reads what the frame shows. current is the item on the page, 0 for
// none.
func (s *Server) boardView(r *http.Request, ses *session, current int64) (*boardView, error) {
	site := s.site.Load()
	lang := s.language(r)
	values := r.URL.Query()
	v := &boardView{Staff: ses.staff, Query: strings.TrimSpace(values.Get("q")), Config: boardConfig{
		Item: current, Zone: site.Location.String(), Lang: lang, Texts: scriptTexts(lang, "board.js."),
	}}
	if len(v.Query) > maxQuery {
		v.Query = strings.ToValidUTF8(v.Query[:maxQuery], "")
	}
	if c, ok := site.chat(""); ok {
		v.ChatURL = site.PublicURL + "/c/" + c.Name
	}
	list, q := s.listQuery(values, ses, v.Query)
	var items []*feedback.Item
	var counts struct{ todo, mine int64 }
	first := false
	owners := map[int64]string{}
	err := s.db.Read(r.Context(), func(tx *store.Tx) error {
		var err error
		if counts.todo, err = tx.CountItems(store.Query{Live: true}); err != nil {
			return err
		}
		if counts.mine, err = tx.CountItems(store.Query{Live: true, Owner: ses.staff.ID}); err != nil {
			return err
		}
		any, err := tx.Items(store.Query{Limit: 1})
		if err != nil {
			return err
		}
		first = len(any) == 0
		if items, err = tx.Items(q); err != nil {
			return err
		}
		for _, item := range items {
			if err := staffName(tx, item.Owner, owners); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if n, oldest := s.waiting(); n > 0 {
		v.Kept = say(lang, "board.kept", "n", strconv.Itoa(n), "at", oldest.In(site.Location).Format("15:04"))
	}
	team := values.Get("team")
	v.Tabs = []tab{
		{Text: say(lang, "board.todo"), URL: "/", Count: counts.todo, Active: list == "todo" && team == "" && v.Query == ""},
		{Text: say(lang, "board.mine"), URL: "/?list=mine", Count: counts.mine, Active: list == "mine"},
		{Text: say(lang, "board.all"), URL: "/?list=all", Count: -1, Active: list == "all" && v.Query == ""},
	}
	for _, t := range site.Teams {
		v.Teams = append(v.Teams, tab{Text: t.Title, URL: "/?team=" + url.QueryEscape(t.Name), Active: team == t.Name})
	}
	v.List = s.listView(lang, list, values, items, owners, current)
	v.List.First = first
	if v.Query != "" {
		v.List.Title = say(lang, "board.results", "q", v.Query)
	}
	return v, nil
}

func staffName(tx *store.Tx, id int64, known map[int64]string) error {
	if id == 0 || known[id] != "" {
		return nil
	}
	st, err := tx.Staff(id)
	if err != nil {
		return absent(err)
	}
	known[id] = st.Name
	return nil
}

// listQuery turns a page's address into a query. Everything in it is chosen
// from what is known: the rest is ignored.
func (s *Server) listQuery(values url.Values, ses *session, search string) (list string, q store.Query) {
	list = values.Get("list")
	q.Limit, q.Before = listLength+1, number(values.Get("before"))
	filtered := s.filters(values, &q)
	switch {
	case search != "":
		list = "all"
		q.Words = s.desk.Tokens(search)
		if len(q.Words) == 0 {
			q.Words = []string{search} // nothing to cut: it matches as it is or not at all
		}
	case list == "mine":
		q.Live, q.Owner, q.ByDue = true, ses.staff.ID, true
	case list == "all" || (list == "" && filtered):
		list = "all"
	default:
		list = "todo"
		q.Live, q.ByDue = true, true
	}
	if t := values.Get("team"); t != "" {
		q.Teams = []string{t}
	}
	if q.ByDue {
		// A list by due time has no pages: it is what is to be done.
		q.Before, q.Limit = 0, dueLength+1
	}
	return list, q
}

// filters reads what links from reports and digests narrow a list down by.
func (s *Server) filters(values url.Values, q *store.Query) bool {
	any := false
	for _, v := range values["state"] {
		if st, err := feedback.ParseState(v); err == nil {
			q.States, any = append(q.States, st), true
		}
	}
	if p, err := feedback.ParsePriority(values.Get("priority")); err == nil {
		q.Priority, any = []feedback.Priority{p}, true
	}
	if v := values.Get("sentiment"); slices.Contains(feedback.Sentiments, v) {
		q.Sentiment, any = v, true
	}
	if v := values.Get("topic"); v != "" {
		q.Topic, any = v, true
	}
	if v := values.Get("channel"); v != "" {
		q.Channels, any = []string{v}, true
	}
	if values.Get("unowned") == "1" {
		q.Unowned, any = true, true
	}
	if values.Get("overdue") == "1" {
		q.Overdue, any = s.now().UTC(), true
	}
	for name, at := range map[string]*time.Time{"since": &q.Since, "until": &q.Until} {
		// A day, as people write it, or a moment in Unix seconds, as summaries
		// link to what they counted.
		if t, err := time.ParseInLocation(time.DateOnly, values.Get(name), s.site.Load().Location); err == nil {
			*at, any = t.UTC(), true
		} else if seconds, err := strconv.ParseInt(values.Get(name), 10, 64); err == nil && seconds > 0 {
			*at, any = time.Unix(seconds, 0).UTC(), true
		}
	}
	return any
}

func (s *Server) listView(lang, list string, values url.Values, items []*feedback.Item, owners map[int64]string, current int64) listView {
	var v listView
	back := listOf(values)
	if list == "all" && len(items) > listLength {
		items = items[:listLength]
		next := url.Values{}
		for k, vs := range back {
			next[k] = vs
		}
		next.Set("before", strconv.FormatInt(items[len(items)-1].ID, 10))
		v.More = "/?" + next.Encode()
	}
	if list != "all" && len(items) > dueLength {
		items = items[:dueLength]
		v.Cut = say(lang, "board.cut", "n", strconv.Itoa(dueLength))
		if list == "todo" {
			rest := listOf(values)
			rest.Set("list", "all")
			if len(rest["state"]) == 0 {
				rest["state"] = []string{string(feedback.New), string(feedback.Open), string(feedback.Waiting)}
			}
			v.Rest = "/?" + rest.Encode()
		}
	}
	for _, item := range items {
		row := s.row(lang, item, owners)
		row.Current = item.ID == current
		row.URL = "/i/" + strconv.FormatInt(item.ID, 10)
		if len(back) > 0 {
			row.URL += "?" + back.Encode()
		}
		v.Rows = append(v.Rows, row)
	}
	switch {
	case values.Get("q") != "":
		v.Empty = say(lang, "board.nonefind")
	case list == "mine":
		v.Empty = say(lang, "board.nonemine")
	default:
		v.Empty = say(lang, "board.none")
	}
	return v
}

// listOf returns what an address says of the list it shows, or the one that its
// item was opened from.
func listOf(values url.Values) url.Values {
	kept := url.Values{}
	for _, name := range []string{"list", "team", "q", "state", "priority", "sentiment", "topic", "channel", "unowned", "overdue", "since", "until"} {
		for _, v := range values[name] {
			if v != "" {
				kept.Add(name, v)
			}
		}
	}
	return kept
}

func (s *Server) row(lang string, item *feedback.Item, owners map[int64]string) rowView {
	row := rowView{
		ID: item.ID, Tone: tone(item, s.now()), Priority: item.Priority.String(), State: say(lang, "state."+string(item.State)),
		Quote: s.desk.Mask(firstLines(item.Text)), Who: s.desk.MaskName(item.AuthorName), Source: s.site.Load().channel(item.Channel),
		At: item.PostedAt, Due: item.DueAt, Images: item.Images, Voice: item.Voices > 0, Unowned: item.State == feedback.New,
	}
	if item.Urged > 0 {
		row.Urged = say(lang, "board.urged", "n", strconv.Itoa(item.Urged))
	}
	if name := owners[item.Owner]; name != "" {
		row.State += " · " + name
	}
	if item.State == feedback.Resolved && item.Live() {
		row.State = say(lang, "item.notified")
	}
	if item.History {
		row.State = say(lang, "board.history")
	}
	if row.At.IsZero() {
		row.At = item.CreatedAt
	}
	names := item.Verdict.TopicNames()
	row.Facts = append(row.Facts, names[:min(listFacts, len(names))]...)
	if item.Verdict.Unjudged() {
		row.Facts = append(row.Facts, say(lang, "card.unread"))
	}
	if item.Verdict.Sentiment != "" {
		row.Facts = append(row.Facts, say(lang, "sentiment."+item.Verdict.Sentiment))
	}
	return row
}

// firstLines is as much of a text as a row can show.
func firstLines(text string) string {
	return bots.Limit{N: 140, Unit: bots.Runes}.Cut(strings.Join(strings.Fields(text), " "))
}

// tone is the colour of a row, as the cards have them.
func tone(item *feedback.Item, now time.Time) bots.Tone {
	switch {
	case item.State == feedback.Closed:
		return bots.Grey
	case item.State == feedback.Resolved && !item.Live():
		return bots.Green
	case item.State == feedback.Resolved, item.Priority == feedback.P0, !item.DueAt.IsZero() && item.DueAt.Before(now):
		return bots.Red
	case item.Owner == 0:
		return bots.Amber
	default:
		return bots.Blue
	}
}

// boardLive tells an open board when to look again.
func (s *Server) boardLive(w http.ResponseWriter, r *http.Request, ses *session) {
	s.follow(w, r, "staff:"+strconv.FormatInt(ses.staff.ID, 10), ItemsTopic, func() bool {
		now, err := s.sessionOf(r)
		return err == nil && now != nil
	})
}
