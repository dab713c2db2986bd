// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The port: link, station address, what becomes of a received frame. */
#include "internal.h"

#define VPORT(field)	offsetof(struct acme_cmd, vport_set.field)
#define STATS(field)	offsetof(struct acme_cmd, stats_get.field)

bool acme_dev_link(const struct acme_dev *dev)
{
	return dev->carrier && !dev->forced_down;
}

static void update_link(struct acme_dev *dev, bool was)
{
	bool up = acme_dev_link(dev);
	u32 speed = up ? ACME_SPEED : 0;

	if (up == was)
		return;
	acme_log(dev, "link %s", up ? "up" : "down");
	acme_reg_write(dev, ACME_REG_LINK, up ? ACME_LINK_UP : 0);
	acme_reg_write(dev, ACME_REG_LINK_SPEED, speed);
	acme_event(dev, ACME_EV_LINK, up ? ACME_LINK_UP : 0, speed);
}

void acme_dev_carrier(struct acme_dev *dev, bool on)
{
	bool was = acme_dev_link(dev);

	dev->carrier = on;
	update_link(dev, was);
}

void acme_dev_force_down(struct acme_dev *dev, bool down)
{
	bool was = acme_dev_link(dev);

	dev->forced_down = down;
	update_link(dev, was);
}

void acme_vport_reset(struct acme_dev *dev)
{
	dev->vport_flags = 0;
	dev->mtu = ACME_MTU_DEFAULT;
	memcpy(dev->mac, dev->cfg.mac, sizeof(dev->mac));
	acme_rss_init(&dev->rss);
}

static bool mac_valid(const u8 *mac)
{
	static const u8 zero[6];

	return !(mac[0] & 1) && memcmp(mac, zero, sizeof(zero));
}

u32 acme_cmd_vport_set(struct acme_dev *dev, const struct acme_cmd *cmd,
		       struct acme_cmd *rsp)
{
	const struct acme_cmd_vport_set *c = &cmd->vport_set;
	u32 flags = le32_to_cpu(c->flags);
	u32 mtu = le32_to_cpu(c->mtu);
	const struct acme_check checks[] = {
		{ flags & ~(ACME_VPORT_ENABLE | ACME_VPORT_PROMISC),
		  ACME_ST_BAD_PARAM, VPORT(flags) },
		{ mtu < ACME_MTU_MIN, ACME_ST_BAD_PARAM, VPORT(mtu) },
		{ mtu > ACME_MTU_MAX, ACME_ST_UNSUPPORTED, VPORT(mtu) },
		{ !mac_valid(c->mac), ACME_ST_BAD_PARAM, VPORT(mac) },
	};
	u32 status = acme_checks(rsp, checks, ARRAY_SIZE(checks));

	if (status != ACME_ST_OK)
		return status;
	dev->vport_flags = flags;
	dev->mtu = mtu;
	memcpy(dev->mac, c->mac, sizeof(dev->mac));
	return ACME_ST_OK;
}

u32 acme_cmd_rss_set(struct acme_dev *dev, const struct acme_cmd *cmd,
		     struct acme_cmd *rsp)
{
	const struct acme_cmd_rss_set *c = &cmd->rss_set;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(c->table); i++)
		if (c->table[i] >= dev->cfg.num_queues)
			return acme_refuse(rsp, ACME_ST_BAD_PARAM,
					   offsetof(struct acme_cmd,
						    rss_set.table) + i);
	acme_rss_set(&dev->rss, c->key, c->table);
	return ACME_ST_OK;
}

u32 acme_cmd_stats_get(struct acme_dev *dev, const struct acme_cmd *cmd,
		       struct acme_cmd *rsp)
{
	u32 len = le32_to_cpu(cmd->stats_get.len);
	struct acme_stats stats = {};

	if (len > sizeof(stats))
		len = sizeof(stats);
#define ACME_FILL(name) stats.name = cpu_to_le64(dev->count.name);
	ACME_COUNTERS(ACME_FILL)
#undef ACME_FILL
	if (!len)
		return acme_refuse(rsp, ACME_ST_BAD_PARAM, STATS(len));
	if (!acme_dma_write(dev, le64_to_cpu(cmd->stats_get.addr), &stats,
			    len))
		return acme_refuse(rsp, ACME_ST_DMA_FAULT, STATS(addr));
	return ACME_ST_OK;
}

bool acme_dev_rx_ready(const struct acme_dev *dev)
{
	return !dev->rx.waiting;
}

static bool for_station(const struct acme_dev *dev, const u8 *frame)
{
	return !memcmp(frame, dev->mac, sizeof(dev->mac));
}

/* May the vport have this frame? Counts it if not. */
static bool accept(struct acme_dev *dev, const u8 *frame, size_t len)
{
	if (!(dev->vport_flags & ACME_VPORT_ENABLE)) {
		dev->count.rx_disabled++;
		return false;
	}
	if (len < ETH_HDR_LEN ||
	    len > ETH_HDR_LEN + VLAN_TAG_LEN + dev->mtu) {
		dev->count.rx_malformed++;
		return false;
	}
	if (!(dev->vport_flags & ACME_VPORT_PROMISC) && !(frame[0] & 1) &&
	    !for_station(dev, frame)) {
		dev->count.rx_filtered++;
		return false;
	}
	return true;
}

static bool parse(const struct acme_rx *rx, struct acme_ip *ip)
{
	return acme_ip_parse(ip, rx->data + ETH_HDR_LEN,
			     rx->len - ETH_HDR_LEN, get_be16(rx->data + 12));
}

/* What the completion says about the packet as the host gets it. */
static void classify(struct acme_dev *dev, struct acme_rx *rx,
		     const struct acme_ip *ip)
{
	if (acme_csum_l4_ok(ip))
		rx->flags |= ACME_RXC_CSUM_OK;
	rx->flags |= acme_rss_hash(&dev->rss, ip, &rx->hash);
	rx->qid = dev->rss.table[rx->hash % ACME_RSS_TABLE_LEN];
}

/*
 * SAs are the station's: what comes to a group, or in promiscuous mode to
 * others, must neither be opened nor use up a sequence number.
 */
void acme_dev_rx(struct acme_dev *dev, const u8 *frame, size_t len)
{
	struct acme_rx *rx = &dev->rx;
	struct acme_ip ip;

	if (dev->faults.dead)
		return;
	dev->count.rx_frames++;
	dev->count.rx_bytes += len;
	if (!accept(dev, frame, len))
		return;
	rx->data = rx->buf;
	rx->len = len;
	rx->sa = 0;
	rx->hash = 0;
	rx->flags = 0;
	rx->exc = ACME_EXC_NONE;
	rx->qid = dev->rss.table[0];
	memcpy(rx->data, frame, len);
	if (parse(rx, &ip)) {
		if (for_station(dev, frame) && !acme_esp_in(dev, rx, &ip))
			return;
		if (parse(rx, &ip))
			classify(dev, rx, &ip);
	}
	acme_rx_deliver(dev);
}
