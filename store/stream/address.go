package stream

import (
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// The forms an address has; rediss in place of redis means TLS.
//
//	redis://[USER:PASSWORD@]HOST[:6379][/DB]
//	unix://[USER:PASSWORD@]/PATH[?db=DB]
//	redis+sentinel://[USER:PASSWORD@]HOST[:26379][,HOST…]/MASTER[/DB][?sentinel_user=…&sentinel_password=…]
//	redis+cluster://[USER:PASSWORD@]HOST[:6379][,HOST…]
const (
	sentinelSuffix = "+sentinel"
	clusterSuffix  = "+cluster"

	redisPort    = "6379"
	sentinelPort = "26379"
)

// poolSize is an upper bound: each consumer holds one connection while it waits.
const poolSize = 256

// Errors never quote the address: it may hold a password.
var (
	errAddress = errors.New("storage.redis: write redis://HOST:PORT/DB, redis+sentinel://HOST:PORT,HOST:PORT/MASTER, " +
		"redis+cluster://HOST:PORT,HOST:PORT, rediss… for TLS, or leave it empty for one process")
	errSentinel = errors.New("storage.redis: write redis+sentinel://USER:PASSWORD@HOST:PORT,HOST:PORT/MASTER/DB, " +
		"with the sentinels' addresses and the name under which they watch the master")
	errCluster = errors.New("storage.redis: write redis+cluster://USER:PASSWORD@HOST:PORT,HOST:PORT: a cluster has no databases to choose from")
)

// connect makes the client that an address asks for; it dials nothing yet. No command but a waiting read takes longer
// than timeout.
func connect(address string, timeout time.Duration) (redis.UniversalClient, error) {
	scheme, rest, ok := strings.Cut(address, "://")
	scheme = strings.ToLower(scheme)
	if !ok {
		return nil, errAddress
	}
	switch scheme {
	case "redis", "rediss", "unix":
		settings, err := redis.ParseURL(address)
		if err != nil {
			return nil, errAddress
		}
		limitWaiting(settings, timeout)
		return redis.NewClient(settings), nil
	case "redis" + sentinelSuffix, "rediss" + sentinelSuffix:
		return connectSentinel(scheme, rest, timeout)
	case "redis" + clusterSuffix, "rediss" + clusterSuffix:
		return connectCluster(scheme, rest, timeout)
	default:
		return nil, errAddress
	}
}

// limitWaiting sets the client's timeouts so that no command takes longer, but for a waiting read.
func limitWaiting(s *redis.Options, d time.Duration) {
	s.DialTimeout, s.ReadTimeout, s.WriteTimeout, s.PoolTimeout = d, d, d, d
	s.ContextTimeoutEnabled = true
	s.MaxRetries = -1
	s.DialerRetries = 1
	s.PoolSize = poolSize
	s.Protocol = 2
	s.DisableIdentity = true
	s.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// connectSentinel makes a client that asks the sentinels who the master is, and follows it when it moves.
func connectSentinel(scheme, rest string, d time.Duration) (redis.UniversalClient, error) {
	at, err := parseHosts(scheme, rest, sentinelPort)
	if err != nil {
		return nil, errSentinel
	}
	master, database, _ := strings.Cut(strings.Trim(at.path, "/"), "/")
	db, err := strconv.Atoi("0" + database)
	if master == "" || err != nil {
		return nil, errSentinel
	}
	return redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: master, SentinelAddrs: at.hosts, DB: db,
		Username: at.user, Password: at.password, TLSConfig: at.tls,
		SentinelUsername: at.query.Get("sentinel_user"), SentinelPassword: at.query.Get("sentinel_password"),
		DialTimeout: d, ReadTimeout: d, WriteTimeout: d, PoolTimeout: d, ContextTimeoutEnabled: true,
		MaxRetries: -1, DialerRetries: 1, PoolSize: poolSize, Protocol: 2, DisableIdentity: true,
	}), nil
}

// connectCluster makes a client that learns from any of the nodes where each key lives.
func connectCluster(scheme, rest string, d time.Duration) (redis.UniversalClient, error) {
	at, err := parseHosts(scheme, rest, redisPort)
	if err != nil || strings.Trim(at.path, "/") != "" {
		return nil, errCluster
	}
	return redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: at.hosts, Username: at.user, Password: at.password, TLSConfig: at.tls,
		DialTimeout: d, ReadTimeout: d, WriteTimeout: d, PoolTimeout: d, ContextTimeoutEnabled: true,
		MaxRetries: -1, DialerRetries: 1, PoolSize: poolSize, Protocol: 2, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}), nil
}

// hostList is an address of several hosts, read.
type hostList struct {
	user, password string
	hosts          []string // host:port
	path           string
	query          url.Values
	tls            *tls.Config // nil without TLS
}

// parseHosts reads what follows "://". The list of hosts is taken out first, since a URL has one host.
func parseHosts(scheme, rest, port string) (hostList, error) {
	authority, tail := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, tail = rest[:i], rest[i:]
	}
	user, list := "", authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, list = authority[:i+1], authority[i+1:]
	}
	u, err := url.Parse("redis://" + user + "host" + tail)
	if err != nil {
		return hostList{}, errAddress
	}
	at := hostList{user: u.User.Username(), path: u.Path, query: u.Query()}
	at.password, _ = u.User.Password()
	for host := range strings.SplitSeq(list, ",") {
		h, p, err := net.SplitHostPort(host)
		if err != nil {
			h, p = strings.Trim(host, "[]"), port
		}
		if h == "" {
			return hostList{}, errAddress
		}
		at.hosts = append(at.hosts, net.JoinHostPort(h, p))
	}
	if strings.HasPrefix(scheme, "rediss") {
		at.tls = &tls.Config{MinVersion: tls.VersionTLS12} // the name to prove is each host's own
	}
	return at, nil
}
