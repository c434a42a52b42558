package stream

import "encoding/binary"

// manyTopic is the topic under which many messages travel as one. No topic of a caller's begins with a NUL.
const manyTopic = "\x00many"

// packed writes messages one behind the other: length and bytes of the topic, then of the payload.
func packed(messages []Message) []byte {
	size := 0
	for _, m := range messages {
		size += 2*binary.MaxVarintLen32 + len(m.Topic) + len(m.Payload)
	}
	b := make([]byte, 0, size)
	for _, m := range messages {
		b = append(binary.AppendUvarint(b, uint64(len(m.Topic))), m.Topic...)
		b = append(binary.AppendUvarint(b, uint64(len(m.Payload))), m.Payload...)
	}
	return b
}

// unpacked reads what packed wrote, as far as it can be read.
func unpacked(b []byte) []Message {
	var all []Message
	next := func() ([]byte, bool) {
		n, used := binary.Uvarint(b)
		if used <= 0 || n > uint64(len(b)-used) {
			return nil, false
		}
		part := b[used : used+int(n)]
		b = b[used+int(n):]
		return part, true
	}
	for len(b) > 0 {
		topic, ok := next()
		if !ok {
			break
		}
		payload, ok := next()
		if !ok {
			break
		}
		all = append(all, Message{Topic: string(topic), Payload: payload})
	}
	return all
}
