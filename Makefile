# Start with `make run` and `make test`. scripts/install-deps installs the packages that they need.
.DEFAULT_GOAL := help
.PHONY: help run test optimised test-optimised test-all test-deep test-litellm test-release test-asan test-tsan fuzz fuzz-replay bench bench-check chaos build release format lint openapi stop clean

SOURCES := Package.swift Sources loadtest Tests Benchmarks/Package.swift Benchmarks/Benchmarks Benchmarks/Subjects Fuzz

help: ## Shows this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Runs everything on this machine: database, simulators, server on port 5000, a first batch (Ctrl-C stops it)
	@exec scripts/run

test: ## Runs all tests, on a database of their own
	@exec scripts/test

optimised: ## Builds what test-optimised needs
	@exec scripts/build-optimised

test-optimised: ## Tests what only an optimised build can show; CI runs lint, test and this
	@exec scripts/test-optimised

test-all: ## Runs every check, for a release: the above and below, sanitizers, chaos, bench-check (hours)
	@exec scripts/test-all

test-deep: ## Runs schemathesis with many examples, and the browser at many widths
	@exec scripts/test-deep

test-litellm: ## Runs the service behind LiteLLM's proxy, which comes from PyPI (700 MB; skipped without PyPI)
	@exec scripts/test-litellm

test-release: ## Runs the tests against the optimised build, without clients, deploy, docs and browser
	@exec scripts/test-release

test-tsan: ## Runs the tests of the event loop and of its users under ThreadSanitizer
	@exec scripts/test-tsan

test-asan: ## Tests the code that reads untrusted bytes or calls C under AddressSanitizer and LeakSanitizer (slow)
	@exec scripts/test-asan

fuzz: ## Runs the fuzzers of Fuzz/ for FUZZ_SECONDS (60) each; each find becomes a test
	@exec scripts/fuzz

fuzz-replay: ## Replays the fuzzers' corpus and mutations of it under AddressSanitizer (two minutes)
	@exec scripts/fuzz-replay

bench: ## Runs the benchmarks of Benchmarks/ and prints their ratios
	@exec scripts/bench

bench-check: ## Runs them and fails if a ratio is over its threshold
	@exec scripts/bench check

chaos: ## Runs the fault laboratory: kills, lost replies, a stopped database and more (CHAOS_KILLS=, SEED=; see scripts/chaos)
	@exec scripts/chaos

build: ## Builds everything in debug mode, tests included
	@scripts/install-deps
	swift build --build-tests

release: ## Builds the optimised program
	@scripts/install-deps
	swift build -c release
	@scripts/check-no-crash-points .build/release/generation-service

format: ## Formats the Swift sources in place (.swift-format)
	swift format --in-place --parallel --recursive $(SOURCES)

lint: ## Reports what `make format` would change, and more; changes nothing
	swift format lint --strict --parallel --recursive $(SOURCES)
	@scripts/lint-assets

openapi: ## Renews docs/openapi.json, the snapshot of the API document
	UPDATE_OPENAPI_SNAPSHOT=1 swift test --filter APITests.OpenAPITests/snapshot

stop: ## Stops processes left by `make run` or `make test` (such as after a kill -9)
	@scripts/stop

clean: stop ## Stops everything and deletes builds, databases and logs
	@scripts/postgres remove .dev/postgres
	@scripts/postgres remove .dev/test-postgres
	@scripts/postgres remove .dev/chaos-postgres
	rm -rf Benchmarks/.build Fuzz/.build .build .build-* .dev logs
