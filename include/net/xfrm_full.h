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
#include <linux/workqueue.h>
#include <linux/spinlock.h>
#include <net/dst.h>
#include <net/netlink.h>
#include <net/xfrm.h>

/**
 * enum xfrm_full_alg - algorithms that an SA with full offload can have
 * @XFRM_FULL_AES_GCM: rfc4106(gcm(aes))
 * @XFRM_FULL_AES_GMAC: rfc4543(gcm(aes))
 * @XFRM_FULL_CHACHA20_POLY1305: rfc7539esp(chacha20,poly1305)
 * @XFRM_FULL_AES_CBC_SHA256: cbc(aes) with hmac(sha256)
 * @XFRM_FULL_AES_CBC_SHA384: cbc(aes) with hmac(sha384)
 * @XFRM_FULL_AES_CBC_SHA512: cbc(aes) with hmac(sha512)
 * @XFRM_FULL_ALG_MAX: number of algorithms
 */
enum xfrm_full_alg {
	XFRM_FULL_AES_GCM,
	XFRM_FULL_AES_GMAC,
	XFRM_FULL_CHACHA20_POLY1305,
	XFRM_FULL_AES_CBC_SHA256,
	XFRM_FULL_AES_CBC_SHA384,
	XFRM_FULL_AES_CBC_SHA512,
	XFRM_FULL_ALG_MAX,
};

/**
 * struct xfrm_full_alg_caps - what a device can do with an algorithm
 * @keys: bit n for cipher keys of n bytes, not counting a salt
 * @icvs: bit n for ICVs of n bytes
 *
 * A device that lacks the algorithm has neither.
 */
struct xfrm_full_alg_caps {
	u64			keys;
	u64			icvs;
};

/**
 * struct xfrm_full_caps - what a device can do
 * @flags: XFRM_OFFLOAD_CAP_*
 * @window_min: smallest replay window but 0, in packets
 * @window_max: largest replay window
 * @states: SAs in the device
 * @states_max: SAs that it has room for
 * @policies: policies in the device
 * @policies_max: policies that it has room for, 0 if it has no such table
 * @algs: by enum xfrm_full_alg
 */
struct xfrm_full_caps {
	u32			flags;
	u32			window_min;
	u32			window_max;
	u32			states;
	u32			states_max;
	u32			policies;
	u32			policies_max;
	struct xfrm_full_alg_caps algs[XFRM_FULL_ALG_MAX];
};

/**
 * struct xfrm_full_stats - what a device knows about an SA
 * @packets: packets handled in the SA's life, those before the device got it
 *	included
 * @bytes: their bytes as software counts them: of the inner IP packet in
 *	tunnel mode, of the payload behind the IP header in transport mode.
 *	A segment that the device cut counts as a packet
 * @seq: outbound the last sequence number used, inbound the highest one
 *	accepted (the window's top), 0 before the first packet; 64 bits with
 *	ESN, otherwise below 2^32
 * @firstused: time of the first packet that the device handled, seconds of
 *	CLOCK_REALTIME, 0 if there was none or the device doesn't know
 * @lastused: time of the last one, 0 if there was none
 * @drops: packets dropped since the device got the SA, by enum xfrm_full_drop
 */
struct xfrm_full_stats {
	u64			packets;
	u64			bytes;
	u64			seq;
	time64_t		firstused;
	time64_t		lastused;
	u64			drops[XFRM_FULL_DROP_MAX];
};

#define XFRM_FULL_WINDOW_MAX	4096

/**
 * struct xfrm_full_snapshot - what moves with an SA
 * @seq: as in struct xfrm_full_stats
 * @packets: likewise
 * @bytes: likewise
 * @window: inbound: numbers that @bitmap tells about, @seq being the first; 0
 *	if the bitmap is unknown
 * @bitmap: bit n % 32 of word n / 32 is set if @seq - n was received
 */
struct xfrm_full_snapshot {
	u64			seq;
	u64			packets;
	u64			bytes;
	u32			window;
	u32			bitmap[XFRM_FULL_WINDOW_MAX / 32];
};

