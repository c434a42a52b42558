package main

import (
	"os"
	"strings"
	"testing"
)

// TestDoctorTriesTheFiles: where pictures cannot be kept, doctor says so before a
// customer sends one.
func TestDoctorTriesTheFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	if code, out, said := at(t, "en_US.UTF-8", "doctor"); code != exitDone || !strings.Contains(out, "✓ files: can be written") {
		t.Fatalf("%d\n%s%s", code, out, said)
	}
	config := "files: {max_total: 1B}\n" // nothing fits
	if err := os.WriteFile("huiyin.yaml", []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := at(t, "en_US.UTF-8", "doctor", "-c", "huiyin.yaml"); code != exitFailed || !strings.Contains(out, "✗ files: full") || !strings.Contains(out, "files.max_total") {
		t.Errorf("%d\n%s", code, out)
	}
	if err := os.WriteFile("taken", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	config = "storage: {files: taken}\n" // a file in the directory's place
	if err := os.WriteFile("huiyin.yaml", []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := at(t, "en_US.UTF-8", "doctor", "-c", "huiyin.yaml"); code != exitFailed || !strings.Contains(out, "✗ files:") || !strings.Contains(out, "storage.files") {
		t.Errorf("%d\n%s", code, out)
	}
}
