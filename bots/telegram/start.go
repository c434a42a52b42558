package telegram

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

var fieldName = regexp.MustCompile(`^[a-z][a-z0-9]{0,31}$`)

// startFields reads the fields a start parameter sets; the package's own
// documentation says how they are written. A parameter of another form sets
// none.
func startFields(param string) map[string]string {
	if param == "" || len(param) > maxParameter {
		return nil
	}
	if fields := packedFields(param); fields != nil {
		return fields
	}
	fields := map[string]string{}
	for pair := range strings.SplitSeq(param, "__") {
		name, value, ok := strings.Cut(pair, "_")
		if !ok || value == "" || !fieldName.MatchString(name) {
			return nil
		}
		fields[name] = value
	}
	return fields
}

// packedFields reads a base64url query string, nil where param is none.
func packedFields(param string) map[string]string {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(param, "="))
	if err != nil || !utf8.Valid(raw) || !strings.Contains(string(raw), "=") {
		return nil
	}
	values, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil
	}
	fields := map[string]string{}
	for name, list := range values {
		if !fieldName.MatchString(name) || list[0] == "" {
			return nil
		}
		fields[name] = list[0]
	}
	return fields
}
