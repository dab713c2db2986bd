/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of IPsec full offload share among themselves.
 */
#ifndef _XFRM_FULL_CORE_H
#define _XFRM_FULL_CORE_H

#include <net/xfrm_full.h>

/**
 * struct xfrm_full_alg_name - how XFRM calls an algorithm
 * @aead: the AEAD, or NULL
 * @crypt: otherwise the cipher
 * @auth: and the integrity algorithm
 * @salt_len: bytes of salt at the end of the key
 * @auth_key_len: bytes of the integrity key
 */
struct xfrm_full_alg_name {
	const char	*aead;
	const char	*crypt;
	const char	*auth;
	u8		salt_len;
	u8		auth_key_len;
};

extern const struct xfrm_full_alg_name xfrm_full_algs[XFRM_FULL_ALG_MAX];

/**
 * struct xfrm_full_request - what is asked of a device
 * @x: the SA as it is to be
 * @caps: what the device can do
 * @attrs: attributes of the request, by XFRMA_*
 * @extack: says what is wrong
 * @dir: XFRM_SA_DIR_IN or XFRM_SA_DIR_OUT
 */
struct xfrm_full_request {
	const struct xfrm_state		*x;
	const struct xfrm_full_caps	*caps;
	struct nlattr			**attrs;
	struct netlink_ext_ack		*extack;
	u8				dir;
};

/* A reader that sees the SA in its device sees what came before as well. */
static inline bool xfrm_full_in_device(const struct xfrm_full *full)
{
	return smp_load_acquire(&full->place) == XFRM_FULL_DEVICE;
}

/* Does the device own numbers, window and counters? Lasts under x->lock. */
static inline bool xfrm_full_owner(const struct xfrm_full *full)
{
	u8 place = smp_load_acquire(&full->place);

	return place == XFRM_FULL_DEVICE || place == XFRM_FULL_DRAINING;
}

/* What user space chooses and struct xfrm_full.flags keeps. */
#define XFRM_FULL_FLAGS	(XFRM_OFFLOAD_DROP | XFRM_OFFLOAD_FALLBACK)

#define XFRM_FULL_NO_START \
	"Device can't take an SA that doesn't start at sequence number 0; add another"

/* Above the sequence number an IV has the epoch. */
#define XFRM_FULL_SEQ_MAX	(BIT_ULL(48) - 1)

/* xfrm_full.c */
struct xfrm_full *xfrm_full_alloc(struct xfrm_state *x,
				  const struct xfrm_user_offload *xuo);
int xfrm_full_publish(struct xfrm_full *full, struct netlink_ext_ack *extack);
int xfrm_full_attach(struct xfrm_full *full, struct netlink_ext_ack *extack);
void xfrm_full_detach(struct xfrm_full *full);
extern struct workqueue_struct *xfrm_full_wq;
bool xfrm_full_move(struct xfrm_full *full, enum xfrm_full_place to);
void xfrm_full_expire(struct xfrm_state *x);
void xfrm_full_tell_moved(struct xfrm_state *x);

/* xfrm_full_caps.c */
void xfrm_full_dev_caps(struct net_device *dev, struct xfrm_full_caps *caps);
int xfrm_full_alg_of(const struct xfrm_state *x);
int xfrm_full_check_caps(const struct xfrm_full_request *rq);
int xfrm_full_check_changes(const struct xfrm_full_request *rq);
bool xfrm_full_can_start(u32 can, const struct xfrm_state *x);

/* xfrm_full_check.c */
bool xfrm_full_capable(const struct net_device *dev);
struct net_device *xfrm_full_dev_rcu(struct net *net, int ifindex,
				     struct netlink_ext_ack *extack);
int xfrm_full_check_state(struct net *net, const struct xfrm_state *x,
			  struct nlattr **attrs, u32 *idle,
			  struct netlink_ext_ack *extack);
int xfrm_full_check_new(struct net *net, const struct xfrm_state *x,
			bool changed, struct nlattr **attrs,
			struct netlink_ext_ack *extack);

/* xfrm_full_event.c */
bool xfrm_full_notify_idle(struct xfrm_state *x);

/* xfrm_full_fallback.c */
void xfrm_full_fallback_init(struct xfrm_full *full);
void xfrm_full_fallback_cancel(struct xfrm_full *full);
int xfrm_full_input_suspended(struct xfrm_state *x, struct sk_buff *skb,
			      __be32 seq);
int xfrm_full_input_stop(struct xfrm_state *x, struct sk_buff *skb, __be32 seq);

/* xfrm_full_handover.c */
int xfrm_full_check_alive(const struct xfrm_full *full,
			  struct netlink_ext_ack *extack);
int xfrm_full_to_device(struct xfrm_full *full, struct netlink_ext_ack *extack);
int xfrm_full_to_software(struct xfrm_full *full, bool lossy,
			  enum xfrm_full_reason reason,
			  struct netlink_ext_ack *extack);
int xfrm_full_adopt(struct xfrm_state *x, const struct xfrm_user_offload *xuo,
		    struct netlink_ext_ack *extack);
bool xfrm_full_stays(const struct xfrm_full *full, int ifindex, u8 flags);
int xfrm_full_enter(struct xfrm_full *full, int ifindex, u8 flags,
		    struct netlink_ext_ack *extack);
void xfrm_full_tell_left(struct xfrm_state *x, enum xfrm_full_place was);
int xfrm_full_exit(struct xfrm_full *full, struct netlink_ext_ack *extack);

/* xfrm_full_input.c */
struct skb_ext *xfrm_full_ext_alloc(struct xfrm_state *x);
void xfrm_full_expire_soon(struct xfrm_state *x);
void xfrm_full_answered(struct xfrm_full *full, int err);

/* xfrm_full_iv.c */
int xfrm_full_read_salt(struct xfrm_state *x, __be64 *salt);
int xfrm_full_check_epochs(const struct xfrm_full *full, unsigned int n,
			   struct netlink_ext_ack *extack);
int xfrm_full_next_epoch(struct xfrm_full *full,
			 struct netlink_ext_ack *extack);

/* xfrm_full_query.c */
int xfrm_full_compat(struct sk_buff *skb, const struct nlmsghdr *nlh);

/* xfrm_full_replay.c */
u64 xfrm_full_seq(const struct xfrm_state *x);
bool xfrm_full_is_left(const struct xfrm_state *x, u32 seq);
void xfrm_full_advance(struct xfrm_state *x, u64 seq);
void xfrm_full_to_snapshot(const struct xfrm_state *x,
			   struct xfrm_full_snapshot *snap);
void xfrm_full_from_snapshot(struct xfrm_state *x,
			     const struct xfrm_full_snapshot *snap);

/* xfrm_full_soft.c */
bool xfrm_full_park(struct xfrm_full *full, struct sk_buff *skb);
void xfrm_full_set_parking(struct xfrm_full *full, bool parking);
bool xfrm_full_take_back(struct sk_buff *skb);

/* xfrm_full_stats.c */
void xfrm_full_account_snapshot(struct xfrm_state *x,
				const struct xfrm_full_snapshot *snap);
void xfrm_full_account(struct xfrm_state *x,
		       const struct xfrm_full_stats *stats);
void xfrm_full_soft_drop(struct xfrm_full *full, enum xfrm_full_drop reason);

#endif /* _XFRM_FULL_CORE_H */