/**
 * struct xfrm_full_update - what changes in a live SA
 * @lft: limits; those in packets and bytes are the device's
 * @encap: UDP encapsulation with the peer's new port, NULL if the SA has none
 * @sel: selector, NULL if it is unchanged
 */
struct xfrm_full_update {
	const struct xfrm_lifetime_cfg	*lft;
	const struct xfrm_encap_tmpl	*encap;
	const struct xfrm_selector	*sel;
};

/**
 * enum xfrm_full_event_type - what a device reports
 * @XFRM_FULL_EVENT_NO_SA: an ESP packet without an SA, which the device dropped
 * @XFRM_FULL_EVENT_ICV: integrity check failed
 * @XFRM_FULL_EVENT_REPLAY: sequence number seen before or left of the window
 * @XFRM_FULL_EVENT_OVERFLOW: outbound, the last sequence number is used: the SA
 *	expires
 * @XFRM_FULL_EVENT_SELECTOR: a packet is not in the SA's selector
 * @XFRM_FULL_EVENT_POLICY: a policy in the device discarded a packet
 * @XFRM_FULL_EVENT_MALFORMED: lengths, padding or next header make no sense
 * @XFRM_FULL_EVENT_LOST: events were lost, @suppressed says how many
 * @XFRM_FULL_EVENT_SOFT: a soft limit of packets or bytes has been reached
 * @XFRM_FULL_EVENT_HARD: a hard limit of packets or bytes has been reached, the
 *	device lets no further packet pass: the SA expires
 * @XFRM_FULL_EVENT_MAPPING: the ICV of a packet with UDP encapsulation is
 *	right, but its source is not the SA's
 * @XFRM_FULL_EVENT_MAX: number of types
 */
enum xfrm_full_event_type {
	XFRM_FULL_EVENT_NO_SA,
	XFRM_FULL_EVENT_ICV,
	XFRM_FULL_EVENT_REPLAY,
	XFRM_FULL_EVENT_OVERFLOW,
	XFRM_FULL_EVENT_SELECTOR,
	XFRM_FULL_EVENT_POLICY,
	XFRM_FULL_EVENT_MALFORMED,
	XFRM_FULL_EVENT_LOST,
	XFRM_FULL_EVENT_SOFT,
	XFRM_FULL_EVENT_HARD,
	XFRM_FULL_EVENT_MAPPING,
	XFRM_FULL_EVENT_MAX,
};

/* Of a packet, in an event */
#define XFRM_FULL_EVENT_DATA_MAX	128

/**
 * struct xfrm_full_event - something that a device has seen
 * @x: the SA, from the driver's own table; NULL if there is none, or the driver
 *	doesn't know the one that the device names
 * @stats: the SA's counters in that moment, or NULL
 * @data: the packet's first bytes, from the outer IP header on for inbound
 *	packets and from the inner one on for outbound ones, or NULL
 * @seq: the packet's sequence number, 64 bits if known
 * @time: when it happened, ns of CLOCK_REALTIME; 0: now
 * @suppressed: events of this kind that were not reported since the last one
 *	that was
 * @saddr: the packet's outer source, as is @daddr of no meaning without @family
 * @daddr: its outer destination
 * @spi: its SPI
 * @flowlabel: of an outer IPv6 header
 * @data_len: bytes in @data
 * @family: AF_INET, AF_INET6, or AF_UNSPEC if the addresses are not known
 * @sport: source port of the UDP encapsulation, for XFRM_FULL_EVENT_MAPPING
 * @type: enum xfrm_full_event_type
 * @dir: enum xfrm_sa_dir of the packet, 0 if not known
 *
 * With @x, the addresses and the SPI may be left out.
 */
struct xfrm_full_event {
	struct xfrm_state	*x;
	const struct xfrm_full_stats *stats;
	const u8		*data;
	u64			seq;
	u64			time;
	u64			suppressed;
	xfrm_address_t		saddr;
	xfrm_address_t		daddr;
	__be32			spi;
	__be32			flowlabel;
	u16			data_len;
	u16			family;
	__be16			sport;
	u8			type;
	u8			dir;
};

