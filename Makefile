# SPDX-License-Identifier: BSD-2-Clause
# Sources are found by wildcard: a new file is no edit here.
.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules -j$(shell nproc)
SHELL := /bin/bash

VERSION := 0.1
CC      ?= gcc
CFLAGS  ?= -O2 -g
B       ?= build
BIN     ?= bin

WARN  := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
# gcc guesses at lengths that a buffer will never see; clang does not know the option.
WARN  += $(if $(findstring clang,$(CC)),,-Wno-format-truncation)
CPPF  := -D_GNU_SOURCE -DLASTACK_VERSION='"$(VERSION)"' -Iharness -I. -I$(B)/gen

# Made first, and make starts over with it: on a fresh machine nothing is known before.
ifneq ($(filter-out clean help,$(or $(MAKECMDGOALS),all)),)
include $(B)/found.mk
endif
$(B)/found.mk: tools/deps tools/found
	@mkdir -p $(B)
	@tools/deps
	@tools/found >$@.tmp && mv $@.tmp $@

ALLC   = $(CPPF) -std=gnu11 $(WARN) $(CFLAGS) $(SANITIZE) $(FOUND_CFLAGS) -MMD -MP
LIBS   = $(FOUND_LIBS) -lm

# The BPF observer is built where this machine can.
BTF     := /sys/kernel/btf/vmlinux
BPF_CC  ?= clang
BPF     ?= $(FOUND_BPF)
ifeq ($(BPF),yes)
CPPF    += -DLASTACK_BPF
SKELS   := $(patsubst harness/observe/bpf/%.bpf.c,$(B)/gen/%.skel.h,$(wildcard harness/observe/bpf/*.bpf.c))
OWNERS_SKEL := $(B)/gen/owners.lskel.h $(B)/gen/queues.lskel.h
endif
BPF_ARCH := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(shell uname -m)))

CORE    := $(wildcard harness/core/*.c)
MODEL   := $(wildcard harness/model/*.c)
HARNESS := $(CORE) $(MODEL) $(wildcard harness/load/*.c harness/observe/*.c harness/expect/*.c \
           harness/report/*.c harness/run/*.c harness/bench/*.c harness/cmd/*.c harness/*.c netns/*.c)
PEERS   := $(CORE) $(wildcard peers/*.c)
SERVER  := $(PEERS) $(wildcard servers/*.c)
CLIENT  := $(PEERS) $(wildcard clients/*.c)
UNITS   := $(wildcard tests/unit/*.c)

obj = $(patsubst %.c,$(B)/%.o,$(1))

.PHONY: all help lab check deps clean fmt unit asan check-asan valgrind tidy fuzz fuzzers bench bench-peers install labtools reference

all: $(BIN)/lastack $(BIN)/lastack-server $(BIN)/lastack-client ## build the three programs

$(BIN)/lastack: $(call obj,$(HARNESS))
$(BIN)/lastack-server: $(call obj,$(SERVER))
$(BIN)/lastack-client: $(call obj,$(CLIENT))

$(BIN)/lastack $(BIN)/lastack-server $(BIN)/lastack-client:
	@mkdir -p $(BIN)
	@echo "  link $@"
	@$(CC) $(SANITIZE) -o $@ $^ $(LIBS)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  cc   $<"
	@$(CC) $(ALLC) -c -o $@ $<

$(B)/harness/observe/bpf_load.o: $(SKELS)
$(B)/harness/observe/owner_bpf.o: $(OWNERS_SKEL)
$(B)/gen/owners.bpf.o $(B)/gen/queues.bpf.o: harness/observe/owner_raw.h

$(B)/gen/vmlinux.h: $(BTF)
	@mkdir -p $(@D)
	bpftool btf dump file $< format c >$@.tmp && mv $@.tmp $@

$(B)/gen/%.bpf.o: harness/observe/bpf/%.bpf.c harness/observe/bpf_raw.h $(wildcard harness/observe/bpf/*.h) $(B)/gen/vmlinux.h
	$(BPF_CC) -O2 -g -Wall -Werror -target bpf -mcpu=v3 -D__TARGET_ARCH_$(BPF_ARCH) -I$(B)/gen -Iharness -c -o $@ $<
	llvm-strip -g $@

$(B)/gen/%.skel.h: $(B)/gen/%.bpf.o
	bpftool gen skeleton $< name $*_bpf >$@.tmp && mv $@.tmp $@

# A light skeleton: quicker to load, for programs with nothing to choose.
$(B)/gen/%.lskel.h: $(B)/gen/%.bpf.o
	bpftool gen skeleton -L $< name $*_bpf >$@.tmp && mv $@.tmp $@

# A unit test is one file in tests/unit with a main(), linked with everything but main.c.
$(B)/unit/%: $(B)/tests/unit/%.o $(filter-out $(B)/harness/main.o,$(call obj,$(HARNESS)))
	@mkdir -p $(@D)
	@echo "  link $@"
	@$(CC) $(SANITIZE) -o $@ $^ $(LIBS) -lcmocka

# A program of tests/lab is one file with a main(), too.
$(B)/lab/%: $(B)/tests/lab/%.o $(filter-out $(B)/harness/main.o,$(call obj,$(HARNESS)))
	@mkdir -p $(@D)
	@echo "  link $@"
	@$(CC) $(SANITIZE) -o $@ $^ $(LIBS)

.PRECIOUS: $(B)/%.o $(B)/gen/%.bpf.o

labtools: $(patsubst tests/lab/%.c,$(B)/lab/%,$(wildcard tests/lab/*.c)) ## programs that the lab tests use

unit: $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNITS)) ## unit tests
	@set -e; for t in $^; do $$t; done

lab: all ## install what is missing, build, run the fast tier of scenarios
	@$(BIN)/lastack run

check: all labtools fuzzers $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNITS)) ## install what is missing, build, run all tests
	@BIN=$(abspath $(BIN)) B=$(abspath $(B)) tools/check

# The same tests on a build that watches memory and undefined behaviour; a report of any process counts.
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

asan: ## unit tests, replays and the fast tier of scenarios with AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory B=build-asan BIN=bin-asan CFLAGS='-O1 -g' SANITIZE='$(SANITIZERS)' check-asan

check-asan: all $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNITS))
	@BIN=$(abspath $(BIN)) B=$(abspath $(B)) REPORTS=$(abspath $(B))/reports tools/check unit golden scenarios

valgrind: all $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNITS)) ## unit tests, replays, list, explain and the peers under valgrind
	@BIN=$(abspath $(BIN)) B=$(abspath $(B)) tools/valgrind

# A fuzzer is one file in tests/fuzz, built by clang in a tree of its own. It may include the source
# whose statics it needs: the archive then leaves that one out.
FUZZ_SECONDS ?= 30
FUZZERS := $(patsubst tests/fuzz/%.c,build-fuzz/fuzz/%,$(wildcard tests/fuzz/*.c))
FUZZED  := $(call obj,$(filter-out harness/run/% harness/bench/% harness/cmd/% harness/main.c,$(HARNESS)) $(wildcard peers/*.c))

$(B)/fuzz/%: $(B)/tests/fuzz/%.o $(B)/fuzzed.a
	@mkdir -p $(@D)
	@echo "  link $@"
	@$(CC) $(SANITIZE) -fsanitize=fuzzer -o $@ $^ $(LIBS)

$(B)/fuzzed.a: $(FUZZED)
	@rm -f $@
	@ar rcs $@ $^

fuzzers: # what is fuzzed is pure: it needs no BPF
	@$(MAKE) --no-print-directory B=build-fuzz CC=clang BPF=no CFLAGS='-O1 -g' \
		SANITIZE='-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined' $(FUZZERS)

fuzz: fuzzers ## each fuzzer for FUZZ_SECONDS (30)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run.sh

bench: all ## the connection benchmark, as it comes
	@$(BIN)/lastack bench

# What the engine event is measured by: the same work on bare epoll.
$(B)/bench/bare_epoll: tests/bench/bare_epoll.c
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -std=gnu11 $(WARN) $(CFLAGS) -o $@ $<

bench-peers: all $(B)/bench/bare_epoll ## ours beside netperf, neper and wrk with nginx, those that are installed
	@BIN=$(BIN) B=$(B) tools/bench-peers

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

reference: $(BIN)/lastack ## docs/scenarios.md and the manual again, from the program's own tables
	$(BIN)/lastack explain --language > docs/scenarios.md
	BIN=$(BIN) tools/manual

PREFIX ?= /usr/local
DEST   = $(DESTDIR)$(PREFIX)

install: all ## programs, scenarios, manual and completion to PREFIX (/usr/local), below DESTDIR
	install -d $(DEST)/bin $(DEST)/share/lastack $(DEST)/share/man/man1 $(DEST)/share/bash-completion/completions
	install $(BIN)/lastack $(BIN)/lastack-server $(BIN)/lastack-client $(DEST)/bin
	cd scenarios && find . -name '*.yaml' -exec install -D -m 644 {} $(abspath $(DEST))/share/lastack/scenarios/{} \;
	install -m 644 docs/man/*.1 $(DEST)/share/man/man1
	install -m 644 tools/lastack.bash $(DEST)/share/bash-completion/completions/lastack

# .clang-tidy says which findings count, and why others don't.
tidy: $(SKELS) $(OWNERS_SKEL) ## clang-tidy over the sources
	@printf '%s\n' $(HARNESS) $(filter-out $(CORE),$(SERVER)) $(filter-out $(PEERS),$(CLIENT)) | \
		xargs -P 2 -I{} clang-tidy --quiet {} -- $(CPPF) -std=gnu11 2>/dev/null

fmt: ## format all sources
	clang-format -i $$(git ls-files '*.c' '*.h')

clean: ## remove what was built
	rm -rf $(B) $(BIN) build-asan bin-asan build-fuzz

-include $(shell find $(B) -name '*.d' 2>/dev/null)
