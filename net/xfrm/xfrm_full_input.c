// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: receive.
 *
 * A packet that a device has decrypted differs from one that software has
 * decrypted in nothing: it has a sec_path of length 1, and the ordinary policy
 * check compares the SA with the templates.  olen stays 0: there is no
 * struct xfrm_offload, with which __xfrm_policy_check2() would skip the check
 * and esp4_offload would take an ESP packet inside for one decrypted already.
 *
 * All packets of an SA share one sec_path, which is read-only from the moment
 * that the device runs.
 */

#include <linux/skbuff.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

/**
 * xfrm_full_ext_alloc() - prepare the sec_path of an SA's packets
 * @x: the SA
 *
 * The sec_path holds a reference to the SA.
 *
 * Return: the extension with one reference, or NULL.
 */
struct skb_ext *xfrm_full_ext_alloc(struct xfrm_state *x)
{
	struct skb_ext *ext = NULL;
	struct sec_path *sp;
	struct sk_buff *skb;

	skb = alloc_skb(0, GFP_KERNEL);
	if (!skb)
		return NULL;

	sp = secpath_set(skb);
	if (sp) {
		xfrm_state_hold(x);
		sp->xvec[sp->len++] = x;

		ext = skb->extensions;
		skb->extensions = NULL;
		skb->active_extensions = 0;
	}

	kfree_skb(skb);
	return ext;
}

/**
 * xfrm_full_rx() - a device has decrypted a packet
 * @skb: the packet, not seen by the stack yet
 * @x: the SA, from the driver's own table
 *
 * Attaches the SA's sec_path.  The driver keeps @x in its table until its
 * xdo_dev_full_state_free() at the latest, and looks it up under RCU.
 *
 * Context: softirq, RCU read side.
 * Return: false if the SA is dead: the packet must be dropped, and has been
 * counted.
 */
bool xfrm_full_rx(struct sk_buff *skb, const struct xfrm_state *x)
{
	const struct xfrm_full *full = x->full;

	if (unlikely(READ_ONCE(full->place) == XFRM_FULL_DEAD || !full->ext)) {
		XFRM_INC_STATS(dev_net(skb->dev), LINUX_MIB_XFRMFULLINSTATE);
		return false;
	}

	skb_ext_reset(skb);
	refcount_inc(&full->ext->refcnt);
	skb->extensions = full->ext;
	skb->active_extensions = BIT(SKB_EXT_SEC_PATH);

	/* Without it GRO would neither compare nor release the sec_path. */
	skb->slow_gro = 1;

	/* A NAT has changed addresses that the inner checksum covers, RFC 3948,
	 * section 3.1.2.  The ICV vouches for the packet.
	 */
	if (x->encap && x->props.mode == XFRM_MODE_TRANSPORT)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	return true;
}
EXPORT_SYMBOL_GPL(xfrm_full_rx);