/**
 * struct xfrm_full - an SA's full offload
 * @place: enum xfrm_full_place, see net/xfrm/xfrm_full.c
 * @dir: XFRM_SA_DIR_IN or XFRM_SA_DIR_OUT
 * @alg: enum xfrm_full_alg; its keys are in x->aead, or x->ealg and x->aalg
 * @flags: XFRM_OFFLOAD_DROP and XFRM_OFFLOAD_FALLBACK, as user space chose
 * @wanted: XFRM_FULL_SOFTWARE or XFRM_FULL_DEVICE, where user space wants it
 * @reason: enum xfrm_full_reason, why @place is what it is
 * @live: has been usable before: software handles its packets while the device
 *	gets it
 * @late: times in a row that the device has not answered about an exception,
 *	under x->lock
 * @counter_iv: outbound, the IV is a counter: see @iv_salt
 * @leaving: inbound, software has the SA back, but packets that the device
 *	decrypted before are still on their way
 * @parking: packets to be sent wait in @parked, see xfrm_full_park()
 * @cloned: in software, and MIGRATE has an SA that goes on from its numbers and
 *	window, which stand still therefore; under x->lock
 * @finishing: the device has been asked to stop for good, as the SA is about to be
 *	deleted; under x->lock
 * @entered: a device has, or had, the SA: only then are its packets different; under
 *	x->lock
 * @epoch: top 16 bits of this arming's IV counter, never 0 while a device has
 *	the SA
 * @can: XFRM_OFFLOAD_CAP_* of @dev
 * @handle: the driver's name for the SA in its descriptors, set by
 *	xdo_dev_full_state_add() and read by xfrm_full_tx()
 * @dev: the device, referenced from arming until the driver has freed the SA,
 *	otherwise NULL
 * @priv: the driver's own data, the core never looks at it
 * @iv_salt: with @counter_iv: the IV of a packet is
 *	@iv_salt XOR cpu_to_be64((u64)epoch << 48 | sequence)
 * @ifindex: the device as user space named it
 * @dev_tracker: reference tracker of @dev
 * @ext: inbound, the prepared sec_path that all packets of the SA share, as
 *	long as the driver knows the SA
 * @sw_seq: outbound, the last number that software has used, and with it the
 *	IV of epoch 0; under x->lock
 * @idle: seconds without a packet after which user space is told, 0 for never
 * @idle_told: it has been told, and no packet came since
 * @updating: its limits are changing, under x->lock
 * @stats_lock: protects @drops, and x->curlft, x->lastused and the replay state
 *	while the device owns them
 * @drops: drops of devices, as far as the namespace has counted them
 * @drops_before: those before this arming
 * @parked: packets that wait for the end of a move, see xfrm_full_park()
 * @mutex: serialises the driver's sleeping operations on this SA
 * @list: entry in the list of armed SAs, later in that of SAs to be freed
 * @free_work: lets the driver free the SA
 * @resume_work: gives a suspended SA back to its device
 * @stragglers: so many raw packets may have been on their way up when the device
 *	ran again
 * @resumed: jiffies when it did
 * @last_exception: jiffies of the last packet that the device would have given up
 * @paid_until: jiffies; advances by an interval each time that the SA is
 *	suspended, and may be only so far ahead when it is given back
 * @x: the SA
 *
 * A driver may read all members, and write @handle and @priv.
 */
struct xfrm_full {
	u8			place;
	u8			dir;
	u8			alg;
	u8			flags;
	u8			wanted;
	u8			reason;
	bool			live;
	u8			late;
	bool			counter_iv;
	bool			leaving;
	bool			parking;
	bool			cloned;
	bool			finishing;
	bool			entered;
	u16			epoch;
	u32			can;
	u32			handle;
	struct net_device	*dev;
	void			*priv;
	__be64			iv_salt;

