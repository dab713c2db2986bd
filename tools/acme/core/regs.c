// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * BAR 2. The host can write every byte, so the device reads from it only what
 * the driver owns and keeps everything else in struct acme_dev.
 */
#include "internal.h"

u32 acme_reg_read(const struct acme_dev *dev, u32 reg)
{
	u32 *p = (u32 *)(dev->regs + reg);

	return le32_to_cpu(__atomic_load_n(p, __ATOMIC_ACQUIRE));
}

u64 acme_reg_read64(const struct acme_dev *dev, u32 reg)
{
	return acme_reg_read(dev, reg) |
	       (u64)acme_reg_read(dev, reg + 4) << 32;
}

void acme_reg_write(struct acme_dev *dev, u32 reg, u32 value)
{
	u32 *p = (u32 *)(dev->regs + reg);

	__atomic_store_n(p, cpu_to_le32(value), __ATOMIC_RELEASE);
}

static void write_string(struct acme_dev *dev, u32 reg, const char *s)
{
	char field[ACME_REG_STRING_LEN] = {};

	snprintf(field, sizeof(field), "%s", s);
	memcpy(dev->regs + reg, field, sizeof(field));
}

static u32 features(const struct acme_dev *dev)
{
	return ACME_FEATURE_TX_CSUM | ACME_FEATURE_RX_CSUM | ACME_FEATURE_TSO |
	       ACME_FEATURE_RSS | (dev->cfg.ipsec ? ACME_FEATURE_IPSEC : 0);
}

static void write_identity(struct acme_dev *dev)
{
	const u8 *mac = dev->cfg.mac;
	char serial[32];

	snprintf(serial, sizeof(serial), "ACME-%02x%02x%02x%02x%02x%02x",
		 mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	write_string(dev, ACME_REG_SERIAL, serial);
	write_string(dev, ACME_REG_FW_VERSION, ACME_FW_VERSION);
	acme_reg_write(dev, ACME_REG_MAC_LO, mac[0] | mac[1] << 8 |
		       mac[2] << 16 | (u32)mac[3] << 24);
	acme_reg_write(dev, ACME_REG_MAC_HI, mac[4] | mac[5] << 8);
}

void acme_regs_rewrite(struct acme_dev *dev)
{
	const struct acme_config *cfg = &dev->cfg;
	bool up = acme_dev_link(dev);

	acme_reg_write(dev, ACME_REG_MAGIC, ACME_MAGIC);
	acme_reg_write(dev, ACME_REG_VERSION,
		       ACME_VERSION_MAJOR << 16 | cfg->minor);
	acme_reg_write(dev, ACME_REG_DB_ID, ACME_PEER_ID);
	acme_reg_write(dev, ACME_REG_NUM_VECTORS, 1 + cfg->num_queues);
	acme_reg_write(dev, ACME_REG_NUM_QUEUES, cfg->num_queues);
	acme_reg_write(dev, ACME_REG_MAX_RING_LOG2, ACME_RING_LOG2_MAX);
	acme_reg_write(dev, ACME_REG_MAX_MTU, ACME_MTU_MAX);
	acme_reg_write(dev, ACME_REG_FEATURES, features(dev));
	write_identity(dev);
	acme_reg_write(dev, ACME_REG_LINK, up ? ACME_LINK_UP : 0);
	acme_reg_write(dev, ACME_REG_LINK_SPEED, up ? ACME_SPEED : 0);
	acme_reg_write(dev, ACME_REG_AQ_HEAD, dev->admin.head);
	acme_reg_write(dev, ACME_REG_EQ_LOST, dev->admin.lost);
	acme_reg_write(dev, ACME_REG_TEST_DONE, dev->test_done);
	acme_reg_write(dev, ACME_REG_STATUS, dev->status);
	acme_reg_write(dev, ACME_REG_RESET_ACK, dev->reset_ack);
}
