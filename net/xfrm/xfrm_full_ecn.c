// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: ECN of tunnels, as RFC 6040 has it.
 *
 * XFRM's software makes outer headers as RFC 3168 has it, and inner ones as
 * RFC 4301.  RFC 6040 differs in three points: CE of the inner header is copied
 * to the outer one (4.1), ECT(1) of the outer header replaces ECT(0) of the
 * inner, and a packet that is not ECN-capable is dropped if the outer header
 * says CE (4.2).  Devices with full offload do so, and software does it for SAs
 * with full offload, wherever they are: a packet must not tell who handled it.
 *
 * XFRM_STATE_NOECN turns all of it off.
 */

#include <kunit/visibility.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <net/dsfield.h>
#include <net/inet_ecn.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

/* The answer of INET_ECN_decapsulate() to CE around what is not ECN-capable */
#define XFRM_FULL_ECN_DROP	2

/* An SA that never got into a device remains the stock kernel's. */
static bool xfrm_full_ecn_used(const struct xfrm_state *x)
{
	return x->props.mode == XFRM_MODE_TUNNEL &&
	       !(x->props.flags & XFRM_STATE_NOECN) &&
	       READ_ONCE(x->full->entered);
}

/**
 * xfrm_full_ecn_out() - ECN of the outer header that software has made
 * @x: an SA with full offload
 * @skb: the packet, with an outer header that has no checksum yet
 *
 * Context: process or softirq, after xfrm_outer_mode_output().
 */
void xfrm_full_ecn_out(const struct xfrm_state *x, struct sk_buff *skb)
{
	if (!xfrm_full_ecn_used(x) ||
	    !INET_ECN_is_ce(XFRM_MODE_SKB_CB(skb)->tos))
		return;

	if (x->props.family == AF_INET)
		ip_hdr(skb)->tos |= INET_ECN_CE;
	else
		ipv6_change_dsfield(ipv6_hdr(skb), 0xff, INET_ECN_CE);
}
EXPORT_SYMBOL_IF_KUNIT(xfrm_full_ecn_out);

/**
 * xfrm_full_ecn_in() - ECN of the inner packet that software has found
 * @x: an SA with full offload
 * @skb: the inner packet, writable
 *
 * Context: softirq, after xfrm_inner_mode_input().
 * Return: 0, or -EPERM if the packet must be dropped: it has been counted.
 */
int xfrm_full_ecn_in(const struct xfrm_state *x, struct sk_buff *skb)
{
	u8 outer = XFRM_MODE_SKB_CB(skb)->tos;

	if (!xfrm_full_ecn_used(x) ||
	    INET_ECN_decapsulate(skb, outer, skb_get_dsfield(skb)) <
	    XFRM_FULL_ECN_DROP)
		return 0;

	xfrm_full_soft_drop(x->full, XFRM_FULL_DROP_ECN);
	return -EPERM;
}
EXPORT_SYMBOL_IF_KUNIT(xfrm_full_ecn_in);