	int			ifindex;
	netdevice_tracker	dev_tracker;
	struct skb_ext		*ext;
	u64			sw_seq;
	u32			idle;
	bool			idle_told;
	bool			updating;
	spinlock_t		stats_lock; /* drops, see above */
	u64			drops[XFRM_FULL_DROP_MAX];
	u64			drops_before[XFRM_FULL_DROP_MAX];
	struct sk_buff_head	parked;
	struct mutex		mutex; /* around sleeping operations */
	struct list_head	list;
	struct rcu_work		free_work;
	struct delayed_work	resume_work;
	u16			stragglers;
	unsigned long		resumed;
	unsigned long		last_exception;
	unsigned long		paid_until;
	struct xfrm_state	*x;
};

/**
 * struct xfrm_full_policy - a policy's full offload
 * @ifindex: the device as user space named it
 */
struct xfrm_full_policy {
	int			ifindex;
};

/**
 * xfrm_full_flagged() - does a request ask for full offload of an SA?
 * @attrs: its attributes, by XFRMA_*
 *
 * Return: true if it does.
 */
static inline bool xfrm_full_flagged(struct nlattr **attrs)
{
	const struct nlattr *attr = attrs[XFRMA_OFFLOAD_DEV];
	const struct xfrm_user_offload *xuo;

	if (!attr)
		return false;
	xuo = nla_data(attr);
	return xuo->flags & XFRM_OFFLOAD_FULL;
}

/**
 * xfrm_full_moves() - does a request only move an SA?
 * @attrs: its attributes, by XFRMA_*
 *
 * Return: true if it does.
 */
static inline bool xfrm_full_moves(struct nlattr **attrs)
{
	const struct nlattr *attr = attrs[XFRMA_OFFLOAD_DEV];
	const struct xfrm_user_offload *xuo;

	if (!attr)
		return false;
	xuo = nla_data(attr);
	return xuo->flags & XFRM_OFFLOAD_MOVE;
}

#ifdef CONFIG_XFRM_FULL
/**
 * xfrm_full_get() - the full offload of an SA
 * @x: the SA, or NULL
 *
 * Context: any. Free until an SA in the system has full offload.
 * Return: the SA's full offload, NULL if it has none.
 */
static inline struct xfrm_full *xfrm_full_get(const struct xfrm_state *x)
{
	if (!xfrm_full_used() || !x)
		return NULL;
	return READ_ONCE(x->full);
}

/**
 * xfrm_full_software_at() - does software handle packets of an SA at a place?
 * @full: the SA's full offload
 * @place: enum xfrm_full_place, read once by who asks more than one question
 *
 * Context: any.
 * Return: false if the device does, or nobody.
 */
static inline bool xfrm_full_software_at(const struct xfrm_full *full, u8 place)
{
	switch (place) {
	case XFRM_FULL_SOFTWARE:
	case XFRM_FULL_DRAINING:
	case XFRM_FULL_SUSPENDED:
		return true;
	case XFRM_FULL_ARMING:
		return full->live;
	default:
		return false;
	}
}

/**
 * xfrm_full_by_software() - does software handle an SA's packets?
 * @full: the SA's full offload
 *
 * Context: any; lasts under x->lock.
 * Return: false if the device does, or nobody.
 */
static inline bool xfrm_full_by_software(const struct xfrm_full *full)
{
	/* pairs with xfrm_full_move() */
	return xfrm_full_software_at(full, smp_load_acquire(&full->place));
}

/**
 * xfrm_full_taken() - are an SA's packets not for software?
 * @x: the SA
 *
 * Context: any; lasts under x->lock.
 * Return: true if they are the device's, or nobody's.
 */
static inline bool xfrm_full_taken(const struct xfrm_state *x)
{
	const struct xfrm_full *full = xfrm_full_get(x);

	return full && !xfrm_full_by_software(full);
}

/**
 * xfrm_full_pending() - is an SA not ready for packets?
 * @x: the SA, valid
 *
 * Context: RCU read side.
 * Return: true if it is new and on its way to its device.
 */
static inline bool xfrm_full_pending(const struct xfrm_state *x)
{
	const struct xfrm_full *full = xfrm_full_get(x);

	return full && READ_ONCE(full->place) == XFRM_FULL_ARMING &&
	       !full->live;
}

int xfrm_full_state_init(struct net *net, struct xfrm_state *x,
			 struct nlattr **attrs, struct netlink_ext_ack *extack);
int xfrm_full_state_arm(struct xfrm_state *x, struct nlattr **attrs,
			struct netlink_ext_ack *extack);
int xfrm_full_request_move(struct net *net, const struct nlmsghdr *nlh,
			   struct nlattr **attrs, u32 portid,
			   struct netlink_ext_ack *extack);
bool xfrm_full_state_update_ok(const struct xfrm_state *old,
			       const struct xfrm_state *new);
int xfrm_full_state_update(struct xfrm_state *new, struct nlattr **attrs,
			   struct netlink_ext_ack *extack);
void xfrm_full_state_updated(struct xfrm_state *x,
			     const struct xfrm_state *new);
time64_t xfrm_full_state_timer(struct xfrm_state *x, time64_t now,
			       time64_t next);
void xfrm_full_state_delete(struct xfrm_state *x);
void xfrm_full_state_destroy(struct xfrm_state *x);
void xfrm_full_state_sync(struct xfrm_state *x);
void xfrm_full_state_finish(struct xfrm_state *x);
void xfrm_full_add_drops(const struct xfrm_state *x, struct xfrm_stats *stats);
bool xfrm_full_may_clone(const struct xfrm_state *x);
int xfrm_full_migrate_begin(struct xfrm_state **x, int n,
			    struct netlink_ext_ack *extack);
void xfrm_full_migrate_failed(struct xfrm_state **x, int n,
			      struct xfrm_state **cloned, int n_cloned);
int xfrm_full_check_ae(const struct xfrm_state *x,
		       struct netlink_ext_ack *extack);
void xfrm_full_dev_down(struct net_device *dev);
void xfrm_full_dev_unregister(struct net_device *dev);

int xfrm_full_policy_init(struct net *net, struct xfrm_policy *xp,
			  struct nlattr **attrs,
			  struct netlink_ext_ack *extack);

int xfrm_full_put_state(struct sk_buff *skb, const struct xfrm_state *x);
int xfrm_full_put_policy(struct sk_buff *skb, const struct xfrm_policy *xp);
unsigned int xfrm_full_state_size(const struct xfrm_state *x);
int xfrm_full_get_offload(struct sk_buff *skb, struct nlmsghdr *nlh,
			  struct nlattr **attrs,
			  struct netlink_ext_ack *extack);
int xfrm_full_dump_offload(struct sk_buff *skb, struct netlink_callback *cb);

bool xfrm_full_bundle_ok(struct net *net, struct xfrm_state **xfrm, int nx);
int xfrm_full_output(struct net *net, struct sock *sk, struct sk_buff *skb);
int __xfrm_full_number(struct xfrm_state *x, struct sk_buff *skb);

int xfrm_full_input(struct xfrm_state *x, struct sk_buff *skb, __be32 seq);
int xfrm_full_input_accept(struct xfrm_state *x, struct sk_buff *skb,
			   __be32 seq);

void xfrm_full_ecn_out(const struct xfrm_state *x, struct sk_buff *skb);
int xfrm_full_ecn_in(const struct xfrm_state *x, struct sk_buff *skb);

int __xfrm_full_tx(struct sk_buff *skb, const struct net_device *dev,
		   u32 *handle);
bool __xfrm_full_stray(const struct sk_buff *skb, const struct net_device *dev);
bool xfrm_full_rx(struct sk_buff *skb, struct xfrm_state *x);
void __xfrm_full_no_sa(const struct sk_buff *skb, u16 family, __be32 spi,
		       __be32 seq);
void __xfrm_full_policy_discard(const struct xfrm_policy *xp,
				const struct sk_buff *skb, u16 family);
