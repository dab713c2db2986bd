/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a program in the guest tells the counting plugin that something to be
 * measured begins or ends: a long NOP with an operand that no compiler emits.
 * Without the plugin it has no effect.
 */
#ifndef BENCH_MARK_H
#define BENCH_MARK_H

#include <stdint.h>

/* nopl MARK(%rax,%rax,1); the first byte of the operand is the mark's kind */
#define MARK_OPCODE_LEN	4
#define MARK_LEN	8
#define MARK_OPCODE	{ 0x0f, 0x1f, 0x84, 0x00 }
#define MARK_MAGIC	0x61636d00u
#define MARK_BEGIN	0x01u
#define MARK_END	0x02u

static inline void mark_begin(void)
{
	__asm__ volatile (".byte 0x0f, 0x1f, 0x84, 0x00\n\t.long %c0"
			  : : "i" (MARK_MAGIC | MARK_BEGIN) : "memory");
}

static inline void mark_end(void)
{
	__asm__ volatile (".byte 0x0f, 0x1f, 0x84, 0x00\n\t.long %c0"
			  : : "i" (MARK_MAGIC | MARK_END) : "memory");
}

#endif /* BENCH_MARK_H */
