# SPDX-License-Identifier: Apache-2.0
# ckptfs: mount a TensorFlow checkpoint as another model's. `make help` lists the targets.
#
#   BUILD=dir       where everything goes (build)
#   SAN=asan|tsan   sanitizers, in a build folder of their own (build/asan, build/tsan); `make fuzz` has SAN=fuzz, with clang
#   WERROR=1        warnings are errors (CI)
#   TESTS='WORD...' what `make check` runs instead of all: of steps, Python tests and unit tests, as scripts/check says
#   V=1             show the commands; QUIET=1: not even what is made
#   PREFIX, DESTDIR for `make install`

SAN ?=
BUILD ?= $(if $(SAN),build/$(SAN),build)
PREFIX ?= /usr/local
DESTDIR ?=
WERROR ?=
V ?=
QUIET ?=
Q := $(if $(V),,@)
SAY = @$(if $(V)$(QUIET),:,printf '  %-5s %s\n')
VERSION := 0.2.0
comma := ,

CC ?= cc
PKG_CONFIG ?= pkg-config
LIBS_REQUIRED := fuse3 libprotobuf-c snappy inih libisal
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(filter-out snappy,$(LIBS_REQUIRED)) 2>/dev/null)
PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(filter-out snappy,$(LIBS_REQUIRED)) 2>/dev/null) -lsnappy

CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual \
  -Wformat=2 -Wundef -Wvla -Wwrite-strings -Wconversion -Wno-sign-conversion -Wimplicit-fallthrough \
  -Werror=unused-result -Werror=implicit-function-declaration -Werror=return-type $(if $(WERROR),-Werror)
SAN_FLAGS := $(if $(filter asan,$(SAN)),-fsanitize=address,$(if $(filter tsan,$(SAN)),-fsanitize=thread)) \
  $(if $(filter fuzz,$(SAN)),-fsanitize=fuzzer-no-link$(comma)address) \
  $(if $(filter asan fuzz,$(SAN)),-fsanitize=undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
    -ftrivial-auto-var-init=pattern)
# What the compiler has to make the programs harder to take over. Sanitizers have better, and what checks sizes of objects works with -O alone.
HARDENING := $(if $(SAN),,$(shell scripts/hardening $(BUILD)/hardening $(CC)))
ifneq (,$(or $(findstring _FORTIFY_SOURCE,$(CFLAGS) $(CPPFLAGS)),$(filter -O0,$(CFLAGS)),$(if $(filter -O%,$(CFLAGS)),,none)))
HARDENING := $(filter-out %_FORTIFY_SOURCE %_FORTIFY_SOURCE=2 %_FORTIFY_SOURCE=3,$(HARDENING))
endif
ALL_CFLAGS := -std=gnu11 -pthread -fno-strict-aliasing -fPIE $(WARNINGS) $(SAN_FLAGS) $(HARDENING) $(CFLAGS)
ALL_CPPFLAGS := -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DFUSE_USE_VERSION=312 -DCKPTFS_VERSION='"$(VERSION)"' \
  -Isrc -isystem $(BUILD)/gen $(PKG_CFLAGS) $(CPPFLAGS)
ALL_LDFLAGS := -pthread -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack $(SAN_FLAGS) $(LDFLAGS)

