package jieba

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
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

// files are the five files that gojieba reads. Only words and hmm hold much:
// of the others, which serve calls that are not used here, it gets the least
// that it accepts.
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

// prepare makes the files below dir, unless they are there already.
func prepare(source, dir string, least int) (files, error) {
	words, err := os.ReadFile(filepath.Join(source, wordsFile))
	if err != nil {
		return files{}, err
	}
	hmm, err := os.ReadFile(filepath.Join(source, hmmFile))
	if err != nil {
		return files{}, err
	}
	// gojieba ends the process when a file is not as it expects, so each is
	// checked or made here, and what is read is named by its content.
	if err := checkHMM(hmm); err != nil {
		return files{}, fmt.Errorf("%s: %w", filepath.Join(source, hmmFile), err)
	}
	trimmed, err := trim(words, least)
	if err != nil {
		return files{}, fmt.Errorf("%s: %w", filepath.Join(source, wordsFile), err)
	}
	contents := map[string][]byte{
		"words": trimmed,
		"hmm":   hmm,
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
	f.temporary = temporary
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
	}{{"words", &f.words}, {"hmm", &f.hmm}, {"user", &f.user}, {"idf", &f.idf}, {"stop", &f.stop}} {
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

// trim returns the lines of words whose frequency is at least least. A line is
// "word frequency tag".
func trim(words []byte, least int) ([]byte, error) {
	out := make([]byte, 0, len(words)/2)
	scanner := bufio.NewScanner(bytes.NewReader(words))
	for n := 1; scanner.Scan(); n++ {
		line := scanner.Bytes()
		first := bytes.IndexByte(line, ' ')
		last := bytes.LastIndexByte(line, ' ')
		if first <= 0 || last <= first+1 || last == len(line)-1 || bytes.IndexByte(line[first+1:last], ' ') >= 0 {
			return nil, fmt.Errorf("line %d is not a word, its frequency and its tag", n)
		}
		frequency, err := strconv.Atoi(string(line[first+1 : last]))
		if err != nil || frequency < 1 {
			return nil, fmt.Errorf("line %d: the frequency is not a positive number", n)
		}
		if frequency >= least {
			out = append(append(out, line...), '\n')
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, errors.New("no words in it")
	}
	return out, nil
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
