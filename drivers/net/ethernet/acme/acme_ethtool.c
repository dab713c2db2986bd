// SPDX-License-Identifier: GPL-2.0-only
/* ethtool. */

#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>

#include "acme.h"
#include "acme_devlink.h"
#include "acme_netdev.h"
#include "acme_selftest.h"

/**
 * struct acme_stat - a counter
 * @name: in ethtool -S
 * @offset: in its structure
 */
struct acme_stat {
	char name[24];
	u16 offset;
};

#define ACME_TX_STAT(field) \
	{ #field, offsetof(struct acme_tx_stats, field) }

static const struct acme_stat acme_tx_stat_tbl[] = {
	ACME_TX_STAT(packets),
	ACME_TX_STAT(bytes),
	ACME_TX_STAT(dropped),
	ACME_TX_STAT(tso_packets),
	ACME_TX_STAT(csum_partial),
	ACME_TX_STAT(sa_packets),
	ACME_TX_STAT(sa_dropped),
	ACME_TX_STAT(linearized),
	ACME_TX_STAT(map_errors),
	ACME_TX_STAT(bad_head),
};

#define ACME_RX_STAT(field) \
	{ #field, offsetof(struct acme_rx_stats, field) }

static const struct acme_stat acme_rx_stat_tbl[] = {
	ACME_RX_STAT(packets),
	ACME_RX_STAT(bytes),
	ACME_RX_STAT(dropped),
	ACME_RX_STAT(csum_ok),
	ACME_RX_STAT(sa_packets),
	ACME_RX_STAT(sa_stale),
	ACME_RX_STAT(sa_refused),
	ACME_RX_STAT(exceptions),
	ACME_RX_STAT(alloc_failed),
	ACME_RX_STAT(bad_comp),
};

#define ACME_DEV_STAT(name, field) \
	{ name, offsetof(struct acme_dev, field) }

static const struct acme_stat acme_dev_stat_tbl[] = {
	ACME_DEV_STAT("admin_commands", adminq.commands),
	ACME_DEV_STAT("admin_failures", adminq.failures),
	ACME_DEV_STAT("admin_timeouts", adminq.timeouts),
	ACME_DEV_STAT("events", eventq.events),
	ACME_DEV_STAT("events_bad", eventq.bad),
	ACME_DEV_STAT("events_stale", eventq.stale),
	ACME_DEV_STAT("events_lost", eventq.lost),
};

#define ACME_HW_STAT(field) \
	{ "hw_" #field, offsetof(struct acme_stats, field) }

static const struct acme_stat acme_hw_stat_tbl[] = {
	ACME_HW_STAT(tx_frames),
	ACME_HW_STAT(tx_bytes),
	ACME_HW_STAT(tx_bad_desc),
	ACME_HW_STAT(tx_too_long),
	ACME_HW_STAT(tx_no_link),
	ACME_HW_STAT(tx_bad_sa),
	ACME_HW_STAT(rx_frames),
	ACME_HW_STAT(rx_bytes),
	ACME_HW_STAT(rx_filtered),
	ACME_HW_STAT(rx_disabled),
	ACME_HW_STAT(rx_no_buffer),
	ACME_HW_STAT(rx_bad_desc),
	ACME_HW_STAT(rx_malformed),
	ACME_HW_STAT(esp_tx_packets),
	ACME_HW_STAT(esp_tx_bytes),
	ACME_HW_STAT(esp_tx_selector),
	ACME_HW_STAT(esp_tx_malformed),
	ACME_HW_STAT(esp_tx_seq),
	ACME_HW_STAT(esp_rx_packets),
	ACME_HW_STAT(esp_rx_bytes),
	ACME_HW_STAT(esp_rx_no_sa),
	ACME_HW_STAT(esp_rx_exception),
	ACME_HW_STAT(esp_rx_replay),
	ACME_HW_STAT(esp_rx_icv),
	ACME_HW_STAT(esp_rx_selector),
	ACME_HW_STAT(esp_rx_malformed),
	ACME_HW_STAT(irqs),
	ACME_HW_STAT(esp_rx_dummy),
	ACME_HW_STAT(esp_tx_limit),
	ACME_HW_STAT(esp_rx_limit),
	ACME_HW_STAT(esp_rx_exc_dropped),
	ACME_HW_STAT(esp_rx_encap),
	ACME_HW_STAT(esp_tx_crypto),
	ACME_HW_STAT(esp_rx_crypto),
	ACME_HW_STAT(esp_rx_crypto_icv),
	ACME_HW_STAT(esp_tx_seq_alloc),
	ACME_HW_STAT(esp_rx_test_set),
	ACME_HW_STAT(audit_suppressed),
	ACME_HW_STAT(esp_rx_ecn),
};

static_assert(ARRAY_SIZE(acme_hw_stat_tbl) == ACME_HW_STATS);

static const char acme_test_names[][ETH_GSTRING_LEN] = {
	"registers     (on/offline)",
	"DMA           (on/offline)",
	"link          (on/offline)",
	"interrupts    (offline)",
};

enum {
	ACME_TEST_REGISTERS,
	ACME_TEST_DMA,
	ACME_TEST_LINK,
	ACME_TEST_IRQS,
};

#define ACME_QUEUE_STATS \
	(ARRAY_SIZE(acme_tx_stat_tbl) + ARRAY_SIZE(acme_rx_stat_tbl))
#define ACME_FIXED_STATS \
	(1 + ARRAY_SIZE(acme_dev_stat_tbl) + ARRAY_SIZE(acme_hw_stat_tbl))

static int acme_get_sset_count(struct net_device *netdev, int sset)
{
	struct acme_net *anet = netdev_priv(netdev);

	switch (sset) {
	case ETH_SS_STATS:
		return ACME_FIXED_STATS +
		       anet->adev->num_qps * ACME_QUEUE_STATS;
	case ETH_SS_TEST:
		return ARRAY_SIZE(acme_test_names);
	default:
		return -EOPNOTSUPP;
	}
}

static void acme_get_stat_strings(struct acme_net *anet, u8 *data)
{
	int i, q;

	ethtool_puts(&data, "queue_resets");
	for (i = 0; i < ARRAY_SIZE(acme_dev_stat_tbl); i++)
		ethtool_puts(&data, acme_dev_stat_tbl[i].name);
	for (i = 0; i < ARRAY_SIZE(acme_hw_stat_tbl); i++)
		ethtool_puts(&data, acme_hw_stat_tbl[i].name);
	for (q = 0; q < anet->adev->num_qps; q++) {
		for (i = 0; i < ARRAY_SIZE(acme_tx_stat_tbl); i++)
			ethtool_sprintf(&data, "tx%d_%s", q,
					acme_tx_stat_tbl[i].name);
		for (i = 0; i < ARRAY_SIZE(acme_rx_stat_tbl); i++)
			ethtool_sprintf(&data, "rx%d_%s", q,
					acme_rx_stat_tbl[i].name);
	}
}

static void acme_get_strings(struct net_device *netdev, u32 sset, u8 *data)
{
	switch (sset) {
	case ETH_SS_STATS:
		acme_get_stat_strings(netdev_priv(netdev), data);
		break;
	case ETH_SS_TEST:
		memcpy(data, acme_test_names, sizeof(acme_test_names));
		break;
	}
}

/*
 * Counters of one ring. Some have the other sequence count, which matters on
 * 32-bit machines only, so each is read under both.
 */
static u64 *acme_get_ring_stats(const void *stats, const struct acme_stat *tbl,
				int num, const struct u64_stats_sync *a,
				const struct u64_stats_sync *b, u64 *data)
{
	unsigned int start_a, start_b;
	int i;

	for (i = 0; i < num; i++, data++) {
		do {
			start_a = u64_stats_fetch_begin(a);
			start_b = u64_stats_fetch_begin(b);
			*data = u64_stats_read((const u64_stats_t *)
					       (stats + tbl[i].offset));
		} while (u64_stats_fetch_retry(b, start_b) ||
			 u64_stats_fetch_retry(a, start_a));
	}
	return data;
}

static u64 *acme_get_queue_stats(const struct acme_qp *qp, u64 *data)
{
	const struct acme_tx_stats *tx = &qp->tx.stats;
	const struct acme_rx_stats *rx = &qp->rx.stats;

	data = acme_get_ring_stats(tx, acme_tx_stat_tbl,
				   ARRAY_SIZE(acme_tx_stat_tbl),
				   &tx->done_syncp, &tx->syncp, data);
	return acme_get_ring_stats(rx, acme_rx_stat_tbl,
				   ARRAY_SIZE(acme_rx_stat_tbl),
				   &rx->syncp, &rx->syncp, data);
}

static void acme_get_ethtool_stats(struct net_device *netdev,
				   struct ethtool_stats *stats, u64 *data)
{
	struct acme_net *anet = netdev_priv(netdev);
	struct acme_dev *adev = anet->adev;
	int i;

	/* a lost device leaves the values of the last time */
	acme_stats_refresh(adev);

	*data++ = anet->resets;
	for (i = 0; i < ARRAY_SIZE(acme_dev_stat_tbl); i++)
		*data++ = *(u64 *)((void *)adev + acme_dev_stat_tbl[i].offset);
	for (i = 0; i < ARRAY_SIZE(acme_hw_stat_tbl); i++)
		*data++ = READ_ONCE(adev->hw_stats.values
				    [acme_hw_stat_tbl[i].offset /
				     sizeof(__le64)]);
	for (i = 0; i < adev->num_qps; i++)
		data = acme_get_queue_stats(&anet->qps[i], data);
}

static void acme_get_drvinfo(struct net_device *netdev,
			     struct ethtool_drvinfo *info)
{
	struct acme_net *anet = netdev_priv(netdev);
	char version[ACME_REG_STRING_LEN + 1];

	acme_devlink_read_string(anet->adev, ACME_REG_FW_VERSION, version);
	strscpy(info->driver, ACME_DRV_NAME, sizeof(info->driver));
	strscpy(info->fw_version, version, sizeof(info->fw_version));
	strscpy(info->bus_info, pci_name(anet->adev->pdev),
		sizeof(info->bus_info));
}

static int acme_get_link_ksettings(struct net_device *netdev,
				   struct ethtool_link_ksettings *ks)
{
	struct acme_net *anet = netdev_priv(netdev);

	ks->base.port = PORT_OTHER;
	ks->base.autoneg = AUTONEG_DISABLE;
	if (netif_carrier_ok(netdev)) {
		ks->base.speed = readl(anet->adev->regs + ACME_REG_LINK_SPEED);
		ks->base.duplex = DUPLEX_FULL;
	} else {
		ks->base.speed = SPEED_UNKNOWN;
		ks->base.duplex = DUPLEX_UNKNOWN;
	}
	return 0;
}

static void acme_get_ringparam(struct net_device *netdev,
			       struct ethtool_ringparam *ring,
			       struct kernel_ethtool_ringparam *kernel_ring,
			       struct netlink_ext_ack *extack)
{
	struct acme_net *anet = netdev_priv(netdev);

	ring->rx_max_pending = BIT(anet->adev->max_ring_log2);
	ring->tx_max_pending = BIT(anet->adev->max_ring_log2);
	ring->rx_pending = BIT(anet->rx_log2);
	ring->tx_pending = BIT(anet->tx_log2);
}

static int acme_set_ringparam(struct net_device *netdev,
			      struct ethtool_ringparam *ring,
			      struct kernel_ethtool_ringparam *kernel_ring,
			      struct netlink_ext_ack *extack)
{
	struct acme_net *anet = netdev_priv(netdev);
	struct acme_net_config config = { .num_qps = anet->num_qps };

	if (ring->tx_pending < BIT(ACME_TX_MIN_LOG2)) {
		NL_SET_ERR_MSG_FMT_MOD(extack, "a Tx ring needs at least %lu descriptors",
				       BIT(ACME_TX_MIN_LOG2));
		return -EINVAL;
	}
	if (ring->rx_pending < BIT(ACME_RX_MIN_LOG2)) {
		NL_SET_ERR_MSG_FMT_MOD(extack, "an Rx ring needs at least %lu descriptors",
				       BIT(ACME_RX_MIN_LOG2));
		return -EINVAL;
	}

	/* sizes are powers of two */
	config.tx_log2 = min_t(u8, order_base_2(ring->tx_pending),
			       anet->adev->max_ring_log2);
	config.rx_log2 = min_t(u8, order_base_2(ring->rx_pending),
			       anet->adev->max_ring_log2);
	return acme_netdev_reconfigure(anet, &config);
}

static void acme_get_channels(struct net_device *netdev,
			      struct ethtool_channels *ch)
{
	struct acme_net *anet = netdev_priv(netdev);

	ch->max_combined = anet->adev->num_qps;
	ch->combined_count = anet->num_qps;
}

static int acme_set_channels(struct net_device *netdev,
			     struct ethtool_channels *ch)
{
	struct acme_net *anet = netdev_priv(netdev);
	struct acme_net_config config = {
		.num_qps = ch->combined_count,
		.tx_log2 = anet->tx_log2,
		.rx_log2 = anet->rx_log2,
	};

	return acme_netdev_reconfigure(anet, &config);
}

static int acme_get_coalesce(struct net_device *netdev,
			     struct ethtool_coalesce *coal,
			     struct kernel_ethtool_coalesce *kernel_coal,
			     struct netlink_ext_ack *extack)
{
	struct acme_net *anet = netdev_priv(netdev);

	coal->tx_coalesce_usecs = anet->tx_usecs;
	coal->rx_coalesce_usecs = anet->rx_usecs;
	return 0;
}

/* All queue pairs, or none. */
static int acme_coalesce_all(struct acme_net *anet, u32 tx_usecs, u32 rx_usecs)
{
	int i, err;

	for (i = 0; anet->up && i < anet->num_qps; i++) {
		err = acme_qp_coalesce(&anet->qps[i], tx_usecs, rx_usecs);
		if (err)
			goto undo;
	}
	return 0;

undo:
	while (i--)
		acme_qp_coalesce(&anet->qps[i], anet->tx_usecs,
				 anet->rx_usecs);
	return err;
}

static int acme_set_coalesce(struct net_device *netdev,
			     struct ethtool_coalesce *coal,
			     struct kernel_ethtool_coalesce *kernel_coal,
			     struct netlink_ext_ack *extack)
{
	struct acme_net *anet = netdev_priv(netdev);
	int err;

	if (max(coal->tx_coalesce_usecs, coal->rx_coalesce_usecs) >
	    ACME_COALESCE_MAX_USECS) {
		NL_SET_ERR_MSG_FMT_MOD(extack, "at most %u microseconds",
				       ACME_COALESCE_MAX_USECS);
		return -EINVAL;
	}

	err = acme_coalesce_all(anet, coal->tx_coalesce_usecs,
				coal->rx_coalesce_usecs);
	if (err)
		return err;

	anet->tx_usecs = coal->tx_coalesce_usecs;
	anet->rx_usecs = coal->rx_coalesce_usecs;
	return 0;
}

static int acme_get_rxnfc(struct net_device *netdev,
			  struct ethtool_rxnfc *cmd, u32 *rule_locs)
{
	struct acme_net *anet = netdev_priv(netdev);

	if (cmd->cmd != ETHTOOL_GRXRINGS)
		return -EOPNOTSUPP;
	cmd->data = anet->num_qps;
	return 0;
}

static u32 acme_get_rxfh_key_size(struct net_device *netdev)
{
	return ACME_RSS_KEY_LEN;
}

static u32 acme_get_rxfh_indir_size(struct net_device *netdev)
{
	return ACME_RSS_TABLE_LEN;
}

static int acme_get_rxfh(struct net_device *netdev,
			 struct ethtool_rxfh_param *rxfh)
{
	struct acme_net *anet = netdev_priv(netdev);
	int i;

	rxfh->hfunc = ETH_RSS_HASH_TOP;
	if (rxfh->key)
		memcpy(rxfh->key, anet->rss.key, ACME_RSS_KEY_LEN);
	for (i = 0; rxfh->indir && i < ACME_RSS_TABLE_LEN; i++)
		rxfh->indir[i] = anet->rss.table[i];
	return 0;
}

static int acme_set_rxfh(struct net_device *netdev,
			 struct ethtool_rxfh_param *rxfh,
			 struct netlink_ext_ack *extack)
{
	struct acme_net *anet = netdev_priv(netdev);
	struct acme_cmd_rss_set old = anet->rss;
	int i, err;

	if (!(anet->adev->features & ACME_FEATURE_RSS)) {
		NL_SET_ERR_MSG_MOD(extack, "this device has one receive queue");
		return -EOPNOTSUPP;
	}
	if (rxfh->hfunc != ETH_RSS_HASH_NO_CHANGE &&
	    rxfh->hfunc != ETH_RSS_HASH_TOP) {
		NL_SET_ERR_MSG_MOD(extack, "the hash function is toeplitz");
		return -EOPNOTSUPP;
	}

	if (rxfh->key)
		memcpy(anet->rss.key, rxfh->key, ACME_RSS_KEY_LEN);
	for (i = 0; rxfh->indir && i < ACME_RSS_TABLE_LEN; i++)
		anet->rss.table[i] = rxfh->indir[i];
	err = anet->up ? acme_netdev_rss_update(anet) : 0;
	if (err)
		anet->rss = old;
	return err;
}

static void acme_run_test(struct ethtool_test *test, u64 *result, int err)
{
	*result = -err;
	if (err)
		test->flags |= ETH_TEST_FL_FAILED;
}

/* Interrupts of open queues would be taken for those of the test. */
static int acme_test_irqs(struct acme_net *anet)
{
	bool was_up = anet->up;
	int err;

	acme_netdev_down(anet);
	err = acme_selftest_irqs(anet->adev);
	if (was_up)
		err = acme_netdev_up_again(anet) ?: err;
	return err;
}

static void acme_self_test(struct net_device *netdev,
			   struct ethtool_test *test, u64 *data)
{
	struct acme_net *anet = netdev_priv(netdev);
	struct acme_dev *adev = anet->adev;

	memset(data, 0, ARRAY_SIZE(acme_test_names) * sizeof(*data));
	acme_run_test(test, &data[ACME_TEST_REGISTERS],
		      acme_selftest_registers(adev));
	acme_run_test(test, &data[ACME_TEST_DMA], acme_selftest_dma(adev));
	acme_run_test(test, &data[ACME_TEST_LINK],
		      netif_carrier_ok(netdev) ? 0 : -ENOLINK);
	if (test->flags & ETH_TEST_FL_OFFLINE)
		acme_run_test(test, &data[ACME_TEST_IRQS],
			      acme_test_irqs(anet));
}

static const struct ethtool_ops acme_ethtool_ops = {
	.supported_coalesce_params = ETHTOOL_COALESCE_USECS,
	.get_drvinfo = acme_get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_link_ksettings = acme_get_link_ksettings,
	.get_sset_count = acme_get_sset_count,
	.get_strings = acme_get_strings,
	.get_ethtool_stats = acme_get_ethtool_stats,
	.get_ringparam = acme_get_ringparam,
	.set_ringparam = acme_set_ringparam,
	.get_channels = acme_get_channels,
	.set_channels = acme_set_channels,
	.get_coalesce = acme_get_coalesce,
	.set_coalesce = acme_set_coalesce,
	.get_rxnfc = acme_get_rxnfc,
	.get_rxfh_key_size = acme_get_rxfh_key_size,
	.get_rxfh_indir_size = acme_get_rxfh_indir_size,
	.get_rxfh = acme_get_rxfh,
	.set_rxfh = acme_set_rxfh,
	.self_test = acme_self_test,
	.get_ts_info = ethtool_op_get_ts_info,
};

void acme_ethtool_set_ops(struct net_device *netdev)
{
	netdev->ethtool_ops = &acme_ethtool_ops;
}
