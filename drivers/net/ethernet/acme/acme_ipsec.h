/* SPDX-License-Identifier: GPL-2.0-only */
/* IPsec: what the rest of the driver sees of it. */
#ifndef _ACME_IPSEC_H
#define _ACME_IPSEC_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "acme_hw.h"

struct acme_dev;

/**
 * struct acme_tx_sa - what the device is to do with a packet's SA
 * @handle: of the SA
 * @flags: ACME_TXD_SA, ACME_TXD_ESP, or 0 for a packet without SA
 * @esp_start: as in &struct acme_tx_desc
 * @seq_hi: likewise
 */
struct acme_tx_sa {
	u32 handle;
	u16 flags;
	u16 esp_start;
	u32 seq_hi;
};

#if IS_ENABLED(CONFIG_XFRM_FULL)
#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/xfrm_full.h>

struct dma_pool;

/**
 * struct acme_ipsec - SAs in the device
 * @caps: what the device can do, as XFRM has it; the numbers in use are those
 *	of the last reading
 * @ipsec: ACME_IPSEC_*
 * @audit: ACME_AUDIT_*
 * @max_capture: bytes of a packet in an audit event
 * @num_sas: SAs installed
 * @sas: &struct acme_sa by index of its handle
 * @stats_pool: of &struct acme_sa_stats
 * @lock: serialises changes of the lists
 * @policies: &struct acme_policy, by priority
 * @packet_sas: outbound SAs with packet offload, the latest first
 * @netdev: interface whose SAs expire when the device is lost, or NULL; under
 *	&acme_dev.lost_lock
 * @lost_work: has them expire
 */
struct acme_ipsec {
	struct xfrm_full_caps caps;
	u32 ipsec;
	u32 audit;
	u32 max_capture;
	atomic_t num_sas;
	struct xarray sas;
	struct dma_pool *stats_pool;
	spinlock_t lock;		/* changes of the lists */
	struct list_head policies;
	struct list_head packet_sas;
	struct net_device *netdev;
	struct work_struct lost_work;
};

int acme_ipsec_init(struct acme_dev *adev);
void acme_ipsec_cleanup(struct acme_dev *adev);
void acme_ipsec_refresh(struct acme_dev *adev);
void acme_ipsec_set_ops(struct acme_dev *adev, struct net_device *netdev);
void acme_ipsec_unset(struct acme_dev *adev);
void acme_ipsec_lost(struct acme_dev *adev);
int acme_ipsec_tx(struct acme_dev *adev, struct sk_buff *skb,
		  const struct net_device *netdev, struct acme_tx_sa *tx);
int acme_ipsec_rx(struct acme_dev *adev, struct sk_buff *skb, u32 handle,
		  u16 flags);
bool acme_ipsec_event(struct acme_dev *adev, const struct acme_event *hw);
void acme_ipsec_events_lost(struct acme_dev *adev, u32 lost);
#else
struct acme_ipsec {
};

static inline int acme_ipsec_init(struct acme_dev *adev)
{
	return 0;
}

static inline void acme_ipsec_cleanup(struct acme_dev *adev)
{
}

static inline void acme_ipsec_refresh(struct acme_dev *adev)
{
}

static inline void acme_ipsec_set_ops(struct acme_dev *adev,
				      struct net_device *netdev)
{
}

static inline void acme_ipsec_unset(struct acme_dev *adev)
{
}

static inline void acme_ipsec_lost(struct acme_dev *adev)
{
}

static inline int acme_ipsec_tx(struct acme_dev *adev, struct sk_buff *skb,
				const struct net_device *netdev,
				struct acme_tx_sa *tx)
{
	memset(tx, 0, sizeof(*tx));
	return 0;
}

static inline int acme_ipsec_rx(struct acme_dev *adev, struct sk_buff *skb,
				u32 handle, u16 flags)
{
	return -ENOENT;
}

static inline bool acme_ipsec_event(struct acme_dev *adev,
				    const struct acme_event *hw)
{
	return false;
}

static inline void acme_ipsec_events_lost(struct acme_dev *adev, u32 lost)
{
}
#endif /* CONFIG_XFRM_FULL */

#endif /* _ACME_IPSEC_H */
