/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPsec full offload: an SA that lives in a network device.
 *
 * The device does what "offload packet" asks of it and owns sequence numbers,
 * replay window and counters of the SA as well.  Full offload is a mechanism
 * of its own beside struct xfrm_dev_offload: an SA with x->full never has
 * xso.dev or xso.type set.  The life cycle is drawn in net/xfrm/xfrm_full.c,
 * the contract with drivers is in Documentation/driver-api.rst.
 */
#ifndef _NET_XFRM_FULL_H
#define _NET_XFRM_FULL_H

#include <linux/jump_label.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/dst.h>
#include <net/xfrm.h>

/**
 * enum xfrm_full_place - where an SA with full offload is
 * @XFRM_FULL_ARMING: on its way to the device, no packet may use it yet
 * @XFRM_FULL_DEVICE: the device owns it and handles its packets
 * @XFRM_FULL_DEAD: it left the device or never got there, for good
 */
enum xfrm_full_place {
	XFRM_FULL_ARMING,
	XFRM_FULL_DEVICE,
	XFRM_FULL_DEAD,
};

/**
 * enum xfrm_full_drop - reasons for which a device drops packets of an SA
 * @XFRM_FULL_DROP_REPLAY: sequence number seen before or left of the window
 * @XFRM_FULL_DROP_ICV: the integrity check failed
 * @XFRM_FULL_DROP_SELECTOR: the inner packet does not match the SA's selector
 * @XFRM_FULL_DROP_SEQ: outbound, the sequence number would have wrapped
 * @XFRM_FULL_DROP_MALFORMED: too short, wrong padding or next header
 * @XFRM_FULL_DROP_MAX: number of reasons
 */
enum xfrm_full_drop {
	XFRM_FULL_DROP_REPLAY,
	XFRM_FULL_DROP_ICV,
	XFRM_FULL_DROP_SELECTOR,
	XFRM_FULL_DROP_SEQ,
	XFRM_FULL_DROP_MALFORMED,
	XFRM_FULL_DROP_MAX,
};

/**
 * struct xfrm_full_stats - what a device knows about an SA
 * @packets: packets handled since the SA was added to the device
 * @bytes: their bytes as software counts them: of the inner IP packet in
 *	tunnel mode, of the payload behind the IP header in transport mode.
 *	A segment that the device cut counts as a packet
 * @seq: outbound the last sequence number used, inbound the highest one
 *	accepted (the window's top), 0 before the first packet; 64 bits with
 *	ESN, otherwise below 2^32
 * @lastused: time of the last packet, seconds of CLOCK_REALTIME, 0 if there
 *	was none
 * @drops: packets dropped, by reason
 */
struct xfrm_full_stats {
	u64			packets;
	u64			bytes;
	u64			seq;
	time64_t		lastused;
	u64			drops[XFRM_FULL_DROP_MAX];
};

/**
 * struct xfrm_full - an SA's full offload
 * @place: enum xfrm_full_place, see net/xfrm/xfrm_full.c
 * @dir: XFRM_SA_DIR_IN or XFRM_SA_DIR_OUT
 * @epoch: top 16 bits of this arming's IV counter, never 0
 * @handle: the driver's name for the SA in its descriptors, set by
 *	xdo_dev_full_state_add() and read by xfrm_full_tx()
 * @dev: the device, referenced from arming until the driver has freed the SA
 * @priv: the driver's own data, the core never looks at it
 * @iv_salt: outbound with a counter for an IV (x->geniv is "seqiv"): the IV of
 *	a packet is @iv_salt XOR cpu_to_be64((u64)epoch << 48 | sequence)
 * @ifindex: the device as user space named it
 * @dev_tracker: reference tracker of @dev
 * @ext: inbound, the prepared sec_path that all packets of the SA share; valid
 *	under RCU while @place is not XFRM_FULL_DEAD
 * @base_packets: packets counted before the device took over
 * @base_bytes: bytes counted before the device took over
 * @mutex: serialises the driver's sleeping operations on this SA
 * @list: entry in the list of armed SAs, later in that of SAs to be freed
 * @x: the SA
 *
 * A driver may read all members, and write @handle and @priv.
 */
struct xfrm_full {
	u8			place;
	u8			dir;
	u16			epoch;
	u32			handle;
	struct net_device	*dev;
	void			*priv;
	__be64			iv_salt;

	int			ifindex;
	netdevice_tracker	dev_tracker;
	struct skb_ext		*ext;
	u64			base_packets;
	u64			base_bytes;
	struct mutex		mutex; /* around sleeping operations */
	struct list_head	list;
	struct xfrm_state	*x;
};

/**
 * struct xfrm_full_policy - a policy's full offload
 * @ifindex: the device as user space named it
 */
struct xfrm_full_policy {
	int			ifindex;
};

#ifdef CONFIG_XFRM_FULL
DECLARE_STATIC_KEY_FALSE(xfrm_full_key);

/**
 * xfrm_full_get() - the full offload of an SA
 * @x: the SA, or NULL
 *
 * Context: any. Free while no SA in the system has full offload.
 * Return: the SA's full offload, NULL if it has none.
 */
static inline struct xfrm_full *xfrm_full_get(const struct xfrm_state *x)
{
	if (!static_branch_unlikely(&xfrm_full_key) || !x)
		return NULL;
	return READ_ONCE(x->full);
}

int xfrm_full_state_init(struct net *net, struct xfrm_state *x,
			 const struct xfrm_user_offload *xuo,
			 struct netlink_ext_ack *extack);
