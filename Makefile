# Dialwarden: `make` lists the targets. Downloads go to $XDG_CACHE_HOME/dialwarden (~/.cache/dialwarden).
SHELL := /bin/bash
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/dialwarden
GOLANGCI_VERSION := v2.12.2
GOLANGCI := $(CACHE)/bin/golangci-lint-$(GOLANGCI_VERSION)
OPA_VERSION := $(shell awk '$$1 == "github.com/open-policy-agent/opa" {print $$2}' go.mod)
OPA := $(CACHE)/bin/opa-$(OPA_VERSION)
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
COMMIT := $(shell git rev-parse HEAD 2>/dev/null)
LDFLAGS := -X main.version=$(VERSION) -X main.commit=$(COMMIT)
export CGO_ENABLED := 1
# SQLite syncs with fsync unless it is told that fdatasync can be trusted, as it can on Linux: a commit writes less.
export CGO_CFLAGS := -g -O2 -DHAVE_FDATASYNC=1

.DEFAULT_GOAL := help
.PHONY: help build static asterisk demo test campaign bench scale lint fmt clean tools

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

tools:
	@scripts/need.sh ca-certificates gcc libc6-dev

build: tools ## build bin/dialwarden
	@mkdir -p bin
	@[ -e bin/dialwarden ] || echo 'building bin/dialwarden; the first time takes a few minutes …' >&2
	go build -ldflags '$(LDFLAGS)' -o bin/ ./cmd/dialwarden

asterisk: ## get a real Asterisk 22 into the cache (or check ASTERISK_ROOT)
	@scripts/asterisk-root.sh

demo: build ## real calls through a real Asterisk, decided before your eyes
	@scripts/asterisk-root.sh >/dev/null
	@bin/dialwarden demo

test: ## everything: formatting, vet, lint, Rego, and all tests with the race detector against a real Asterisk
	@scripts/test.sh

campaign: tools ## kill the daemon a hundred times under load: every call must end, once, and every reservation be settled
	@scripts/asterisk-root.sh >/dev/null
	go test ./e2e -count=1 -timeout 30m -run '^TestCampaign$$' -v -kills 100

bench: build asterisk $(OPA) ## one decision beside OPA's server; lists of a long log; call set-up beside plain Dial; commits beside bare SQLite
	go run ./cmd/dialwarden-bench decision --opa $(OPA)
	go run ./cmd/dialwarden-bench log
	go run ./cmd/dialwarden-bench
	go run ./cmd/dialwarden-bench ledger

scale: build asterisk ## a thousand calls at once for ten minutes, on Asterisk alone and through Dialwarden (25 minutes)
	go run ./cmd/dialwarden-bench scale

$(OPA):
	@echo "building OPA $(OPA_VERSION) into $(CACHE)/bin to measure against (some minutes, once) …" >&2
	@mkdir -p $(CACHE)/bin/new
	@GOBIN=$(CACHE)/bin/new GOFLAGS= go install github.com/open-policy-agent/opa@$(OPA_VERSION)
	@mv $(CACHE)/bin/new/opa $@

$(GOLANGCI):
	@echo "building golangci-lint $(GOLANGCI_VERSION) into $(CACHE)/bin (some minutes, once) …" >&2
	@mkdir -p $(CACHE)/bin/new
	@GOBIN=$(CACHE)/bin/new GOFLAGS= go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv $(CACHE)/bin/new/golangci-lint $@

# Each work tree has a cache of its own: from one cache the linter would repeat, for unchanged code, what it said of a clone
# that is gone, and without that clone's files it knows nothing of their nolint comments and exclusions.
lint: export GOLANGCI_LINT_CACHE = $(CACHE)/lint$(CURDIR)
lint: tools $(GOLANGCI) ## golangci-lint, built into the cache when it is not there
	$(GOLANGCI) run ./...

fmt: ## format the Go code
	gofmt -w $$(go list -f '{{.Dir}}' ./...)

clean: ## remove what was built here (not the cache)
	rm -rf bin dist
