# What a person types. CMake and Ninja do the work: see CMakePresets.json.
#   make test TESTS=booking     only the tests whose names match
#   make fuzz SECONDS=60        how long each target runs
#   make run ARGS="--set server.listen=127.0.0.1:9000"
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help run build test lint coverage bench fuzz asan tsan clean

JOBS ?= $(shell nproc)
TESTS ?=
SECONDS ?= 30
ARGS ?=

build_preset = printf '\n== Building (%s)\n' $(1); cmake --preset $(1) >/dev/null; ninja -C build/$(1) -j $(JOBS)
run_tests = printf '\n== Tests (%s)\n' $(1); \
  ctest --preset $(1) -j $(JOBS) $(if $(TESTS),-R '$(TESTS)')

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

run: build ## build and start Parley with the demo business
	@scripts/setup run
	build/release/bin/parley serve --demo $(ARGS)

build: ## the optimised binary: build/release/bin/parley
	@scripts/setup build
	@$(call build_preset,release) parley

test: ## build everything and run all tests, or a part: make test TESTS=booking
	@scripts/setup test
	@$(call build_preset,release)
	@$(call run_tests,release)

lint: ## formatting, clang-tidy, shellcheck and the tree's own rules
	@scripts/setup lint
	@scripts/lint

coverage: ## lines of our own sources that the tests run, module by module
	@scripts/setup coverage
	@$(call build_preset,coverage)
	@scripts/coverage build/coverage $(TESTS)

bench: ## every figure of bench/, with the machine and the spread
	@scripts/setup bench
	@printf '\n== Building (bench)\n'; cmake --preset bench >/dev/null; ninja -C build/release -j $(JOBS)
	@scripts/bench build/release

fuzz: ## each fuzz target for SECONDS (30), over its kept inputs
	@scripts/setup fuzz
	@$(call build_preset,fuzz)
	@scripts/fuzz build/fuzz $(SECONDS)

# sanitized(preset, programs): builds and runs them under it; with ONLY=build, does not run them.
# Real-time calls never are: the sanitizers' slowness would be what is measured.
sanitized = scripts/setup sanitizers; \
  printf '\n== Building ($(1))\n'; cmake --preset $(1) >/dev/null; \
  ninja -C build/$(1) -j $(JOBS) $(2)$(if $(filter build,$(ONLY)),,; \
  printf '\n== Tests ($(1))\n'; \
  ctest --preset $(1) -j $(JOBS) -R '^($(subst $() ,|,$(strip $(2))))$$')

PLATFORM := telemetry net store events
CAPABILITIES := auth audio calendar business speech dialog voice knowledge booking calls \
  health alerts gateway transform webhooks queue saga api \
  carriers_twilio speech_flite speech_espeak speech_pocketsphinx
# The fuzz targets of what comes from the network without a sign-in run over their kept inputs and 3000
# variations of them; `make fuzz` runs all of them, and looks for more.
FUZZED := http_fuzz natural_date_fuzz twilio_fuzz wav_fuzz webm_fuzz web_voice_fuzz
asan: ## tests and fuzz targets under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(call sanitized,asan,$(patsubst %,%_tests,base $(PLATFORM) $(CAPABILITIES)) $(FUZZED))

# What runs on more than one thread.
THREADED := base auth health
tsan: ## the tests of what shares memory between threads under ThreadSanitizer
	@$(call sanitized,tsan,$(patsubst %,%_tests,$(PLATFORM) $(THREADED)))

clean: ## remove everything built
	rm -rf build
