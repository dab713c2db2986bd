// SPDX-License-Identifier: GPL-2.0-only
/* Module, probe and removal, reset, loss of the device. */

#include <linux/dma-mapping.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <net/devlink.h>

#include "acme.h"
#include "acme_devlink.h"
#include "acme_netdev.h"
#include "acme_queue.h"
#include "acme_selftest.h"

#define ACME_RESET_POLL_US		100
#define ACME_RESET_TIMEOUT_US		(2 * USEC_PER_SEC)
#define ACME_SERVICE_PERIOD		(10 * HZ)

/* Ask for a reset and wait for it. */
static int acme_reset_request(struct acme_dev *adev)
{
	u32 number = readl(adev->regs + ACME_REG_RESET) + 1;
	u32 ack;

	if (number == readl(adev->regs + ACME_REG_RESET_ACK))
		number++;
	writel(number, adev->regs + ACME_REG_RESET);
	acme_ring_doorbell(adev, ACME_DB_MGMT);

	return readl_poll_timeout(adev->regs + ACME_REG_RESET_ACK, ack,
				  ack == number, ACME_RESET_POLL_US,
				  ACME_RESET_TIMEOUT_US);
}

/* Leave the device without queues: it knows no memory of ours afterwards. */
static int acme_reset_to_rest(struct acme_dev *adev)
{
	writel(0, adev->regs + ACME_REG_AQ_LOG2);
	writel(0, adev->regs + ACME_REG_EQ_LOG2);
	return acme_reset_request(adev);
}

static int acme_reset_check(struct acme_dev *adev)
{
	u32 version = readl(adev->regs + ACME_REG_VERSION);
	u32 status = readl(adev->regs + ACME_REG_STATUS);

	if (status & ACME_STATUS_BAD_VERSION ||
	    version >> 16 != ACME_VERSION_MAJOR) {
		dev_err(adev->dev,
			"the device speaks version %u.%u of the interface, the driver %u.%u\n",
			version >> 16, version & 0xffff, ACME_VERSION_MAJOR,
			ACME_VERSION_MINOR);
		return -EPROTONOSUPPORT;
	}
	if (status & ACME_STATUS_BAD_QUEUE) {
		dev_err(adev->dev, "the device refused its admin queue\n");
		return -EIO;
	}
	if (!(status & ACME_STATUS_READY)) {
		dev_err(adev->dev, "the device is not ready after a reset\n");
		return -EIO;
	}
	return 0;
}

/* Reset, version handshake, hand over of admin and event queue. */
static int acme_reset(struct acme_dev *adev)
{
	int err;

	writel(ACME_VERSION, adev->regs + ACME_REG_DRV_VERSION);
	acme_write_addr(adev, ACME_REG_AQ_BASE_LO, adev->adminq.dma);
	writel(ACME_AQ_LOG2, adev->regs + ACME_REG_AQ_LOG2);
	writel(0, adev->regs + ACME_REG_AQ_TAIL);
	acme_write_addr(adev, ACME_REG_EQ_BASE_LO, adev->eventq.dma);
	writel(ACME_EQ_LOG2, adev->regs + ACME_REG_EQ_LOG2);
	writel(0, adev->regs + ACME_REG_EQ_HEAD);

	err = acme_reset_request(adev);
	if (err) {
		dev_err(adev->dev, "the device does not answer a reset\n");
		return err;
	}
	adev->eventq.hw_lost = readl(adev->regs + ACME_REG_EQ_LOST);
	return acme_reset_check(adev);
}

/**
 * acme_dev_lost() - declare the device lost
 * @adev: device
 * @why: what happened, a constant
 *
 * Every command fails with -EIO from now on, the carrier is off, and when this
 * returns, the device no longer touches memory: what it knew may be freed.
 *
 * Context: process, may sleep; any number of times, at the same time too.
 */
void acme_dev_lost(struct acme_dev *adev, const char *why)
{
	mutex_lock(&adev->lost_lock);
	if (test_and_set_bit(ACME_DEV_LOST, &adev->state))
		goto unlock;

	dev_err(adev->dev, "device lost: %s; bind the driver anew to recover\n",
		why);
	acme_adminq_abort(adev);
	acme_ipsec_lost(adev);
	if (adev->netdev)
		netif_carrier_off(adev->netdev);
	if (acme_reset_to_rest(adev))
		dev_err(adev->dev, "the lost device does not answer a reset\n");
	pci_clear_master(adev->pdev);
	acme_devlink_report(adev, why);
unlock:
	mutex_unlock(&adev->lost_lock);
}

