/* SPDX-License-Identifier: GPL-2.0-only */
/* IPsec full offload: SAs in the device. */
#ifndef _ACME_IPSEC_H
#define _ACME_IPSEC_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/xarray.h>
#include <net/xfrm.h>

#include "acme_hw.h"

struct acme_dev;
struct dma_pool;

/**
 * struct acme_ipsec - SAs in the device
 * @caps: what the device can do
 * @sas: &struct acme_sa by index of its handle
 * @stats_pool: of &struct acme_sa_stats
 */
struct acme_ipsec {
	struct acme_rsp_caps caps;
	struct xarray sas;
	struct dma_pool *stats_pool;
};

#if IS_ENABLED(CONFIG_XFRM_FULL)
#include <net/xfrm_full.h>

int acme_ipsec_init(struct acme_dev *adev);
void acme_ipsec_cleanup(struct acme_dev *adev);
void acme_ipsec_set_ops(struct acme_dev *adev, struct net_device *netdev);
int acme_ipsec_rx(struct acme_dev *adev, struct sk_buff *skb, u32 handle);

static inline int acme_ipsec_tx(const struct sk_buff *skb,
				const struct net_device *netdev, u32 *handle)
{
	return xfrm_full_tx(skb, netdev, handle);
}
#else
static inline int acme_ipsec_init(struct acme_dev *adev)
{
	return 0;
}

static inline void acme_ipsec_cleanup(struct acme_dev *adev)
{
}

static inline void acme_ipsec_set_ops(struct acme_dev *adev,
				      struct net_device *netdev)
{
}

static inline int acme_ipsec_rx(struct acme_dev *adev, struct sk_buff *skb,
				u32 handle)
{
	return -ENOENT;
}

static inline int acme_ipsec_tx(const struct sk_buff *skb,
				const struct net_device *netdev, u32 *handle)
{
	return 0;
}
#endif /* CONFIG_XFRM_FULL */

#endif /* _ACME_IPSEC_H */
