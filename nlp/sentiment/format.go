package sentiment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
)

// The file of a model is a header, the table as it lies in memory, and a checksum of both, so that the model which is part of the program
// is used in place.
//
//	magic, length of the version, version, columns, slots,
//	temperature a head, scale a column, bias a column, marks, rows, deltas, checksum
//
// Numbers are little-endian and of 32 bits, fractions IEEE 754.

const (
	magic       = "HYSENT03"
	maxFile     = 64 << 20
	maxVersion  = 128
	checksumLen = 4
)

// ErrCorrupt is what decoding a damaged or foreign model file returns.
var ErrCorrupt = errors.New("sentiment: not a usable model file; train it again with huiyin train, or restore the file from the release")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Save writes m in the form that Load reads.
func (m *Model) Save(w io.Writer) error {
	b := []byte(magic)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(m.version)))
	b = append(b, m.version...)
	b = binary.LittleEndian.AppendUint32(b, columns)
	b = binary.LittleEndian.AppendUint32(b, uint32(m.table.slots))
	for _, list := range [][]float32{m.temperature[:], m.table.scale, m.bias[:]} {
		for _, f := range list {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
		}
	}
	b = append(b, m.table.marks...)
	b = append(b, m.table.rows...)
	b = m.appendDeltas(b)
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("write the sentiment model: %w", err)
	}
	return nil
}

// appendDeltas appends how many deltas are not zero, and those with their slots.
func (m *Model) appendDeltas(b []byte) []byte {
	at, n := len(b), uint32(0)
	b = binary.LittleEndian.AppendUint32(b, 0)
	for slot, d := range m.deltas {
		if d == (delta{}) {
			continue
		}
		n++
		b = binary.LittleEndian.AppendUint32(b, uint32(slot))
		for _, f := range d {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
		}
	}
	binary.LittleEndian.PutUint32(b[at:], n)
	return b
}

// Load reads a model that Save wrote. A damaged file gives an error that wraps
// [ErrCorrupt].
func Load(r io.Reader) (*Model, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read the sentiment model: %w", err)
	}
	return decode(b)
}

// decode returns the model in b, which it keeps and must not change any more.
func decode(b []byte) (*Model, error) {
	if len(b) > maxFile {
		return nil, fmt.Errorf("%w (larger than %d MiB)", ErrCorrupt, maxFile>>20)
	}
	if len(b) < len(magic)+checksumLen || string(b[:len(magic)]) != magic {
		return nil, fmt.Errorf("%w (it does not begin as one)", ErrCorrupt)
	}
	body := b[:len(b)-checksumLen]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(b[len(body):]) {
		return nil, fmt.Errorf("%w (its checksum does not match)", ErrCorrupt)
	}
	d := decoder{rest: body[len(magic):]}
	m := &Model{table: &table{}}
	m.version = string(d.bytes(int(d.uint32()), maxVersion))
	shape := d.uint32()
	m.table.slots = int(d.uint32())
	if shape != columns || m.table.slots < 1 || m.table.slots > maxFile {
		return nil, fmt.Errorf("%w (its table has an unknown shape)", ErrCorrupt)
	}
	m.table.scale = make([]float32, columns)
	for _, list := range [][]float32{m.temperature[:], m.table.scale, m.bias[:]} {
		for i := range list {
			list[i] = d.float32()
		}
	}
	m.table.marks = d.bytes(m.table.slots*2, maxFile)
	m.table.rows = d.bytes(m.table.slots*columns, maxFile)
	m.deltas = d.deltas(m.table.slots)
	if d.failed || len(d.rest) > 0 {
		return nil, fmt.Errorf("%w (its length does not fit)", ErrCorrupt)
	}
	if !m.table.hasFree() {
		return nil, fmt.Errorf("%w (its table is full)", ErrCorrupt)
	}
	return m, nil
}

// hasFree reports whether the table has a free slot, without which a search
// would not end.
func (t *table) hasFree() bool {
	for slot := range t.slots {
		if t.mark(slot) == 0 {
			return true
		}
	}
	return false
}

type decoder struct {
	rest   []byte
	failed bool
}

func (d *decoder) bytes(n, limit int) []byte {
	if n < 0 || n > limit || n > len(d.rest) {
		d.failed = true
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) uint32() uint32 {
	if b := d.bytes(4, 4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// deltas reads what appendDeltas wrote for a table of so many slots.
func (d *decoder) deltas(slots int) []delta {
	n := int(d.uint32())
	if n == 0 || n > slots || d.failed {
		d.failed = d.failed || n > slots
		return nil
	}
	deltas := make([]delta, slots)
	for range n {
		slot := int(d.uint32())
		if slot >= slots {
			d.failed = true
			return nil
		}
		for h := range heads {
			deltas[slot][h] = d.float32()
		}
	}
	return deltas
}

// float32 reads a fraction; what is no finite number fails.
func (d *decoder) float32() float32 {
	f := math.Float32frombits(d.uint32())
	if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		d.failed = true
	}
	return f
}
