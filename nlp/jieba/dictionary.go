package jieba

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/yanyiwu/gojieba"
)

// trimmedFrequency is the least frequency of a word of the trimmed dictionary.
const trimmedFrequency = 5

// The files of gojieba's dictionary folder that are read.
const (
	wordsFile = "jieba.dict.utf8"
	hmmFile   = "hmm_model.utf8"
)

// EnvDict names the environment variable that tells where the dictionary is.
const EnvDict = "HUIYIN_DICT"

// findDictionary returns the folder of gojieba's dictionary, see the package's
// documentation. given is the configured one.
func findDictionary(given string) (string, error) {
	if given != "" {
		if hasDictionary(given) {
			return given, nil
		}
		return "", fmt.Errorf("%w: %s holds no %s and %s; name the folder dict of gojieba (deps/cppjieba/dict)", ErrNoDictionary, given, wordsFile, hmmFile)
	}
	var tried []string
	for _, folder := range candidates() {
		if hasDictionary(folder) {
			return folder, nil
		}
		tried = append(tried, folder)
	}
	return "", fmt.Errorf("%w in %s; copy the folder deps/cppjieba/dict of gojieba next to the executable as dict, or set %s to it",
		ErrNoDictionary, strings.Join(tried, ", "), EnvDict)
}

func candidates() []string {
	var folders []string
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		folders = append(folders, filepath.Join(filepath.Dir(exe), "dict"))
	}
	if dir := os.Getenv(EnvDict); dir != "" {
		folders = append(folders, dir)
	}
	// gojieba knows the path of its own source: absolute, or with -trimpath below
	// the module cache.
	if filepath.IsAbs(gojieba.DICT_DIR) {
		return append(folders, gojieba.DICT_DIR)
	}
	return append(folders, filepath.Join(moduleCache(), gojieba.DICT_DIR))
}

// moduleCache returns where the go command keeps modules, without asking it: a
// machine that runs the program need not have it.
func moduleCache() string {
	if dir := os.Getenv("GOMODCACHE"); dir != "" {
		return dir
	}
	if paths := filepath.SplitList(os.Getenv("GOPATH")); len(paths) > 0 && paths[0] != "" {
		return filepath.Join(paths[0], "pkg", "mod")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return filepath.Join("go", "pkg", "mod")
	}
	return filepath.Join(home, "go", "pkg", "mod")
}

func hasDictionary(folder string) bool {
	for _, name := range []string{wordsFile, hmmFile} {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || !info.Mode().IsRegular() {
			return false
		}
	}
	return true
}

// files are the five files that gojieba reads. Only hmm holds much, and is the
// dictionary's own. words is a stem: the words come one by one, see
// [dictionary.addTo]. Of the others, which serve calls that are not used here, it
// gets the least that it accepts.
type files struct {
	words, hmm, user, idf, stop string
	temporary                   string // folder to remove after reading; may be empty
}

func (f files) release() error {
	if f.temporary == "" {
		return nil
	}
	if err := os.RemoveAll(f.temporary); err != nil {
		return fmt.Errorf("remove the temporary dictionary: %w", err)
	}
	return nil
}

// prepare makes the files of d below dir, unless they are there already. hmm is
// the dictionary's own model.
func prepare(d *dictionary, hmm, dir string) (files, error) {
	// gojieba ends the process when a file is not as it expects, so each is
	// checked or made here, and what is made is named by its content.
	model, err := os.ReadFile(hmm)
	if err != nil {
		return files{}, err
	}
	if err := checkHMM(model); err != nil {
		return files{}, fmt.Errorf("%s: %w", hmm, err)
	}
	contents := map[string][]byte{
		"words": d.stem(),
		"user":  nil,
		"idf":   []byte("的 1.0\n"),
		"stop":  []byte("的\n"),
	}
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err == nil {
			dir = filepath.Join(cache, "huiyin")
		}
	}
	if dir != "" {
		f, err := writeAll(dir, contents)
		f.hmm = hmm
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, os.ErrPermission) && !isReadOnly(err) {
			return files{}, err
		}
	}
	temporary, err := os.MkdirTemp("", "huiyin-dict-")
	if err != nil {
		return files{}, fmt.Errorf("no folder for the dictionary can be written, set the cache folder: %w", err)
	}
	f, err := writeAll(temporary, contents)
	f.hmm, f.temporary = hmm, temporary
	if err != nil {
		return files{}, errors.Join(err, f.release())
	}
	return f, nil
}

func writeAll(dir string, contents map[string][]byte) (files, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // G301: public words, read by every user of the machine
		return files{}, err
	}
	var f files
	for _, out := range []struct {
		name string
		path *string
	}{{"words", &f.words}, {"user", &f.user}, {"idf", &f.idf}, {"stop", &f.stop}} {
		path, err := writeOnce(dir, out.name, contents[out.name])
		if err != nil {
			return files{}, err
		}
		*out.path = path
	}
	return f, nil
}

// writeOnce writes content into dir under a name made of its hash, unless it is
// there. Several processes may do so at once.
func writeOnce(dir, name string, content []byte) (string, error) {
	sum := sha256.Sum256(content)
	path := filepath.Join(dir, fmt.Sprintf("dict-%s-%x.utf8", name, sum[:8]))
	if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, content) {
		return path, nil
	}
	tmp, err := os.CreateTemp(dir, "dict-*.tmp")
	if err != nil {
		return "", err
	}
	_, err = tmp.Write(content)
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(tmp.Name()))
	}
	return path, nil
}

// dictionary is a file of lines "word frequency tag", of which the words of at
// least a frequency count.
type dictionary struct {
	path  string
	least int
	rare  int // the least frequency there is
	sum   int // of all frequencies
}

// openDictionary reads the file once, to check it and to know its frequencies.
func openDictionary(path string, least int) (*dictionary, error) {
	d := &dictionary{path: path, least: least}
	err := d.each(func(_ []byte, frequency int, _ []byte) {
		d.sum += frequency
		if d.rare == 0 || frequency < d.rare {
			d.rare = frequency
		}
	})
	if err == nil && d.sum == 0 {
		err = errors.New("no words in it")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// each calls use with every word that counts.
func (d *dictionary) each(use func(word []byte, frequency int, tag []byte)) error {
	f, err := os.Open(d.path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // read only
	scanner := bufio.NewScanner(f)
	for n := 1; scanner.Scan(); n++ {
		line := scanner.Bytes()
		first := bytes.IndexByte(line, ' ')
		last := bytes.LastIndexByte(line, ' ')
		if first <= 0 || last <= first+1 || last == len(line)-1 || bytes.IndexByte(line[first+1:last], ' ') >= 0 {
			return fmt.Errorf("line %d is not a word, its frequency and its tag", n)
		}
		frequency, err := strconv.Atoi(string(line[first+1 : last]))
		if err != nil || frequency < 1 || frequency > math.MaxInt32 {
			return fmt.Errorf("line %d: the frequency is not a positive number", n)
		}
		if frequency >= d.least {
			use(line[:first], frequency, line[last+1:])
		}
	}
	return scanner.Err()
}

// stem is the dictionary that gojieba is made with, before the words are added:
// two words that occur in no text, since commas end words, with the least
// frequency and the sum of all of d. What gojieba computes of those, the weights
// of words and of what is no word, is then the same as if it had read them all.
func (d *dictionary) stem() []byte {
	stem := fmt.Appendf(nil, "，。 %d x\n", d.rare)
	if rest := d.sum - d.rare; rest > 0 {
		stem = fmt.Appendf(stem, "，， %d x\n", rest)
	}
	return stem
}

// addTo adds the words to j, which was made of the stem. Reading them from a file
// of theirs, gojieba would sort a copy and make lists of them, which takes longer
// and, for a moment, a fifth more memory.
func (d *dictionary) addTo(j *gojieba.Jieba) error {
	return d.each(func(word []byte, frequency int, tag []byte) { j.AddWordEx(string(word), frequency, string(tag)) })
}

// checkHMM reports whether model has the lines that gojieba insists on: after
// comments, a line of 4 start probabilities, 4 lines of 4 transitions and 4
// lines of emissions.
func checkHMM(model []byte) error {
	n := 0
	for line := range bytes.Lines(model) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if n < 5 && len(bytes.Split(line, []byte(" "))) != 4 {
			return errors.New("not a word model: four probabilities a line were expected")
		}
		n++
	}
	if n != 9 {
		return fmt.Errorf("not a word model: %d lines instead of 9", n)
	}
	return nil
}
