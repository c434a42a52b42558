//go:build !amd64

package sentiment

func (t *table) sum(sums *[columns]int32, slots []uint32) { t.sumPlain(sums, slots) }

func (t *table) fours(runs []run, units []uint64, first run) (found, done, known int) {
	return t.foursPlain(runs, units, first)
}
