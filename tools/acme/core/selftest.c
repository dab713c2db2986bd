// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Test registers: what a driver tries before it trusts the device. */
#include "internal.h"

static u32 test_irq(struct acme_dev *dev, u32 vector)
{
	if (vector > dev->cfg.num_queues)
		return ACME_ST_BAD_PARAM;
	acme_irq(dev, vector);
	return ACME_ST_OK;
}

static u32 test_dma(struct acme_dev *dev, u64 addr, u32 len)
{
	u8 buf[ACME_TEST_DMA_MAX];
	u32 i;

	if (!len || len > sizeof(buf))
		return ACME_ST_BAD_PARAM;
	if (!acme_dma_read(dev, addr, buf, len))
		return ACME_ST_DMA_FAULT;
	for (i = 0; i < len; i++)
		buf[i] = ~buf[i];
	acme_dma_write(dev, addr, buf, len);
	return ACME_ST_OK;
}

static u32 run(struct acme_dev *dev, u32 cmd)
{
	u32 arg = acme_reg_read(dev, ACME_REG_TEST_ARG);

	switch (cmd & ACME_TEST_OP) {
	case ACME_TEST_OP_INVERT:
		acme_reg_write(dev, ACME_REG_TEST_INVERT,
			       ~acme_reg_read(dev, ACME_REG_TEST_SCRATCH));
		return ACME_ST_OK;
	case ACME_TEST_OP_IRQ:
		return test_irq(dev, arg);
	case ACME_TEST_OP_DMA:
		return test_dma(dev,
				acme_reg_read64(dev, ACME_REG_TEST_ADDR_LO),
				arg);
	default:
		return ACME_ST_BAD_OPCODE;
	}
}

void acme_selftest_run(struct acme_dev *dev)
{
	u32 cmd = acme_reg_read(dev, ACME_REG_TEST_CMD);

	if (cmd == dev->test_done)
		return;
	acme_reg_write(dev, ACME_REG_TEST_STATUS, run(dev, cmd));
	dev->test_done = cmd;
	acme_reg_write(dev, ACME_REG_TEST_DONE, cmd);
}
