# SPDX-License-Identifier: GPL-2.0
#
# The build: one graph over everything, from kernel source to test result.
#
# The fragments in mk/ append to the lists below and bring the rules; Kbuild is
# the only make under this one (mk/kernel.mk). Whatever is made lies under $(O).
# `make help` prints every line here and in the fragments that carries a "##".

O ?= out## Build folder
V ?= 0## 1: print every command
CXX := $(if $(filter default,$(origin CXX)),g++,$(CXX))## C++ compiler; clang++-19 works too
CXXFLAGS ?= -O2 -g## Its optimisation and debug flags
PREFIX ?= /usr/local## Where `make install` puts things ...
DESTDIR ?=## ... below this folder

version := 0.1.0
soversion := 0

# Filled by the fragments.
everything :=		# what `make all` builds
programs :=		# out/bin
object_dirs :=		# trees of objects whose .d files are read
unit_tests :=		# need no kernel; `make check`
slow_tests :=		# the rest, in the order they run
bench_programs :=

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory
# All CPUs unless told otherwise.
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif

# ccache, where it is installed, takes the included files from the compiler's -MMD
# output. By default it preprocesses every source itself beforehand, a fourth of the
# time of a build that finds nothing in the cache.
export CCACHE_DEPEND := 1

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)')
# Order-only prerequisite of every rule that uses an installed package, so that
# `make setup all` installs first, in parallel builds too.
prepared := $(if $(filter setup,$(MAKECMDGOALS)),setup)

# Recipe of a file that holds $(text), rewritten only when that changes: a
# prerequisite for what depends on variables.
note_text = $(Q)mkdir -p $(@D); echo '$(text)' | cmp -s - $@ || echo '$(text)' > $@

.PHONY: FORCE all clean help
FORCE:

# Marks a folder that `make clean` may remove.
$(O)/.lkl-build:
	$(Q)mkdir -p $(O) && touch $@

include mk/setup.mk
include mk/kernel.mk
include mk/newest.mk
include mk/compile.mk
include mk/library.mk
include mk/apps.mk
include mk/tests.mk
include mk/install.mk

all: $(everything) ## Build the library, the programs and the tests

clean: ## Remove the build folder
	$(Q)if [ ! -e $(O) ]; then :; \
	elif [ -e $(O)/.lkl-build ]; then rm -rf $(O); \
	else echo "$(O): not made by this build, left alone" >&2; exit 1; fi

help: ## Print this
	@awk -f mk/help.awk $(MAKEFILE_LIST)

-include $(shell find $(object_dirs) -name '*.d' 2>/dev/null)
