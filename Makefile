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
            libexpat1-dev libinih-dev libseccomp-dev libcmocka-dev python3-venv

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
BASE_CFLAGS := -std=c11 -D_GNU_SOURCE -Ihost -I. -DCORDON_VERSION='"$(VERSION)"' $(WARNINGS) -MMD -MP \
               -fstack-protector-strong

ifeq ($(MODE),release)
  BASE_CFLAGS += -O2 -g -D_FORTIFY_SOURCE=2 -fPIE
  LDFLAGS     += -pie -Wl,-z,relro,-z,now
else ifeq ($(MODE),asan)
  BASE_CFLAGS += -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
                 -DCORDON_SANITIZED -DASSET_ROOT='"$(CURDIR)"'
  LDFLAGS     += -fsanitize=address,undefined
else
  BASE_CFLAGS += -O0 -g -DASSET_ROOT='"$(CURDIR)"'
endif

# Recursive variables: pkg-config is asked when something is compiled, after `make deps`.
LIB_CFLAGS = $(shell pkg-config --cflags libcurl libcrypto libcjson expat inih libseccomp)
LUA_CFLAGS = $(shell pkg-config --cflags lua5.4)
# libcurl is loaded by host/aws/http.c when the network is needed; nothing links it.
LIBS       = $(shell pkg-config --libs lua5.4 libcrypto libcjson expat inih libseccomp) -ldl -lm

HOST_SRC := $(sort $(wildcard host/*/*.c))
LUA_SRC  := $(sort $(filter-out lua/main.c,$(wildcard lua/*.c)))
OBJ      := $(patsubst %.c,$(B)/%.o,$(HOST_SRC) $(LUA_SRC))
ASSETS   := $(sort $(wildcard host/model/*.model stdlib/*/*.lua playbooks/*.lua playbooks/*/*.lua))
ifeq ($(MODE),release)
  OBJ += $(B)/assets.o
endif

all: $(B)/cordon

$(B)/cordon: $(B)/lua/main.o $(B)/libcordon.a
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/libcordon.a: $(OBJ)
	rm -f $@; $(AR) rcs $@ $^

$(B)/host/%.o: host/%.c
	@mkdir -p $(@D)
	$(CC) $(BASE_CFLAGS) $(LIB_CFLAGS) $(CFLAGS) -c -o $@ $<

$(B)/lua/%.o: lua/%.c
	@mkdir -p $(@D)
	$(CC) $(BASE_CFLAGS) $(LUA_CFLAGS) $(LIB_CFLAGS) $(CFLAGS) -c -o $@ $<

$(B)/assets.S: host/base/embed.sh $(ASSETS)
	@mkdir -p $(@D)
	sh host/base/embed.sh $(ASSETS) > $@.tmp && mv $@.tmp $@

$(B)/assets.o: $(B)/assets.S
	$(CC) -c -o $@ $<

# --- tests -----------------------------------------------------------------
# tests/unit/NAME_test.c and tests/suites/NAME.c become build/MODE/tests/NAME. A line
# "// link: FLAGS" in a test is given to its linker (-Wl,--wrap=fdatasync).
TEST_LINK = $(shell sed -n 's,^// link: ,,p' $<)
UNIT   := $(patsubst tests/unit/%.c,$(B)/tests/%,$(sort $(wildcard tests/unit/*.c)))
SUITES := $(patsubst tests/suites/%.c,$(B)/tests/%,$(sort $(wildcard tests/suites/*.c)))

$(B)/tests/%: tests/unit/%.c $(B)/libcordon.a
	@mkdir -p $(@D)
	$(CC) $(BASE_CFLAGS) $(LUA_CFLAGS) $(LIB_CFLAGS) $(CFLAGS) -Itests $(LDFLAGS) $(TEST_LINK) -o $@ $< $(B)/libcordon.a $(LIBS) -lcmocka

$(B)/tests/%: tests/suites/%.c $(B)/libcordon.a
	@mkdir -p $(@D)
	$(CC) $(BASE_CFLAGS) $(LUA_CFLAGS) $(LIB_CFLAGS) $(CFLAGS) -Itests $(LDFLAGS) -o $@ $< $(B)/libcordon.a $(LIBS)

tests: $(UNIT) $(SUITES) $(B)/cordon

# --- API models ------------------------------------------------------------
# Written again from pip's botocore (1.43 or newer) and committed.
model:
	python3 host/model/generate.py host/model

clean:
	rm -rf build/debug build/asan build/release

-include $(OBJ:.o=.d) $(B)/lua/main.d $(addsuffix .d,$(UNIT) $(SUITES))
.PHONY: all tests model clean
.DELETE_ON_ERROR:
