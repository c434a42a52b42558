package nlp

import "unicode"

// scriptCount counts the letters of each script.
type scriptCount struct{ han, kana, hangul, latin, cyrillic, arabic, thai int }

// add counts a letter that is neither ASCII nor a Chinese character.
func (n *scriptCount) add(r rune) {
	switch {
	case 0x3040 <= r && r <= 0x30ff:
		n.kana++
	case 0xac00 <= r && r <= 0xd7a3 || 0x1100 <= r && r <= 0x11ff:
		n.hangul++
	case 0x400 <= r && r <= 0x52f:
		n.cyrillic++
	case 0x600 <= r && r <= 0x6ff:
		n.arabic++
	case 0xe00 <= r && r <= 0xe7f:
		n.thai++
	case unicode.Is(unicode.Latin, r):
		n.latin++
	}
}

// language returns the language that a text is most likely written in, by its
// script: zh, ja, ko, en, ru, ar, th, or und where there are no letters or none
// of these. Latin script counts as English: the analysis knows no other language
// in it.
func (n *scriptCount) language() string {
	const lettersAWord = 4 // a Chinese character says about as much as this many Latin letters
	switch {
	case n.kana > 0 && n.kana*2 >= n.han:
		return "ja"
	case n.hangul > 0 && n.hangul >= n.han:
		return "ko"
	case n.han > 0 && n.han*lettersAWord >= n.latin:
		return "zh"
	case n.latin > 0 && n.latin >= max(n.cyrillic, n.arabic, n.thai):
		return "en"
	case n.cyrillic > 0 && n.cyrillic >= max(n.arabic, n.thai):
		return "ru"
	case n.arabic > 0 && n.arabic >= n.thai:
		return "ar"
	case n.thai > 0:
		return "th"
	}
	return "und"
}
