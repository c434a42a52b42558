package streamtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Servers are several Redis servers that work together.
type Servers struct {
	t       testing.TB
	url     string
	servers []*Redis
}

// URL is their address, as storage.redis takes it.
func (s *Servers) URL() string { return s.url }

// Flush removes everything from every master.
func (s *Servers) Flush() {
	s.t.Helper()
	for _, r := range s.servers {
		if r.isMaster() {
			r.Flush()
		}
	}
}

// Master is a server that is master now, and among a cluster's the one that holds a key; it fails the test when there
// is none.
func (s *Servers) Master(key string) *Redis {
	s.t.Helper()
	var master *Redis
	Eventually(s.t, fmt.Sprintf("a master holds %q", key), func() bool {
		for _, r := range s.servers {
			if r.isMaster() && r.holds(key) {
				master = r
			}
		}
		return master != nil // for a moment there is none where servers took a busy one for dead
	})
	return master
}

// failoverAfter is how long a server is silent before the others replace it.
const failoverAfter = time.Second

// masterName is what sentinels here call their master.
const masterName = "huiyin"

// StartSentinel starts a master with two replicas and three sentinels that agree by two.
func StartSentinel(t testing.TB) *Servers {
	t.Helper()
	master := startServer(t)
	all := &Servers{t: t, servers: []*Redis{master}}
	for range 2 {
		all.servers = append(all.servers, startServer(t, "--replicaof", "127.0.0.1 "+master.port))
	}
	var hosts []string
	for range 3 {
		conf := filepath.Join(t.TempDir(), "sentinel.conf") // sentinels write into theirs
		text := fmt.Sprintf("sentinel monitor %[1]s 127.0.0.1 %[2]s 2\nsentinel down-after-milliseconds %[1]s %[3]d\nsentinel failover-timeout %[1]s %[4]d\n",
			masterName, master.port, failoverAfter.Milliseconds(), 3*failoverAfter.Milliseconds())
		if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		hosts = append(hosts, "127.0.0.1:"+startCommand(t, func(port string) []string {
			return []string{conf, "--port", port, "--bind", "127.0.0.1", "--sentinel"}
		}).port)
	}
	all.url = "redis+sentinel://" + strings.Join(hosts, ",") + "/" + masterName
	Eventually(t, "replicas and sentinels know each other", func() bool {
		return strings.Contains(master.info("replication"), "connected_slaves:2") && all.sentinelsAgree(hosts)
	})
	return all
}

func (s *Servers) sentinelsAgree(hosts []string) bool {
	for _, host := range hosts {
		sentinel := &Redis{t: s.t, port: strings.TrimPrefix(host, "127.0.0.1:")}
		if i := sentinel.info("sentinel"); !strings.Contains(i, "status=ok") || !strings.Contains(i, "slaves=2,sentinels=3") {
			return false
		}
	}
	return true
}

// slots is how many a cluster has.
const slots = 16384

// StartCluster starts a cluster of three masters, each with a replica.
func StartCluster(t testing.TB) *Servers {
	t.Helper()
	const masters = 3
	all := &Servers{t: t}
	var hosts, ids, buses []string
	for range 2 * masters {
		bus := freePort(t)
		r := startServer(t, "--cluster-enabled", "yes", "--cluster-port", bus,
			"--cluster-node-timeout", fmt.Sprint(failoverAfter.Milliseconds()), "--cluster-replica-validity-factor", "0")
		all.servers = append(all.servers, r)
		hosts, buses = append(hosts, "127.0.0.1:"+r.port), append(buses, bus)
		ids = append(ids, fmt.Sprint(r.Do("CLUSTER", "MYID")))
	}
	all.url = "redis+cluster://" + strings.Join(hosts[:2], ",") // the others are learned
	for i, r := range all.servers {
		if i < masters {
			r.Do("CLUSTER", "ADDSLOTSRANGE", i*slots/masters, (i+1)*slots/masters-1)
		}
		if i > 0 {
			all.servers[0].Do("CLUSTER", "MEET", "127.0.0.1", r.port, buses[i])
		}
	}
	each := func(what string, holds func(r *Redis) bool) {
		t.Helper()
		Eventually(t, what, func() bool { return !slices.ContainsFunc(all.servers, func(r *Redis) bool { return !holds(r) }) })
	}
	each("nodes know each other", func(r *Redis) bool {
		nodes := fmt.Sprint(r.Do("CLUSTER", "NODES"))
		return !slices.ContainsFunc(ids, func(id string) bool { return !strings.Contains(nodes, id) })
	})
	for i, r := range all.servers[masters:] {
		r.Do("CLUSTER", "REPLICATE", ids[i])
	}
	each("the cluster works", func(r *Redis) bool {
		return strings.Contains(fmt.Sprint(r.Do("CLUSTER", "INFO")), "cluster_state:ok")
	})
	for i, r := range all.servers[:masters] {
		Eventually(t, "each master has its replica", func() bool {
			return strings.Contains(r.info("replication"), "connected_slaves:1") && all.servers[masters+i].linked()
		})
	}
	return all
}

// info is a section of INFO, empty when the server does not answer.
func (r *Redis) info(section string) string {
	client := r.client()
	defer client.Close()
	text, _ := client.Info(context.Background(), section).Result()
	return text
}

func (r *Redis) isMaster() bool { return strings.Contains(r.info("replication"), "role:master") }

// linked says whether a replica has all its master has.
func (r *Redis) linked() bool {
	return strings.Contains(r.info("replication"), "master_link_status:up")
}

// holds says whether a key belongs here: in a cluster others answer MOVED.
func (r *Redis) holds(key string) bool {
	client := r.client()
	defer client.Close()
	return client.Exists(context.Background(), key).Err() == nil
}
