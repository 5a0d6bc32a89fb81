SHELL := /bin/bash
export CGO_ENABLED := 0
GO ?= go
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.7.0
GORELEASER := github.com/goreleaser/goreleaser/v2@v2.12.7
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.9
RELEASE ?= release --snapshot
BENCH ?= .

BUF := github.com/bufbuild/buf/cmd/buf@v1.75.0

.PHONY: contracts build embed image demo serve test soak bench docs release release-check screenshots lint clean help

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

embed:
	@$(GO) run ./builder/cmd/embed

build: embed ## ./paastech
	@echo "==> building ./paastech" >&2
	@$(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o paastech .

image: build ## the daemon as a container image, paastech:local (compose.yaml runs it)
	@docker build --tag paastech:local .

demo: ## everything, from nothing to an application that answers, until Ctrl-C
	@.ci/setup run
	@$(MAKE) --no-print-directory build
	@examples/demo

serve: ## the demo's platform without its application, until Ctrl-C
	@.ci/setup run
	@$(MAKE) --no-print-directory build
	@examples/demo --serve-only

test: ## all tests: real Docker, git, ssh, PostgreSQL
	@.ci/test $(GO) test -timeout 70m ./...

soak: ## the same with long repetitions and time bounds
	@PAASTECH_SOAK=1 .ci/test $(GO) test -timeout 4h -count 1 ./...

bench: ## figures beside a floor measured in the same run; BENCH=deploy for one group
	@mkdir -p dist
	@set -o pipefail; .ci/test $(GO) test -timeout 2h -run '^$$' -bench '(?i)$(BENCH)' -benchtime 5x ./... | tee dist/bench.txt
	@printf '\n'; grep '^Benchmark' dist/bench.txt | column -t

docs: embed ## the reference in docs/reference, from the code
	@mkdir -p docs/reference
	@PAASTECH_DOCS=1 $(GO) test -count 1 -run TestReference ./cli ./api

release: ## archives, packages, checksums and bills of materials into dist/release; RELEASE=release publishes them
	@$(GO) run $(GORELEASER) $(RELEASE) --clean

release-check: ## is .goreleaser.yaml one that goreleaser takes
	@$(GO) run $(GORELEASER) check

screenshots: ## a picture of every page, into docs/screenshots
	@.ci/setup test
	@mkdir -p docs/screenshots
	@PAASTECH_PICTURES=$(CURDIR)/docs/screenshots $(GO) test -count 1 -run TestPictures ./ui

contracts: ## the Go code of rpc/proto, into rpc/contracts
	@cd rpc && $(GO) run $(BUF) format -w && $(GO) run $(BUF) generate

lint: embed ## format, vet, staticcheck, workflows, contracts, client for macOS and Windows
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$unformatted" ] || { echo "not gofmt-ed: $$unformatted" >&2; exit 1; }
	@$(GO) vet ./...
	@$(GO) run $(STATICCHECK) ./...
	@$(GO) run $(ACTIONLINT)
	@cd rpc && $(GO) run $(BUF) lint && $(GO) run $(BUF) format --diff --exit-code
	@made=$$(mktemp -d) && cd rpc && $(GO) run $(BUF) generate --output $$made && \
		{ diff -r contracts $$made/contracts >&2 || { echo "rpc/contracts is not what rpc/proto says: make contracts" >&2; exit 1; }; } && rm -r $$made
	@GOOS=darwin GOARCH=arm64 $(GO) build -o /dev/null .
	@GOOS=windows GOARCH=amd64 $(GO) build -o /dev/null .

clean: ## what build made
	@rm -rf paastech builder/embedded/*.zst dist
