// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Reset and version handshake. */
#include "internal.h"

void acme_reset(struct acme_dev *dev)
{
	dev->status = 0;
	dev->real_offset = 0;
	acme_queues_reset(dev);
	acme_sa_table_flush(&dev->sas);
	acme_vport_reset(dev);
	acme_audit_reset(dev);
	acme_admin_reset(dev);
}

void acme_dev_kill(struct acme_dev *dev)
{
	acme_reset(dev);
	dev->doorbells = 0;
	dev->faults.dead = true;
	dev->faults.killed = true;
	acme_log(dev, "killed");
}

static bool ring_ok(struct acme_dev *dev, u64 base, u32 log2, u32 max_log2,
		    u32 entry)
{
	return log2 >= ACME_MIN_RING_LOG2 && log2 <= max_log2 &&
	       !(base % 64) && acme_dma_ok(dev, base, (u64)entry << log2);
}

static bool latch_queues(struct acme_dev *dev)
{
	struct acme_admin *a = &dev->admin;
	u32 log2 = acme_reg_read(dev, ACME_REG_AQ_LOG2);

	if (!log2)
		return true;
	a->base = acme_reg_read64(dev, ACME_REG_AQ_BASE_LO);
	a->eq_base = acme_reg_read64(dev, ACME_REG_EQ_BASE_LO);
	a->eq_log2 = acme_reg_read(dev, ACME_REG_EQ_LOG2);
	if (!ring_ok(dev, a->base, log2, ACME_AQ_MAX_LOG2,
		     sizeof(struct acme_cmd)) ||
	    !ring_ok(dev, a->eq_base, a->eq_log2, ACME_EQ_MAX_LOG2,
		     sizeof(struct acme_event))) {
		a->eq_log2 = 0;
		return false;
	}
	a->log2 = log2;
	return true;
}

/* Return: was there a reset? What else the registers say waits. */
bool acme_reset_run(struct acme_dev *dev)
{
	u32 nr = acme_reg_read(dev, ACME_REG_RESET);
	u32 version;

	if (nr == dev->reset_ack)
		return false;
	acme_reset(dev);
	version = acme_reg_read(dev, ACME_REG_DRV_VERSION);
	if (version >> 16 != ACME_VERSION_MAJOR)
		dev->status = ACME_STATUS_BAD_VERSION;
	else if (!latch_queues(dev))
		dev->status = ACME_STATUS_BAD_QUEUE;
	else
		dev->status = ACME_STATUS_READY;
	dev->test_done = acme_reg_read(dev, ACME_REG_TEST_CMD);
	dev->reset_ack = nr;
	acme_regs_rewrite(dev);
	acme_log(dev, "reset %u: driver version %u.%u, status 0x%x", nr,
		 version >> 16, version & 0xffff, dev->status);
	return true;
}
