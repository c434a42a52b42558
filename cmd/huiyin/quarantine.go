package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/huiyin/huiyin/config"
	"github.com/huiyin/huiyin/desk"
	"github.com/huiyin/huiyin/feedback"
	"github.com/huiyin/huiyin/store"
)

// quarantineShown is how many messages one listing shows.
const quarantineShown = 200

// quarantine lists the messages that failed too often and were set aside, with the
// item where people read each, and with -replay puts them back to work.
func quarantine(ctx context.Context, c *cli, args []string) error {
	fs := newFlags("quarantine")
	replay := fs.Bool("replay", false, c.tr("再试一次：写出编号，或 all", "try them again: the messages named, or all"))
	texts := fs.Bool("text", false, c.tr("连内容一起印出来", "show what they say, too"))
	words, err := c.flags(fs, args, -1)
	if err != nil {
		return err
	}
	ids, err := messageIDs(words, *replay)
	if err != nil {
		return err
	}
	return c.onData(ctx, func(_ *config.Config, db *store.DB, _ *desk.Service) error {
		if *replay {
			return c.replay(ctx, db, ids)
		}
		return c.listQuarantine(ctx, db, *texts)
	})
}

// messageIDs reads the messages a replay is for; "all" is none named.
func messageIDs(words []string, replay bool) ([]int64, error) {
	if !replay {
		if len(words) > 0 {
			return nil, fmt.Errorf("%w: huiyin quarantine lists; huiyin quarantine -replay ID … tries again", errUsage)
		}
		return nil, nil
	}
	if len(words) == 0 {
		return nil, fmt.Errorf("%w: huiyin quarantine -replay ID … or -replay all", errUsage)
	}
	if len(words) == 1 && words[0] == "all" {
		return nil, nil
	}
	ids := make([]int64, len(words))
	for i, w := range words {
		id, err := strconv.ParseInt(w, 10, 64)
		if err != nil || id <= 0 {
			return nil, fmt.Errorf("%w: %q is no message's number: huiyin quarantine lists them", errUsage, w)
		}
		ids[i] = id
	}
	return ids, nil
}

func (c *cli) listQuarantine(ctx context.Context, db *store.DB, texts bool) error {
	var held []*feedback.Message
	err := db.Read(ctx, func(tx *store.Tx) error {
		var err error
		held, err = tx.Quarantined(quarantineShown + 1)
		return err
	})
	if err != nil {
		return err
	}
	more := len(held) > quarantineShown
	held = held[:min(len(held), quarantineShown)]
	for _, m := range held {
		item := "-"
		if m.Item != 0 {
			item = "#" + strconv.FormatInt(m.Item, 10)
		}
		line := []string{strconv.FormatInt(m.ID, 10), m.ReceivedAt.Format(time.RFC3339), m.Channel, item, cell(m.Error)}
		if texts {
			line = append(line, cell(m.Text))
		}
		fmt.Fprintln(c.out, strings.Join(line, "\t"))
	}
	said := c.tr(fmt.Sprintf("%d 条", len(held)), fmt.Sprintf("%d messages", len(held)))
	if more {
		said += c.tr("，还有更多没列出来", ", and more that are not listed")
	}
	if len(held) > 0 {
		said += c.tr("。huiyin quarantine -replay 编号 再试一次", ". huiyin quarantine -replay ID tries one again")
	}
	fmt.Fprintln(c.err, said)
	return nil
}

// cell keeps a customer's words from breaking a listing, or acting on the terminal.
func cell(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// replay makes messages new again; a running serve finds them at its next sweep.
func (c *cli) replay(ctx context.Context, db *store.DB, ids []int64) error {
	done := 0
	err := db.Write(ctx, func(tx *store.Tx) error {
		done = 0
		if ids == nil {
			held, err := tx.Quarantined(0)
			if err != nil {
				return err
			}
			for _, m := range held {
				if m.Text != "" || len(m.Attachments) > 0 { // a payload that could not be read stays for a person to look at
					ids = append(ids, m.ID)
				}
			}
		}
		for _, id := range ids {
			err := tx.Replay(id)
			if errors.Is(err, feedback.ErrNotFound) {
				return fmt.Errorf("message %d is not set aside: huiyin quarantine lists those that are", id)
			}
			if err != nil {
				return err
			}
			done++
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(c.out, c.tr(fmt.Sprintf("%d 条再试一次，serve 会接着处理", done), fmt.Sprintf("%d messages will be tried again by serve", done)))
	return nil
}

// tr picks the language of the terminal.
func (c *cli) tr(zh, en string) string {
	if c.lang == "en" {
		return en
	}
	return zh
}
