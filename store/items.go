package store

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/huiyin/huiyin/feedback"
)

const itemColumns = "channel, platform, kind, conversation, author, author_name, followers, state, priority, pinned, reasons, team, copies, path, cards, owner, verdict, text, quote, url, fields, images, voices, history, is_group, way_back, visit, urged, transfers, reopened, resolution, resolved, ask, surveyed, merged, rating, rated_at, receipt, closure, posted_on, created_at, posted_at, updated_at, claimed_at, replied_at, resolved_at, ended_at, due_at, promised_at, left_us, snoozed_until, last_in_at"

func itemFields(i *feedback.Item) []any {
	return []any{
		&i.Channel, &i.Platform, (*string)(&i.Kind), &i.Conversation, &i.Author, &i.AuthorName, &i.Followers,
		(*string)(&i.State), whole{(*int)(&i.Priority)}, &i.Pinned, inJSON(&i.Reasons),
		&i.Team, inJSON(&i.Copies), inJSON(&i.Path), &i.Cards, &i.Owner, inJSON(&i.Verdict),
		&i.Text, &i.Quote, &i.URL, inJSON(&i.Fields), whole{&i.Images}, whole{&i.Voices},
		&i.History, &i.Group, &i.WayBack, whole{&i.Visit}, whole{&i.Urged}, whole{&i.Transfers}, whole{&i.Reopened},
		whole{&i.Resolution}, &i.Resolved, &i.Ask, whole{&i.Surveyed}, &i.Merged, whole{&i.Rating}, at{&i.RatedAt},
		(*string)(&i.Receipt), (*string)(&i.Closure), &i.PostedOn,
		at{&i.CreatedAt}, at{&i.PostedAt}, at{&i.UpdatedAt}, at{&i.ClaimedAt}, at{&i.RepliedAt}, at{&i.ResolvedAt}, at{&i.EndedAt},
		at{&i.DueAt}, at{&i.PromisedAt}, span{&i.Left}, at{&i.SnoozedUntil}, at{&i.LastInAt},
	}
}

// itemRow is what a row of the query "SELECT "+selectItemColumns is scanned into.
func itemRow(i *feedback.Item) []any { return append(itemFields(i), &i.ID, &i.Version) }

const selectItemColumns = itemColumns + ", id, version"

// facets are what lists choose items by. They are kept beside the items, in an
// index of their own, and as text on the item, to see what a write changes.
type facets struct {
	State  string   `json:"state"`
	Facets []string `json:"facets,omitempty"`
}

func teamFacet(team string) string   { return short("team=" + team) }
func topicFacet(topic string) string { return short("topic=" + topic) }

func facetsOf(i *feedback.Item) facets {
	f := facets{State: string(i.State)}
	add := func(facet string) {
		if facet = clean(facet); !slices.Contains(f.Facets, facet) {
			f.Facets = append(f.Facets, facet)
		}
	}
	if i.Team != "" {
		add(teamFacet(i.Team))
	}
	for _, team := range i.Copies {
		add(teamFacet(team))
	}
	for _, t := range i.Verdict.Topics {
		add(topicFacet(t.Name))
	}
	return f
}

// InsertItem keeps a new item: it sets its number and version 1.
func (tx *Tx) InsertItem(i *feedback.Item) error {
	if tx.batch != nil {
		return tx.insertItemLater(i)
	}
	f := facetsOf(i)
	err := tx.get("item", []any{&i.ID}, insertItem,
		append(itemFields(i), i.Live(), i.Verdict.Sentiment, inJSON(&f))...)
	if err != nil {
		return err
	}
	i.Version = 1
	return tx.setFacets(i.ID, facets{}, f)
}

// Item returns the item with number id.
func (tx *Tx) Item(id int64) (*feedback.Item, error) { return tx.item(id, "") }

// LockItem returns the item and holds it until the transaction ends.
func (tx *Tx) LockItem(id int64) (*feedback.Item, error) { return tx.item(id, tx.locked()) }

func (tx *Tx) item(id int64, lock string) (*feedback.Item, error) {
	if i := tx.batch.item(id); i != nil {
		return i, nil
	}
	i := new(feedback.Item)
	return i, tx.get(fmt.Sprintf("item %d", id), itemRow(i), "SELECT "+selectItemColumns+" FROM items WHERE id = ?"+lock, id)
}

var insertItem = "INSERT INTO items (" + itemColumns + ", version, live, sentiment, facets, facets_before) VALUES (" + places(itemColumns) + ", 1, ?, ?, ?, '') RETURNING id"

var updateItem = "UPDATE items SET " + assignments(itemColumns) + ", live = ?, sentiment = ?, facets_before = facets, facets = ?, version = version + 1 WHERE id = ? AND version = ? RETURNING facets_before"

// UpdateItem keeps all of i if nobody has changed it since it was read, and
// raises its version; otherwise feedback.ErrConflict.
func (tx *Tx) UpdateItem(i *feedback.Item) error {
	if later, err := tx.updateItemLater(i); later || err != nil {
		return err
	}
	now := facetsOf(i)
	var before string
	// Both engines read the right sides of SET before the update: facets_before
	// brings what was there without reading it first.
	found, err := tx.one([]any{&before}, updateItem,
		append(itemFields(i), i.Live(), i.Verdict.Sentiment, inJSON(&now), i.ID, i.Version)...)
	if err != nil {
		return err
	}
	if !found {
		if _, err := tx.Item(i.ID); err != nil {
			return err
		}
		return fmt.Errorf("item %d: %w", i.ID, feedback.ErrConflict)
	}
	i.Version++
	var was facets
	if err := json.Unmarshal([]byte(before), &was); err != nil {
		return fmt.Errorf("store: the facets of item %d cannot be read: %w", i.ID, err)
	}
	return tx.setFacets(i.ID, was, now)
}

// setFacets writes what differs.
func (tx *Tx) setFacets(id int64, was, now facets) error {
	for _, f := range was.Facets {
		if slices.Contains(now.Facets, f) {
			continue
		}
		if _, err := tx.exec(deleteFacet, f, id); err != nil {
			return err
		}
	}
	for _, f := range now.Facets {
		if was.State == now.State && slices.Contains(was.Facets, f) {
			continue
		}
		if _, err := tx.exec(insertFacet, f, id, now.State); err != nil {
			return err
		}
	}
	return nil
}

// CurrentItem returns the newest item of a conversation that is not closed; nil
// when there is none.
func (tx *Tx) CurrentItem(conversation int64) (*feedback.Item, error) {
	if i, known := tx.batch.lastItem(currentOf, conversation); known {
		return i, nil
	}
	return tx.lastItem(conversation, " AND state <> 'closed'")
}

// LatestItem returns the newest item of a conversation in any state; nil when
// there is none.
func (tx *Tx) LatestItem(conversation int64) (*feedback.Item, error) {
	if i, known := tx.batch.lastItem(newestOf, conversation); known {
		return i, nil
	}
	return tx.lastItem(conversation, "")
}

func (tx *Tx) lastItem(conversation int64, where string) (*feedback.Item, error) {
	i := new(feedback.Item)
	found, err := tx.one(itemRow(i), "SELECT "+selectItemColumns+" FROM items WHERE conversation = ? AND conversation <> 0"+where+" ORDER BY id DESC LIMIT 1", conversation)
	if err != nil || !found {
		return nil, err
	}
	return i, nil
}
