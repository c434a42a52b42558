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
	keepsTheContract(t, url, server.Flush)
}

func TestRedisBehindSentinelsKeepsTheContract(t *testing.T) {
	servers := streamtest.StartSentinel(t)
	keepsTheContract(t, servers.URL(), servers.Flush)
}

func TestRedisClusterKeepsTheContract(t *testing.T) {
	servers := streamtest.StartCluster(t)
	keepsTheContract(t, servers.URL(), servers.Flush)
}

func keepsTheContract(t *testing.T, url string, flush func()) {
	t.Helper()
	streamtest.Run(t, func(t testing.TB, o stream.Options) stream.Stream {
		flush()
		s, err := stream.Open(t.Context(), url, o)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
