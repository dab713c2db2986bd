/* SPDX-License-Identifier: GPL-2.0-only */
/* Network interface. */
#ifndef _ACME_NETDEV_H
#define _ACME_NETDEV_H

#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/workqueue.h>

#include "acme_hw.h"
#include "acme_queue.h"

struct acme_dev;

/**
 * struct acme_net - network interface
 * @adev: its device
 * @netdev: likewise
 * @num_qps: queue pairs in use
 * @tx_log2: size of Tx rings
 * @rx_log2: size of Rx rings
 * @tx_usecs: longest delay of an interrupt for Tx
 * @rx_usecs: longest delay of an interrupt for Rx
 * @rss: key and table
 * @vport_lock: serialises settings of the vport
 * @up: queue pairs are open; under RTNL
 * @enabled: receive frames
 * @rx_mode_work: tells the device of a changed receive mode
 * @reset_work: opens the queue pairs anew
 * @resets: counter of that
 * @qps: queue pairs, as many as there are vectors
 */
struct acme_net {
	struct acme_dev *adev;
	struct net_device *netdev;
	u16 num_qps;
	u8 tx_log2;
	u8 rx_log2;
	u32 tx_usecs;
	u32 rx_usecs;
	struct acme_cmd_rss_set rss;

	bool up;
	struct mutex vport_lock;	/* settings of the vport */
	bool enabled;
	struct work_struct rx_mode_work;
	struct work_struct reset_work;
	unsigned long resets;

	struct acme_qp qps[];
};

/**
 * struct acme_net_config - what can't be changed while queue pairs are open
 * @num_qps: as in &struct acme_net
 * @tx_log2: likewise
 * @rx_log2: likewise
 */
struct acme_net_config {
	u16 num_qps;
	u8 tx_log2;
	u8 rx_log2;
};

int acme_netdev_create(struct acme_dev *adev);
void acme_netdev_destroy(struct acme_dev *adev);
bool acme_netdev_is_ours(const struct net_device *netdev);
void acme_netdev_link_update(struct acme_dev *adev);
void acme_netdev_schedule_reset(struct acme_dev *adev);
int acme_netdev_up(struct acme_net *anet);
int acme_netdev_up_again(struct acme_net *anet);
void acme_netdev_down(struct acme_net *anet);
int acme_netdev_reconfigure(struct acme_net *anet,
			    const struct acme_net_config *config);
int acme_netdev_rss_update(struct acme_net *anet);
void acme_netdev_rss_spread(struct acme_net *anet);

void acme_ethtool_set_ops(struct net_device *netdev);

#endif /* _ACME_NETDEV_H */