void xfrm_full_event(struct net_device *dev, const struct xfrm_full_event *ev);
void xfrm_full_dev_lost(struct net_device *dev);
void xfrm_full_last_stats(struct xfrm_state *x,
			  const struct xfrm_full_stats *stats);

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
 * it with the SA @handle, -EINPROGRESS if the core has taken the packet, which
 * the driver must forget: its SA has left the device; or another negative errno
 * if the packet must be dropped.  The core has counted such a packet.
 */
static inline int xfrm_full_tx(struct sk_buff *skb,
			       const struct net_device *dev, u32 *handle)
{
	if (!xfrm_full_used())
		return 0;
	return __xfrm_full_tx(skb, dev, handle);
}

/**
 * xfrm_full_number() - a packet that software encrypts needs a number
 * @x: its SA
 * @skb: the packet
 *
 * Context: x->lock held.
 * Return: 1 if the SA's number and counters are software's, 0 if the device has
 * given a number and counted the packet, or a negative errno: it must be dropped
 * and has been counted.
 */
static inline int xfrm_full_number(struct xfrm_state *x, struct sk_buff *skb)
{
	if (!xfrm_full_get(x))
		return 1;
	return __xfrm_full_number(x, skb);
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
	if (!xfrm_full_used())
		return false;
	return __xfrm_full_stray(skb, dev);
}

/**
 * xfrm_full_is_bound() - is it cleartext on its way to the device of its SA?
 * @skb: the packet
 *
 * Its headers are those that the link does not see.
 *
 * Context: any.
 * Return: true or false.
 */
static inline bool xfrm_full_is_bound(const struct sk_buff *skb)
{
	return skb->xfrm_full;
}

/**
 * xfrm_full_no_sa() - there is no SA for an inbound packet
 * @skb: the packet, at its ESP header
 * @family: of its outer header
 * @spi: its SPI
 * @seq: its sequence number
 *
 * Listeners of XFRMNLGRP_OFFLOAD are told, if the packet came from a device that
 * can do full offload.
 *
 * Context: softirq.
 */
static inline void xfrm_full_no_sa(const struct sk_buff *skb, u16 family,
				   __be32 spi, __be32 seq)
{
	if (xfrm_full_used())
		__xfrm_full_no_sa(skb, family, spi, seq);
}

/**
 * xfrm_full_policy_discard() - an inbound packet is not what a policy asks for
 * @xp: the policy
 * @skb: the packet, at its network header; it has been counted
 * @family: of that header
 *
 * If the policy has full offload, this is audited, and listeners of
 * XFRMNLGRP_OFFLOAD are told (RFC 4301, sections 4.4.1 and 5.2).
 *
 * Context: any.
 */
