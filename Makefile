# cordon: plain GNU make. Two commands do everything on a fresh Debian 12:
#   make demo    install what is missing, build, run the main job
#   make check   install what is missing, build, run every test
# Settings of your own go into config.mk.
-include config.mk

MODE    ?= debug
PREFIX  ?= /usr/local
CC      ?= cc
VERSION ?= 0.1.0
B       := build/$(MODE)

PACKAGES := lua5.4 libcurl libcrypto libcjson expat inih libseccomp
DEBS     := gcc make pkg-config liblua5.4-dev libcurl4-openssl-dev libssl-dev libcjson-dev \
            libexpat1-dev libinih-dev libseccomp-dev libmicrohttpd-dev libcmocka-dev lua5.4 python3 python3-venv

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
BASE_CFLAGS := -std=c11 -D_GNU_SOURCE -Ihost -I. -DCORDON_VERSION='"$(VERSION)"' $(WARNINGS) -MMD -MP \
               -fstack-protector-strong

ifeq ($(MODE),release)
  BASE_CFLAGS += -O2 -g -D_FORTIFY_SOURCE=2 -fPIE -DCORDON_SLABS
  LDFLAGS     += -pie -Wl,-z,relro,-z,now
else ifeq ($(MODE),asan)
  BASE_CFLAGS += -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
                 -DCORDON_SANITIZED -DASSET_ROOT='"$(CURDIR)"'
  LDFLAGS     += -fsanitize=address,undefined
else ifeq ($(MODE),fuzz)
  CC          := clang
  BASE_CFLAGS += -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
                 -fno-omit-frame-pointer -DCORDON_SANITIZED -DASSET_ROOT='"$(CURDIR)"'
  LDFLAGS     += -fsanitize=fuzzer,address,undefined
else
  BASE_CFLAGS += -O0 -g -DASSET_ROOT='"$(CURDIR)"'
endif

# V=1 shows the commands.
ifndef V
  Q := @
  say = @printf '  %-5s %s\n' $(1) $@
endif

# Recursive variables: pkg-config is asked when something is compiled, after `make deps`.
LIB_CFLAGS = $(shell pkg-config --cflags libcurl libcrypto libcjson expat inih libseccomp libmicrohttpd)
LUA_CFLAGS = $(shell pkg-config --cflags lua5.4)
# libcurl and libmicrohttpd are loaded when they are needed; nothing links them.
LIBS       = $(shell pkg-config --libs lua5.4 libcrypto libcjson expat inih libseccomp) -ldl -lm

HOST_SRC := $(sort $(wildcard host/*/*.c))
LUA_SRC  := $(sort $(filter-out lua/main.c,$(wildcard lua/*.c)))
OBJ      := $(patsubst %.c,$(B)/%.o,$(HOST_SRC) $(LUA_SRC))
ASSETS   := $(sort $(wildcard host/model/*.model stdlib/*/*.lua playbooks/*.lua playbooks/*/*.lua \
                      playbooks/*/*/*.lua))
ifeq ($(MODE),release)
  OBJ += $(B)/assets.o
endif

all: $(B)/cordon

$(B)/cordon: $(B)/lua/main.o $(B)/libcordon.a
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/libcordon.a: $(OBJ)
	$(call say,AR)
	$(Q)rm -f $@; $(AR) rcs $@ $^

$(B)/host/%.o: host/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(BASE_CFLAGS) $(LIB_CFLAGS) $(CFLAGS) -c -o $@ $<

$(B)/lua/%.o: lua/%.c
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(BASE_CFLAGS) $(LUA_CFLAGS) $(LIB_CFLAGS) $(CFLAGS) -c -o $@ $<

# What is Lua among them is carried compiled too (lua/chunk.h).
CARRIED_LUA := $(filter %.lua,$(ASSETS))
$(B)/compile: lua/tools/compile.c lua/sandbox.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CFLAGS) $(LUA_CFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LIBS)

$(B)/compiled.stamp: $(B)/compile $(CARRIED_LUA)
	$(Q)mkdir -p $(addprefix $(B)/compiled/,$(sort $(dir $(CARRIED_LUA))))
	$(Q)$(B)/compile $(B)/compiled $(CARRIED_LUA) && touch $@

$(B)/assets.S: host/base/embed.sh $(ASSETS) $(B)/compiled.stamp
	@mkdir -p $(@D)
	$(Q)sh host/base/embed.sh $(ASSETS) \
	    $(foreach f,$(CARRIED_LUA),compiled/$(f)=$(B)/compiled/$(f)) > $@.tmp && mv $@.tmp $@

$(B)/assets.o: $(B)/assets.S
	$(Q)$(CC) -c -o $@ $<

