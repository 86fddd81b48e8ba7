# SPDX-License-Identifier: GPL-2.0
# Programs: apps/NAME/*.cc and apps/common/*.cc make $(O)/bin/NAME, which carries
# the kernel in itself.

# Programs beside the kernel, not with it: see each one's main.cc for why.
helper_names := lkl-luks-key
helper_libs_lkl-luks-key := -lcryptsetup

app_names := $(filter-out common $(helper_names),\
	$(patsubst apps/%/,%,$(sort $(dir $(wildcard apps/*/*.cc)))))

# libnbd is loaded when it is needed (apps/common/nbd_library.hh).
app_libs := -larchive -lseccomp -lz -llzma -lzstd
app_libs_cptofs := -lselinux
app_libs_lklfuse := -lfuse3

# $(call app_rules,NAME)
define app_rules
$(O)/bin/$(1): libs := $(app_libs) $(app_libs_$(1))
$(O)/bin/$(1): $(call objects,$(O)/obj,$(sort $(wildcard apps/$(1)/*.cc apps/common/*.cc))) \
		$(O)/lib/lkl.o
	$$(link_program)
programs += $(O)/bin/$(1)
endef

define link_program
$(call say,LINK,$@)
$(Q)mkdir -p $(@D)
$(Q)$(CXX) $(CXXFLAGS) $(LDFLAGS) -pthread -Wl,--gc-sections -Wl,--as-needed \
	-o $@ $(filter %.o %.a,$^) $(libs) $(library_libs)
endef

$(foreach a,$(app_names),$(eval $(call app_rules,$(a))))

# $(call helper_rules,NAME)
define helper_rules
$(O)/bin/$(1): libs := $(helper_libs_$(1))
$(O)/bin/$(1): $(call objects,$(O)/obj,$(sort $(wildcard apps/$(1)/*.cc)))
	$$(call say,LINK,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CXX) $$(CXXFLAGS) $$(LDFLAGS) -Wl,--as-needed -o $$@ $$(filter %.o,$$^) $$(libs) -lfmt
programs += $(O)/bin/$(1)
endef
$(foreach h,$(helper_names),$(eval $(call helper_rules,$(h))))

bench_sources := $(wildcard bench/*_bench.cc)
bench_programs += $(bench_sources:bench/%_bench.cc=$(O)/bench/%_bench)
bench_helpers := $(call objects,$(O)/obj,$(filter-out $(bench_sources),$(wildcard bench/*.cc)))
$(bench_programs): libs := -lbenchmark
$(bench_programs): $(O)/bench/%: $(O)/obj/bench/%.o $(bench_helpers) $(O)/lib/lkl.o
	$(link_program)

.PHONY: demo bench
demo: $(O)/bin/fs2tar ## Make an ext4 image, turn it into a tar, list it
	$(Q)mk/demo.sh $(O)/bin/fs2tar

BENCH_FLAGS ?=## Passed to the programs of `make bench`
bench: $(bench_programs) $(programs) ## Build and run the benchmarks, $(O)/bench/report.md
	$(Q)for b in $(bench_programs); do echo "== $$b"; $$b $(BENCH_FLAGS) || exit 1; done
	$(Q)python3 bench/report.py $(O)/bench

everything += $(programs)
