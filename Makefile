# The ways in. `make` alone lists them. Everything builds below build/, by the presets of CMakePresets.json.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
DESTDIR ?=
RELEASE := build/release

.DEFAULT_GOAL := help
.PHONY: help demo test build bench torture check tidy format docs install package fuzz clean hooks

help: ## This list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

demo: build ## Set up, build and play the main story on real parts, in plain words
	tools/demo $(RELEASE)

test: ## Set up, build and run the whole test suite
	tools/test

build: ## Set up and build everything, optimised
	tools/setup build
	cmake --preset release
	cmake --build --preset release -j $(JOBS)

bench: ## Measure against the budgets of docs/architecture.md; prints ratios from one run
	tools/setup build bench
	cmake --preset bench
	cmake --build --preset bench -j $(JOBS)
	tools/bench build/bench

torture: ## The same with 10 million licenses; takes long
	tools/setup build bench
	cmake --preset bench
	cmake --build --preset bench -j $(JOBS)
	tools/bench --torture build/bench

check: ## Format, layers, words, and the tests of what changed
	tools/setup build test
	tools/check

tidy: ## clang-tidy on what changed (ALL=1: on everything)
	tools/setup build test
	tools/tidy $(if $(ALL),--all)

format: ## Rewrite the C++ files that changed (ALL=1: all) in our format
	tools/setup build test
	tools/format $(if $(ALL),--all)

docs: ## Regenerate the pages that are written from data
	tools/setup build
	cmake --preset release
	cmake --build --preset release -j $(JOBS) --target latchkey_messages latchkey_cli
	$(RELEASE)/src/latchkey/latchkey settings --markdown > docs/settings.md
	$(RELEASE)/tools/messages/latchkey_messages --docs docs/errors.md messages/reasons.json messages/en.json messages/de.json

install: build ## Install below PREFIX (/usr/local): binary, library, headers, man page
	DESTDIR=$(DESTDIR) cmake --install $(RELEASE) --prefix $(PREFIX)

package: ## Build Debian packages into dist/ and look at what is in them
	tools/setup build package
	cmake --preset release
	cmake --build --preset release -j $(JOBS)
	cmake -E make_directory dist
	rm -f dist/*.deb
	cd $(RELEASE) && cpack -G DEB -B $(CURDIR)/dist
	packaging/check_deb $$($(RELEASE)/src/latchkey/latchkey --version | cut -d' ' -f2) dist/*.deb
	@ls -l dist/*.deb

fuzz: ## Run every fuzz target; FUZZ_SECONDS=600 for longer, TARGET=name for one
	tools/setup build test
	tools/fuzz $(TARGET)

hooks: ## Let git format and lint staged files before each commit
	git config core.hooksPath tools/hooks

clean: ## Remove all that was built
	rm -rf build dist
