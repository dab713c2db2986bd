// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPsec: the data path.
 *
 * With full offload the SA of a packet travels in its dst, with crypto offload
 * in its sec_path, and with packet offload nowhere: there policies decide, see
 * acme_ipsec_policy.c.
 */

#include <net/esp.h>
#include <net/xfrm.h>

#include "acme.h"
#include "acme_ipsec_sa.h"

/* The SA of a packet that the stack has built ESP for, but not encrypted. */
static struct xfrm_state *acme_crypto_state(const struct sk_buff *skb)
{
	struct sec_path *sp = skb_sec_path(skb);
	struct xfrm_offload *xo = xfrm_offload((struct sk_buff *)skb);

	/* what was received and is forwarded has a sec_path too */
	if (!xo || !(xo->flags & XFRM_XMIT))
		return NULL;
	return sp->xvec[sp->len - 1];
}

/*
 * The low half in the packet is its own, that in @xo may be the next packet's:
 * then the upper half is too.
 */
static u32 acme_crypto_seq_hi(const struct xfrm_offload *xo,
			      const struct ip_esp_hdr *esph)
{
	return xo->seq.hi - (xo->seq.low < ntohl(esph->seq_no));
}

/* Whose SA has left this NIC meanwhile, or is another's, must not go as it is. */
static int acme_crypto_tx(struct sk_buff *skb, const struct xfrm_state *x,
			  const struct net_device *netdev,
			  struct acme_tx_sa *tx)
{
	unsigned long handle = READ_ONCE(x->xso.offload_handle);
	const struct acme_sa *sa = (struct acme_sa *)handle;

	if (READ_ONCE(x->xso.dev) != netdev ||
	    x->xso.dir != XFRM_DEV_OFFLOAD_OUT)
		return -EINVAL;
	/* the device can't do what the stack asked it to leave */
	if (!sa || skb_is_gso(skb) || skb->ip_summed == CHECKSUM_PARTIAL)
		return -EINVAL;
	if (skb_transport_offset(skb) + sizeof(struct ip_esp_hdr) >
	    skb_headlen(skb))
		return -EINVAL;
	tx->handle = sa->handle;
	tx->flags = ACME_TXD_SA | ACME_TXD_ESP;
	tx->esp_start = skb_transport_offset(skb);
	tx->seq_hi = acme_crypto_seq_hi(xfrm_offload(skb), ip_esp_hdr(skb));
	return 0;
}

/**
 * acme_ipsec_tx() - what the device is to do with a packet
 * @adev: device
 * @skb: packet
 * @netdev: its interface
 * @tx: filled in, all zero for a packet that needs no SA
 *
 * Context: ndo_start_xmit().
 * Return: 0, -EINPROGRESS if XFRM has taken the packet, which has another way
 * now, or another negative errno if it must be dropped.
 */
int acme_ipsec_tx(struct acme_dev *adev, struct sk_buff *skb,
		  const struct net_device *netdev, struct acme_tx_sa *tx)
{
	const struct xfrm_state *x;
	int err;

	memset(tx, 0, sizeof(*tx));
	err = xfrm_full_tx(skb, netdev, &tx->handle);
	if (err > 0)
		tx->flags = ACME_TXD_SA;
	if (err)
		return min(err, 0);

	x = acme_crypto_state(skb);
	if (x)
		return acme_crypto_tx(skb, x, netdev, tx);
	if (unlikely(!list_empty(&adev->ipsec.policies)))
		return acme_policy_tx(adev, skb, tx);
	return 0;
}

/* Tell XFRM that the device has done its part with the packet. */
static int acme_rx_offload(struct sk_buff *skb, struct acme_sa *sa, u32 status)
{
	struct xfrm_offload *xo;
	struct sec_path *sp;

	sp = secpath_set(skb);
	if (!sp)
		return -ENOMEM;
	if (!refcount_inc_not_zero(&sa->x->refcnt))
		return -ENOENT;
	sp->xvec[sp->len++] = sa->x;
	sp->olen++;

	xo = xfrm_offload(skb);
	xo->flags = CRYPTO_DONE;
	xo->status = status;
	return 0;
}

static u32 acme_crypto_status(const struct acme_sa *sa, u16 flags)
{
	if (!(flags & ACME_RXC_CRYPTO_ICV))
		return CRYPTO_SUCCESS;
	return acme_sa_tunnel(sa) ? CRYPTO_TUNNEL_ESP_AUTH_FAILED :
				    CRYPTO_TRANSPORT_ESP_AUTH_FAILED;
}

static int acme_rx_sa(struct sk_buff *skb, struct acme_sa *sa, u16 flags)
{
	bool crypto = flags & ACME_RXC_CRYPTO;
	bool wanted = sa->mode == ACME_MODE_CRYPTO;

	if (!sa->inbound || crypto != wanted)
		return -ENOENT;
	if (sa->mode == ACME_MODE_FULL)
		return xfrm_full_rx(skb, sa->x) ? 0 : -EPERM;
	return acme_rx_offload(skb, sa, crypto ? acme_crypto_status(sa, flags) :
						 CRYPTO_SUCCESS);
}

/**
 * acme_ipsec_rx() - tell the stack that the device has decrypted a packet
 * @adev: device
 * @skb: packet; of one to a group or another station it is cleartext that a
 *	bridge would forward, so it is refused
 * @handle: of the SA, as the device says
 * @flags: ACME_RXC_*, of them SA or CRYPTO
 *
 * Context: NAPI poll.
 * Return: 0, -ENOENT if there is no such SA any more, another negative errno if
 * the packet is not for the stack. It must not be delivered then.
 */
int acme_ipsec_rx(struct acme_dev *adev, struct sk_buff *skb, u32 handle,
		  u16 flags)
{
	struct acme_sa *sa;
	int err = -ENOENT;

	if (unlikely(skb->pkt_type != PACKET_HOST))
		return -EPERM;
	rcu_read_lock();
	sa = acme_sa_find(adev, handle);
	if (sa)
		err = acme_rx_sa(skb, sa, flags);
	rcu_read_unlock();
	return err;
}
