package telegram

import (
	"encoding/json"
	"strings"
)

// The parts of an update that are read. Lists hold values, not pointers: an
// element may be null. The library's own types know Bot API 5.5 and would drop
// what came later (reply parameters, origins of forwarded messages).

type update struct {
	ID       int64         `json:"update_id"`
	Message  *wireMessage  `json:"message"`
	Edited   *wireMessage  `json:"edited_message"`
	Callback *wireCallback `json:"callback_query"`
	Member   *wireMember   `json:"my_chat_member"`
}

// user is a Telegram account.
type user struct {
	ID       int64  `json:"id"`
	Bot      bool   `json:"is_bot"`
	First    string `json:"first_name"`
	Last     string `json:"last_name,omitempty"`
	Username string `json:"username,omitempty"`
	Lang     string `json:"language_code,omitempty"`
	// Told by getMe only.
	HearsAll  bool `json:"can_read_all_group_messages,omitempty"`
	CanGroups bool `json:"can_join_groups,omitempty"`
}

func (u user) name() string { return strings.TrimSpace(u.First + " " + u.Last) }

type wireChat struct {
	ID       int64  `json:"id"`
	Type     string `json:"type"`
	Title    string `json:"title"`
	First    string `json:"first_name"`
	Last     string `json:"last_name"`
	Username string `json:"username"`
}

type wireMessage struct {
	ID            int64           `json:"message_id"`
	Date          int64           `json:"date"`
	EditDate      int64           `json:"edit_date"`
	Chat          wireChat        `json:"chat"`
	From          *user           `json:"from"`
	SenderChat    *wireChat       `json:"sender_chat"`
	ViaBot        *user           `json:"via_bot"`
	Origin        json.RawMessage `json:"forward_origin"`
	Automatic     bool            `json:"is_automatic_forward"`
	ReplyTo       *wireParent     `json:"reply_to_message"`
	Album         string          `json:"media_group_id"`
	Text          string          `json:"text"`
	Entities      []entity        `json:"entities"`
	Caption       string          `json:"caption"`
	CaptionMarks  []entity        `json:"caption_entities"`
	MigrateTo     int64           `json:"migrate_to_chat_id"`
	MigrateFrom   int64           `json:"migrate_from_chat_id"`
	Photo         []wireFile      `json:"photo"`
	Voice         *wireFile       `json:"voice"`
	Audio         *wireFile       `json:"audio"`
	Video         *wireFile       `json:"video"`
	VideoNote     *wireFile       `json:"video_note"`
	Animation     *wireFile       `json:"animation"`
	Document      *wireFile       `json:"document"`
	LivePhoto     *wireFile       `json:"live_photo"`
	Sticker       *wireFile       `json:"sticker"`
	Location      *wireLocation   `json:"location"`
	Venue         *wireVenue      `json:"venue"`
	Contact       *wireContact    `json:"contact"`
	Poll          *wirePoll       `json:"poll"`
	Dice          *wireDice       `json:"dice"`
	Checklist     *wireChecklist  `json:"checklist"`
	Rich          json.RawMessage `json:"rich_message"`
	Story         json.RawMessage `json:"story"`
	PaidMedia     json.RawMessage `json:"paid_media"`
	ExternalReply json.RawMessage `json:"external_reply"`
}

// wireParent is the message that another answers.
type wireParent struct {
	ID       int64    `json:"message_id"`
	From     *user    `json:"from"`
	Entities []entity `json:"entities"`
	Markup   struct {
		Rows [][]struct {
			Data string `json:"callback_data"`
		} `json:"inline_keyboard"`
	} `json:"reply_markup"`
}

// data returns what a button of the message bears; empty where none does.
func (p *wireParent) data() string {
	for _, row := range p.Markup.Rows {
		for _, button := range row {
			if button.Data != "" {
				return button.Data
			}
		}
	}
	return ""
}

type wireFile struct {
	ID       string `json:"file_id"`
	Name     string `json:"file_name"`
	MIME     string `json:"mime_type"`
	Size     int64  `json:"file_size"`
	Duration int    `json:"duration"`
	Width    int    `json:"width"`
	Height   int    `json:"height"`
	Emoji    string `json:"emoji"`
}

type wireLocation struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

type wireVenue struct {
	Title   string `json:"title"`
	Address string `json:"address"`
}

type wireContact struct {
	Phone string `json:"phone_number"`
	First string `json:"first_name"`
	Last  string `json:"last_name"`
}

type wirePoll struct {
	Question string `json:"question"`
	Options  []struct {
		Text string `json:"text"`
	} `json:"options"`
}

type wireDice struct {
	Emoji string `json:"emoji"`
}

type wireChecklist struct {
	Title string `json:"title"`
	Tasks []struct {
		Text string `json:"text"`
	} `json:"tasks"`
}

type wireCallback struct {
	ID      string `json:"id"`
	From    user   `json:"from"`
	Data    string `json:"data"`
	Message *struct {
		ID   int64    `json:"message_id"`
		Chat wireChat `json:"chat"`
	} `json:"message"`
}

type wireMember struct {
	Chat wireChat   `json:"chat"`
	From user       `json:"from"`
	Date int64      `json:"date"`
	Old  wireStatus `json:"old_chat_member"`
	New  wireStatus `json:"new_chat_member"`
}

type wireStatus struct {
	Status string `json:"status"`
	Member bool   `json:"is_member"`
	User   user   `json:"user"`
}

// in reports whether somebody of that status is in the chat.
func (s wireStatus) in() bool {
	switch s.Status {
	case "creator", "administrator", "member":
		return true
	case "restricted":
		return s.Member
	default:
		return false
	}
}
