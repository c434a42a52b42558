package stream

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Doctor implements Doctor: a Redis that is too old, evicts, or is nearly full. In a cluster each node is looked at.
func (r *redisStream) Doctor(ctx context.Context) []Advice {
	ctx, cancel := r.short(ctx)
	defer cancel()
	var mu sync.Mutex
	var advice []Advice
	err := r.eachNode(ctx, func(ctx context.Context, node *redis.Client) error {
		pipe := node.Pipeline()
		server, memory := pipe.Info(ctx, "server"), pipe.Info(ctx, "memory")
		if _, err := pipe.Exec(ctx); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		for _, a := range diagnose(infoFields(server.Val() + "\n" + memory.Val())) {
			if !slices.Contains(advice, a) {
				advice = append(advice, a)
			}
		}
		return nil
	})
	if err != nil {
		advice = append(advice, Advice{
			fmt.Sprintf("Redis 不回答 INFO：%v。核对 storage.redis 和这个用户的权限", hint(err)),
			fmt.Sprintf("Redis does not answer INFO: %v. Check storage.redis and the user's rights.", hint(err)),
		})
	}
	return advice
}

func diagnose(info map[string]string) (advice []Advice) {
	major, _, _ := strings.Cut(info["redis_version"], ".")
	if n, err := strconv.Atoi(major); err == nil && n < 7 {
		advice = append(advice, Advice{
			fmt.Sprintf("Redis %s 太旧：换成 7.0 或更新的版本", info["redis_version"]),
			fmt.Sprintf("Redis %s is too old: use 7.0 or newer.", info["redis_version"]),
		})
	}
	limit, _ := strconv.ParseInt(info["maxmemory"], 10, 64)
	used, _ := strconv.ParseInt(info["used_memory"], 10, 64)
	if p := info["maxmemory_policy"]; p != "" && p != "noeviction" {
		advice = append(advice, Advice{
			fmt.Sprintf("Redis 会丢掉排队的工作：maxmemory-policy 是 %s，改成 noeviction", p),
			fmt.Sprintf("Redis may evict work: maxmemory-policy is %s, set it to noeviction.", p),
		})
	}
	if limit > 0 && used > limit/10*9 {
		advice = append(advice, Advice{
			fmt.Sprintf("Redis 快满了：%d / %d MiB，调大 maxmemory", used>>20, limit>>20),
			fmt.Sprintf("Redis is nearly full: %d of %d MiB, raise maxmemory.", used>>20, limit>>20),
		})
	}
	return advice
}

// infoFields reads INFO's "name:value" lines.
func infoFields(text string) map[string]string {
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			fields[name] = value
		}
	}
	return fields
}
