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
	text = accountPattern.ReplaceAllStringFunc(text, maskAccount)
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
	emailPattern = regexp.MustCompile(`(?i)[a-z0-9][a-z0-9._%+-]*[@＠][a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}`)
	// A name for an account, then its number or name.
	accountPattern = regexp.MustCompile(`(?i)(微信号?|薇信|vx|wechat|weixin|qq号?|扣扣)(\s*[:：是为]?\s*)([a-z][a-z0-9_-]{5,19}|[0-9]{5,12})`)
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
	at := strings.IndexAny(s, "@＠")
	_, size := utf8.DecodeRuneInString(s)
	return s[:size] + "***" + s[at:]
}

func maskAccount(s string) string {
	m := accountPattern.FindStringSubmatch(s)
	return m[1] + m[2] + m[3][:2] + "***"
}

// number is a run of digits in a text, with single spaces or hyphens between
// its groups.
type number struct {
	start, end int    // bytes of the text
	digits     string // ASCII, an X of an identity card at the end included
}

func maskNumbers(text string) string {
	var out strings.Builder
	done := 0
	eachNumber(text, func(n number) {
		masked := maskNumber(n.digits, text[:n.start])
		if masked == "" {
			return
		}
		out.WriteString(text[done:n.start])
		out.WriteString(masked)
		done = n.end
	})
	if done == 0 {
		return text
	}
	out.WriteString(text[done:])
	return out.String()
}

// spokenMobile is a mobile number in Chinese numerals, as it is read out.
var spokenMobile = regexp.MustCompile(`[零〇一二三四五六七八九幺两]{11,}`)

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
	for _, prefix := range []string{"", "86", "0086"} {
		if rest, ok := strings.CutPrefix(digits, prefix); ok && isMobile(rest) {
			return prefix + rest[:3] + "****" + rest[7:]
		}
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

// eachNumber calls use with each number of text of 7 digits or more that is not
// part of a Latin word.
func eachNumber(text string, use func(number)) {
	var digits []byte
	n := number{start: -1}
	var last rune // before the current one
	gap := false  // a single separator has been seen after the last digit
	flush := func(next rune) {
		if n.start >= 0 && len(digits) >= 7 && len(digits) <= 24 && !isASCIILetter(next) {
			n.digits = string(digits)
			use(n)
		}
		n.start, digits, gap = -1, digits[:0], false
	}
	for i, r := range text {
		d, ok := digit(r)
		switch {
		case ok && n.start < 0:
			if !isASCIILetter(last) {
				n.start = i
				digits = append(digits, d)
				n.end = i + utf8.RuneLen(r)
			}
		case ok:
			digits = append(digits, d)
			n.end = i + utf8.RuneLen(r)
			gap = false
		case n.start >= 0 && (r == 'x' || r == 'X' || r == 'Ｘ' || r == 'ｘ') && len(digits) == 17 && !gap:
			digits = append(digits, 'X')
			n.end = i + utf8.RuneLen(r)
			flush(0)
		case n.start >= 0 && (r == ' ' || r == '-' || r == '－') && !gap:
			gap = true
		default:
			flush(r)
		}
		last = r
		if ok && n.start < 0 {
			last = 'a' // digits that belong to a Latin word are part of it to their end
		}
	}
	flush(0)
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
