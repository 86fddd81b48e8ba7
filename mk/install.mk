# SPDX-License-Identifier: GPL-2.0
# `make install`: programs, manual pages, library in all forms, headers, pkg-config file.

prefix_dir = $(DESTDIR)$(PREFIX)

.PHONY: install
install: $(everything) ## Install below $(DESTDIR)$(PREFIX)
	$(Q)install -d $(prefix_dir)/bin $(prefix_dir)/lib/pkgconfig $(prefix_dir)/include/lkl
	$(Q)install -m 755 $(filter-out $(helper_names:%=$(O)/bin/%),$(programs)) $(prefix_dir)/bin
	$(Q)install -d $(prefix_dir)/sbin && ln -sf ../bin/lklfuse $(prefix_dir)/sbin/mount.fuse.lklfuse
	$(Q)install -d $(prefix_dir)/libexec/lkl $(prefix_dir)/share/man/man1
	$(Q)install -m 755 $(helper_names:%=$(O)/bin/%) $(prefix_dir)/libexec/lkl
	$(Q)install -m 644 $(wildcard apps/*/*.1) $(prefix_dir)/share/man/man1
	$(Q)install -m 644 $(O)/lib/lkl.o $(O)/lib/liblkl.a $(prefix_dir)/lib
	$(Q)install -m 755 $(O)/lib/liblkl.so.$(soversion) $(prefix_dir)/lib
	$(Q)ln -sf liblkl.so.$(soversion) $(prefix_dir)/lib/liblkl.so
	$(Q)install -m 644 $(O)/lib/pkgconfig/lkl.pc $(prefix_dir)/lib/pkgconfig
	$(Q)install -m 644 $(filter $(O)/include/lkl/%,$(public_headers)) $(prefix_dir)/include/lkl
	$(Q)install -m 644 $(filter-out $(O)/include/lkl/%,$(public_headers)) $(prefix_dir)/include
