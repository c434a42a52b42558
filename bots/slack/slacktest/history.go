package slacktest

import (
	"slices"
	"strconv"
)

// mostPerPage is Slack's cap on one page of a history.
const mostPerPage = 999

// history answers conversations.history, the newest message first, and
// conversations.replies, the parent first.
func (s *Server) history(c call) (answer, error) {
	ch, err := s.channelFor(c.args["channel"])
	if err != nil {
		return nil, err
	}
	thread := c.args["ts"]
	if c.method == "conversations.replies" && ch.find(thread) == nil {
		return nil, no("thread_not_found")
	}
	var found []*Message
	for _, m := range ch.messages {
		mine := m.Thread == "" && thread == "" || thread != "" && (m.TS == thread || m.Thread == thread)
		if mine && !m.Deleted && m.Ephemeral == "" && c.within(m.TS) {
			found = append(found, m)
		}
	}
	if thread == "" {
		slices.Reverse(found)
	}
	return c.cutPage(found)
}

// within reports whether a message lies between oldest and latest.
func (c call) within(ts string) bool {
	at, _ := strconv.ParseFloat(ts, 64)
	oldest, _ := strconv.ParseFloat(c.args["oldest"], 64)
	latest, err := strconv.ParseFloat(c.args["latest"], 64)
	both := c.args["inclusive"] == "1" || c.args["inclusive"] == "true"
	after := at > oldest || both && at == oldest
	return after && (err != nil || at < latest || both && at == latest)
}

// cutPage returns the page that a call asks for.
func (c call) cutPage(found []*Message) (answer, error) {
	limit, err := strconv.Atoi(c.args["limit"])
	if err != nil || limit <= 0 {
		limit = 100
	}
	from, err := strconv.Atoi(c.args["cursor"])
	if c.args["cursor"] != "" && (err != nil || from < 0 || from > len(found)) {
		return nil, no("invalid_cursor")
	}
	to := min(from+min(limit, mostPerPage), len(found))
	messages := []answer{}
	for _, m := range found[from:to] {
		shown := answer{"type": "message", "ts": m.TS, "user": m.User, "text": m.Fallback, "blocks": []answer{{"type": "unknown_to_all"}}}
		if m.User == Bot {
			shown["bot_id"] = botID
		}
		if m.Thread != "" {
			shown["thread_ts"] = m.Thread
		}
		if m.Key != "" && (c.args["include_all_metadata"] == "1" || c.args["include_all_metadata"] == "true") {
			shown["metadata"] = answer{"event_type": "huiyin", "event_payload": answer{"key": m.Key}}
		}
		messages = append(messages, shown)
	}
	next := ""
	if to < len(found) {
		next = strconv.Itoa(to)
	}
	return answer{"messages": messages, "has_more": next != "", "response_metadata": answer{"next_cursor": next}}, nil
}
