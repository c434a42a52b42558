package sentiment

// vocabulary numbers the features, the runs of 1 to maxGram units found in
// enough texts. A run is in it only if its two parts, without the last and
// without the first unit, are.
type vocabulary struct {
	numbers counter
	hashes  []uint64
	begins  []int32 // a feature: the one that is it without its last unit, or -1
}

// counter is a hash table from a feature to a count and a number.
type counter struct {
	keys  []uint64
	cells []cell
	n     int
}

type cell struct {
	count  uint32
	last   int32 // the text that counted last, plus 1
	number int32 // in a vocabulary: plus 1, 0 for none
}

func newCounter() counter {
	return counter{keys: make([]uint64, 1<<16), cells: make([]cell, 1<<16)}
}

// slot returns where key is or belongs.
func (c *counter) slot(key uint64) int {
	mask := uint64(len(c.keys) - 1)
	i := key * 0x9e3779b97f4a7c15 >> 20 & mask
	for c.keys[i] != 0 && c.keys[i] != key {
		i = (i + 1) & mask
	}
	return int(i)
}

// at returns the cell of key, made if there is none.
func (c *counter) at(key uint64) *cell {
	i := c.slot(key)
	if c.keys[i] == 0 {
		if c.n++; c.n > len(c.keys)/2 {
			c.grow()
			i = c.slot(key)
		}
		c.keys[i] = key
	}
	return &c.cells[i]
}

func (c *counter) grow() {
	keys, cells := c.keys, c.cells
	c.keys, c.cells = make([]uint64, 2*len(keys)), make([]cell, 2*len(cells))
	for i, key := range keys {
		if key != 0 {
			j := c.slot(key)
			c.keys[j], c.cells[j] = key, cells[i]
		}
	}
}

func gram(units []uint64) uint64 {
	hash := seedGram
	for _, u := range units {
		hash = mix(hash, u)
	}
	return hash
}

// newVocabulary returns the runs found in at least minCount of texts, given as
// their units.
func newVocabulary(texts [][]uint64, minCount int) *vocabulary {
	v := &vocabulary{numbers: newCounter()}
	for n := 1; n <= maxGram; n++ {
		counts := newCounter()
		for t, units := range texts {
			for i := 0; i+n <= len(units); i++ {
				begins := -1
				if n > 1 {
					var ok bool
					if begins, ok = v.number(gram(units[i : i+n-1])); !ok {
						continue
					}
					if _, ok = v.number(gram(units[i+1 : i+n])); !ok {
						continue
					}
				}
				c := counts.at(gram(units[i : i+n]))
				c.number = int32(begins) // of use here only while counting
				if c.last != int32(t+1) {
					c.last = int32(t + 1)
					c.count++
				}
			}
		}
		for i, key := range counts.keys {
			if key != 0 && int(counts.cells[i].count) >= minCount {
				v.hashes = append(v.hashes, key)
				v.begins = append(v.begins, counts.cells[i].number)
				v.numbers.at(key).number = int32(len(v.hashes))
			}
		}
	}
	return v
}

func (v *vocabulary) number(hash uint64) (int, bool) {
	n := v.numbers.cells[v.numbers.slot(hash)].number
	return int(n - 1), n > 0
}

// features appends the numbers of the features of a text, each once. The marks
// say of each feature the last text that had it; text is larger than all of
// them.
func (v *vocabulary) features(to []uint32, units []uint64, marks []int32, text int32) []uint32 {
	for i := range units {
		hash := seedGram
		for j := i; j < len(units) && j < i+maxGram; j++ {
			hash = mix(hash, units[j])
			f, ok := v.number(hash)
			if !ok {
				break
			}
			if marks[f] != text {
				marks[f] = text
				to = append(to, uint32(f))
			}
		}
	}
	return to
}
