// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPsec: crypto and packet offload, as the stock kernel has them.
 *
 * They are there for comparison with full offload. The SA is the same to the
 * device, but for ACME_SA_CRYPTO; what XFRM knows of it differs. IVs are those
 * of epoch 1 with a random salt, as the salt of software is not told.
 *
 * XFRM calls delete and free for what was added, but also for SAs that wait for
 * a key manager, which the device never sees.
 */

#include <linux/random.h>
#include <net/xfrm.h>

#include "acme.h"
#include "acme_ipsec_sa.h"
#include "acme_netdev.h"

/* A bond calls these for SAs of its own, with handles of whatever NIC it has used. */
static bool acme_offload_is_ours(const struct xfrm_state *x)
{
	const struct net_device *netdev = READ_ONCE(x->xso.dev);

	return netdev && acme_netdev_is_ours(netdev);
}

static struct acme_sa *acme_offload_sa(const struct xfrm_state *x)
{
	if (!acme_offload_is_ours(x))
		return NULL;
	return (struct acme_sa *)READ_ONCE(x->xso.offload_handle);
}

/* Where the SA goes on; what its window holds is not worth telling. */
static int acme_offload_run(struct acme_dev *adev, struct acme_sa *sa)
{
	const struct xfrm_replay_state_esn *esn = sa->x->replay_esn;
	const struct xfrm_state *x = sa->x;
	struct xfrm_full_snapshot *snap;
	int err;

	snap = kzalloc(sizeof(*snap), GFP_KERNEL);
	if (!snap)
		return -ENOMEM;
	if (esn)
		snap->seq = sa->inbound ? (u64)esn->seq_hi << 32 | esn->seq :
					  (u64)esn->oseq_hi << 32 | esn->oseq;
	else
		snap->seq = sa->inbound ? x->replay.seq : x->replay.oseq;
	snap->packets = x->curlft.packets;
	snap->bytes = x->curlft.bytes;
	err = acme_sa_run(adev, sa, snap);
	kfree(snap);
	return err;
}

static int acme_offload_check(struct acme_dev *adev, struct xfrm_state *x,
			      struct netlink_ext_ack *extack)
{
	if (x->xso.type == XFRM_DEV_OFFLOAD_PACKET)
		return 0;
	if (!(adev->ipsec.ipsec & ACME_IPSEC_CRYPTO)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "this device can't do crypto offload; use offload full");
		return -EOPNOTSUPP;
	}
	if (x->encap) {
		NL_SET_ERR_MSG_MOD(extack,
				   "crypto offload can't do UDP encapsulation; use offload full");
		return -EOPNOTSUPP;
	}
	return 0;
}

/**
 * acme_state_add() - xdo_dev_state_add
 * @x: SA
 * @extack: says why not
 *
 * Context: process, may sleep; softirq if the SA waits for a key manager.
 * Return: 0 or a negative errno.
 */
int acme_state_add(struct xfrm_state *x, struct netlink_ext_ack *extack)
{
	enum acme_sa_mode mode = x->xso.type == XFRM_DEV_OFFLOAD_PACKET ?
				 ACME_MODE_PACKET : ACME_MODE_CRYPTO;
	struct acme_dev *adev;
	struct acme_sa *sa;
	int err;

	if (x->xso.flags & XFRM_DEV_OFFLOAD_FLAG_ACQ)
		return 0;
	if (!acme_offload_is_ours(x)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "this device does IPsec for its own interface only: name that, not one on top of it");
		return -EOPNOTSUPP;
	}
	adev = acme_ipsec_adev(x->xso.dev);
	err = acme_offload_check(adev, x, extack);
	if (err)
		return err;
	sa = acme_sa_add(adev, x, mode, extack);
	if (IS_ERR(sa))
		return PTR_ERR(sa);
	err = acme_offload_run(adev, sa);
	if (err) {
		NL_SET_ERR_MSG_MOD(extack, "the device can't start the SA");
		acme_sa_del(adev, sa);
		acme_sa_wait_del(adev, sa);
		acme_sa_free(adev, sa);
		return err;
	}
	acme_policy_add_sa(adev, sa);
	WRITE_ONCE(x->xso.offload_handle, (unsigned long)sa);
	return 0;
}

/**
 * acme_state_delete() - xdo_dev_state_delete
 * @x: SA
 *
 * Context: any but hard interrupts; never waits.
 */
void acme_state_delete(struct xfrm_state *x)
{
	struct acme_sa *sa = acme_offload_sa(x);

	if (!sa || sa->deleted)
		return;
	sa->deleted = true;
	acme_policy_del_sa(sa->adev, sa);
	acme_sa_del(sa->adev, sa);
}

/**
 * acme_state_free() - xdo_dev_state_free
 * @x: SA
 *
 * Context: process, may sleep.
 */
void acme_state_free(struct xfrm_state *x)
{
	struct acme_sa *sa = acme_offload_sa(x);

	if (!sa)
		return;
	acme_state_delete(x);
	acme_sa_wait_del(sa->adev, sa);
	WRITE_ONCE(x->xso.offload_handle, 0);
	acme_sa_free(sa->adev, sa);
}

/**
 * acme_offload_ok() - xdo_dev_offload_ok
 * @skb: packet
 * @x: SA
 *
 * Return: true: the device leaves options and extension headers alone.
 */
bool acme_offload_ok(struct sk_buff *skb, struct xfrm_state *x)
{
	return true;
}

/**
 * acme_state_advance_esn() - xdo_dev_state_advance_esn
 * @x: SA
 *
 * The device infers the upper half by itself.
 */
void acme_state_advance_esn(struct xfrm_state *x)
{
}

/**
 * acme_state_update_stats() - xdo_dev_state_update_stats
 * @x: SA
 *
 * Context: any but hard interrupts.
 */
void acme_state_update_stats(struct xfrm_state *x)
{
	struct xfrm_full_stats stats;
	struct acme_sa *sa;
	bool packet;

	/* who shows an SA does not keep it in the device */
	rcu_read_lock();
	sa = acme_offload_sa(x);
	packet = sa && sa->mode == ACME_MODE_PACKET;
	if (packet)
		acme_sa_stats(sa, &stats);
	rcu_read_unlock();
	if (!packet)
		return;

	x->curlft.packets = stats.packets;
	x->curlft.bytes = stats.bytes;
	if (!x->curlft.use_time)
		x->curlft.use_time = stats.lastused;
	x->lastused = stats.lastused;
	x->stats.replay = stats.drops[XFRM_FULL_DROP_REPLAY];
	x->stats.integrity_failed = stats.drops[XFRM_FULL_DROP_ICV];
}

/**
 * acme_offload_event() - an SA of packet offload has met a limit
 * @sa: the SA
 *
 * Context: RCU read side, process or softirq.
 */
void acme_offload_event(struct acme_sa *sa)
{
	struct xfrm_state *x = sa->x;

	if (sa->mode != ACME_MODE_PACKET)
		return;
	spin_lock_bh(&x->lock);
	if (!sa->deleted && acme_offload_sa(x) == sa) {
		acme_state_update_stats(x);
		xfrm_state_check_expire(x);
	}
	spin_unlock_bh(&x->lock);
}

/**
 * acme_offload_init_sa() - direction and IVs of an SA without full offload
 * @sa: the SA
 */
void acme_offload_init_sa(struct acme_sa *sa)
{
	sa->inbound = sa->x->xso.dir == XFRM_DEV_OFFLOAD_IN;
	sa->epoch = 1;
	sa->iv_salt = get_random_u64();
}