/* The clocks of host and device drift, and the host's may be set. */
static int acme_time_set(struct acme_dev *adev)
{
	struct acme_cmd_time_set params = {
		.now_ns = cpu_to_le64(ktime_get_real_ns()),
	};

	return acme_adminq_cmd(adev, ACME_OP_TIME_SET, &params, sizeof(params));
}

static void acme_service(struct work_struct *work)
{
	struct acme_dev *adev = container_of(work, struct acme_dev,
					     service.work);

	/* what fails now may succeed next time, unless the device is lost */
	acme_time_set(adev);
	acme_stats_refresh(adev);
	acme_ipsec_refresh(adev);
	if (!acme_dev_is_lost(adev))
		queue_delayed_work(system_long_wq, &adev->service,
				   ACME_SERVICE_PERIOD);
}

/* Other ivshmem devices have the same PCI id; the magic tells. */
static bool acme_is_ours(struct acme_dev *adev)
{
	if (readl(adev->regs + ACME_REG_MAGIC) == ACME_MAGIC)
		return true;

	dev_info(adev->dev, "not an acme NIC but another ivshmem device, leave it to others\n");
	return false;
}

static int acme_map(struct acme_dev *adev)
{
	struct pci_dev *pdev = adev->pdev;
	int err;

	if (pci_resource_len(pdev, ACME_BAR_REGS) < ACME_REGS_SIZE ||
	    !pci_resource_len(pdev, ACME_BAR_DOORBELL)) {
		dev_info(adev->dev, "not an acme NIC but a device without its registers, leave it to others\n");
		return -ENODEV;
	}

	err = pcim_iomap_regions(pdev, BIT(ACME_BAR_DOORBELL) |
				 BIT(ACME_BAR_REGS), ACME_DRV_NAME);
	if (err)
		return err;

	adev->db = pcim_iomap_table(pdev)[ACME_BAR_DOORBELL];
	adev->regs = pcim_iomap_table(pdev)[ACME_BAR_REGS];
	return acme_is_ours(adev) ? 0 : -ENODEV;
}

static int acme_enable(struct acme_dev *adev)
{
	struct pci_dev *pdev = adev->pdev;
	int err;

	err = pcim_enable_device(pdev);
	if (err)
		return err;

	err = acme_map(adev);
	if (err)
		return err;

	err = dma_set_mask_and_coherent(adev->dev, DMA_BIT_MASK(64));
	if (err)
		err = dma_set_mask_and_coherent(adev->dev, DMA_BIT_MASK(32));
	if (err)
		return err;

	adev->db_id = readl(adev->regs + ACME_REG_DB_ID) << 16;
	pci_set_master(pdev);
	return 0;
}

/* What the device says about itself decides sizes: bring it into range. */
static int acme_read_limits(struct acme_dev *adev)
{
	u32 ring_log2 = readl(adev->regs + ACME_REG_MAX_RING_LOG2);
	u32 max_mtu = readl(adev->regs + ACME_REG_MAX_MTU);

	if (ring_log2 < ACME_TX_MIN_LOG2 || max_mtu < ETH_DATA_LEN) {
		dev_err(adev->dev,
			"rings of 2^%u entries and an MTU of %u are too small\n",
			ring_log2, max_mtu);
		return -EINVAL;
	}

	adev->features = readl(adev->regs + ACME_REG_FEATURES);
	adev->max_ring_log2 = min_t(u32, ring_log2, ACME_RING_MAX_LOG2);
	adev->max_mtu = min_t(u32, max_mtu, ACME_RX_MAX_MTU);
	return 0;
}