PROTOS := $(wildcard proto/*.proto)
GEN_C := $(PROTOS:proto/%.proto=$(BUILD)/gen/%.pb-c.c)
GEN_H := $(GEN_C:.c=.h)
MAINS := src/fuse/ckptfs.c src/tool/ckptool.c
LIB_C := $(filter-out $(MAINS),$(wildcard src/*/*.c src/*/*/*.c))
LIB_O := $(LIB_C:%.c=$(BUILD)/obj/%.o) $(GEN_C:$(BUILD)/gen/%.c=$(BUILD)/obj/gen/%.o)
PROGRAMS := $(patsubst %.c,$(BUILD)/%,$(notdir $(wildcard $(MAINS))))
UNIT_C := $(wildcard tests/unit/*/test_*.c tests/unit/*/*/test_*.c)
UNIT := $(patsubst %.c,$(BUILD)/tests/%,$(notdir $(UNIT_C)))
CAST_TABLE := $(BUILD)/tests/cast_table
FOUND_MAP := $(BUILD)/tests/found_map
SUPPORT_C := $(wildcard tests/support/*.c)
SUPPORT_O := $(SUPPORT_C:%.c=$(BUILD)/obj/%.o)
FUZZ_C := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_COMMON_O := $(patsubst %.c,$(BUILD)/obj/%.o,$(filter-out $(FUZZ_C) tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c)))
HELPERS_C := $(wildcard tests/mount/*.c)
HELPERS := $(HELPERS_C:tests/mount/%.c=$(BUILD)/tests/%)
SHIM := $(BUILD)/tests/faultshim.so
MAPS := $(wildcard conf/maps/*.ini)
REPLAY := $(FUZZ_C:tests/fuzz/fuzz_%.c=$(BUILD)/tests/replay_%)

# needs GROUPS: calls `make setup`, which says what it installs, when something of them is missing.
needs = @scripts/setup --missing $(1) > /dev/null || $(MAKE) --no-print-directory setup FOR='$(1)'

.PHONY: all setup lint demo check check-frameworks check-unit parity parity-ops parity-map bench fuzz coverage soak install uninstall clean help tests format
.SECONDARY:
.DELETE_ON_ERROR:

all: $(PROGRAMS) $(BUILD)/maps ## build build/ckptfs and build/ckptool

FOR ?= build demo tests lint

setup: ## install what is missing (as root; else it says the command); the targets below call it when something is missing
	@scripts/setup $(FOR)

demo: ## build, mount a real checkpoint, show its tensors, unmount
	$(call needs,build demo)
	@$(MAKE) --no-print-directory -q all || echo 'building ckptfs and ckptool ...'
	@$(MAKE) --no-print-directory QUIET=1 all
	@BUILD=$(BUILD) scripts/demo

check: ## build and test, all or TESTS='WORD...': a step, a Python test's path or a part of its name, a unit test
	$(call needs,build tests lint)
	@scripts/check $(TESTS)

lint: ## what is wrong with the sources, without building: format, widths, shell, Python, manuals, layers, code
	$(call needs,build lint)
	@scripts/lint

check-frameworks: ## install torch, jax, transformers and timm (5 GB), build, read mounts with them
	$(call needs,build tests)
	@$(MAKE) --no-print-directory all
	@scripts/check frameworks

check-unit: $(UNIT) ## only the unit tests, as built (SAN=asan for sanitizers)
	@scripts/run-units $(UNIT)

N ?= 1000
SEED ?= 1

parity: all ## N cases against TensorFlow's init_from_checkpoint (N=10000 SEED=s); failing ones are kept in build/parity
	$(call needs,build tests)
	@CKPTFS_BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 "$$(scripts/venv)/bin/python" tests/parity/differential/run.py "$(N)" "$(SEED)"

parity-ops: all ## N random chains of operations against NumPy (N=10000 SEED=s)
	$(call needs,build tests)
	@CKPTFS_BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 "$$(scripts/venv)/bin/python" tests/parity/operations/run.py "$(N)" "$(SEED)"

parity-map: all ## N random maps with wildcards against a model of their language (N=10000 SEED=s)
	$(call needs,build tests)
	@CKPTFS_BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 "$$(scripts/venv)/bin/python" tests/parity/language/run.py "$(N)" "$(SEED)"

bench: ## speed and memory as ratios against references of the same run
	$(call needs,build tests bench)
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) scripts/bench

fuzz: ## look for inputs that break a parser or a view: TARGET=view|table|bundle|strings|legacy|objects|statefile|map|pattern|operations|meta|safetensors|json_index TIME=seconds
	$(call needs,build fuzz)
	@scripts/fuzz '$(TARGET)' '$(or $(TIME),60)'

coverage: ## which functions of the parsers and of a view's files the fuzz corpora reach
	$(call needs,build tests)
	@scripts/coverage

soak: ## what takes over an hour and is run once: fuzzing, 64 readers, parity, faults; PART='fuzz readers' TIME=seconds each N=cases
	$(call needs,build tests fuzz)
	@scripts/soak $(PART)

tests: $(UNIT) $(FOUND_MAP) $(REPLAY) $(HELPERS) $(SHIM) ## build the unit tests, and the programs that the tests run

install: all ## into DESTDIR/PREFIX
	install -D -m 755 $(BUILD)/ckptfs $(DESTDIR)$(PREFIX)/bin/ckptfs
	install -D -m 755 $(BUILD)/ckptool $(DESTDIR)$(PREFIX)/bin/ckptool
	install -D -m 644 conf/ckptfs.1 $(DESTDIR)$(PREFIX)/share/man/man1/ckptfs.1
	install -D -m 644 conf/ckptool.1 $(DESTDIR)$(PREFIX)/share/man/man1/ckptool.1
	install -D -m 644 conf/ckptfs-map.5 $(DESTDIR)$(PREFIX)/share/man/man5/ckptfs-map.5
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/ckptfs/maps $(MAPS)
	install -D -m 644 conf/completions/ckptfs.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/ckptfs
	install -D -m 644 conf/completions/_ckptfs $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_ckptfs
	install -D -m 644 conf/completions/ckptfs.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/ckptfs.fish
	ln -sf ckptfs $(DESTDIR)$(PREFIX)/share/bash-completion/completions/ckptool
	ln -sf ckptfs.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/ckptool.fish
	mkdir -p $(DESTDIR)$(PREFIX)/sbin
	ln -sf ../bin/ckptfs $(DESTDIR)$(PREFIX)/sbin/mount.fuse.ckptfs

uninstall: ## take away what install put there
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,bin/ckptfs bin/ckptool share/man/man1/ckptfs.1 \
	  share/man/man1/ckptool.1 share/man/man5/ckptfs-map.5 sbin/mount.fuse.ckptfs \
	  $(addprefix share/bash-completion/completions/,ckptfs ckptool) share/zsh/site-functions/_ckptfs \
	  $(addprefix share/fish/vendor_completions.d/,ckptfs.fish ckptool.fish)) \
	  $(addprefix $(DESTDIR)$(PREFIX)/share/ckptfs/maps/,$(notdir $(MAPS)))
	-rmdir $(DESTDIR)$(PREFIX)/share/ckptfs/maps $(DESTDIR)$(PREFIX)/share/ckptfs

clean: ## remove everything built
	rm -rf build

format: ## apply .clang-format
	git ls-files -co --exclude-standard 'src/*.[ch]' 'tests/*.[ch]' | xargs clang-format-14 -i

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 18

$(BUILD)/ckptfs: $(BUILD)/obj/src/fuse/ckptfs.o $(BUILD)/libckptfs.a
	$(SAY) LINK $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) -lm

# Where a program that is not installed finds the ready maps.
$(BUILD)/maps:
	@mkdir -p $(@D)
	@ln -sfn '$(CURDIR)/conf/maps' $@

$(BUILD)/ckptool: $(BUILD)/obj/src/tool/ckptool.o $(BUILD)/libckptfs.a
	$(SAY) LINK $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) -lm

$(BUILD)/libckptfs.a: $(LIB_O)
	$(SAY) AR $@
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

# Unit tests lie in folders as what they test does, and their programs in one.
$(foreach test,$(UNIT_C),$(eval $(BUILD)/tests/$(basename $(notdir $(test))): $(BUILD)/obj/$(test:.c=.o)))
$(CAST_TABLE): $(BUILD)/obj/tests/unit/tensor/cast_table.o
$(FOUND_MAP): $(BUILD)/obj/tests/unit/propose/found_map.o

$(UNIT) $(CAST_TABLE) $(FOUND_MAP): $(SUPPORT_O) $(BUILD)/libckptfs.a
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(PKG_LIBS) -lcmocka -lm

# Preloaded by tests/faults. Both names of a call with a 64-bit one are defined in it, which headers that check lengths do not allow for.
$(SHIM): tests/faults/shim.c
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -g -fPIC -shared -o $@ $<

# Programs that tests of mounts run beside ours.
$(HELPERS): $(BUILD)/tests/%: $(BUILD)/obj/tests/mount/%.o
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

# A fuzz target: with libFuzzer (scripts/fuzz), and as a program that is fed files.
$(BUILD)/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(FUZZ_COMMON_O) $(SUPPORT_O) $(BUILD)/libckptfs.a
	$(SAY) LINK $@
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(PKG_LIBS) -lcmocka -lm

$(BUILD)/tests/replay_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/obj/tests/fuzz/replay.o $(FUZZ_COMMON_O) $(SUPPORT_O) $(BUILD)/libckptfs.a
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) -lcmocka -lm

# Objects depend on the flags file, so that another CFLAGS or WERROR rebuilds.
FLAGS_FILE := $(BUILD)/flags
$(shell mkdir -p $(BUILD) && printf '%s\n' '$(subst ','\'',$(CC) $(ALL_CFLAGS) $(ALL_CPPFLAGS))' > $(FLAGS_FILE).new && \
  { cmp -s $(FLAGS_FILE).new $(FLAGS_FILE) && rm $(FLAGS_FILE).new || mv $(FLAGS_FILE).new $(FLAGS_FILE); })

$(BUILD)/obj/%.o: %.c $(FLAGS_FILE) | $(GEN_H)
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_CPPFLAGS) -MMD -MP -c -o $@ $<

# A page as a string literal, a line of it for each line.
$(BUILD)/gen/%.inc: src/tool/%.html
	@mkdir -p $(@D)
	$(SAY) PAGE $<
	$(Q)sed 's/[\\"]/\\&/g; s/^/"/; s/$$/\\n"/' $< > $@

$(BUILD)/obj/src/tool/stat_page.o: $(BUILD)/gen/stat_page.inc

# What a fuzz target learns from is the code of src/ alone.
$(BUILD)/obj/tests/%.o: tests/%.c $(FLAGS_FILE) | $(GEN_H)
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(ALL_CFLAGS) $(if $(filter fuzz,$(SAN)),-fno-sanitize=fuzzer-no-link) $(ALL_CPPFLAGS) -Itests -MMD -MP -c -o $@ $<

# Generated code is built apart, without our warnings.
$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.c $(BUILD)/gen/%.h $(FLAGS_FILE) | $(GEN_H)
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_CPPFLAGS) -w -c -o $@ $<

$(BUILD)/gen/%.pb-c.c $(BUILD)/gen/%.pb-c.h &: proto/%.proto
	@mkdir -p $(BUILD)/gen
	$(SAY) PROTO $<
	$(Q)protoc-c --proto_path=proto --c_out=$(BUILD)/gen $<

-include $(wildcard $(addsuffix .d,$(addprefix $(BUILD)/obj/,*/* */*/* */*/*/* */*/*/*/*)))
