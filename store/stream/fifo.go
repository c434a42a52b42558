package stream

// fifo is a queue whose memory follows what is in it.
type fifo[T any] struct {
	items []T
	head  int
}

const fifoKeep = 4096 // an emptied queue keeps room for at most this many

func (q *fifo[T]) len() int { return len(q.items) - q.head }

// at gives the i-th item, the oldest being 0.
func (q *fifo[T]) at(i int) T { return q.items[q.head+i] }

func (q *fifo[T]) push(v T) { q.items = append(q.items, v) }

// pop removes the oldest item; there must be one.
func (q *fifo[T]) pop() T {
	var zero T
	v := q.items[q.head]
	q.items[q.head] = zero
	q.head++
	switch {
	case q.head == len(q.items) && cap(q.items) > fifoKeep:
		q.items, q.head = nil, 0
	case q.head == len(q.items):
		q.items, q.head = q.items[:0], 0
	case q.head >= fifoKeep && q.head > len(q.items)/2:
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	return v
}
