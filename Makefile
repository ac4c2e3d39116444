# The two that matter: `make run` and `make test`. What they need is installed by scripts/install-deps.
.DEFAULT_GOAL := help
.PHONY: help run test test-release test-asan test-tsan fuzz fuzz-replay bench bench-check chaos build release format lint openapi stop clean

SOURCES := Package.swift Sources loadtest Tests Benchmarks/Package.swift Benchmarks/Benchmarks Benchmarks/Subjects Fuzz

help: ## Shows this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Everything on this machine: database, simulated outside, server on port 5000, a first batch (Ctrl-C stops it)
	@exec scripts/run

test: ## All tests, on a database of their own
	@exec scripts/test

test-release: ## The tests against the optimised build, but for what stands around the program
	@exec scripts/test-release

test-tsan: ## The event loop and what stands on it, under ThreadSanitizer
	@exec scripts/test-tsan

test-asan: ## What reads strangers' bytes or calls C, under AddressSanitizer and LeakSanitizer (slow)
	@exec scripts/test-asan

fuzz: ## The fuzzers of Fuzz/, FUZZ_SECONDS (60) each; what they find becomes a test
	@exec scripts/fuzz

fuzz-replay: ## What the fuzzers keep, and some inputs like it, under AddressSanitizer (two minutes)
	@exec scripts/fuzz-replay

bench: ## The benchmarks of Benchmarks/, and their ratios
	@exec scripts/bench

bench-check: ## The same; fails if a ratio is over its threshold
	@exec scripts/bench check

chaos: ## The fault laboratory: kills, lost replies, an absent database and more (CHAOS_KILLS=, SEED=; see scripts/chaos)
	@exec scripts/chaos

build: ## Debug build, tests included
	@scripts/install-deps
	swift build --build-tests

release: ## Optimised build
	@scripts/install-deps
	swift build -c release
	@scripts/check-no-crash-points .build/release/generation-service

format: ## Formats the Swift sources in place (.swift-format)
	swift format --in-place --parallel --recursive $(SOURCES)

lint: ## Complains about what `make format` would change, and more; changes nothing
	swift format lint --strict --parallel --recursive $(SOURCES)
	@scripts/lint-assets

openapi: ## Renews docs/openapi.json, the snapshot of the API document
	UPDATE_OPENAPI_SNAPSHOT=1 swift test --filter APITests.OpenAPITests/snapshot

stop: ## Stops what `make run` or `make test` left behind (after a kill -9, say)
	@scripts/stop

clean: stop ## Stops everything and deletes builds, databases and logs
	@scripts/postgres remove .dev/postgres
	@scripts/postgres remove .dev/test-postgres
	@scripts/postgres remove .dev/chaos-postgres
	rm -rf Benchmarks/.build Fuzz/.build .build .build-release .build-asan .build-chaos .build-fuzz .build-fuzz-replay .build-tsan .dev logs
