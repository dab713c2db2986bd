// SPDX-License-Identifier: GPL-2.0
/*
 * TCG plugin that counts the instructions a guest executes between marks
 * (mark.h), kernel and user space alike.
 *
 *   -plugin insns.so,log=FILE
 *
 * FILE gets a line with a decimal number for each pair of marks. For a guest
 * with one CPU: the count has no locks.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "mark.h"
#include "qemu_plugin.h"

int qemu_plugin_version = PLUGIN_VERSION;

static uint64_t executed;
static uint64_t begun;
static FILE *out;

static void at_begin(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	begun = executed;
}

static void at_end(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	fprintf(out, "%llu\n", (unsigned long long)(executed - begun));
}

/* The kind of mark that an instruction is, 0 if it is none. */
static uint32_t mark_of(const struct qemu_plugin_insn *insn)
{
	static const uint8_t opcode[MARK_OPCODE_LEN] = MARK_OPCODE;
	const uint8_t *data = qemu_plugin_insn_data(insn);
	uint32_t operand;

	if (qemu_plugin_insn_size(insn) != MARK_LEN ||
	    memcmp(data, opcode, sizeof(opcode)))
		return 0;
	memcpy(&operand, data + sizeof(opcode), sizeof(operand));
	return (operand & ~0xffu) == MARK_MAGIC ? operand & 0xffu : 0;
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);
	struct qemu_plugin_insn *insn;
	uint32_t mark;

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
						 &executed, n);
	for (i = 0; i < n; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		mark = mark_of(insn);
		if (!mark)
			continue;
		qemu_plugin_register_vcpu_insn_exec_cb(insn,
						       mark == MARK_BEGIN ?
						       at_begin : at_end,
						       QEMU_PLUGIN_CB_NO_REGS,
						       NULL);
	}
}

int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info, int argc,
			char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "log=", 4)) {
		fprintf(stderr, "insns: usage: -plugin insns.so,log=FILE\n");
		return -1;
	}
	out = fopen(argv[0] + 4, "w");
	if (!out) {
		perror(argv[0] + 4);
		return -1;
	}
	setlinebuf(out);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