# --- tests -----------------------------------------------------------------
# tests/unit/NAME_test.c and tests/suites/NAME.c become build/MODE/tests/NAME. A line
# "// link: FLAGS" in a test is given to its linker (-Wl,--wrap=fdatasync).
TEST_LINK = $(shell sed -n 's,^// link: ,,p' $<)
UNIT   := $(patsubst tests/unit/%.c,$(B)/tests/%,$(sort $(wildcard tests/unit/*.c)))
RUNNERS := $(patsubst tests/suites/%.c,$(B)/tests/%,$(sort $(wildcard tests/suites/*.c)))

$(B)/tests/%: tests/unit/%.c $(B)/libcordon.a
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(BASE_CFLAGS) $(LUA_CFLAGS) $(LIB_CFLAGS) $(CFLAGS) -Itests $(LDFLAGS) $(TEST_LINK) -o $@ $< $(B)/libcordon.a $(LIBS) -lcmocka

$(B)/tests/%: tests/suites/%.c $(B)/libcordon.a
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(BASE_CFLAGS) $(LUA_CFLAGS) $(LIB_CFLAGS) $(CFLAGS) -Itests $(LDFLAGS) -o $@ $< $(B)/libcordon.a $(LIBS)

tests: $(UNIT) $(RUNNERS) $(B)/cordon

# --- fuzzing and memory ------------------------------------------------------
# tests/fuzz/NAME.c becomes build/MODE/fuzz/NAME: with clang's libFuzzer in MODE=fuzz, else with
# tests/fuzz/driver.c, which needs nothing. A "// link:" line as above. `make fuzz` wants clang
# and libclang-rt-dev; `make check` runs build/asan/fuzz for a moment.
FUZZ_SECONDS ?= 60
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(sort $(filter-out %/driver.c,$(wildcard tests/fuzz/*.c))))
FUZZ_ENGINE := $(if $(filter fuzz,$(MODE)),,$(B)/fuzz/driver.o)

$(B)/fuzz/driver.o: tests/fuzz/driver.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CFLAGS) $(CFLAGS) -c -o $@ $<

$(B)/fuzz/%: tests/fuzz/%.c $(FUZZ_ENGINE) $(B)/libcordon.a
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(BASE_CFLAGS) $(LUA_CFLAGS) $(LIB_CFLAGS) $(CFLAGS) -Itests $(LDFLAGS) $(TEST_LINK) -o $@ $< $(FUZZ_ENGINE) $(B)/libcordon.a $(LIBS)

fuzzers: $(FUZZERS)

fuzz:
	@$(MAKE) --no-print-directory -s -j$$(nproc) MODE=fuzz fuzzers
	@sh tests/fuzz/run.sh libfuzzer build/fuzz/fuzz $(FUZZ_SECONDS)

# Puts what `make fuzz` found worth keeping into tests/fuzz/corpus, as small as it gets.
fuzz-corpus:
	@$(MAKE) --no-print-directory -s -j$$(nproc) MODE=fuzz fuzzers
	@sh tests/fuzz/run.sh keep build/fuzz/fuzz

valgrind:
	@$(MAKE) --no-print-directory -s -j$$(nproc) MODE=debug tests fuzzers
	@sh tests/valgrind.sh all

# Ten thousand isolations in random worlds (`make check` runs a thousand).
property:
	@WORLDS=10000 lua5.4 tests/lua/run.lua isolation_property

# --- API models ------------------------------------------------------------
# Written again from pip's botocore (1.43 or newer) and committed.
model:
	python3 host/model/generate.py host/model

# --- what must be there ----------------------------------------------------
# Asks dpkg for each package and apt for what is missing, through sudo where not root.
deps:
	@missing=""; for p in $(DEBS); do \
	    dpkg -s $$p 2>/dev/null | grep -q '^Status: install ok installed' || missing="$$missing $$p"; \
	done; \
	if [ -n "$$missing" ]; then \
	    echo "installing:$$missing"; \
	    if [ "$$(id -u)" = 0 ]; then sudo=""; else sudo="sudo"; fi; \
	    $$sudo env DEBIAN_FRONTEND=noninteractive sh -c "apt-get update -qq && apt-get install -y -qq --no-install-recommends $$missing" \
	        || { echo "could not install:$$missing"; exit 1; }; \
	fi

# Python of the tests and of the demo: a virtual environment that adds what the system lacks.
PYTHON := build/venv/bin/python
$(PYTHON): tests/requirements.txt
	@mkdir -p build
	$(Q)python3 -m venv --system-site-packages build/venv
	$(Q)$@ tests/have.py tests/requirements.txt || build/venv/bin/pip install -q -r tests/requirements.txt
	$(Q)touch $@
venv: deps
	@$(MAKE) --no-print-directory $(PYTHON)

# --- the two commands --------------------------------------------------------
demo: deps
	@$(MAKE) --no-print-directory -s -j$$(nproc) MODE=release
	@python3 tests/demo.py build/release/cordon

# --- figures -----------------------------------------------------------------
# docs/performance.md says what is measured. FULL=1 adds what takes minutes and a gigabyte.
bench: venv
	@$(MAKE) --no-print-directory -s MODE=release
	@$(PYTHON) tests/have.py tests/bench/requirements.txt || build/venv/bin/pip install -q \
	    -r tests/bench/requirements.txt || echo "awscli could not be installed: it is left out"
	@$(PYTHON) tests/bench/run.py $(if $(FULL),--full) build/release/cordon

check: venv
	@sh tests/check.sh

install: $(B)/cordon
	install -D -m 755 $(B)/cordon $(DESTDIR)$(PREFIX)/bin/cordon
	install -D -m 644 docs/cordon.1 $(DESTDIR)$(PREFIX)/share/man/man1/cordon.1

clean:
	rm -rf build/debug build/asan build/release build/fuzz build/valgrind

-include $(OBJ:.o=.d) $(B)/lua/main.d $(addsuffix .d,$(UNIT) $(RUNNERS) $(FUZZERS))
.PHONY: all property tests fuzzers fuzz fuzz-corpus valgrind model deps venv demo bench check install clean
.DELETE_ON_ERROR:
