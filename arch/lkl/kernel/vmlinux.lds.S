/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A static PIE at base 0, two load segments: code, read-only; everything else,
 * writable until the loader has relocated it.
 */
#define RO_EXCEPTION_TABLE_ALIGN 8

#include <asm/cache.h>
#include <asm/page.h>
#include <asm/thread_info.h>
#include <asm-generic/vmlinux.lds.h>

OUTPUT_ARCH(i386:x86-64)
ENTRY(lkl_entry)

jiffies = jiffies_64;

PHDRS {
	text PT_LOAD FLAGS(5);
	data PT_LOAD FLAGS(6);
	dynamic PT_DYNAMIC FLAGS(6);
}

SECTIONS
{
	. = 0;
	. = ALIGN(PAGE_SIZE);
	_text = .;
	_stext = .;
	.text : {
		HEAD_TEXT
		TEXT_TEXT
		SCHED_TEXT
		LOCK_TEXT
		KPROBES_TEXT
		IRQENTRY_TEXT
		SOFTIRQENTRY_TEXT
		*(.fixup)
	} :text
	_etext = .;
	. = ALIGN(PAGE_SIZE);
	INIT_TEXT_SECTION(PAGE_SIZE)
	.exit.text : {
		EXIT_TEXT
	} :text

	. = ALIGN(PAGE_SIZE);
	__init_begin = .;
	/* Opens the data segment: INIT_DATA_SECTION cannot name one. */
	.init.segment : {
		LONG(0)
	} :data
	INIT_DATA_SECTION(16)
#ifdef CONFIG_SMP
	PERCPU_SECTION(L1_CACHE_BYTES)
#endif
	.exit.data : {
		EXIT_DATA
	}
	. = ALIGN(PAGE_SIZE);
	__init_end = .;

	_sdata = .;
	RO_DATA(PAGE_SIZE)
	.dynamic : {
		*(.dynamic)
	} :data :dynamic
	.dynsym : { *(.dynsym) } :data
	.dynstr : { *(.dynstr) }
	.hash : { *(.hash) }
	.gnu.hash : { *(.gnu.hash) }
	.rela.dyn : ALIGN(8) { *(.rela.dyn) *(.rela*) }
	.relr.dyn : ALIGN(8) { *(.relr.dyn) }
	.got : ALIGN(16) { *(.got) *(.got.plt) *(.igot*) }
	.plt : { *(.plt) *(.iplt) }
	.data.rel : { *(.data.rel*) }
	RW_DATA(L1_CACHE_BYTES, PAGE_SIZE, THREAD_SIZE)
	_edata = .;

	BSS_SECTION(0, PAGE_SIZE, 8)
	_end = .;

	STABS_DEBUG
	DWARF_DEBUG
#ifdef MODINFO	/* no longer part of ELF_DETAILS */
	MODINFO
#endif
	ELF_DETAILS
	DISCARDS
	/DISCARD/ : {
		*(.eh_frame)
		*(.interp)
	}
}
