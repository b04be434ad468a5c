# SPDX-License-Identifier: BSD-2-Clause
# Sources are found by wildcard: a new file is no edit here.
.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash

VERSION := 0.1
CC      ?= gcc
CFLAGS  ?= -O2 -g
B       ?= build
BIN     ?= bin

WARN  := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-format-truncation -Werror
PKGS  := libevent libmnl libnftables jansson yaml-0.1 libbpf libelf
CPPF  := -D_GNU_SOURCE -DLASTACK_VERSION='"$(VERSION)"' -Iharness -I. -I$(B)/gen
ifeq ($(shell pkg-config --exists liburing && echo yes),yes) # optional: the bench's engine `ring`
PKGS   += liburing
CPPF   += -DHAVE_LIBURING
endif
ALLC   = $(CPPF) -std=gnu11 $(WARN) $(CFLAGS) $(SANITIZE) $(shell pkg-config --cflags $(PKGS)) -MMD -MP
LIBS   = $(shell pkg-config --libs $(PKGS)) -lm

# The BPF observer is built where this machine can: it needs the kernel's own types.
BTF     := /sys/kernel/btf/vmlinux
BPF_CC  ?= clang
BPF     ?= $(shell test -r $(BTF) && command -v $(BPF_CC) bpftool llvm-strip >/dev/null && echo yes)
ifeq ($(BPF),yes)
CPPF    += -DLASTACK_BPF
SKELS   := $(patsubst harness/observe/bpf/%.bpf.c,$(B)/gen/%.skel.h,$(wildcard harness/observe/bpf/*.bpf.c))
OWNERS_SKEL := $(B)/gen/owners.lskel.h
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

.PHONY: all help lab check deps clean fmt unit asan tidy fuzz bench bench-peers install labtools reference

all: $(BIN)/lastack $(BIN)/lastack-server $(BIN)/lastack-client ## build the three programs

$(BIN)/lastack: $(call obj,$(HARNESS))
$(BIN)/lastack-server: $(call obj,$(SERVER))
$(BIN)/lastack-client: $(call obj,$(CLIENT))

$(BIN)/lastack $(BIN)/lastack-server $(BIN)/lastack-client:
	@mkdir -p $(BIN)
	@echo "  link $@"
	@$(CC) $(SANITIZE) -o $@ $^ $(LIBS)

$(B)/%.o: %.c | $(B)/deps-ok
	@mkdir -p $(@D)
	@echo "  cc   $<"
	@$(CC) $(ALLC) -c -o $@ $<

$(B)/harness/observe/bpf_load.o: $(SKELS)
$(B)/harness/observe/owner_bpf.o: $(OWNERS_SKEL)
$(B)/gen/owners.bpf.o: harness/observe/owner_raw.h

$(B)/gen/vmlinux.h: $(BTF) | $(B)/deps-ok
	@mkdir -p $(@D)
	bpftool btf dump file $< format c >$@.tmp && mv $@.tmp $@

$(B)/gen/%.bpf.o: harness/observe/bpf/%.bpf.c harness/observe/bpf_raw.h $(B)/gen/vmlinux.h
	$(BPF_CC) -O2 -g -Wall -Werror -target bpf -D__TARGET_ARCH_$(BPF_ARCH) -I$(B)/gen -Iharness -c -o $@ $<
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
	$(CC) $(SANITIZE) -o $@ $^ $(LIBS)

.PRECIOUS: $(B)/%.o $(B)/gen/%.bpf.o

labtools: $(patsubst tests/lab/%.c,$(B)/lab/%,$(wildcard tests/lab/*.c)) ## programs that the lab tests use

unit: $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNITS)) ## unit tests
	@set -e; for t in $^; do $$t; done

lab: all ## install what is missing, build, run the fast tier of scenarios
	@$(BIN)/lastack run

check: all labtools $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNITS)) ## install what is missing, build, run all tests
	@BIN=$(abspath $(BIN)) B=$(abspath $(B)) tools/check

bench: all ## the connection benchmark, as it comes
	@$(BIN)/lastack bench

# What the engine event is measured by: the same work on bare epoll.
$(B)/bench/bare_epoll: tests/bench/bare_epoll.c
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -std=gnu11 $(WARN) $(CFLAGS) -o $@ $<

bench-peers: all $(B)/bench/bare_epoll ## ours beside netperf, neper and wrk with nginx, those that are installed
	@BIN=$(BIN) B=$(B) tools/bench-peers

$(B)/deps-ok: tools/deps
	@mkdir -p $(B)
	@tools/deps
	@touch $@

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

reference: $(BIN)/lastack ## docs/scenarios.md again, from the tables of the parser
	$(BIN)/lastack explain --language > docs/scenarios.md

fmt: ## format all sources
	clang-format -i $$(git ls-files '*.c' '*.h')

clean: ## remove what was built
	rm -rf $(B) $(BIN)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
