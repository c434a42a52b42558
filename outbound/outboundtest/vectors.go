package outboundtest

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Vector is an address that must not be reached.
type Vector struct{ Name, URL string }

// Vectors returns every spelling of addresses that lead to this canary or to
// what is not the public internet, each once: over 200.
func (c *Canary) Vectors() []Vector {
	v := &vectors{port: strconv.Itoa(c.Port), seen: map[string]bool{}}
	v.numbers()
	v.embedded()
	v.ranges()
	v.spelled()
	v.names()
	v.dressed()
	v.schemes()
	return v.all
}

type vectors struct {
	port string
	all  []Vector
	seen map[string]bool
}

func (v *vectors) url(name, address string) {
	if !v.seen[address] {
		v.seen[address] = true
		v.all = append(v.all, Vector{name, address})
	}
}

// host adds a host on the canary's port.
func (v *vectors) host(name, host string) { v.url(name, "http://"+host+":"+v.port+"/") }

// targets are addresses that something worth stealing listens on.
var targets = []string{"127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "172.16.0.1", "100.100.100.200", "0.0.0.0"}

// numbers writes IPv4 addresses as C libraries have always read them.
func (v *vectors) numbers() {
	for _, t := range targets {
		b := netip.MustParseAddr(t).As4()
		n := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
		v.host("dotted "+t, t)
		for name, host := range map[string]string{
			"decimal":          strconv.FormatUint(uint64(n), 10),
			"hexadecimal":      fmt.Sprintf("0x%08x", n),
			"octal":            fmt.Sprintf("0%o", n),
			"dotted hex":       fmt.Sprintf("0x%02x.0x%02x.0x%02x.0x%02x", b[0], b[1], b[2], b[3]),
			"dotted octal":     fmt.Sprintf("0%03o.0%03o.0%03o.0%03o", b[0], b[1], b[2], b[3]),
			"leading zeros":    fmt.Sprintf("%03d.%03d.%03d.%03d", b[0], b[1], b[2], b[3]),
			"mixed bases":      fmt.Sprintf("0x%x.0%o.%d.%d", b[0], b[1], b[2], b[3]),
			"two parts":        fmt.Sprintf("%d.%d", b[0], n&0xffffff),
			"three parts":      fmt.Sprintf("%d.%d.%d", b[0], b[1], n&0xffff),
			"overflowing":      strconv.FormatUint(uint64(n)+1<<32, 10),
			"trailing dot":     t + ".",
			"percent encoded":  percent(t),
			"full-width":       wide(t),
			"ideographic dots": strings.ReplaceAll(t, ".", "。"),
			"half-width dots":  strings.ReplaceAll(t, ".", "｡"),
			"circled digits":   circled(t),
			"as a name":        strings.ReplaceAll(t, ".", "-") + ".nip.example",
		} {
			v.host(name+" "+t, host)
		}
	}
}

// embedded puts IPv4 addresses into IPv6, in each way that a network may take
// out again.
func (v *vectors) embedded() {
	for _, t := range targets {
		b := netip.MustParseAddr(t).As4()
		h := hex.EncodeToString(b[:])
		hi, lo := h[:4], h[4:]
		for name, host := range map[string]string{
			"mapped":             "[::ffff:" + t + "]",
			"mapped hex":         "[::ffff:" + hi + ":" + lo + "]",
			"mapped, whole":      "[0:0:0:0:0:ffff:" + hi + ":" + lo + "]",
			"compatible":         "[::" + t + "]",
			"translated":         "[::ffff:0:" + hi + ":" + lo + "]",
			"NAT64":              "[64:ff9b::" + hi + ":" + lo + "]",
			"NAT64 of one's own": "[64:ff9b:1::" + hi + ":" + lo + "]",
			"6to4":               "[2002:" + hi + ":" + lo + "::1]",
			"Teredo":             "[2001:0:" + hi + ":" + lo + "::1]",
			"ISATAP":             "[fe80::5efe:" + hi + ":" + lo + "]",
		} {
			v.host(name+" "+t, host)
		}
	}
}

// ranges takes the ends of what IANA lists as special.
func (v *vectors) ranges() {
	for _, s := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"::/128", "::1/128", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16",
	} {
		p := netip.MustParsePrefix(s)
		for name, a := range map[string]netip.Addr{"first of ": p.Addr(), "second of ": p.Addr().Next(), "last of ": last(p)} {
			if !p.Contains(a) {
				continue
			}
			host := a.String()
			if a.Is6() {
				host = "[" + host + "]"
			}
			v.host(name+s, host)
		}
	}
}

// spelled are other ways to write the loopback in IPv6, zones among them.
func (v *vectors) spelled() {
	for _, host := range []string{
		"[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::0001]", "[::]", "[0::0]", "[::1%25lo]", "[::1%251]",
		"[fe80::1%25lo]", "[fe80::1%25eth0]", "[fd00:ec2::254]", "[::ffff:127.0.0.1%25lo]", "[::FFFF:7F00:1]", "[0::ffff:7f00:1]",
	} {
		v.host("IPv6 "+host, host)
	}
}

// names are those that resolve to somewhere inside, by the machine's own table
// or by the hostile name server.
func (v *vectors) names() {
	for _, host := range []string{
		"localhost", "LOCALHOST", "localhost.", "localhost.localdomain", "ip6-localhost", "sub.localhost", "metadata.google.internal", "metadata",
		"instance-data", "kubernetes.default.svc", "redis", "postgres", "inside.example", "INSIDE.example.", "xn--fsqu00a.example", "例子.example",
		"ｌｏｃａｌｈｏｓｔ", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "local\u00adhost", "inside。example", "ᵢnside.example",
	} {
		v.host("name "+host, host)
	}
}

