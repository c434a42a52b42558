package jieba

import (
	"bufio"
	"bytes"
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
	err := d.each(func(_ []byte, frequency int, _ []byte) { d.count(frequency) })
	if err == nil && d.sum == 0 {
		err = errNoWords
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// count takes a word of this frequency into account.
func (d *dictionary) count(frequency int) {
	d.sum += frequency
	if d.rare == 0 || frequency < d.rare {
		d.rare = frequency
	}
}

var errNoWords = errors.New("no words in it")

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

// ErrNoDictionary is wrapped by the errors of New and NewGojieba where no
// dictionary was found.
var ErrNoDictionary = errors.New("no word dictionary found")