int xfrm_full_state_arm(struct xfrm_state *x, struct netlink_ext_ack *extack);
bool xfrm_full_state_update_ok(const struct xfrm_state *old,
			       const struct xfrm_state *new);
void xfrm_full_state_delete(struct xfrm_state *x);
void xfrm_full_state_destroy(struct xfrm_state *x);
void xfrm_full_state_sync(struct xfrm_state *x);
void xfrm_full_dev_unregister(struct net_device *dev);

int xfrm_full_policy_init(struct net *net, struct xfrm_policy *xp,
			  const struct xfrm_user_offload *xuo,
			  struct netlink_ext_ack *extack);

int xfrm_full_put_state(struct sk_buff *skb, const struct xfrm_state *x);
int xfrm_full_put_policy(struct sk_buff *skb, const struct xfrm_policy *xp);

bool xfrm_full_bundle_ok(struct net *net, struct xfrm_state **xfrm, int nx);
int xfrm_full_output(struct net *net, struct sock *sk, struct sk_buff *skb);

int __xfrm_full_tx(const struct sk_buff *skb, const struct net_device *dev,
		   u32 *handle);
bool __xfrm_full_stray(const struct sk_buff *skb, const struct net_device *dev);
bool xfrm_full_rx(struct sk_buff *skb, const struct xfrm_state *x);

/**
 * xfrm_full_tx() - what to do with a packet in ndo_start_xmit()
 * @skb: the packet
 * @dev: the device that is about to send it
 * @handle: set to the SA's handle if 1 is returned
 *
 * A driver calls this for every packet, or one made from it, before it fills
 * the descriptor.  The driver must have called netif_keep_dst().
 *
 * Context: ndo_start_xmit(), or RCU read side in general.
 * Return: 0 if the packet is to be sent as it is, 1 if the device must protect
 * it with the SA @handle, a negative errno if it must be dropped.  The core has
 * counted such a packet.
 */
static inline int xfrm_full_tx(const struct sk_buff *skb,
			       const struct net_device *dev, u32 *handle)
{
	if (!static_branch_unlikely(&xfrm_full_key))
		return 0;
	return __xfrm_full_tx(skb, dev, handle);
}

/**
 * xfrm_full_stray() - is a packet about to leave its SA's device behind?
 * @skb: the packet
 * @dev: the device it was given to
 *
 * From xfrm_full_output() to the device a packet is cleartext, which a redirect
 * could send elsewhere.
 *
 * Context: any.
 * Return: true if the packet must be dropped; it has been counted.
 */
static inline bool xfrm_full_stray(const struct sk_buff *skb,
				   const struct net_device *dev)
{
	if (!static_branch_unlikely(&xfrm_full_key))
		return false;
	return __xfrm_full_stray(skb, dev);
}

/**
 * xfrm_full_shared_sp() - may other packets share this sec_path?
 * @sp: a sec_path
 *
 * Return: true if @sp may be one that xfrm_full_rx() attached: read-only.
 */
static inline bool xfrm_full_shared_sp(const struct sec_path *sp)
{
	return sp->len == 1 && xfrm_full_get(sp->xvec[0]);
}
#else
static inline struct xfrm_full *xfrm_full_get(const struct xfrm_state *x)
{
	return NULL;
}

static inline int xfrm_full_state_init(struct net *net, struct xfrm_state *x,
				       const struct xfrm_user_offload *xuo,
				       struct netlink_ext_ack *extack)
{
	return -EOPNOTSUPP;
}

static inline int xfrm_full_state_arm(struct xfrm_state *x,
				      struct netlink_ext_ack *extack)
{
	return 0;
}

static inline bool xfrm_full_state_update_ok(const struct xfrm_state *old,
					     const struct xfrm_state *new)
{
	return true;
}

static inline void xfrm_full_state_delete(struct xfrm_state *x)
{
}

static inline void xfrm_full_state_destroy(struct xfrm_state *x)
{
}

static inline void xfrm_full_state_sync(struct xfrm_state *x)
{
}

static inline void xfrm_full_dev_unregister(struct net_device *dev)
{
}

static inline int xfrm_full_policy_init(struct net *net,
					struct xfrm_policy *xp,
					const struct xfrm_user_offload *xuo,
					struct netlink_ext_ack *extack)
{
	return -EOPNOTSUPP;
}

static inline int xfrm_full_put_state(struct sk_buff *skb,
				      const struct xfrm_state *x)
{
	return 0;
}

static inline int xfrm_full_put_policy(struct sk_buff *skb,
				       const struct xfrm_policy *xp)
{
	return 0;
}

static inline bool xfrm_full_bundle_ok(struct net *net,
				       struct xfrm_state **xfrm, int nx)
{
	return true;
}

static inline int xfrm_full_output(struct net *net, struct sock *sk,
				   struct sk_buff *skb)
{
	kfree_skb(skb);
	return -EOPNOTSUPP;
}

static inline bool xfrm_full_rx(struct sk_buff *skb, const struct xfrm_state *x)
{
	return false;
}

static inline int xfrm_full_tx(const struct sk_buff *skb,
			       const struct net_device *dev, u32 *handle)
{
	return 0;
}

static inline bool xfrm_full_stray(const struct sk_buff *skb,
				   const struct net_device *dev)
{
	return false;
}

static inline bool xfrm_full_shared_sp(const struct sec_path *sp)
{
	return false;
}
#endif /* CONFIG_XFRM_FULL */

#endif /* _NET_XFRM_FULL_H */
