// SPDX-License-Identifier: GPL-2.0-only
/* Network interface. */

#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/interrupt.h>
#include <linux/rtnetlink.h>

#include "acme.h"
#include "acme_netdev.h"

#define ACME_DEFAULT_TX_USECS		50
#define ACME_DEFAULT_RX_USECS		20

/* Tell the device what the interface wants; caller holds vport_lock. */
static int acme_vport_set_locked(struct acme_net *anet)
{
	struct net_device *netdev = anet->netdev;
	struct acme_cmd_vport_set params = {
		.mtu = cpu_to_le32(netdev->mtu),
	};
	u32 flags = 0;

	if (anet->enabled)
		flags |= ACME_VPORT_ENABLE;
	if (netdev->flags & IFF_PROMISC)
		flags |= ACME_VPORT_PROMISC;
	params.flags = cpu_to_le32(flags);
	ether_addr_copy(params.mac, netdev->dev_addr);
	return acme_adminq_cmd(anet->adev, ACME_OP_VPORT_SET, &params,
			       sizeof(params));
}

static int acme_vport_update(struct acme_net *anet)
{
	int err;

	mutex_lock(&anet->vport_lock);
	err = acme_vport_set_locked(anet);
	mutex_unlock(&anet->vport_lock);
	return err;
}

static int acme_vport_enable(struct acme_net *anet, bool enabled)
{
	int err;

	mutex_lock(&anet->vport_lock);
	anet->enabled = enabled;
	err = acme_vport_set_locked(anet);
	if (err)
		anet->enabled = false;
	mutex_unlock(&anet->vport_lock);
	return err;
}

static void acme_rx_mode_work(struct work_struct *work)
{
	struct acme_net *anet = container_of(work, struct acme_net,
					     rx_mode_work);

	acme_vport_update(anet);
}

/* Called with a spinlock held. */
static void acme_set_rx_mode(struct net_device *netdev)
{
	struct acme_net *anet = netdev_priv(netdev);

	queue_work(system_long_wq, &anet->rx_mode_work);
}

static bool acme_link_is_up(struct acme_dev *adev)
{
	return !acme_dev_is_lost(adev) &&
	       readl(adev->regs + ACME_REG_LINK) & ACME_LINK_UP;
}

static void acme_set_carrier(struct acme_dev *adev, struct net_device *netdev,
			     bool up)
{
	if (up == netif_carrier_ok(netdev))
		return;

	if (up)
		netif_carrier_on(netdev);
	else
		netif_carrier_off(netdev);
	if (!net_ratelimit())
		return;

	if (up)
		netdev_info(netdev, "link up, %u Mbit/s\n",
			    readl(adev->regs + ACME_REG_LINK_SPEED));
	else
		netdev_info(netdev, "link down, SAs stay in the device; look at the wire\n");
}

static bool acme_netdev_is_up(struct net_device *netdev)
{
	struct acme_net *anet = netdev_priv(netdev);

	return READ_ONCE(anet->up);
}

/**
 * acme_netdev_link_update() - make the carrier what the device says
 * @adev: device
 *
 * Open and the event queue's interrupt may do it at the same time, so the last
 * look at the link comes after the carrier was set. Without queue pairs there is
 * none.
 *
 * Context: process or interrupt thread.
 */
void acme_netdev_link_update(struct acme_dev *adev)
{
	struct net_device *netdev = READ_ONCE(adev->netdev);
	int tries = 8;
	bool up;

	if (!netdev || !acme_netdev_is_up(netdev))
		return;

	do {
		up = acme_link_is_up(adev);
		acme_set_carrier(adev, netdev, up);
	} while (up != acme_link_is_up(adev) && --tries);
}

/* RSS table: all queue pairs in turn. */
void acme_netdev_rss_spread(struct acme_net *anet)
{
	int i;

	for (i = 0; i < ACME_RSS_TABLE_LEN; i++)
		anet->rss.table[i] = ethtool_rxfh_indir_default(i,
								anet->num_qps);
}

int acme_netdev_rss_update(struct acme_net *anet)
{
	if (!(anet->adev->features & ACME_FEATURE_RSS))
		return 0;
	return acme_adminq_cmd(anet->adev, ACME_OP_RSS_SET, &anet->rss,
			       sizeof(anet->rss));
}

static void acme_stop_qps(struct acme_net *anet, int num)
{
	while (num--)
		acme_qp_stop(&anet->qps[num]);
}

static void acme_close_qps(struct acme_net *anet, int num)
{
	while (num--)
		acme_qp_close(&anet->qps[num]);
}

static int acme_open_qps(struct acme_net *anet)
{
	int i, err;

	for (i = 0; i < anet->num_qps; i++) {
		err = acme_qp_open(&anet->qps[i]);
		if (err) {
			acme_stop_qps(anet, i);
			acme_close_qps(anet, i);
			return err;
		}
	}
	return 0;
}

