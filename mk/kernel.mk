# SPDX-License-Identifier: GPL-2.0
# Kernel images: source tree, symlink farm, configuration, Kbuild, stripping.
#
# A farm is a folder of links to a kernel tree with arch/lkl linked in. Kbuild
# builds in folders directly below it and then uses relative paths throughout,
# so nothing is written to either source, images do not depend on where they
# were built, and ccache finds them again from another clone.

LINUX ?=## Kernel source tree to build instead of Debian's; never written to
LINUX_TARBALL ?= /usr/src/linux-source-6.12.tar.xz## Debian's source, unpacked into $(O)
KERNEL_VARIANT ?=## Variant the library and programs carry: up, debug
DEBUG_INFO ?=## 1: kernel with debug information, for gdb
LLVM ?= -19## Suffix of the clang, lld and llvm tools that build the kernel
CONFIG_CHECK ?= $(if $(LINUX),warn,error)## Options the kernel did not take: error or warn
KERNEL_TARGET ?= $(shell uname -m)-linux-gnu## Target triple of the kernel's compiler

# configs/NAME.config merged over configs/defconfig; no name is the full kernel.
kernel_variants := up debug
kernel_fragments_up := lean up
kernel_fragments_debug := lean debug

kernel_configs := arch/lkl/configs
kernel_tree := $(if $(LINUX),$(abspath $(LINUX)),$(abspath $(O))/linux-6.12)
kernel_farm := $(O)/farm
overlay_files := $(sort $(shell find arch/lkl -type f ! -path '$(kernel_configs)/*'))

ifeq ($(LINUX),)
kernel_unpacked := $(O)/linux-6.12.unpacked

$(kernel_unpacked): | $(prepared) $(O)/.lkl-build
	$(call say,UNPACK,$(LINUX_TARBALL))
	$(Q)rm -rf $(kernel_tree) $(kernel_tree).part
	$(Q)mkdir -p $(kernel_tree).part
	$(Q)tar -xf $(LINUX_TARBALL) -C $(kernel_tree).part --strip-components=1
	$(Q)mv $(kernel_tree).part $(kernel_tree)
	$(Q)touch $@
endif

$(kernel_farm)/.tree: mk/farm.sh $(kernel_unpacked) $(O)/kernel.tree
	$(Q)mk/farm.sh $(kernel_tree) $(abspath arch/lkl) $(kernel_farm)

# What a kernel depends on beside files' contents: the tree chosen, the options, and
# which files there are, so that a removed one is noticed.
$(O)/kernel.tree: text = $(kernel_tree)
$(O)/kernel.options: text = $(LLVM) $(KERNEL_TARGET) $(dwarf) \
	$(foreach v,$(kernel_variants),$(v)=$(kernel_fragments_$(v)))
$(O)/kernel.files: text = $(overlay_files)
$(O)/kernel.tree $(O)/kernel.options $(O)/kernel.files: FORCE | $(O)/.lkl-build
	$(note_text)

# $(call kbuild,BUILD FOLDER): the one make below this one, one at a time in a
# folder. Command-line variables meant for this makefile must not reach it. The
# image says when its source was made and not when it was built, so equal inputs
# give equal images.
MAKEOVERRIDES :=
kbuild = flock $(1) $(MAKE) -C $(kernel_farm) O=$(notdir $(1)) ARCH=lkl LLVM=$(LLVM) V=$(V) \
	CLANG_TARGET_FLAGS_lkl=$(KERNEL_TARGET) \
	CC='$(if $(shell command -v ccache),ccache )clang$(LLVM)' \
	KBUILD_BUILD_USER=lkl KBUILD_BUILD_HOST=lkl KBUILD_BUILD_VERSION=1 \
	KBUILD_BUILD_TIMESTAMP="$$(date -u -r $(kernel_tree)/Makefile)"

# $(call kernel_rules,VARIANT,OUTPUT FOLDER,BUILD FOLDER,FRAGMENTS)
define kernel_rules
$(3)/.config: $(patsubst %,$(kernel_configs)/%,defconfig $(addsuffix .config,$(4))) \
		$(filter %/Kconfig %/Kconfig.debug,$(overlay_files)) mk/config-check.awk \
		$(O)/kernel.options $(kernel_farm)/.tree
	$$(call say,CONFIG,$(2))
	$$(Q)mkdir -p $(3)
	$$(Q)cd $(3) && ../scripts/kconfig/merge_config.sh -m -Q -O . \
		$$(abspath $$(filter $(kernel_configs)/%,$$^)) > merge.log
	+$$(Q)$$(call kbuild,$(3)) -s olddefconfig
	$$(Q)awk -f mk/config-check.awk -v action=$$(CONFIG_CHECK) \
		$$(filter $(kernel_configs)/%,$$^) $$@

# Kbuild finds out itself what to do in a tree that others edit.
$(2)/.built: $(3)/.config $(overlay_files) $(O)/kernel.files $(if $(LINUX),FORCE)
	+$$(Q)$$(call kbuild,$(3)) vmlinux
	$$(Q)mkdir -p $(2)
	$$(Q)mk/update.sh $(3)/vmlinux $(2)/vmlinux
	$$(Q)mk/update.sh $(3)/.config $(2)/config
	$$(Q)llvm-strip$(LLVM) --strip-all -o $(2)/vmlinux.stripped.new $(2)/vmlinux
	$$(Q)mk/update.sh -m $(2)/vmlinux.stripped.new $(2)/vmlinux.stripped
	$$(Q)touch $$@

# Newer than its prerequisites only when it changed.
$(2)/vmlinux.stripped: $(2)/.built
	@:
endef

kernel_dir = $(O)/kernel$(addprefix -,$(1))
kernel_build = $(kernel_farm)/build$(addprefix -,$(1))
dwarf := $(if $(filter 1,$(DEBUG_INFO)),dwarf)

$(eval $(call kernel_rules,,$(call kernel_dir,),$(call kernel_build,),$(dwarf)))
$(foreach v,$(kernel_variants),\
	$(eval $(call kernel_rules,$(v),$(call kernel_dir,$(v)),$(call kernel_build,$(v)),\
		$(kernel_fragments_$(v)) $(dwarf))))

# The image inside the library.
kernel_image := $(call kernel_dir,$(KERNEL_VARIANT))/vmlinux.stripped

.PHONY: kernel $(kernel_variants:%=kernel-%)
kernel: $(call kernel_dir,)/vmlinux.stripped ## The full kernel image, $(O)/kernel
kernel-up: ## Kernel with SMP=n and few file systems, $(O)/kernel-up
kernel-debug: ## Kernel that checks locking, memory and undefined behaviour
$(kernel_variants:%=kernel-%): kernel-%: $(O)/kernel-%/vmlinux.stripped

everything += $(kernel_image)
