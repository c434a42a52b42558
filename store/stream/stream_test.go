package stream_test

import (
	"testing"

	"github.com/huiyin/huiyin/store/stream"
	"github.com/huiyin/huiyin/store/stream/streamtest"
)

func TestLocalKeepsTheContract(t *testing.T) {
	streamtest.Run(t, func(t testing.TB, o stream.Options) stream.Stream {
		s, err := stream.Open(t.Context(), "", o)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestRedisKeepsTheContract(t *testing.T) {
	url, server := streamtest.StartRedis(t)
	streamtest.Run(t, func(t testing.TB, o stream.Options) stream.Stream {
		server.Flush()
		s, err := stream.Open(t.Context(), url, o)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
