package config

import (
	"errors"
	"log/slog"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Secret is a value that never shows: printed, logged or encoded it is ***.
// Reveal returns it.
type Secret string

const redacted = "***"

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String returns *** for a secret that is set.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString is String.
func (s Secret) GoString() string { return s.String() }

// MarshalText is String: JSON and most encoders use it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalYAML is String.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// LogValue is String.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Size is a number of bytes.
type Size int64

// String returns s as it is written: 20MB.
func (s Size) String() string {
	for _, u := range sizeUnits {
		if u.bytes > 1 && s >= u.bytes && s%u.bytes == 0 {
			return strconv.FormatInt(int64(s/u.bytes), 10) + u.names[0]
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

// sizeUnits are the units of sizes, largest first. People who write MB mean
// what their computer shows, which is 1024 × 1024.
var sizeUnits = []struct {
	bytes Size
	names []string
}{
	{1 << 30, []string{"GB", "GiB", "G"}}, {1 << 20, []string{"MB", "MiB", "M"}}, {1 << 10, []string{"KB", "KiB", "K"}}, {1, []string{"B", ""}},
}

var errValue = errors.New("not readable")

// parseSize reads 20MB, 512 KB or a number of bytes.
func parseSize(text string) (Size, error) {
	digits := strings.TrimRight(text, "BbKkMmGgIi ")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 {
		return 0, errValue
	}
	unit := strings.TrimSpace(text[len(digits):])
	for _, u := range sizeUnits {
		if slices.ContainsFunc(u.names, func(name string) bool { return strings.EqualFold(name, unit) }) {
			if n > math.MaxInt64/int64(u.bytes) {
				return 0, errValue
			}
			return Size(n) * u.bytes, nil
		}
	}
	return 0, errValue
}

// parseDuration reads Go's durations and days and weeks: 10m, 1h30m, 3d, 2w. A
// bare number is refused, except 0: nobody knows of what.
func parseDuration(text string) (time.Duration, error) {
	if text == "0" {
		return 0, nil
	}
	total := time.Duration(0)
	for _, unit := range []struct {
		letter string
		length time.Duration
	}{{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}} {
		number, rest, found := strings.Cut(text, unit.letter)
		if !found {
			continue
		}
		n, err := strconv.ParseUint(number, 10, 31)
		if err != nil || time.Duration(n) > (math.MaxInt64-total)/unit.length {
			return 0, errValue
		}
		total += time.Duration(n) * unit.length
		text = rest
	}
	if text == "" && total > 0 {
		return total, nil
	}
	if strings.HasPrefix(text, "+") {
		return 0, errValue
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > math.MaxInt64-total {
		return 0, errValue
	}
	return total + d, nil
}

// formatDuration writes d as people write it: 72h, 10m, 6s, 180d.
func formatDuration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == 0:
		return "0s"
	case d%day == 0 && d >= 5*day:
		return strconv.FormatInt(int64(d/day), 10) + "d"
	case d%time.Hour == 0:
		return strconv.FormatInt(int64(d/time.Hour), 10) + "h"
	case d%time.Minute == 0:
		return strconv.FormatInt(int64(d/time.Minute), 10) + "m"
	default:
		return d.String()
	}
}

// parsePrefix reads 10.0.0.0/8 or a single address.
func parsePrefix(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		addr, err := netip.ParseAddr(text)
		if err != nil || addr.Zone() != "" {
			return netip.Prefix{}, errValue
		}
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, errValue
	}
	return prefix.Masked(), nil
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
