/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of IPsec full offload share among themselves.
 */
#ifndef _XFRM_FULL_CORE_H
#define _XFRM_FULL_CORE_H

#include <net/xfrm_full.h>

struct net_device *xfrm_full_dev_rcu(struct net *net, int ifindex,
				     struct netlink_ext_ack *extack);
int xfrm_full_check_state(struct net *net, const struct xfrm_state *x,
			  const struct xfrm_user_offload *xuo,
			  struct netlink_ext_ack *extack);
int xfrm_full_read_salt(struct xfrm_state *x, __be64 *salt);
struct skb_ext *xfrm_full_ext_alloc(struct xfrm_state *x);

#endif /* _XFRM_FULL_CORE_H */
