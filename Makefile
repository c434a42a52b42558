# What people working on Huiyin run. `make test` is all there is to pass.
GO      ?= go
LINT    ?= $(shell $(GO) env GOPATH)/bin/golangci-lint
FUZZ    ?= 20s
CAMPAIGN ?= 10m
BENCH   ?= .
PACKAGE ?= ./...

.PHONY: help build test race lint bench fuzz campaign pictures

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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

fuzz: ## each fuzz target for FUZZ
	scripts/fuzz $(FUZZ)

pictures: ## the README's pictures, from the running program (needs Chromium)
	$(GO) run ./docs/pictures

campaign: ## kill the program at random steps for CAMPAIGN; SEED=NUMBER replays one round
	HUIYIN_CAMPAIGN=$(CAMPAIGN) HUIYIN_SEED=$(SEED) $(GO) test -tags campaign -run '^TestCampaign$$' -timeout 120m -v ./test/e2e
