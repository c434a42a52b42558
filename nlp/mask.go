package nlp

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Mask returns text with personal data made unreadable, as shown in chats:
// mobile numbers (138****5678, in Chinese
// numerals too), land lines, identity cards (by their check
// digit, or named as such), bank cards (by Luhn's check digit, or named as
// such), e-mail addresses, accounts named as WeChat or QQ, and the house number
// and what follows it of postal addresses. Everything else stays as it is.
//
// Mask(Mask(s)) == Mask(s).
func Mask(text string) string {
	if !mayHold(text) {
		return text
	}
	text = maskNumbers(text)
	text = maskSpoken(text)
	text = emailPattern.ReplaceAllStringFunc(text, maskEmail)
	for _, pattern := range accountPatterns {
		text = pattern.ReplaceAllStringFunc(text, func(s string) string { return maskAccount(pattern.FindStringSubmatch(s)) })
	}
	return addressPattern.ReplaceAllStringFunc(text, maskAddress)
}

// mayHold reports whether text has a digit, a letter sign or a sign that
// personal data cannot do without.
func mayHold(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		_, ok := digit(r)
		return ok || r == '@' || r == '＠' || strings.ContainsRune("一二三四五六七八九十号微扣vVqQ", r)
	})
}

// MaskName returns name with each grapheme after the first as an asterisk, two
// of them at most: 王小明 is 王**, 李雷 is 李*.
func MaskName(name string) string {
	name = strings.TrimSpace(name)
	first, rest, _, _ := uniseg.FirstGraphemeClusterInString(name, -1)
	return first + strings.Repeat("*", min(2, uniseg.GraphemeClusterCount(rest)))
}

var (
	emailPattern = regexp.MustCompile(`(?i)[a-z0-9][a-z0-9._%+-]*(?:[@＠][a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,})+`)
	// A name for an account, then its number or name. A bare v is one before a number
	// only: 加vanilla is no account.
	accountPatterns = []*regexp.Regexp{
		regexp.MustCompile(`(?i)(微信号?|薇信|威信|v信|vx|wx|加我?v\s*[:：是为]|wechat|weixin|qq号?|扣扣)(\s*[:：是为]?\s*)([a-z][a-z0-9_-]{5,19}|[0-9]{5,12})`),
		regexp.MustCompile(`(?i)(加我?v)(\s*)([0-9]{5,12})`),
	}
	// A street and the house's number, or an estate and the building's, then what
	// follows to the room. A floor alone (广场3楼) tells a shop, not a home.
	addressPattern = regexp.MustCompile(`(\p{Han}{1,10}(?:(?:路|街|大道|巷|弄|胡同|村|镇|乡)` + houseNumber + `(?:号楼|号|弄|支弄)` +
		`|(?:小区|花园|公寓|家园|新村|苑|大厦|广场|城)` + houseNumber + `(?:号楼|栋|幢|座|单元|室|户|房)))` +
		`(?:\s*[-－—]?` + houseNumber + `(?:号楼|号|栋|幢|座|单元|楼|层|室|户|房)|[-－—]?[0-9０-９]{1,5})*`)
	// houseNumberPattern is the number and sign that end what addressPattern's
	// group found.
	houseNumberPattern = regexp.MustCompile(houseNumber + `(?:号楼|号|弄|支弄|栋|幢|座|单元|室|户|房)$`)
)

const houseNumber = `\s*[0-9０-９a-zA-Z一二三四五六七八九十百]{1,6}\s*`

func maskAddress(s string) string {
	m := addressPattern.FindStringSubmatch(s)
	return houseNumberPattern.ReplaceAllString(m[1], "") + "***"
}

func maskEmail(s string) string {
	at := strings.LastIndexAny(s, "@＠") // of two addresses in one word the last
	_, size := utf8.DecodeRuneInString(s)
	return s[:size] + "***" + s[at:]
}

