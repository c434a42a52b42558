// Command pictures takes the pictures of the README from the running program:
// it starts huiyin with a small shop's configuration, lets a browser be its
// customers and a colleague, and writes card.png, board.png and customer.png
// into docs/pictures. `make pictures` runs it.
//
// It needs Chromium and a font with Chinese characters, and listens on free
// ports of the loopback only.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// takeFor bounds the whole run.
const takeFor = 10 * time.Minute

// maxPicture is how large a picture may be, in bytes.
const maxPicture = 150_000

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, takeFor)
	err := take(ctx)
	cancel()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "pictures:", err)
		os.Exit(1)
	}
}

// take starts the program, plays the story and writes the pictures.
func take(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "huiyin-pictures")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	shop, err := openShop(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shop.close()) }()
	b, err := openBrowser(ctx, dir)
	if err != nil {
		return err
	}
	defer b.close()
	pictures, err := play(b, shop)
	if err != nil {
		return err
	}
	for name, picture := range pictures {
		if len(picture) > maxPicture {
			return fmt.Errorf("%s has %d bytes, more than %d: take a smaller part of the page", name, len(picture), maxPicture)
		}
		if err := os.WriteFile(filepath.Join("docs", "pictures", name), picture, 0o644); err != nil { //nolint:gosec // a picture for everybody
			return fmt.Errorf("run this in the repository's root: %w", err)
		}
		fmt.Fprintf(os.Stdout, "docs/pictures/%s  %d bytes\n", name, len(picture))
	}
	return nil
}
