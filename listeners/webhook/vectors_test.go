package webhook

// vectors were worked out with another implementation of HMAC-SHA256.
var vectors = []struct{ secret, timestamp, body, signature string }{
	{"a secret of the shop", "1772337600", "{\"id\":\"1\",\"text\":\"送错了\"}", "sha256=c1c700d7f7c7914814b52cacf38813d5ff0ccd281f49dd5ba424b3a002309609"},
	{"k", "1", "{}", "sha256=3dd49b2593d0f9a349e9e71c4bde3e2b862c2be4003fe9b4ba81332029310158"},
	{"密钥 with ünïcode", "1772337600", "[{\"id\":2,\"text\":\"🙂\"}]\n", "sha256=8dd5ab35ebaafc33bde7f7efce6c4f6003b0c9d4c90c906503e52172c39ad1ae"},
	{"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "0", "", "sha256=78c6ab561b25d2de42f9082d92cd8e22b84c7b3e4153decbf144fe63ba1ddcc9"},
	{"a secret of the shop", "1772337600", "\\u0000 not JSON", "sha256=f13a6d1e53c25d57a77cac2d3f215b9652dadb8d1a6b08ff761f8e952e802b67"},
}
