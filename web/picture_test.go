package web

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
)

// testPicture draws a cup, so that pictures of the pages look like something.
func testPicture() []byte {
	const w, h = 480, 360
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{0xd9, 0xcf, 0xbf, 0xff}
			dx := x - w/2
			half := 120 - (y-80)/6
			if y > 80 && y < 310 && dx > -half && dx < half {
				c = color.RGBA{0x9b, 0x7f, 0xa8, 0xff}
				if y < 110 {
					c = color.RGBA{0xf3, 0xec, 0xe2, 0xff}
				}
			}
			if d := (x-250)*(x-250)/4 + (y-180)*(y-180); d < 160 {
				c = color.RGBA{0x4a, 0x3b, 0x2d, 0xff}
			}
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err) // it is drawn into memory
	}
	return b.Bytes()
}
