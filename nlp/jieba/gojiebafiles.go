package jieba

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

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
	if _, err := readModel(model, new(characters)); err != nil {
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
