# SPDX-License-Identifier: GPL-2.0
# C++ and assembler sources to objects: $(O)/obj/PATH.o for PATH.cc, and the same
# below $(O)/sanitize for the sanitized build.
#
# The include paths are the layer rule: programs see the public headers alone,
# as installed; the library and unit tests see the sources (tests/layers_test.sh
# checks the rest).

SANITIZE_FLAGS ?= -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1## Flags of `make sanitize`

cxx_flags := -std=c++23 -Wall -Wextra -fPIC -fvisibility=hidden -ffunction-sections \
	-fdata-sections -pthread
# Unique symbols cannot be made local to lkl.o. Clang never makes any.
cxx_flags += $(if $(findstring clang,$(CXX)),,-fno-gnu-unique)
internal_includes := -Iarch/lkl/abi -Itools/lkl -I.
public_includes = -I$(O)/include -I.

# Headers for users, laid out as installed.
header_sources := $(wildcard tools/lkl/lkl.h tools/lkl/lkl.hh tools/lkl/lkl/*.h arch/lkl/abi/lkl/*.h)
public_headers := $(patsubst tools/lkl/%,$(O)/include/%,\
	$(patsubst arch/lkl/abi/%,$(O)/include/%,$(header_sources)))

$(O)/include/%: tools/lkl/%
	$(Q)mkdir -p $(@D) && cp $< $@
$(O)/include/%: arch/lkl/abi/%
	$(Q)mkdir -p $(@D) && cp $< $@

everything += $(public_headers)

# $(call compile_rules,OBJECT FOLDER,FLAGS)
define compile_rules
$(1)/apps/% $(1)/bench/% $(1)/tests/%: includes = $$(public_includes)
$(1)/tests/unit/% $(1)/tools/% $(1)/host/%: includes = $$(internal_includes)

$(1)/flags: text := $(CXX) $(cxx_flags) $(CXXFLAGS) $(2)
$(1)/flags: FORCE | $(O)/.lkl-build
	$$(note_text)

$(1)/%.o: %.cc $(1)/flags | $(prepared) $(public_headers)
	$$(call say,CXX,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(if $$(shell command -v ccache),ccache )$$(CXX) $$(cxx_flags) $$(includes) $$(CXXFLAGS) $(2) -MMD -MP -c -o $$@ $$<

object_dirs += $(1)
endef

$(eval $(call compile_rules,$(O)/obj,))
$(eval $(call compile_rules,$(O)/sanitize/obj,$(SANITIZE_FLAGS)))

# $(call objects,FOLDER,SOURCES)
objects = $(patsubst %.cc,$(1)/%.o,$(2))