/**
 * acme_netdev_up() - open the queue pairs, let frames in
 * @anet: interface
 *
 * Context: RTNL.
 * Return: 0 or a negative errno.
 */
int acme_netdev_up(struct acme_net *anet)
{
	int err;

	err = acme_open_qps(anet);
	if (err)
		return err;
	err = acme_netdev_rss_update(anet);
	if (err)
		goto close_qps;
	err = acme_vport_enable(anet, true);
	if (err)
		goto close_qps;

	netif_tx_start_all_queues(anet->netdev);
	WRITE_ONCE(anet->up, true);
	acme_netdev_link_update(anet->adev);
	return 0;

close_qps:
	acme_stop_qps(anet, anet->num_qps);
	acme_close_qps(anet, anet->num_qps);
	return err;
}

/* Nobody sets the carrier afterwards, so no watchdog looks at the Tx queues. */
static void acme_netdev_carrier_off(struct acme_net *anet)
{
	WRITE_ONCE(anet->up, false);
	synchronize_irq(anet->adev->vecs[ACME_VEC_MGMT].irq);
	netif_carrier_off(anet->netdev);
}

/**
 * acme_netdev_down() - undo acme_netdev_up()
 * @anet: interface
 *
 * The device may take seconds to answer, or not answer at all; the carrier is
 * off meanwhile.
 *
 * Context: RTNL.
 */
void acme_netdev_down(struct acme_net *anet)
{
	if (!anet->up)
		return;

	acme_netdev_carrier_off(anet);
	acme_vport_enable(anet, false);
	/* polling first: it wakes Tx queues */
	acme_stop_qps(anet, anet->num_qps);
	netif_tx_disable(anet->netdev);
	acme_close_qps(anet, anet->num_qps);
}

static int acme_open(struct net_device *netdev)
{
	struct acme_net *anet = netdev_priv(netdev);
	int err;

	err = netif_set_real_num_queues(netdev, anet->num_qps, anet->num_qps);
	if (err)
		return err;
	return acme_netdev_up(anet);
}

static int acme_stop(struct net_device *netdev)
{
	acme_netdev_down(netdev_priv(netdev));
	return 0;
}

/* The queue pairs are closed and can't be opened. */
static void acme_give_up(struct acme_net *anet)
{
	netdev_err(anet->netdev, "queues can't be opened, interface goes down\n");
	dev_close(anet->netdev);
}

/**
 * acme_netdev_up_again() - open queue pairs that were open before
 * @anet: interface, after acme_netdev_down()
 *
 * If that fails, the interface goes down.
 *
 * Context: RTNL.
 * Return: 0 or a negative errno.
 */
int acme_netdev_up_again(struct acme_net *anet)
{
	int err = acme_netdev_up(anet);

	if (err)
		acme_give_up(anet);
	return err;
}

static void acme_set_config(struct acme_net *anet,
			    const struct acme_net_config *config)
{
	bool spread = config->num_qps != anet->num_qps;

	anet->num_qps = config->num_qps;
	anet->tx_log2 = config->tx_log2;
	anet->rx_log2 = config->rx_log2;
	if (spread)
		acme_netdev_rss_spread(anet);
}

/**
 * acme_netdev_reconfigure() - change what needs queue pairs to be opened anew
 * @anet: interface
 * @config: what to change to
 *
 * SAs are not touched. If the new configuration fails, the old one is restored,
 * with its RSS table.
 *
 * Context: RTNL.
 * Return: 0 or a negative errno.
 */
int acme_netdev_reconfigure(struct acme_net *anet,
			    const struct acme_net_config *config)
{
	const struct acme_net_config old = {
		.num_qps = anet->num_qps,
		.tx_log2 = anet->tx_log2,
		.rx_log2 = anet->rx_log2,
	};
	const struct acme_cmd_rss_set rss = anet->rss;
	int err;

	if (!netif_running(anet->netdev)) {
		acme_set_config(anet, config);
		return 0;
	}

	acme_netdev_down(anet);
	acme_set_config(anet, config);
	err = acme_open(anet->netdev);
	if (!err)
		return 0;

	acme_set_config(anet, &old);
	anet->rss = rss;
	if (acme_open(anet->netdev))
		acme_give_up(anet);
	return err;
}

static void acme_reset_work(struct work_struct *work)
{
	struct acme_net *anet = container_of(work, struct acme_net,
					     reset_work);

	rtnl_lock();
	if (!anet->up || acme_dev_is_lost(anet->adev))
		goto unlock;

	anet->resets++;
	acme_netdev_down(anet);
	acme_netdev_up_again(anet);
unlock:
	rtnl_unlock();
}

