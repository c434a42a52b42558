package feed

import "bytes"

// maxDepth is how deep elements may lie in each other.
const maxDepth = 64

// span is where something lies.
type span struct{ from, to int }

// outline is what a look over a feed's markup finds, without understanding it.
type outline struct {
	root     string // the root's name as written
	open     []byte // its start tag
	within   []string
	items    []span // entries that have an end
	whole    bool   // the root was closed
	unclosed bool   // an entry was not closed before the next one began
	deep     bool   // elements lay too deep: nothing after that was looked at
}

// scan looks over XML that may be broken anywhere. It takes time proportional
// to the length, whatever it finds.
func scan(b []byte) outline {
	var o outline
	var stack []string
	item := span{-1, 0}
	itemName, itemDepth := "", 0
	for i := 0; i < len(b); {
		at := bytes.IndexByte(b[i:], '<')
		if at < 0 {
			break
		}
		i += at
		end, ok := skipped(b, i)
		if end < 0 {
			break
		}
		if ok {
			i = end
			continue
		}
		name, closing, next := tag(b, i)
		if next < 0 {
			break
		}
		if name == "" {
			i++
			continue
		}
		switch {
		case closing:
			depth := matching(stack, name)
			if depth < 0 {
				break
			}
			stack = stack[:depth]
			if item.from >= 0 && depth <= itemDepth {
				if depth == itemDepth {
					o.items = append(o.items, span{item.from, next})
				}
				item.from = -1
			}
			if depth == 0 {
				o.whole = true
				return o
			}
		case b[next-2] == '/':
		default:
			if len(stack) == 0 {
				o.root, o.open = name, b[i:next]
			}
			if item.from >= 0 && name == itemName {
				// Entries do not lie in each other: the one before was not closed.
				o.items = append(o.items, span{item.from, i})
				o.unclosed = true
				stack = stack[:itemDepth]
				item.from = -1
			}
			if isItem(name) && item.from < 0 {
				item.from, itemName, itemDepth = i, name, len(stack)
				if o.within == nil {
					o.within = append([]string{}, stack...)
				}
			}
			stack = append(stack, name)
			if len(stack) > maxDepth {
				o.deep = true
				return o
			}
		}
		i = next
	}
	return o
}

// skipped returns the end of what holds no elements: comments, CDATA,
// processing instructions, declarations; -1 where it has no end.
func skipped(b []byte, i int) (end int, ok bool) {
	for _, form := range [...]struct{ open, close string }{{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}} {
		if bytes.HasPrefix(b[i:], []byte(form.open)) {
			n := bytes.Index(b[i+len(form.open):], []byte(form.close))
			if n < 0 {
				return -1, true
			}
			return i + len(form.open) + n + len(form.close), true
		}
	}
	if !bytes.HasPrefix(b[i:], []byte("<!")) {
		return i, false
	}
	depth := 0
	for k := i + 2; k < len(b); k++ {
		switch b[k] {
		case '[', '<':
			depth++
		case ']':
			depth--
		case '>':
			if depth <= 0 {
				return k + 1, true
			}
			depth--
		}
	}
	return -1, true
}

// tag reads the tag at b[i] and returns where it ends; -1 where it does not. One
// with a quotation mark too few is none: it would reach to the next mark, entries
// further on.
func tag(b []byte, i int) (name string, closing bool, next int) {
	k := i + 1
	if k < len(b) && b[k] == '/' {
		closing = true
		k++
	}
	from := k
	for k < len(b) && (b[k]|0x20 >= 'a' && b[k]|0x20 <= 'z' || b[k] >= '0' && b[k] <= '9' && k > from || bytes.IndexByte([]byte("_:.-"), b[k]) >= 0 || b[k] >= 0x80) {
		k++
	}
	if k == from || k-from > 100 {
		return "", closing, i + 1
	}
	name = string(b[from:k])
	var quote byte
	for ; k < len(b); k++ {
		switch c := b[k]; {
		case c == quote:
			quote = 0
		case quote != 0:
			if c == '<' && k+1 < len(b) && b[k+1] == '/' {
				return "", closing, i + 1
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return name, closing, k + 1
		case c == '<':
			return "", closing, i + 1 // no tag after all
		}
	}
	if quote != 0 {
		return "", closing, i + 1
	}
	return "", closing, -1
}

func matching(stack []string, name string) int {
	for d := len(stack) - 1; d >= 0; d-- {
		if stack[d] == name {
			return d
		}
	}
	return -1
}

func isItem(name string) bool {
	switch local(name) {
	case "item", "entry":
		return true
	default:
		return false
	}
}

// local returns a name without its prefix, in lower case.
func local(name string) string {
	if at := bytes.IndexByte([]byte(name), ':'); at >= 0 {
		name = name[at+1:]
	}
	return string(bytes.ToLower([]byte(name)))
}