static int acme_start_admin(struct acme_dev *adev)
{
	int err;

	err = acme_adminq_alloc(adev);
	if (err)
		return err;
	err = acme_eventq_alloc(adev);
	if (err)
		goto free_adminq;
	err = acme_irqs_alloc(adev);
	if (err) {
		dev_err(adev->dev, "no interrupts: error %d\n", err);
		goto free_eventq;
	}
	err = acme_reset(adev);
	if (err)
		goto rest;
	return 0;

rest:
	/* one that is late must not take the queues yet */
	acme_reset_to_rest(adev);
	pci_clear_master(adev->pdev);
	acme_irqs_free(adev);
free_eventq:
	acme_eventq_free(adev);
free_adminq:
	acme_adminq_free(adev);
	return err;
}

static void acme_stop_admin(struct acme_dev *adev)
{
	if (!acme_dev_is_lost(adev) && acme_reset_to_rest(adev))
		dev_err(adev->dev, "the device does not answer a reset\n");
	pci_clear_master(adev->pdev);
	acme_irqs_free(adev);
	acme_adminq_abort(adev);
	acme_eventq_free(adev);
	acme_adminq_free(adev);
}

static int acme_start_net(struct acme_dev *adev)
{
	int err;

	err = acme_time_set(adev);
	if (err)
		return err;
	err = acme_stats_alloc(adev);
	if (err)
		return err;
	err = acme_ipsec_init(adev);
	if (err)
		goto free_stats;
	err = acme_netdev_create(adev);
	if (err)
		goto free_ipsec;

	queue_delayed_work(system_long_wq, &adev->service, ACME_SERVICE_PERIOD);
	return 0;

free_ipsec:
	acme_ipsec_cleanup(adev);
free_stats:
	acme_stats_free(adev);
	return err;
}

static void acme_stop_net(struct acme_dev *adev)
{
	acme_netdev_destroy(adev);
	acme_ipsec_cleanup(adev);
	acme_stats_free(adev);
}

static void acme_init_dev(struct acme_dev *adev, struct pci_dev *pdev)
{
	adev->pdev = pdev;
	adev->dev = &pdev->dev;
	mutex_init(&adev->lost_lock);
	mutex_init(&adev->test_lock);
	INIT_DELAYED_WORK(&adev->service, acme_service);
	pci_set_drvdata(pdev, adev);
}

/*
 * A device that fails its self-test gets no network interface, but stays
 * visible in devlink, where it can be examined.
 */
static int acme_bring_up(struct acme_dev *adev)
{
	const char *failed = acme_selftest_probe(adev);

	if (failed) {
		dev_err(adev->dev, "self-test failed: %s; no network interface\n",
			failed);
		acme_devlink_report(adev, failed);
		return 0;
	}
	return acme_start_net(adev);
}

static int acme_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct acme_dev *adev;
	int err;

	adev = acme_devlink_alloc(&pdev->dev);
	if (!adev)
		return -ENOMEM;
	acme_init_dev(adev, pdev);

	err = acme_enable(adev);
	if (err)
		goto free_dev;
	err = acme_read_limits(adev);
	if (err)
		goto free_dev;
	err = acme_devlink_init(adev);
	if (err)
		goto free_dev;
	err = acme_start_admin(adev);
	if (err)
		goto free_devlink;
	acme_devlink_register(adev);
	err = acme_bring_up(adev);
	if (err)
		goto unregister_devlink;
	return 0;

unregister_devlink:
	acme_devlink_unregister(adev);
	acme_stop_admin(adev);
free_devlink:
	acme_devlink_cleanup(adev);
free_dev:
	acme_devlink_free(adev);
	return err;
}

static void acme_remove(struct pci_dev *pdev)
{
	struct acme_dev *adev = pci_get_drvdata(pdev);

	cancel_delayed_work_sync(&adev->service);
	if (adev->netdev)
		acme_stop_net(adev);
	acme_devlink_unregister(adev);
	acme_stop_admin(adev);
	acme_devlink_cleanup(adev);
	acme_devlink_free(adev);
}

static const struct pci_device_id acme_pci_tbl[] = {
	{ PCI_DEVICE(ACME_PCI_VENDOR, ACME_PCI_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, acme_pci_tbl);

static struct pci_driver acme_pci_driver = {
	.name = ACME_DRV_NAME,
	.id_table = acme_pci_tbl,
	.probe = acme_probe,
	.remove = acme_remove,
};
module_pci_driver(acme_pci_driver);

MODULE_DESCRIPTION("acme Ethernet with IPsec full offload");
MODULE_LICENSE("GPL");
