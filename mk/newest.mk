# SPDX-License-Identifier: GPL-2.0
# The same overlay in the newest kernel series that Debian's newer suites carry: a
# lean kernel, in a farm of its own. mk/newest.sh fetches the source; where it cannot
# be had, `make kernel-newest` fails with its reason, and tests/newest_test.sh skips.

newest_tree := $(abspath $(O))/linux-newest
newest_farm := $(O)/farm-newest
newest_kernel := $(O)/kernel-newest

$(newest_tree).version: | $(prepared) $(O)/.lkl-build
	$(call say,FETCH,$(newest_tree))
	$(Q)mk/newest.sh $(newest_tree)

$(newest_farm)/.tree: mk/farm.sh $(newest_tree).version
	$(Q)mk/farm.sh $(newest_tree) $(abspath arch/lkl) $(newest_farm)

# The rules of mk/kernel.mk, for these files, in that farm; another series may lack an
# option.
newest_made := $(newest_farm)/build/.config $(newest_kernel)/.built
$(newest_made): private kernel_farm := $(newest_farm)
$(newest_made): private kernel_tree := $(newest_tree)
$(newest_made): private CONFIG_CHECK := warn
$(newest_farm)/build/.config: $(newest_farm)/.tree
$(eval $(call kernel_rules,newest,$(newest_kernel),$(newest_farm)/build,lean $(dwarf)))

.PHONY: kernel-newest
kernel-newest: $(newest_kernel)/vmlinux.stripped ## Lean kernel of the newest series in Debian's newer suites

# How tests/newest_test.sh makes it as the others were made.
export LKL_KERNEL_OPTIONS := LINUX=$(LINUX) LLVM=$(LLVM) KERNEL_TARGET=$(KERNEL_TARGET) \
	DEBUG_INFO=$(DEBUG_INFO)
