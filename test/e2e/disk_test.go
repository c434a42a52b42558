//go:build campaign

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// troubleDisk: the disk below the database is full, again and again. It needs
// the right to mount a small file system.
func troubleDisk(r *rig) {
	t := r.house.t
	disk := filepath.Join(r.dir, "disk")
	r.must(os.Mkdir(disk, 0o700))
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Fatalf("a small file system is needed, which only root can mount: %v %s", err, out)
	}
	t.Cleanup(func() {
		r.stopAll()
		if out, err := exec.Command("umount", disk).CombinedOutput(); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	})
	r.set.database = "sqlite:" + filepath.Join(disk, "huiyin.db")
	r.configure(0, r.set.extra)
	r.serves(1)
	filler := filepath.Join(disk, "filler")
	r.inject(5, fault{"disk full", func() {
		f, err := os.Create(filler)
		r.must(err)
		chunk := make([]byte, 4096)
		for err == nil {
			_, err = f.Write(chunk)
		}
		r.must(f.Close())
		r.some(1)
		r.goOn(r.pick(2*time.Second, 8*time.Second))
		r.must(os.Remove(filler))
	}})
}
