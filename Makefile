# What people working on Huiyin run. `make test` is all there is to pass.
GO      ?= go
LINT    ?= $(shell $(GO) env GOPATH)/bin/golangci-lint
FUZZ    ?= 20s
CAMPAIGN ?= 10m
LINES   ?= 1000000
ONLY    ?=
SEED    ?=
LENGTH  ?=
RESULTS ?=
BENCH   ?= .
PACKAGE ?= ./...
PEERS   ?= 20000x

.PHONY: help build test race lint bench bench-load bench-peers fuzz campaign sustained soak reliability pictures lines

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## the program, as bin/huiyin (needs a C++ compiler, for gojieba)
	$(GO) build -trimpath -o bin/huiyin ./cmd/huiyin

test: ## everything, against real PostgreSQL, Redis and Chromium
	scripts/test

race: ## the tests of PACKAGE with the race detector, against real servers
	scripts/test $(PACKAGE)

lint: ## vet and golangci-lint
	$(GO) vet $(PACKAGE)
	$(LINT) run $(PACKAGE)

bench: ## the benchmarks BENCH of PACKAGE, with allocations
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem $(PACKAGE)

bench-peers: ## our stream against asynq and River, in one run, PEERS items each
	cd test/peers && ../../scripts/with-servers $(GO) test -run '^$$' -bench . -benchtime $(PEERS) -count 3 -timeout 30m

lines: ## LINES through huiyin analyze: memory, and lines a second on one processor and on two
	HUIYIN_LINES=$(LINES) $(GO) test -run '^TestAnalyzeStream$$' -timeout 120m -v ./test/e2e

bench-load: ## the whole pipeline under load, on SQLite, and on PostgreSQL with Redis
	scripts/with-servers $(GO) test -run '^$$' -bench Sustained -benchtime 20000x -benchmem ./pipeline
	scripts/with-servers $(GO) test -run '^$$' -bench OpenLoop -benchtime 1x ./pipeline

fuzz: ## each fuzz target for FUZZ
	scripts/fuzz $(FUZZ)

pictures: ## the README's pictures, from the running program (needs Chromium)
	$(GO) run ./docs/pictures

campaign: ## faults under load for CAMPAIGN, all campaigns in turns; ONLY=redis,kills some; SEED=NUMBER one round
	HUIYIN_CAMPAIGN=$(CAMPAIGN) HUIYIN_ONLY=$(ONLY) HUIYIN_SEED=$(SEED) HUIYIN_RESULTS=$(RESULTS) HUIYIN_LENGTH=$(LENGTH) \
		$(GO) test -tags campaign -run '^TestCampaign$$' -timeout 24h -v ./test/e2e

sustained: ## 1,000 messages a second through the running program for ten minutes (LENGTH), on SQLite, and on PostgreSQL with Redis; each is looked for at the end
	$(MAKE) campaign ONLY=sustained,sustained-postgres SEED=1

soak: ## 50 messages a second for two hours (LENGTH), with something failing every five minutes; what the process holds is watched
	$(MAKE) campaign ONLY=soak-postgres SEED=1

reliability: ## campaigns for CAMPAIGN, and what they counted into docs/RELIABILITY.md
	$(MAKE) campaign RESULTS=$(CURDIR)/docs/reliability.jsonl
	$(GO) run ./test/campaign/reliability docs/reliability.jsonl docs/RELIABILITY.md
