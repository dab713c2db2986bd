// SPDX-License-Identifier: GPL-2.0-only
/*
 * Self-test: do registers, interrupts and DMA reach the device and come back?
 *
 * The test registers are a unit of their own, so that all of this can run while
 * queues are open.
 */

#include <linux/dma-mapping.h>
#include <linux/iopoll.h>
#include <linux/slab.h>

#include "acme.h"
#include "acme_selftest.h"

#define ACME_TEST_POLL_US		50
#define ACME_TEST_TIMEOUT_US		(2 * USEC_PER_SEC)
#define ACME_TEST_DMA_LEN		ACME_TEST_DMA_MAX

/* Give a test command and wait until the device has taken it. */
static int acme_selftest_run(struct acme_dev *adev, u32 op)
{
	u32 cmd, done, status;
	int err;

	lockdep_assert_held(&adev->test_lock);

	if (acme_dev_is_lost(adev))
		return -EIO;

	/* differ from what an earlier driver has left */
	cmd = readl(adev->regs + ACME_REG_TEST_DONE) & ~ACME_TEST_OP;
	cmd += ACME_TEST_OP + 1 + op;
	writel(cmd, adev->regs + ACME_REG_TEST_CMD);
	acme_ring_doorbell(adev, ACME_DB_MGMT);

	err = readl_poll_timeout(adev->regs + ACME_REG_TEST_DONE, done,
				 done == cmd, ACME_TEST_POLL_US,
				 ACME_TEST_TIMEOUT_US);
	if (err)
		return err;

	status = readl(adev->regs + ACME_REG_TEST_STATUS);
	return status == ACME_ST_OK ? 0 : -EIO;
}

static int acme_selftest_pattern(struct acme_dev *adev, u32 pattern)
{
	int err;

	writel(pattern, adev->regs + ACME_REG_TEST_SCRATCH);
	err = acme_selftest_run(adev, ACME_TEST_OP_INVERT);
	if (err)
		return err;
	if (readl(adev->regs + ACME_REG_TEST_INVERT) != ~pattern)
		return -EIO;
	return 0;
}

/**
 * acme_selftest_registers() - write patterns, have the device invert them
 * @adev: device
 *
 * Context: process, may sleep. So have the other tests.
 * Return: 0, -ETIMEDOUT if the device does not answer, -EIO if the answer is
 * wrong.
 */
int acme_selftest_registers(struct acme_dev *adev)
{
	static const u32 patterns[] = { 0, U32_MAX, 0x5aa5c33c, 0x01234567 };
	int i, err = 0;

	mutex_lock(&adev->test_lock);
	for (i = 0; i < ARRAY_SIZE(patterns) && !err; i++)
		err = acme_selftest_pattern(adev, patterns[i]);
	mutex_unlock(&adev->test_lock);
	return err;
}

static int acme_selftest_irq(struct acme_dev *adev, u16 index)
{
	struct acme_vec *vec = &adev->vecs[index];
	unsigned int before = READ_ONCE(vec->count);
	unsigned int now;
	int err;

	writel(index, adev->regs + ACME_REG_TEST_ARG);
	err = acme_selftest_run(adev, ACME_TEST_OP_IRQ);
	if (err)
		return err;
	err = read_poll_timeout(READ_ONCE, now, now != before,
				ACME_TEST_POLL_US, ACME_TEST_TIMEOUT_US,
				false, vec->count);
	if (err)
		dev_err(adev->dev, "interrupt %u does not arrive\n", index);
	return err;
}

/**
 * acme_selftest_irqs() - have the device raise each vector
 * @adev: device
 *
 * Return: as acme_selftest_registers().
 */
int acme_selftest_irqs(struct acme_dev *adev)
{
	int i, err = 0;

	mutex_lock(&adev->test_lock);
	for (i = 0; i < adev->num_vecs && !err; i++)
		err = acme_selftest_irq(adev, i);
	mutex_unlock(&adev->test_lock);
	return err;
}

static int acme_selftest_invert(struct acme_dev *adev, u8 *buf)
{
	dma_addr_t dma;
	int err;

	dma = dma_map_single(adev->dev, buf, ACME_TEST_DMA_LEN,
			     DMA_BIDIRECTIONAL);
	if (dma_mapping_error(adev->dev, dma))
		return -ENOMEM;

	acme_write_addr(adev, ACME_REG_TEST_ADDR_LO, dma);
	writel(ACME_TEST_DMA_LEN, adev->regs + ACME_REG_TEST_ARG);
	err = acme_selftest_run(adev, ACME_TEST_OP_DMA);
	/* it may still write into the buffer */
	if (err == -ETIMEDOUT)
		acme_dev_lost(adev, "a DMA test was not finished in time");
	dma_unmap_single(adev->dev, dma, ACME_TEST_DMA_LEN, DMA_BIDIRECTIONAL);
	return err;
}

/**
 * acme_selftest_dma() - have the device invert a buffer in memory
 * @adev: device
 *
 * Return: as acme_selftest_registers(), or -ENOMEM.
 */
int acme_selftest_dma(struct acme_dev *adev)
{
	int i, err;
	u8 *buf;

	buf = kmalloc(ACME_TEST_DMA_LEN, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	for (i = 0; i < ACME_TEST_DMA_LEN; i++)
		buf[i] = i ^ i >> 8;

	mutex_lock(&adev->test_lock);
	err = acme_selftest_invert(adev, buf);
	mutex_unlock(&adev->test_lock);

	for (i = 0; i < ACME_TEST_DMA_LEN && !err; i++)
		if (buf[i] != (u8)~(i ^ i >> 8))
			err = -EIO;
	kfree(buf);
	return err;
}

/**
 * acme_selftest_probe() - all tests
 * @adev: device
 *
 * Return: NULL if all pass, or the name of the first that fails.
 */
const char *acme_selftest_probe(struct acme_dev *adev)
{
	if (acme_selftest_registers(adev))
		return "registers";
	if (acme_selftest_irqs(adev))
		return "interrupts";
	if (acme_selftest_dma(adev))
		return "DMA";
	return NULL;
}
