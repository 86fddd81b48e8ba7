# SPDX-License-Identifier: GPL-2.0
# Test programs and the targets that run them with tests/run.
#
#  tests/unit/*_test.cc  library internals, no kernel; tests/unit/fake_*.cc joins each
#  tests/*_test.cc       end to end, through liblkl.so
#  tests/*_test.sh       end to end, through the programs
#  tests/*.cc            other programs that scripts use
#  tests/common/*.cc     programs made of the parts in apps/common, with the kernel
#  tests/APP/*.cc        programs made of the parts of apps/APP, without a kernel; built
#                        as tests/APP/NAME and sanitize/tests/APP/NAME in $(O)

TESTS ?=## Of `make test` and `make check`, run only those with this in their name
TEST_TIMEOUT ?= 900## Seconds after which a test program is killed

unit_sources := $(sort $(wildcard tests/unit/*_test.cc))
unit_helpers := $(sort $(filter-out $(unit_sources),$(wildcard tests/unit/*.cc)))
test_sources := $(sort $(wildcard tests/*.cc))
test_scripts := $(sort $(wildcard tests/*_test.sh))
quick_scripts := tests/layers_test.sh tests/style_test.sh

unit_programs := $(unit_sources:%.cc=$(O)/%)
test_programs := $(test_sources:%.cc=$(O)/%)
sanitized_programs := $(unit_sources:%.cc=$(O)/sanitize/%)

$(unit_programs): libs := -lgtest -lgtest_main
$(unit_programs): $(O)/%: $(O)/obj/%.o $(call objects,$(O)/obj,$(unit_helpers)) \
		$(O)/obj/internal.a
	$(link_program)

$(sanitized_programs): libs := -lgtest -lgtest_main $(SANITIZE_FLAGS)
$(sanitized_programs): $(O)/sanitize/%: $(O)/sanitize/obj/%.o \
		$(call objects,$(O)/sanitize/obj,$(unit_helpers)) $(O)/sanitize/obj/internal.a
	$(link_program)

sanitized_library := $(call objects,$(O)/sanitize/obj,$(library_sources))
$(O)/sanitize/obj/internal.a: $(O)/obj/no_kernel_image.o $(sanitized_library)
	$(Q)rm -f $@ && ar -rcs $@ $^

# The programs themselves, with the kernel, whose own code has no checks in it.
$(foreach a,$(app_names),$(eval $(O)/sanitize/bin/$(a): libs := \
	$(app_libs) $(app_libs_$(a)) $(SANITIZE_FLAGS)))
$(foreach a,$(app_names),$(eval $(O)/sanitize/bin/$(a): $(call objects,$(O)/sanitize/obj,\
	$(sort $(wildcard apps/$(a)/*.cc apps/common/*.cc)))))
$(app_names:%=$(O)/sanitize/bin/%): $(O)/obj/kernel_image.o $(sanitized_library)
	$(link_program)

# $(call app_part_rules,APP,NAME,OBJECT FOLDER,PROGRAM FOLDER,FLAGS)
define app_part_rules
$(4)/tests/$(1)/$(2): libs := $(app_libs) $(5)
$(4)/tests/$(1)/$(2): $(3)/tests/$(1)/$(2).o $(call objects,$(3),$(filter-out %/main.cc,\
		$(wildcard apps/$(1)/*.cc apps/common/*.cc))) $(3)/internal.a
	$$(link_program)
app_part_programs += $(4)/tests/$(1)/$(2)
endef
app_part_programs :=
$(foreach source,$(wildcard $(app_names:%=tests/%/*.cc)),\
	$(foreach app,$(notdir $(patsubst %/,%,$(dir $(source)))),\
	$(foreach name,$(basename $(notdir $(source))),\
	$(eval $(call app_part_rules,$(app),$(name),$(O)/obj,$(O),))\
	$(eval $(call app_part_rules,$(app),$(name),$(O)/sanitize/obj,$(O)/sanitize,\
		$(SANITIZE_FLAGS))))))

# Programs of the parts that all tools share, with the kernel.
common_test_programs := $(patsubst %.cc,$(O)/%,$(wildcard tests/common/*.cc))
$(common_test_programs): libs := $(app_libs)
$(common_test_programs): $(O)/%: $(O)/obj/%.o $(call objects,$(O)/obj,$(wildcard apps/common/*.cc)) \
		$(O)/lib/lkl.o
	$(link_program)
# They look for helpers where they are themselves.
$(common_test_programs): | $(helper_names:%=$(O)/tests/common/%)
$(O)/tests/common/%: $(O)/bin/%
	$(Q)mkdir -p $(@D) && cp $< $@

# Against the shared library, so that the export map is proven to suffice and a
# variant kernel can take its place.
$(test_programs): libs := -L$(O)/lib -llkl -Wl,-rpath,'$$ORIGIN/../lib' -lgtest -lgtest_main
$(test_programs): $(O)/%: $(O)/obj/%.o $(libraries)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(CXXFLAGS) $(LDFLAGS) -pthread -o $@ $< $(libs) $(library_libs)

# And against a sanitized library.
$(O)/sanitize/lib/liblkl.so: $(O)/obj/kernel_image.o $(sanitized_library)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(CXXFLAGS) $(LDFLAGS) $(SANITIZE_FLAGS) -shared -pthread \
		-Wl,--version-script=$(export_map) -o $@ $^ $(library_libs)
sanitized_tests := $(patsubst %.cc,$(O)/sanitize/%,\
	$(filter tests/boot_% tests/disk_% tests/life_%,$(test_sources)))
$(sanitized_tests): $(O)/sanitize/%: $(O)/sanitize/obj/%.o $(O)/sanitize/lib/liblkl.so
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(CXXFLAGS) $(LDFLAGS) $(SANITIZE_FLAGS) -pthread -o $@ $< \
		-L$(O)/sanitize/lib -llkl -Wl,-rpath,'$$ORIGIN/../lib' -lgtest -lgtest_main $(library_libs)

unit_tests += $(unit_programs) $(quick_scripts)
# These build a kernel each.
long_scripts := tests/newest_test.sh tests/kunit_test.sh
sanitized_scripts := $(filter-out %/fs2tar_sandbox_test.sh,\
	$(wildcard $(foreach part,fs2tar formats cptofs cpfromfs tar2fs volumes,tests/$(part)_*_test.sh))) \
	$(foreach part,images refusals round_trip,tests/trust_$(part)_test.sh)
slow_tests += tests/tree_test.sh $(filter %_test,$(test_programs)) \
	$(filter-out $(quick_scripts) $(long_scripts) tests/tree_test.sh,$(test_scripts))

# The tests that show a kernel and its threads right run again with more CPUs and on
# variant kernels; the debug kernel is slow, so its stress is shorter.
kernel_tests := $(filter $(O)/tests/boot_% $(O)/tests/stress_%,$(test_programs))
variant_env = --env LKL_TEST_KERNEL=$(abspath $(O))/kernel-$(1)/vmlinux.stripped
smp_runs := $(foreach n,2 4 8,--label cpus$(n) --env LKL_TEST_CPUS=$(n) $(kernel_tests))
variant_runs := \
	--label up $(call variant_env,up) --env LKL_TEST_CPUS=1 $(kernel_tests) \
	--label debug $(call variant_env,debug) --env LKL_TEST_SCALE=0.2 $(kernel_tests)

run_tests = LKL_OUT=$(abspath $(O)) LKL_LINUX=$(kernel_tree) LKL_LLVM=$(LLVM) LKL_KERNEL_TARGET=$(KERNEL_TARGET) \
	LKL_TARBALL=$(if $(LINUX),,$(LINUX_TARBALL)) CXX='$(CXX)' \
	tests/run --logs $(O)/test-logs --timeout $(TEST_TIMEOUT) --only '$(TESTS)'

.PHONY: check tests test sanitize tree-check kunit
check: $(unit_programs) ## Run the quick tests: library units, layer rule, style
	$(Q)$(run_tests) $(unit_tests)

tests: $(unit_programs) $(test_programs) $(app_part_programs) $(common_test_programs) ## Build the test programs
test: all $(kernel_variants:%=kernel-%) ## Run every test: all kernels, KUnit, the newest series
	$(Q)$(run_tests) $(unit_tests) $(slow_tests) $(smp_runs) $(variant_runs) \
		--label '' --timeout 3000 $(long_scripts)

# A sanitizer looks at memory by system calls that the sandbox refuses.
$(O)/sanitize/bin/unsandboxed-%: $(O)/sanitize/bin/% mk/tests.mk
	$(Q)printf '#!/bin/sh\nexec %s --no-sandbox "$$@"\n' $(abspath $<) > $@ && chmod +x $@

sanitized_bin := $(O)/sanitize/bin
$(helper_names:%=$(sanitized_bin)/%): $(sanitized_bin)/%: $(O)/bin/%
	$(Q)mkdir -p $(@D) && cp $< $@
sanitized := $(sanitized_programs) $(sanitized_tests) $(app_part_programs) \
	$(addprefix $(sanitized_bin)/,unsandboxed-fs2tar unsandboxed-tar2fs cptofs cpfromfs lklinspect \
	$(helper_names))
sanitize: $(sanitized) ## Run library and programs under the address and UB sanitizers
	$(Q)$(run_tests) --label sanitize $(sanitized_programs) \
		--env LKL_FS2TAR=$(abspath $(sanitized_bin))/unsandboxed-fs2tar \
		--env LKL_TAR2FS=$(abspath $(sanitized_bin))/unsandboxed-tar2fs \
		--env LKL_CPTOFS=$(abspath $(sanitized_bin))/cptofs \
		--env LKL_CPFROMFS=$(abspath $(sanitized_bin))/cpfromfs \
		--env LKL_LKLINSPECT=$(abspath $(sanitized_bin))/lklinspect \
		$(sanitized_scripts) \
		$(filter %_test,$(sanitized_tests))

tree-check: $(kernel_image) $(libraries) ## Prove the kernel tree unmodified and the image closed
	$(Q)$(run_tests) tests/tree_test.sh

kunit: $(O)/tests/kernel_log $(kernel_farm)/.tree ## Run the kernel's own KUnit tests in the library
	$(Q)$(run_tests) --timeout 3000 tests/kunit_test.sh

everything += tests