// maskAccount masks the account of a match of one of accountPatterns.
func maskAccount(m []string) string {
	return m[1] + m[2] + m[3][:2] + "***"
}

// group is a run of digits in a text: a number, or a part of one that is written
// with signs between.
type group struct {
	start, end int    // bytes of the text
	digits     string // ASCII, the X of an identity card at the end included
}

// maxDigits is how many digits a personal number has at most.
const maxDigits = 24

func maskNumbers(text string) string {
	var out strings.Builder
	done := 0
	eachNumber(text, func(groups []group, word bool) {
		for first := 0; first < len(groups); {
			n, masked := personalNumber(groups[first:], first == 0, word, text[:groups[first].start])
			if n == 0 {
				first++
				continue
			}
			out.WriteString(text[done:groups[first].start])
			out.WriteString(masked)
			done = groups[first+n-1].end
			first += n
		}
	})
	if done == 0 {
		return text
	}
	out.WriteString(text[done:])
	return out.String()
}

// personalNumber returns how many of groups, from the first on, are a personal
// number, and it masked. Behind one there may be another, or the number of a house.
// What is surely personal counts wherever it stands; anything else where it is all
// that stands there, or a single group. whole says that nothing stands before
// groups, word that letters follow right behind them.
func personalNumber(groups []group, whole, word bool, before string) (n int, masked string) {
	var space [maxDigits]byte
	digits := space[:0]
	for i := range groups {
		if len(digits)+len(groups[i].digits) > maxDigits {
			break
		}
		digits = append(digits, groups[i].digits...)
		last := i == len(groups)-1
		alone := i == 0 || whole && last
		if (!alone || word && last) && !surelyPersonal(string(digits)) {
			continue
		}
		if m := maskNumber(string(digits), before); m != "" {
			n, masked = i+1, m
		}
	}
	return n, masked
}

// surelyPersonal reports whether digits are a mobile number or an identity card.
func surelyPersonal(digits string) bool {
	_, mobile := cutMobile(digits)
	return mobile || len(digits) == 18 && isIdentity(digits)
}

// spokenMobile is a mobile number in Chinese numerals, as it is read out.
var spokenMobile = regexp.MustCompile(`[零〇一二三四五六七八九幺两](?:[ \x{3000}－-]?[零〇一二三四五六七八九幺两]){10,}`)

// maskSpoken masks mobile numbers in Chinese numerals: 一三八… A longer run of
// numerals is none.
func maskSpoken(text string) string {
	return spokenMobile.ReplaceAllStringFunc(text, func(run string) string {
		digits := make([]byte, 0, 11)
		for _, r := range run {
			switch r {
			case '〇':
				r = '零'
			case '幺':
				r = '一'
			case '两':
				r = '二'
			case ' ', '\u3000', '-', '－':
				continue
			}
			digits = append(digits, '0'+byte(strings.IndexRune("零一二三四五六七八九", r)/utf8.RuneLen(r)))
		}
		if !isMobile(string(digits)) {
			return run
		}
		return maskNumber(string(digits), "")
	})
}

// maskNumber returns digits masked, or "" where they are no personal number.
// before is the text that precedes them.
func maskNumber(digits, before string) string {
	if country, ok := cutMobile(digits); ok {
		mobile := digits[len(country):]
		return country + mobile[:3] + "****" + mobile[7:]
	}
	named := nameBefore(before)
	switch n := len(digits); {
	case n == 18 && (isIdentity(digits) || named == "identity"), n == 15 && named == "identity":
		return digits[:3] + strings.Repeat("*", n-7) + digits[n-4:]
	case strings.HasSuffix(digits, "X"):
		return ""
	case 15 <= n && n <= 19 && isLuhn(digits) && digits[0] >= '3' && digits[0] <= '9', 12 <= n && n <= 19 && named == "card":
		return digits[:4] + strings.Repeat("*", n-8) + digits[n-4:]
	case digits[0] == '0' && (n == 11 || n == 12) && digits[1] != '0':
		return digits[:n-8] + "****" + digits[n-4:]
	}
	return ""
}