// dressed hide where an address leads from who reads it.
func (v *vectors) dressed() {
	p := v.port
	for name, address := range map[string]string{
		"user":                     "http://public.example@127.0.0.1:" + p + "/",
		"user and password":        "http://public.example:443@127.0.0.1:" + p + "/",
		"two ats":                  "http://a@public.example@127.0.0.1:" + p + "/",
		"user with a slash":        "http://public.example%2F@127.0.0.1:" + p + "/",
		"backslash":                "http://public.example\\@127.0.0.1:" + p + "/",
		"backslashes":              "http:\\\\127.0.0.1:" + p + "\\",
		"fragment":                 "http://127.0.0.1:" + p + "#@public.example/",
		"query":                    "http://127.0.0.1:" + p + "?@public.example/",
		"semicolon":                "http://127.0.0.1:" + p + ";public.example/",
		"one slash":                "http:/127.0.0.1:" + p + "/",
		"three slashes":            "http:///127.0.0.1:" + p + "/",
		"no slash":                 "http:127.0.0.1:" + p + "/",
		"upper scheme":             "HTTP://127.0.0.1:" + p + "/",
		"https":                    "https://127.0.0.1:" + p + "/",
		"https of a name":          "https://inside.example:" + p + "/",
		"port with zeros":          "http://127.0.0.1:0" + p + "/",
		"port twice":               "http://127.0.0.1:80:" + p + "/",
		"no port":                  "http://127.0.0.1/",
		"port 443":                 "http://127.0.0.1:443/",
		"empty port":               "http://127.0.0.1:/",
		"Redis":                    "http://127.0.0.1:6379/",
		"SMTP":                     "http://127.0.0.1:25/",
		"PostgreSQL":               "http://127.0.0.1:5432/",
		"Docker":                   "http://127.0.0.1:2375/containers/json",
		"metadata":                 "http://169.254.169.254/latest/meta-data/",
		"metadata, Alibaba":        "http://100.100.100.200/latest/meta-data/",
		"metadata, Oracle":         "http://192.0.0.192/latest/",
		"line break in the path":   "http://127.0.0.1:" + p + "/\r\nX-Injected: 1",
		"encoded break":            "http://127.0.0.1:" + p + "/%0d%0aX-Injected:%201",
		"line break in the host":   "http://public.example\r\n.127.0.0.1:" + p + "/",
		"encoded break in a host":  "http://127.0.0.1%0d%0a:" + p + "/",
		"NUL in the host":          "http://127.0.0.1%00.public.example:" + p + "/",
		"space before":             " http://127.0.0.1:" + p + "/",
		"tab in the scheme":        "ht\ttp://127.0.0.1:" + p + "/",
		"space in the host":        "http://127.0.0.1 :" + p + "/",
		"encoded dots":             "http://127%2e0%2e0%2e1:" + p + "/",
		"encoded twice":            "http://127%252e0%252e0%252e1:" + p + "/",
		"encoded brackets":         "http://%5b::1%5d:" + p + "/",
		"unclosed bracket":         "http://[::1:" + p + "/",
		"IPv6 without brackets":    "http://::1:" + p + "/",
		"without a scheme":         "//127.0.0.1:" + p + "/",
		"path upwards":             "http://127.0.0.1:" + p + "/../../",
		"question mark in a host":  "http://public.example?.127.0.0.1:" + p + "/",
		"number sign in a host":    "http://public.example#.127.0.0.1:" + p + "/",
		"right-to-left mark":       "http://\u202e127.0.0.1:" + p + "/",
		"zero width":               "http://127\u200b.0.0.1:" + p + "/",
		"surrounded by zero width": "http://\u200b127.0.0.1\u200b:" + p + "/",
	} {
		v.url(name, address)
	}
}

// schemes are other languages that some clients speak.
func (v *vectors) schemes() {
	for _, scheme := range []string{"gopher", "ftp", "ftps", "sftp", "tftp", "ldap", "dict", "telnet", "ws", "wss", "unix", "jar", "netdoc", "redis", "smb", "imap", "h2c"} {
		v.url("scheme "+scheme, scheme+"://127.0.0.1:"+v.port+"/x")
	}
	for _, address := range []string{
		"file:///etc/passwd", "file://127.0.0.1/etc/passwd", "FILE:///etc/passwd", "data:text/plain,canary", "javascript:fetch('http://127.0.0.1')",
		"jar:http://127.0.0.1:" + v.port + "!/", "view-source:http://127.0.0.1:" + v.port + "/", "about:blank", "blob:http://127.0.0.1:" + v.port + "/1",
	} {
		v.url("scheme of "+address, address)
	}
}

func percent(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, "%%%02x", c)
	}
	return b.String()
}

// wide writes digits and dots as Chinese keyboards do.
func wide(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' {
			return '．'
		}
		return r - '0' + '０'
	}, s)
}

func circled(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '.':
			return r
		case '0':
			return '⓪'
		}
		return r - '1' + '①'
	}, s)
}

// last returns the highest address of a range.
func last(p netip.Prefix) netip.Addr {
	b := slices.Clone(p.Masked().Addr().AsSlice())
	for bit := p.Bits(); bit < len(b)*8; bit++ {
		b[bit/8] |= 0x80 >> (bit % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
