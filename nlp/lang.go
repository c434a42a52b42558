package nlp

import "unicode"

// language returns the language that text is most likely written in, by its
// script: zh, ja, ko, en, ru, ar, th, or und where there are no letters or none
// of these. Latin script counts as English: the analysis knows no other language
// in it.
func language(text []byte) string {
	var han, kana, hangul, latin, cyrillic, arabic, thai int
	for _, r := range string(text) {
		switch {
		case 'a' <= r && r <= 'z':
			latin++
		case r < 0x80:
		case isHan(r):
			han++
		case 0x3040 <= r && r <= 0x30ff:
			kana++
		case 0xac00 <= r && r <= 0xd7a3 || 0x1100 <= r && r <= 0x11ff:
			hangul++
		case 0x400 <= r && r <= 0x52f:
			cyrillic++
		case 0x600 <= r && r <= 0x6ff:
			arabic++
		case 0xe00 <= r && r <= 0xe7f:
			thai++
		case unicode.Is(unicode.Latin, r):
			latin++
		}
	}
	const lettersAWord = 4 // a Chinese character says about as much as this many Latin letters
	switch {
	case kana > 0 && kana*2 >= han:
		return "ja"
	case hangul > 0 && hangul >= han:
		return "ko"
	case han > 0 && han*lettersAWord >= latin:
		return "zh"
	case latin > 0 && latin >= max(cyrillic, arabic, thai):
		return "en"
	case cyrillic > 0 && cyrillic >= max(arabic, thai):
		return "ru"
	case arabic > 0 && arabic >= thai:
		return "ar"
	case thai > 0:
		return "th"
	}
	return "und"
}