// nameBefore tells what the words right before a number call it.
func nameBefore(before string) string {
	if len(before) > 36 {
		before = before[len(before)-36:]
	}
	switch {
	case strings.Contains(before, "身份证"):
		return "identity"
	case strings.Contains(before, "银行卡"), strings.Contains(before, "卡号"), strings.Contains(before, "储蓄卡"), strings.Contains(before, "信用卡"):
		return "card"
	}
	return ""
}

// cutMobile returns the code of the country before a mobile number, and whether
// there is one.
func cutMobile(digits string) (country string, ok bool) {
	for _, country := range []string{"", "86", "0086"} {
		if rest, ok := strings.CutPrefix(digits, country); ok && isMobile(rest) {
			return country, true
		}
	}
	return "", false
}

func isMobile(s string) bool {
	return len(s) == 11 && s[0] == '1' && s[1] >= '3'
}

// isIdentity reports whether s has the check digit of a Chinese identity card
// (GB 11643).
func isIdentity(s string) bool {
	sum := 0
	weight := 7 // 2^17 mod 11 and so on down
	for i := range 17 {
		sum += int(s[i]-'0') * weight
		weight = weight * 6 % 11 // halving modulo 11
	}
	const checks = "10X98765432"
	return s[17] == checks[sum%11]
}

func isLuhn(s string) bool {
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			d *= 2
			if d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// maxSigns is how many signs may stand between the groups of a number: 138 - 1234.
const maxSigns = 3

// eachNumber calls use with the groups of each number of text of 7 digits or more
// that is not the end of a Latin word, and whether letters follow it.
func eachNumber(text string, use func(groups []group, word bool)) {
	var groups []group
	var digits []byte
	start, end := -1, 0 // of the group that is being read
	total, signs := 0, 0
	word := false // what is being read is a Latin word
	flush := func(letter bool) {
		if total >= 7 {
			use(groups, letter)
		}
		groups, total = groups[:0], 0
	}
	closeGroup := func() {
		switch {
		case start < 0:
		case strings.HasSuffix(text[:start], "**") || strings.HasPrefix(text[end:], "**"):
			flush(false) // part of a number that is masked already
		default:
			groups = append(groups, group{start: start, end: end, digits: string(digits)})
			total += len(digits)
		}
		start, digits, signs = -1, digits[:0], 0
	}
	for i, r := range text {
		d, ok := digit(r)
		switch {
		case ok && word:
			continue
		case ok:
			if start < 0 {
				start = i
			}
			digits = append(digits, d)
			end = i + utf8.RuneLen(r)
			continue
		case start >= 0 && isX(r) && (len(digits) == 17 || total+len(digits) == 17):
			digits = append(digits, 'X')
			end = i + utf8.RuneLen(r)
			closeGroup()
			flush(false)
		case joinsGroups(r) && (start >= 0 || len(groups) > 0 && signs < maxSigns):
			if start >= 0 {
				closeGroup()
			}
			signs++
		default:
			letter := isASCIILetter(r) && start >= 0
			closeGroup()
			flush(letter)
		}
		word = isASCIILetter(r)
	}
	closeGroup()
	flush(false)
}

func isX(r rune) bool { return r == 'x' || r == 'X' || r == 'Ｘ' || r == 'ｘ' }

// joinsGroups reports whether r stands between the groups of a number.
func joinsGroups(r rune) bool {
	switch r {
	case ' ', '\u00a0', '\u3000', '-', '－', '–', '‑':
		return true
	}
	return false
}

func isASCIILetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }

// digit returns the ASCII digit that r is, in either width.
func digit(r rune) (byte, bool) {
	switch {
	case '0' <= r && r <= '9':
		return byte(r), true
	case '０' <= r && r <= '９':
		return byte(r - '０' + '0'), true
	}
	return 0, false
}
