/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Driver of the acme NIC.
 *
 *   acme_dev: one PCI function. Admin queue, event queue, vectors, devlink.
 *     `- acme_net: its network interface
 *          `- acme_qp: a queue pair, that is a Tx and an Rx ring, an interrupt
 *             vector and a NAPI context
 *
 * Names of pointers: adev, anet, qp, and tx and rx for the rings.
 *
 * The device is not trusted. What it writes is read once and checked; memory
 * that it knows is freed when it has answered the command that takes it away,
 * or when acme_dev_lost() has returned.
 */
#ifndef _ACME_H
#define _ACME_H

#include <linux/io.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/workqueue.h>

#include "acme_adminq.h"
#include "acme_eventq.h"
#include "acme_hw.h"
#include "acme_ipsec.h"
#include "acme_irq.h"
#include "acme_stats.h"

#define ACME_DRV_NAME			"acme"

struct devlink_health_reporter;

enum acme_dev_state {
	ACME_DEV_LOST,
};

/**
 * struct acme_dev - a PCI function
 * @dev: its device
 * @pdev: likewise
 * @db: doorbell BAR
 * @regs: register BAR
 * @db_id: the device's half of a doorbell value
 * @state: bits of enum acme_dev_state
 * @lost_lock: held while a lost device is brought to rest
 * @why: what went wrong, for the health reporter; NULL when nothing did
 * @features: ACME_FEATURE_*
 * @num_qps: queue pairs that have a vector
 * @max_ring_log2: of the device
 * @max_mtu: of the device
 * @test_number: of the latest test command
 * @test_lock: protects the test registers
 * @vecs: interrupt vectors
 * @num_vecs: vectors with a handler
 * @adminq: admin queue
 * @eventq: event queue
 * @hw_stats: the device's counters
 * @ipsec: SAs
 * @netdev: network interface, NULL if the device failed its self-test
 * @service: periodic work
 * @health: reporter
 * @health_work: reports a lost device
 */
struct acme_dev {
	struct device *dev;
	struct pci_dev *pdev;
	void __iomem *db;
	void __iomem *regs;
	u32 db_id;
	unsigned long state;
	struct mutex lost_lock;		/* bringing it to rest */
	const char *why;

	u32 features;
	u16 num_qps;
	u8 max_ring_log2;
	u32 max_mtu;

	u32 test_number;
	struct mutex test_lock;		/* test registers */

	struct acme_vec *vecs;
	u16 num_vecs;
	struct acme_adminq adminq;
	struct acme_eventq eventq;
	struct acme_hw_stats hw_stats;
	struct acme_ipsec ipsec;

	struct net_device *netdev;
	struct delayed_work service;
	struct devlink_health_reporter *health;
	struct work_struct health_work;
};

static inline bool acme_dev_is_lost(const struct acme_dev *adev)
{
	return test_bit(ACME_DEV_LOST, &adev->state);
}

static inline void acme_ring_doorbell(struct acme_dev *adev, u32 number)
{
	writel(adev->db_id | number, adev->db + ACME_DB);
}

static inline void acme_write_addr(struct acme_dev *adev, u32 reg_lo,
				   dma_addr_t addr)
{
	writel(lower_32_bits(addr), adev->regs + reg_lo);
	writel(upper_32_bits(addr), adev->regs + reg_lo + 4);
}

void acme_dev_lost(struct acme_dev *adev, const char *why);

#endif /* _ACME_H */
