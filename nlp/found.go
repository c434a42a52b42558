package nlp

import (
	"strings"
	"unicode/utf8"
)

// The fields that are read by their shape, beside those of Options.Fields.
const (
	FieldOrder    = "order"    // an order's number
	FieldTracking = "tracking" // a parcel's number
	FieldBatch    = "batch"    // a product's batch
)

// addName compiles a name of a field's value.
func (b *ruleBook) addName(name string, value int32) error {
	// A name may hold what elsewhere are signs of the notation.
	id, err := b.register(name)
	if err != nil {
		return err
	}
	b.added[id] = append(b.added[id], action{kind: actField, index: value, first: -1})
	return nil
}

// readFields returns the values of fields that the text names. Of a field the
// longest name counts, then the first; a name that belongs to two values, and
// so tells neither, is passed over.
func (a *Analyzer) readFields(s *scratch) map[string]string {
	var found map[string]string
	set := func(field, code string) {
		if found == nil {
			found = make(map[string]string, 2)
		}
		found[field] = code
	}
	lengths := map[string]int32(nil)
	for _, h := range s.hits {
		if !h.kinds.has(actField) {
			continue
		}
		for _, act := range a.rules.of(h.literal) {
			if act.kind != actField || a.ambiguous(h.literal, act.index) {
				continue
			}
			f := &a.fields[act.index]
			if n := h.end - h.start; n > lengths[f.Field] {
				if lengths == nil {
					lengths = make(map[string]int32, 2)
				}
				lengths[f.Field] = n
				set(f.Field, f.Code)
			}
		}
	}
	if s.survey.digits >= minCode {
		readNumbers(s.folded, func(field, value string) {
			if _, ok := found[field]; !ok {
				set(field, value)
			}
		})
	}
	return found
}

// ambiguous reports whether the literal also names another value of the same
// field.
func (a *Analyzer) ambiguous(literal, value int32) bool {
	f := &a.fields[value]
	for _, act := range a.rules.of(literal) {
		if act.kind == actField && a.fields[act.index].Field == f.Field && a.fields[act.index].Code != f.Code {
			return true
		}
	}
	return false
}

// numberNames are the words before a number that tell what it is, the more
// exact ones first.
var numberNames = []struct{ field, name string }{
	{FieldTracking, "快递单号"}, {FieldTracking, "运单号"}, {FieldTracking, "物流单号"}, {FieldTracking, "快递号"}, {FieldTracking, "tracking number"}, {FieldTracking, "tracking no"},
	{FieldBatch, "生产批号"}, {FieldBatch, "批次号"}, {FieldBatch, "批号"}, {FieldBatch, "批次"},
	{FieldOrder, "订单编号"}, {FieldOrder, "订单号"}, {FieldOrder, "订单"}, {FieldOrder, "单号"}, {FieldOrder, "取餐码"}, {FieldOrder, "取货码"}, {FieldOrder, "order number"}, {FieldOrder, "order no"}, {FieldOrder, "order id"}, {FieldOrder, "order"},
}

// readNumbers calls set with the order, parcel and batch numbers that a folded
// text names.
func readNumbers(text string, set func(field, value string)) {
	var used []string
	for _, n := range numberNames {
		rest := text
		for {
			_, after, ok := strings.Cut(rest, n.name)
			if !ok {
				break
			}
			rest = after
			value := code(after)
			if value == "" || contains(used, value) {
				continue
			}
			used = append(used, value)
			set(n.field, strings.ToUpper(value))
			break
		}
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

const (
	minCode = 4
	maxCode = 40
)

// code returns the number that text begins with, after signs and words such as
// 是 and 为: letters, digits and hyphens with at least four digits.
func code(text string) string {
	for range 4 {
		before := text
		text = strings.TrimLeft(text, " :#.*【[(（\"'“是为")
		text = strings.TrimPrefix(text, "号")
		text = strings.TrimPrefix(text, "number")
		if text == before {
			break
		}
	}
	end, digits := 0, 0
	for end < len(text) && (isLatinWord(rune(text[end])) || text[end] == '-' || text[end] == '_') {
		if '0' <= text[end] && text[end] <= '9' {
			digits++
		}
		end++
	}
	value := strings.Trim(text[:end], "-_")
	if digits < minCode || len(value) > maxCode || dateOrAmount(value, text[end:]) {
		return ""
	}
	return value
}

// dateOrAmount reports whether what follows a number, or its shape, makes it a
// date, a sum or a phone number rather than a code.
func dateOrAmount(value, after string) bool {
	r, _ := utf8.DecodeRuneInString(strings.TrimLeft(after, " "))
	return strings.ContainsRune("年月元块份个天人", r) && r != utf8.RuneError || isMobile(value) || value[0] == '2' && len(value) == 10 && value[4] == '-' && value[7] == '-'
}