static inline void xfrm_full_policy_discard(const struct xfrm_policy *xp,
					    const struct sk_buff *skb,
					    u16 family)
{
	if (xp->full)
		__xfrm_full_policy_discard(xp, skb, family);
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

static inline bool xfrm_full_taken(const struct xfrm_state *x)
{
	return false;
}

static inline bool xfrm_full_pending(const struct xfrm_state *x)
{
	return false;
}

static inline int xfrm_full_state_init(struct net *net, struct xfrm_state *x,
				       struct nlattr **attrs,
				       struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG_ATTR(extack, attrs[XFRMA_OFFLOAD_DEV],
			    "The kernel is built without full offload (CONFIG_XFRM_FULL)");
	return -EOPNOTSUPP;
}

static inline int xfrm_full_state_arm(struct xfrm_state *x,
				      struct nlattr **attrs,
				      struct netlink_ext_ack *extack)
{
	return 0;
}

static inline int xfrm_full_request_move(struct net *net,
					 const struct nlmsghdr *nlh,
					 struct nlattr **attrs, u32 portid,
					 struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG_ATTR(extack, attrs[XFRMA_OFFLOAD_DEV],
			    "Kernel was built without CONFIG_XFRM_FULL");
	return -EOPNOTSUPP;
}

static inline bool xfrm_full_state_update_ok(const struct xfrm_state *old,
					     const struct xfrm_state *new)
{
	return true;
}

static inline int xfrm_full_state_update(struct xfrm_state *new,
					 struct nlattr **attrs,
					 struct netlink_ext_ack *extack)
{
	return 0;
}

static inline void xfrm_full_state_updated(struct xfrm_state *x,
					   const struct xfrm_state *new)
{
}

static inline time64_t xfrm_full_state_timer(struct xfrm_state *x,
					     time64_t now, time64_t next)
{
	return next;
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

static inline void xfrm_full_state_finish(struct xfrm_state *x)
{
}

static inline void xfrm_full_add_drops(const struct xfrm_state *x,
				       struct xfrm_stats *stats)
{
}

static inline bool xfrm_full_may_clone(const struct xfrm_state *x)
{
	return true;
}

static inline int xfrm_full_migrate_begin(struct xfrm_state **x, int n,
					  struct netlink_ext_ack *extack)
{
	return 0;
}

static inline void xfrm_full_migrate_failed(struct xfrm_state **x, int n,
					    struct xfrm_state **cloned,
					    int n_cloned)
{
}

static inline int xfrm_full_check_ae(const struct xfrm_state *x,
				     struct netlink_ext_ack *extack)
{
	return 0;
}

static inline void xfrm_full_dev_down(struct net_device *dev)
{
}

static inline void xfrm_full_dev_unregister(struct net_device *dev)
{
}

static inline int xfrm_full_policy_init(struct net *net,
					struct xfrm_policy *xp,
					struct nlattr **attrs,
					struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG_ATTR(extack, attrs[XFRMA_OFFLOAD_DEV],
			    "The kernel is built without full offload (CONFIG_XFRM_FULL)");
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

static inline unsigned int xfrm_full_state_size(const struct xfrm_state *x)
{
	return 0;
}

static inline int xfrm_full_get_offload(struct sk_buff *skb,
					struct nlmsghdr *nlh,
					struct nlattr **attrs,
					struct netlink_ext_ack *extack)
{
	return -EOPNOTSUPP;
}

static inline int xfrm_full_dump_offload(struct sk_buff *skb,
					 struct netlink_callback *cb)
{
	return 0;
}

static inline bool xfrm_full_is_bound(const struct sk_buff *skb)
{
	return false;
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

static inline int xfrm_full_input(struct xfrm_state *x, struct sk_buff *skb,
				  __be32 seq)
{
	return 0;
}

static inline int xfrm_full_input_accept(struct xfrm_state *x,
					 struct sk_buff *skb, __be32 seq)
{
	return 0;
}

static inline void xfrm_full_ecn_out(const struct xfrm_state *x,
				     struct sk_buff *skb)
{
}

static inline int xfrm_full_ecn_in(const struct xfrm_state *x,
				   struct sk_buff *skb)
{
	return 0;
}

static inline bool xfrm_full_rx(struct sk_buff *skb, struct xfrm_state *x)
{
	return false;
}

static inline void xfrm_full_event(struct net_device *dev,
				   const struct xfrm_full_event *ev)
{
}

static inline void xfrm_full_last_stats(struct xfrm_state *x,
					const struct xfrm_full_stats *stats)
{
}

static inline int xfrm_full_tx(struct sk_buff *skb,
			       const struct net_device *dev, u32 *handle)
{
	return 0;
}

static inline int xfrm_full_number(struct xfrm_state *x, struct sk_buff *skb)
{
	return 1;
}

static inline bool xfrm_full_stray(const struct sk_buff *skb,
				   const struct net_device *dev)
{
	return false;
}

static inline void xfrm_full_no_sa(const struct sk_buff *skb, u16 family,
				   __be32 spi, __be32 seq)
{
}

static inline void xfrm_full_policy_discard(const struct xfrm_policy *xp,
					    const struct sk_buff *skb,
					    u16 family)
{
}

static inline bool xfrm_full_shared_sp(const struct sec_path *sp)
{
	return false;
}
#endif /* CONFIG_XFRM_FULL */

#endif /* _NET_XFRM_FULL_H */
