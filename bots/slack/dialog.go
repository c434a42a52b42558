package slack

import (
	"encoding/json"

	"github.com/slack-go/slack"

	"github.com/huiyin/huiyin/bots"
)

const (
	dialogID   = "huiyin" // callback_id of our views
	fieldText  = "text"   // name of a dialog's text field in Values
	maxOptions = 10       // boxes of one group
	inputLimit = 3000
)

// place is where a dialog was opened and what it is about. It travels in the
// view's private metadata (3,000 characters), since Slack does not say where a
// submission came from.
type place struct {
	Data    string `json:"d"`
	Chat    string `json:"c"`
	Thread  string `json:"t,omitempty"`
	Message string `json:"m,omitempty"`
}

func readPlace(metadata string) (place, error) {
	var p place
	if err := json.Unmarshal([]byte(metadata), &p); err != nil {
		return place{}, err
	}
	if p.Chat == "" {
		return place{}, errMalformed
	}
	return p, nil
}

// layDialog lays a form out as a modal.
func layDialog(d bots.Dialog, p place) (slack.ModalViewRequest, error) {
	metadata, err := json.Marshal(p)
	if err != nil {
		return slack.ModalViewRequest{}, err
	}
	blocks := []slack.Block{layField(d)}
	if boxes := layBoxes(d.Options); boxes != nil {
		blocks = append(blocks, boxes)
	}
	return slack.ModalViewRequest{
		Type:            slack.VTModal,
		CallbackID:      dialogID,
		PrivateMetadata: string(metadata),
		Title:           plain(first(units(24).Cut(oneLine(d.Title)), "…")),
		Submit:          plain(first(units(24).Cut(oneLine(d.Submit)), "OK")), // required beside a field
		Blocks:          slack.Blocks{BlockSet: blocks},
	}, nil
}

func layField(d bots.Dialog) *slack.InputBlock {
	var placeholder, hint *slack.TextBlockObject
	switch text := oneLine(d.Hint); {
	case text == "":
	case units(150).Fits(text):
		placeholder = plain(text)
	default:
		hint = plain(units(valueLimit).Cut(text))
	}
	input := slack.NewPlainTextInputBlockElement(placeholder, fieldText)
	input.Multiline = true
	input.InitialValue = units(inputLimit).Cut(bots.Clean(d.Value))
	input.MinLength = max(0, min(d.Min, inputLimit))
	input.MaxLength = inputLimit
	return slack.NewInputBlock(fieldText, plain(first(units(valueLimit).Cut(oneLine(d.Label)), "…")), hint, input)
}

// layBoxes lays the boxes to tick out; nil where there are none.
func layBoxes(options []bots.Option) *slack.InputBlock {
	var boxes []*slack.OptionBlockObject
	for _, o := range options {
		text := units(75).Cut(oneLine(o.Text))
		if text != "" && o.Name != "" && len(o.Name) <= 75 && len(boxes) < maxOptions {
			boxes = append(boxes, slack.NewOptionBlockObject(o.Name, plain(text), nil))
		}
	}
	if len(boxes) == 0 {
		return nil
	}
	block := slack.NewInputBlock("boxes", plain("　"), nil, slack.NewCheckboxGroupsBlockElement("boxes", boxes...))
	block.Optional = true
	return block
}

// formValues reads a submitted view's state: the text field under its name,
// each ticked box as "on".
func formValues(state object) map[string]string {
	values := map[string]string{}
	for block := range state {
		for action := range state.object(block) {
			field := state.object(block).object(action)
			switch field.text("type") {
			case "plain_text_input":
				values[action] = field.text("value")
			case "checkboxes":
				for _, box := range field.objects("selected_options", maxOptions) {
					if name := box.text("value"); name != "" {
						values[name] = "on"
					}
				}
			}
		}
	}
	return values
}