/**
 * acme_netdev_schedule_reset() - have all queue pairs opened anew
 * @adev: device
 *
 * Context: any.
 */
void acme_netdev_schedule_reset(struct acme_dev *adev)
{
	struct net_device *netdev = READ_ONCE(adev->netdev);
	struct acme_net *anet;

	if (!netdev)
		return;
	anet = netdev_priv(netdev);
	queue_work(system_long_wq, &anet->reset_work);
}

static void acme_tx_timeout(struct net_device *netdev, unsigned int txqueue)
{
	struct acme_net *anet = netdev_priv(netdev);
	struct acme_tx_ring *tx = &anet->qps[txqueue].tx;

	netdev_err(netdev, "Tx queue %u stalled: posted %u, told %u, cleaned %u, device's head %u\n",
		   txqueue, tx->tail, tx->kicked, tx->clean,
		   le32_to_cpu(READ_ONCE(*tx->head_wb)));
	queue_work(system_long_wq, &anet->reset_work);
}

static int acme_change_mtu(struct net_device *netdev, int mtu)
{
	struct acme_net *anet = netdev_priv(netdev);
	int old = netdev->mtu;
	int err;

	/* buffers suit any MTU: a longer frame takes more of them */
	WRITE_ONCE(netdev->mtu, mtu);
	err = acme_vport_update(anet);
	if (err)
		WRITE_ONCE(netdev->mtu, old);
	return err;
}

static int acme_set_mac(struct net_device *netdev, void *p)
{
	struct acme_net *anet = netdev_priv(netdev);
	u8 old[ETH_ALEN];
	int err;

	err = eth_prepare_mac_addr_change(netdev, p);
	if (err)
		return err;

	ether_addr_copy(old, netdev->dev_addr);
	eth_commit_mac_addr_change(netdev, p);
	err = acme_vport_update(anet);
	if (err)
		eth_hw_addr_set(netdev, old);
	return err;
}

static void acme_add_tx_stats(const struct acme_tx_stats *tx,
			      struct rtnl_link_stats64 *sum)
{
	u64 packets, bytes, dropped;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&tx->done_syncp);
		packets = u64_stats_read(&tx->packets);
		bytes = u64_stats_read(&tx->bytes);
	} while (u64_stats_fetch_retry(&tx->done_syncp, start));
	do {
		start = u64_stats_fetch_begin(&tx->syncp);
		dropped = u64_stats_read(&tx->dropped);
	} while (u64_stats_fetch_retry(&tx->syncp, start));

	sum->tx_packets += packets;
	sum->tx_bytes += bytes;
	sum->tx_dropped += dropped;
}

static void acme_add_rx_stats(const struct acme_rx_stats *rx,
			      struct rtnl_link_stats64 *sum)
{
	u64 packets, bytes, dropped, errors;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&rx->syncp);
		packets = u64_stats_read(&rx->packets);
		bytes = u64_stats_read(&rx->bytes);
		dropped = u64_stats_read(&rx->dropped);
		errors = u64_stats_read(&rx->bad_comp);
	} while (u64_stats_fetch_retry(&rx->syncp, start));

	sum->rx_packets += packets;
	sum->rx_bytes += bytes;
	sum->rx_dropped += dropped;
	sum->rx_errors += errors;
}

static void acme_get_stats64(struct net_device *netdev,
			     struct rtnl_link_stats64 *sum)
{
	struct acme_net *anet = netdev_priv(netdev);
	struct acme_dev *adev = anet->adev;
	int i;

	for (i = 0; i < adev->num_qps; i++) {
		acme_add_tx_stats(&anet->qps[i].tx.stats, sum);
		acme_add_rx_stats(&anet->qps[i].rx.stats, sum);
	}
	sum->rx_missed_errors = acme_hw_stat(adev, rx_no_buffer);
	sum->rx_length_errors = acme_hw_stat(adev, rx_malformed);
	sum->tx_carrier_errors = acme_hw_stat(adev, tx_no_link);
}

static const struct net_device_ops acme_netdev_ops = {
	.ndo_open = acme_open,
	.ndo_stop = acme_stop,
	.ndo_start_xmit = acme_tx_xmit,
	.ndo_features_check = acme_tx_features_check,
	.ndo_set_rx_mode = acme_set_rx_mode,
	.ndo_set_mac_address = acme_set_mac,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_change_mtu = acme_change_mtu,
	.ndo_tx_timeout = acme_tx_timeout,
	.ndo_get_stats64 = acme_get_stats64,
};

