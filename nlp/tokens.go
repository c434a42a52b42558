package nlp

import (
	"unicode"
	"unicode/utf8"
)

// SearchTokens returns the tokens that text is indexed by, in two parts. First,
// each once: its pairs of neighbouring Chinese characters, and the letter and
// digit parts of mixed words (tws of tws3). Then, in the order of the text and
// as often as they occur: every single Chinese character and every Latin word
// and number, so that a phrase is found by neighbouring tokens
// ([PhraseTokens]).
//
// The index does not depend on how words were cut: pairs find whatever a query
// names, brands unknown to the dictionary too, and stay valid when dictionary
// or user words change. Hence the segmenter is not asked here, only for
// queries.
func SearchTokens(_ Segmenter, text string) []string {
	text = Fold(text)
	tokens := make([]string, 0, len(text)/2+8)
	seen := make(map[string]struct{}, len(text)/3+8)
	add := func(token string) {
		if _, ok := seen[token]; !ok {
			seen[token] = struct{}{}
			tokens = append(tokens, token)
		}
	}
	eachPiece(text, func(piece string, kind pieceKind, adjoining string) {
		if adjoining != "" {
			add(adjoining)
		}
		if kind == pieceRun {
			eachPart(piece, add)
		}
	})
	return appendPieces(tokens, text)
}

// QueryTokens returns the tokens that a text must all have to answer query, in
// whatever order: each word of it, cut by seg, as its pairs of characters; a
// word of one character as that; Latin words and numbers whole.
func QueryTokens(seg Segmenter, query string) []string {
	query = Fold(query)
	var tokens []string
	seen := make(map[string]struct{})
	add := func(token string) {
		if _, ok := seen[token]; !ok {
			seen[token] = struct{}{}
			tokens = append(tokens, token)
		}
	}
	// Latin runs first and whole, since a segmenter may cut inside them.
	eachPiece(query, func(piece string, kind pieceKind, _ string) {
		if kind == pieceRun {
			add(piece)
		}
	})
	for _, w := range seg.Words(query) {
		single, pairs := "", 0
		eachPiece(w.Text, func(piece string, kind pieceKind, adjoining string) {
			if kind == pieceRun {
				return
			}
			single = piece
			if adjoining != "" {
				pairs++
				add(adjoining)
			}
		})
		if single != "" && pairs == 0 {
			add(single)
		}
	}
	return tokens
}

// PhraseTokens returns the tokens that a text must have one after another to
// hold phrase as written, punctuation apart.
func PhraseTokens(phrase string) []string { return appendPieces(nil, Fold(phrase)) }

func appendPieces(tokens []string, text string) []string {
	eachPiece(text, func(piece string, _ pieceKind, _ string) { tokens = append(tokens, piece) })
	return tokens
}

type pieceKind int

const (
	pieceChar pieceKind = iota // one character of a script written without spaces
	pieceRun                   // a run of other letters and digits
)

// eachPiece calls use with each single character and each run of text. For a
// character right after another, adjoining is the pair.
func eachPiece(text string, use func(piece string, kind pieceKind, adjoining string)) {
	previous, run := -1, -1 // where the character before, or the current run, starts
	for i, r := range text {
		letter := unicode.IsLetter(r) || unicode.IsDigit(r)
		if letter && !unspaced(r) {
			if run < 0 {
				run = i
			}
			previous = -1
			continue
		}
		if run >= 0 {
			use(text[run:i], pieceRun, "")
			run = -1
		}
		if !letter {
			previous = -1
			continue
		}
		end := i + utf8.RuneLen(r)
		adjoining := ""
		if previous >= 0 {
			adjoining = text[previous:end]
		}
		use(text[i:end], pieceChar, adjoining)
		previous = i
	}
	if run >= 0 {
		use(text[run:], pieceRun, "")
	}
}

// eachPart calls use with the letter parts and the digit parts of run, if it
// has both.
func eachPart(run string, use func(string)) {
	start := 0
	for i, r := range run {
		if i == 0 {
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(run[:i])
		if unicode.IsDigit(before) != unicode.IsDigit(r) {
			use(run[start:i])
			start = i
		}
	}
	if start > 0 {
		use(run[start:])
	}
}

// unspaced reports whether r belongs to a script that does not put spaces
// between words, or attaches particles to them.
func unspaced(r rune) bool {
	return isHan(r) || 0x3040 <= r && r <= 0x30ff || 0xac00 <= r && r <= 0xd7a3 || 0x0e00 <= r && r <= 0x0eff || 0x1000 <= r && r <= 0x109f || 0x1780 <= r && r <= 0x17ff
}

func isHan(r rune) bool {
	return cjkFirst <= r && r <= cjkLast || 0x20000 <= r && r <= 0x323af || 0xf900 <= r && r <= 0xfaff
}
