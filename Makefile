# Rialto. `make` or `make help` lists what there is.
GO      ?= go
BIN     := bin/rialto
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -X main.version=$(VERSION)

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

.PHONY: run
run: build ## build, and start a three-node venue with the demo and some order flow
	@exec $(BIN) dev --nodes 3 --flow

.PHONY: build
build: ## build bin/rialto
	@mkdir -p bin
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/rialto

.PHONY: build-chaos
build-chaos: ## build bin/rialto-chaos, whose files and clock go wrong by the rules that chaos writes (CHAOS_RULES)
	@mkdir -p bin
	$(GO) build -trimpath -tags chaos -ldflags '$(LDFLAGS)' -o $(BIN)-chaos ./cmd/rialto

.PHONY: test
test: ## run the tests (under ten minutes on two cores)
	$(GO) test -timeout 15m ./...
	$(GO) test -tags chaos ./node/world

.PHONY: check
check: lint ## lint, and the tests again under the race detector
	$(GO) test -race -short -timeout 40m ./...

.PHONY: lint
lint: ## formatting, vet, staticcheck and the import rules
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "not gofmt-ed"; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags chaos ./node/world ./cmd/rialto
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
	$(GO) test -run TestLayers .

.PHONY: lint-all
lint-all: ## golangci-lint with the rules of .golangci.yml (builds it first: some minutes)
	$(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run ./...

.PHONY: bench
bench: build ## measure: the packages, then three nodes through the REST port
	$(GO) test -run '^$$' -bench . -benchtime 2s ./fsm/... ./cluster/... ./readmodels/... ./gateways/...
	./chaos/bench.sh

.PHONY: beside
beside: build ## measure three nodes beside three of an etcd that you have (RIALTO_ETCD=/path; wrk if it is there)
	./chaos/beside/beside.sh

.PHONY: first-minute
first-minute: ## how long it takes from a clone, built without a build cache, to a killed leader
	./chaos/firstminute.sh

.PHONY: memory
memory: build ## what three nodes have resident under load for MINUTES (60), and at rest after it
	./chaos/memory.sh

.PHONY: ids
ids: ## a minute of 250,000 commands a second at full size, two to four minutes
	$(GO) test ./fsm -count=1 -v -timeout 30m -run TestQuarterMillionASecond -minute

.PHONY: test-interop
test-interop: ## a trader with C++ QuickFIX (needs g++ and libquickfix-dev)
	RIALTO_INTEROP=require $(GO) test ./chaos/interop -count=1 -v -timeout 10m

.PHONY: sim
sim: ## simulated clusters in virtual time: SEED=1 (the first), SEEDS=1 (how many)
	$(GO) test ./chaos/sim -count=1 -timeout 0 -run '^TestSeeds$$' -args -seed=$(or $(SEED),1) -seeds=$(or $(SEEDS),1) $(if $(KEEP),-keep=$(KEEP))

.PHONY: marks
marks: ## count how often simulated seeds meet each guard and recovery branch; none may be zero (SEEDS=300, SEED=1)
	$(GO) test ./chaos/sim -count=1 -timeout 0 -v -run '^TestMarks$$' -args -seed=$(or $(SEED),1) -marks=$(or $(SEEDS),300)

.PHONY: mutants
mutants: ## build each planted defect and show which seed of the simulator finds it (SEEDS=500 at most, MUTANT=name)
	$(GO) test ./chaos/sim -count=1 -timeout 0 -v -run '^TestMutants$$' -args -mutants=$(or $(SEEDS),500) $(if $(MUTANT),-mutant='$(MUTANT)')

.PHONY: chaos-quick
chaos-quick: build build-chaos ## a trial or a few of each row of the scorecard, in ten minutes (as root: all rows)
	$(BIN) chaos scorecard --quick --for 10m --dir chaos-runs/quick --tagged $(BIN)-chaos

.PHONY: chaos-scorecard
chaos-scorecard: build build-chaos ## the whole scorecard, a day or more; goes on where it was interrupted (OLDER=binary of a build before)
	$(BIN) chaos scorecard --dir chaos-runs/scorecard --tagged $(BIN)-chaos $(if $(OLDER),--older $(OLDER))

.PHONY: chaos-fix
chaos-fix: ## FIX sessions through 24 faults and 200,000 orders, some ten minutes
	RIALTO_FIX_FAULTS=24 RIALTO_FIX_ORDERS=200000 RIALTO_FIX_RATE=2000 $(GO) test ./chaos -count=1 -v -timeout 60m -run TestFIXFaults

.PHONY: faults
faults: ## every fault of chaos once under traffic on three nodes (root for most; an hour)
	RIALTO_FAULTS=all $(GO) test ./chaos/internal/fault -count=1 -v -timeout 180m -run TestBites

.PHONY: cut
cut: ## cut a follower off from its leader for ten minutes, rejected and dropped (root)
	RIALTO_CUT_FOR=10m $(GO) test ./chaos -count=1 -v -timeout 30m -run TestOneFollowerCutOff

.PHONY: soak
soak: ## ten minutes of full batches beside two processor burners: at most one election
	RIALTO_SOAK=10m $(GO) test ./chaos -count=1 -v -timeout 30m -run TestNoNeedlessElections

.PHONY: pages
pages: ## type docs/three-machines.md to its end, on machines of namespaces (root) or loopback addresses, a minute
	RIALTO_PAGES=all $(GO) test ./chaos -count=1 -v -timeout 20m -run 'TestThreeMachines|TestUnitFile'

.PHONY: fuzz
fuzz: ## fuzz the codecs and the REST decoder, a minute each
	./chaos/fuzz.sh 60s

.PHONY: fuzz-fix
fuzz-fix: ## ten million bent FIX messages decoded, some to a live door, then its fuzz targets, a minute each
	$(GO) test ./gateways/fix/internal/decode -count=1 -v -timeout 120m -run TestCampaign -inputs 10000000
	$(GO) test ./gateways/fix -count=1 -timeout 120m -run TestBentMessages -bent 100000
	./chaos/fuzz.sh 60s gateways/fix

.PHONY: picture
picture: build ## record the README's picture from a real rialto demo
	$(BIN) demo --picture docs/demo.svg

.PHONY: reference
reference: ## write docs/reference.md from the program's own help
	$(GO) test ./cmd/rialto/internal/cli -count=1 -run TestHelp -update

.PHONY: clean
clean: ## remove what was built and the dev cluster's data
	rm -rf bin data
