# SPDX-License-Identifier: GPL-2.0
# The library in its three forms, its headers and its pkg-config file.
#
# lkl.o is one relocatable object with the kernel image and all library code. Its
# C++ internals are local symbols: only tools/lkl/liblkl.map's names are global.

library_sources := $(sort $(wildcard tools/lkl/*.cc tools/lkl/*/*.cc host/posix/*.cc))
library_objects := $(call objects,$(O)/obj,$(library_sources))
library_libs := -lblkid -lfmt
export_map := tools/lkl/liblkl.map

# $(call image_rules,OBJECT,IMAGE): an image wrapped into an object.
define image_rules
$(1): tools/lkl/kernel_image.S $(2) $(O)/obj/flags | $(prepared)
	$$(call say,IMAGE,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CXX) $(if $(2),-DLKL_KERNEL_IMAGE='"$(2)"') -c -o $$@ $$<
endef
$(eval $(call image_rules,$(O)/obj/kernel_image.o,$(kernel_image)))
$(eval $(call image_rules,$(O)/obj/no_kernel_image.o,))

# Folding C++'s section groups into plain sections lets their symbols become
# local: a linker would otherwise drop the code of an inline function here in
# favour of the program's own copy, which these references then cannot reach.
$(O)/lib/lkl.o: $(O)/obj/kernel_image.o $(library_objects) $(export_map)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)ld -r --force-group-allocation -o $@.part $(filter %.o,$^)
	$(Q)sed -n 's/^\t\t\(lkl_[a-z0-9_]*\);$$/\1/p' $(export_map) > $@.exports
	$(Q)objcopy --keep-global-symbols=$@.exports $@.part $@
	$(Q)rm $@.part $@.exports

$(O)/lib/liblkl.a: $(O)/lib/lkl.o
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar -rcs $@ $<

$(O)/lib/liblkl.so.$(soversion): $(O)/obj/kernel_image.o $(library_objects) $(export_map)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) $(CXXFLAGS) $(LDFLAGS) -shared -pthread -Wl,-soname,$(@F) \
		-Wl,--version-script=$(export_map) -Wl,--no-undefined -Wl,--gc-sections \
		-o $@ $(filter %.o,$^) $(library_libs)

$(O)/lib/liblkl.so: $(O)/lib/liblkl.so.$(soversion)
	$(Q)ln -sf $(<F) $@

# For unit tests: everything visible, and no kernel.
$(O)/obj/internal.a: $(O)/obj/no_kernel_image.o $(library_objects)
	$(Q)rm -f $@ && ar -rcs $@ $^

$(O)/lib/pkgconfig/lkl.pc: mk/lkl.pc.in Makefile $(O)/lib/pkgconfig/.prefix
	$(Q)sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(version)|' $< > $@
$(O)/lib/pkgconfig/.prefix: text := $(PREFIX)
$(O)/lib/pkgconfig/.prefix: FORCE | $(O)/.lkl-build
	$(note_text)

libraries := $(addprefix $(O)/lib/,lkl.o liblkl.a liblkl.so.$(soversion) liblkl.so pkgconfig/lkl.pc)
everything += $(libraries)