static void acme_set_features(struct acme_dev *adev, struct net_device *netdev)
{
	netdev_features_t features = NETIF_F_SG;

	if (adev->features & ACME_FEATURE_TX_CSUM)
		features |= NETIF_F_HW_CSUM;
	if (adev->features & ACME_FEATURE_RX_CSUM)
		features |= NETIF_F_RXCSUM;
	if (adev->features & ACME_FEATURE_TSO)
		features |= NETIF_F_TSO | NETIF_F_TSO6;
	if (adev->features & ACME_FEATURE_RSS)
		features |= NETIF_F_RXHASH;

	netdev->hw_features = features;
	netdev->features = features | NETIF_F_HIGHDMA;
}

static void acme_set_perm_addr(struct acme_dev *adev,
			       struct net_device *netdev)
{
	u32 lo = readl(adev->regs + ACME_REG_MAC_LO);
	u32 hi = readl(adev->regs + ACME_REG_MAC_HI);
	u8 mac[ETH_ALEN] = {
		lo, lo >> 8, lo >> 16, lo >> 24, hi, hi >> 8,
	};

	if (is_valid_ether_addr(mac)) {
		eth_hw_addr_set(netdev, mac);
		return;
	}
	dev_warn(adev->dev, "the device has no valid MAC address, using a random one\n");
	eth_hw_addr_random(netdev);
}

/**
 * acme_netdev_is_ours() - is it an interface of this driver?
 * @netdev: any
 *
 * Return: true or false.
 */
bool acme_netdev_is_ours(const struct net_device *netdev)
{
	return netdev->netdev_ops == &acme_netdev_ops;
}

static void acme_init_netdev(struct acme_dev *adev, struct net_device *netdev)
{
	netdev->netdev_ops = &acme_netdev_ops;
	netdev->min_mtu = ETH_MIN_MTU;
	netdev->max_mtu = adev->max_mtu;
	netdev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	acme_ethtool_set_ops(netdev);
	acme_set_features(adev, netdev);
	acme_set_perm_addr(adev, netdev);
	/* the SA of a packet travels in its dst */
	netif_keep_dst(netdev);
	acme_ipsec_set_ops(adev, netdev);
	netif_carrier_off(netdev);
}

static void acme_init_anet(struct acme_dev *adev, struct net_device *netdev)
{
	struct acme_net *anet = netdev_priv(netdev);
	int i;

	anet->adev = adev;
	anet->netdev = netdev;
	anet->num_qps = min_t(int, adev->num_qps,
			      netif_get_num_default_rss_queues());
	anet->tx_log2 = min_t(u8, adev->max_ring_log2,
			      ACME_TX_DEFAULT_LOG2);
	anet->rx_log2 = min_t(u8, adev->max_ring_log2,
			      ACME_RX_DEFAULT_LOG2);
	anet->tx_usecs = ACME_DEFAULT_TX_USECS;
	anet->rx_usecs = ACME_DEFAULT_RX_USECS;
	netdev_rss_key_fill(anet->rss.key, sizeof(anet->rss.key));
	acme_netdev_rss_spread(anet);
	mutex_init(&anet->vport_lock);
	INIT_WORK(&anet->rx_mode_work, acme_rx_mode_work);
	INIT_WORK(&anet->reset_work, acme_reset_work);
	for (i = 0; i < adev->num_qps; i++)
		acme_qp_init(anet, i);
}

static void acme_free_netdev(struct acme_dev *adev)
{
	struct net_device *netdev = adev->netdev;
	struct acme_net *anet = netdev_priv(netdev);

	/* events may still come */
	WRITE_ONCE(adev->netdev, NULL);
	synchronize_irq(adev->vecs[ACME_VEC_MGMT].irq);
	cancel_work_sync(&anet->rx_mode_work);
	cancel_work_sync(&anet->reset_work);
	free_netdev(netdev);
}

/**
 * acme_netdev_create() - make and register the network interface
 * @adev: device
 *
 * Return: 0 or a negative errno.
 */
int acme_netdev_create(struct acme_dev *adev)
{
	struct net_device *netdev;
	struct acme_net *anet;
	int err;

	netdev = alloc_etherdev_mq(struct_size(anet, qps, adev->num_qps),
				   adev->num_qps);
	if (!netdev)
		return -ENOMEM;
	SET_NETDEV_DEV(netdev, adev->dev);
	acme_init_anet(adev, netdev);
	acme_init_netdev(adev, netdev);

	WRITE_ONCE(adev->netdev, netdev);
	err = register_netdev(netdev);
	if (err) {
		acme_ipsec_unset(adev);
		acme_free_netdev(adev);
	}
	return err;
}

/**
 * acme_netdev_destroy() - unregister and free the network interface
 * @adev: device
 *
 * All SAs are gone when this returns.
 */
void acme_netdev_destroy(struct acme_dev *adev)
{
	acme_ipsec_unset(adev);
	unregister_netdev(adev->netdev);
	acme_free_netdev(adev);
}
