package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/chromedp/chromedp"
)

type step = chromedp.Action[chromedp.Void]

// browser is a Chromium without a window.
type browser struct {
	ctx  context.Context
	stop []context.CancelFunc
}

func openBrowser(ctx context.Context, dir string) (*browser, error) {
	path, err := chromium()
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("lang", "zh-CN"), chromedp.Flag("accept-lang", "zh-CN"),
		chromedp.UserDataDir(filepath.Join(dir, "chromium")), chromedp.WSURLReadTimeout(time.Minute))
	alloc, stop := chromedp.NewExecAllocator(ctx, options...)
	first, stopFirst := chromedp.NewContext(alloc)
	b := &browser{ctx: first, stop: []context.CancelFunc{stopFirst, stop}}
	if err := chromedp.Do(first); err != nil {
		b.close()
		return nil, fmt.Errorf("start Chromium: %w", err)
	}
	return b, nil
}

func chromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no Chromium here: apt-get install chromium fonts-noto-cjk")
}

func (b *browser) close() {
	for _, stop := range b.stop {
		stop()
	}
}

// page is one person's browser: cookies of its own.
type page struct{ ctx context.Context }

// person opens a page for somebody new. scale is how many pixels a point has.
func (b *browser) person(width, height int64, scale float64) (page, error) {
	ctx, stop := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	b.stop = append([]context.CancelFunc{stop}, b.stop...)
	p := page{ctx}
	return p, p.do(chromedp.EmulateViewport(width, height, chromedp.EmulateScale(scale)))
}

func (p page) do(steps ...step) error { return chromedp.Do(p.ctx, steps...) }

// says waits until the page shows a text.
func (p page) says(text string) error {
	return p.until(`document.body.innerText.includes(decodeURIComponent("` + url.PathEscape(text) + `"))`)
}

// without waits until nothing on the page answers to a selector.
func (p page) without(css string) error {
	return p.until(`document.querySelector("` + css + `") === null`)
}

// until waits for something to become true of the page.
func (p page) until(js string) error {
	for range 300 {
		found, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](js))
		if err != nil || found {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	shown, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`document.body.innerText`))
	return errors.Join(fmt.Errorf("not after 30 s: %s; the page says:\n%s", js, shown), err)
}

// picture returns what the page looks like, or a part of it.
func (p page) picture(part string) ([]byte, error) {
	if part == "" {
		return chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	}
	return chromedp.Run(p.ctx, chromedp.Screenshot(chromedp.CSS(part)))
}

func open(address string) step    { return chromedp.Navigate(address) }
func visible(css string) step     { return chromedp.WaitVisible(chromedp.CSS(css)) }
func click(css string) step       { return chromedp.Click(chromedp.CSS(css)) }
func write(css, text string) step { return chromedp.SendKeys(chromedp.CSS(css), text) }

// press taps a button of a card. The page may replace the card at any moment,
// so it is found and tapped in one go.
func press(data string) step {
	return chromedp.Evaluate[chromedp.Void](`document.querySelector('[data-press="` + data + `"]').click()`)
}
