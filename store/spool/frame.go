package spool

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"time"
)

// A frame is what a record is on disk, in little endian: four bytes that begin
// every frame, the data's length, the time in microseconds since 1970, the
// CRC-32C of length, time and data, and the data.
const headerSize = 4 + 4 + 8 + 4

var (
	beginning = []byte{'H', 'y', 0xA5, '1'}
	checksum  = crc32.MakeTable(crc32.Castagnoli)

	errTorn    = errors.New("the record breaks off")
	errCorrupt = errors.New("the record is damaged: its checksum does not fit")
	errNoFrame = errors.New("no record begins here")
)

// appendFrame adds r to b.
func appendFrame(b []byte, r Record) []byte {
	start := len(b)
	b = append(b, beginning...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(r.Data)))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.At.UnixMicro()))
	sum := crc32.Update(crc32.Checksum(b[start+4:], checksum), checksum, r.Data)
	b = binary.LittleEndian.AppendUint32(b, sum)
	return append(b, r.Data...)
}

// decodeFrame reads the frame that b begins with and returns how long it is.
// errTorn: b ends inside of it. The record's data lies in b.
func decodeFrame(b []byte) (Record, int, error) {
	if !bytes.HasPrefix(b, beginning) {
		if len(b) < len(beginning) && bytes.HasPrefix(beginning, b) {
			return Record{}, 0, errTorn
		}
		return Record{}, 0, errNoFrame
	}
	if len(b) < headerSize {
		return Record{}, 0, errTorn
	}
	size := binary.LittleEndian.Uint32(b[4:])
	if size > MaxRecord {
		return Record{}, 0, errCorrupt
	}
	end := headerSize + int(size)
	if len(b) < end {
		return Record{}, 0, errTorn
	}
	data := b[headerSize:end]
	if crc32.Update(crc32.Checksum(b[4:16], checksum), checksum, data) != binary.LittleEndian.Uint32(b[16:]) {
		return Record{}, 0, errCorrupt
	}
	at := time.UnixMicro(int64(binary.LittleEndian.Uint64(b[8:]))).UTC()
	return Record{At: at, Data: data}, end, nil
}

// scan calls found for each whole frame of b, in order, until it returns false,
// and damaged for the bytes between two of them. It returns where it stopped:
// before the frame that was not wanted, or after the last whole one; what
// follows that is a torn end where torn is true, and damaged else.
func scan(b []byte, found func(start, end int, r Record) bool, damaged func(start, end int, why error)) (last int, torn bool) {
	at := 0
	for at < len(b) {
		r, n, err := decodeFrame(b[at:])
		if err == nil {
			if !found(at, at+n, r) {
				return at, false
			}
			at += n
			continue
		}
		next := resync(b, at+1)
		if next < 0 {
			return at, errors.Is(err, errTorn) || len(bytes.Trim(b[at:], "\x00")) == 0
		}
		damaged(at, next, err)
		at = next
	}
	return at, false
}

// resync returns where the next whole frame begins at or after from; -1 where
// none does.
func resync(b []byte, from int) int {
	for from < len(b) {
		i := bytes.Index(b[from:], beginning)
		if i < 0 {
			return -1
		}
		from += i
		if _, _, err := decodeFrame(b[from:]); err == nil {
			return from
		}
		from++
	}
	return -1
}
