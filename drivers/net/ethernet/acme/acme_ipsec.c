// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPsec: life of an SA, and full offload.
 *
 * An SA is known to the device from SA_ADD to the answer to SA_DEL, and to the
 * receive path and to events from SA_ADD to the posting of SA_DEL: the xfrm_state
 * goes an RCU grace period after that. SA_DEL is posted when XFRM says so, but
 * for an SA that goes on in software: then it waits for the Rx rings. Queue pairs
 * come and go without SAs noticing.
 */

#include <linux/dmapool.h>
#include <linux/slab.h>

#include "acme.h"
#include "acme_ipsec_sa.h"
#include "acme_netdev.h"

/* Make the SA known to the receive path and to events. */
static int acme_sa_publish(struct acme_dev *adev, struct acme_sa *sa,
			   struct netlink_ext_ack *extack)
{
	int err = -EBUSY;

	if (sa->handle)
		err = xa_insert_bh(&adev->ipsec.sas,
				   sa->handle & ACME_SA_INDEX, sa, GFP_KERNEL);
	if (!err) {
		atomic_inc(&adev->ipsec.num_sas);
		return 0;
	}
	if (err == -EBUSY)
		dev_err_ratelimited(adev->dev, "SA handle 0x%08x is invalid or in use\n",
				    sa->handle);
	NL_SET_ERR_MSG_FMT_MOD(extack, "the SA can't be entered as 0x%08x",
			       sa->handle);
	acme_sa_post_del(adev, sa);
	acme_sa_wait_del(adev, sa);
	return err;
}

static struct acme_sa *acme_sa_alloc(struct acme_dev *adev,
				     struct xfrm_state *x,
				     enum acme_sa_mode mode)
{
	struct acme_sa *sa;

	sa = kzalloc(sizeof(*sa), GFP_KERNEL);
	if (!sa)
		return NULL;
	sa->hw = dma_pool_zalloc(adev->ipsec.stats_pool, GFP_KERNEL,
				 &sa->hw_dma);
	if (!sa->hw) {
		kfree(sa);
		return NULL;
	}
	sa->adev = adev;
	sa->x = x;
	sa->mode = mode;
	spin_lock_init(&sa->lock);
	if (mode == ACME_MODE_FULL) {
		sa->inbound = x->full->dir == XFRM_SA_DIR_IN;
		sa->iv_salt = be64_to_cpu(x->full->iv_salt);
	} else {
		acme_offload_init_sa(sa);
	}
	return sa;
}

static void acme_sa_release_rcu(struct rcu_head *rcu)
{
	struct acme_sa *sa = container_of(rcu, struct acme_sa, rcu);

	dma_pool_free(sa->adev->ipsec.stats_pool, sa->hw, sa->hw_dma);
	kfree(sa);
}

static void acme_sa_release(struct acme_sa *sa)
{
	call_rcu(&sa->rcu, acme_sa_release_rcu);
}

/**
 * acme_sa_add() - check an SA and add it to the device, stopped
 * @adev: device
 * @x: XFRM's view of it
 * @mode: what the device is to do
 * @extack: says why not
 *
 * Context: process, may sleep.
 * Return: the SA or an error pointer.
 */
struct acme_sa *acme_sa_add(struct acme_dev *adev, struct xfrm_state *x,
			    enum acme_sa_mode mode,
			    struct netlink_ext_ack *extack)
{
	struct acme_sa *sa;
	int err;

	sa = acme_sa_alloc(adev, x, mode);
	if (!sa)
		return ERR_PTR(-ENOMEM);
	err = acme_sa_check(adev, sa, extack);
	if (err)
		goto release;
	err = acme_sa_install(adev, sa, extack);
	if (!err)
		err = acme_sa_publish(adev, sa, extack);
	if (!err)
		return sa;

	/* the device may have learnt of the memory before it was lost */
	if (err == -EIO)
		acme_dev_lost(adev, "an SA can't be added");
release:
	acme_sa_release(sa);
	return ERR_PTR(err);
}

/**
 * acme_sa_del() - hide an SA and start its deletion
 * @adev: device
 * @sa: the SA
 *
 * Context: any but hard interrupts; never waits.
 */
void acme_sa_del(struct acme_dev *adev, struct acme_sa *sa)
{
	xa_erase_bh(&adev->ipsec.sas, sa->handle & ACME_SA_INDEX);
	acme_sa_post_del(adev, sa);
}

/**
 * acme_sa_free() - free an SA
 * @adev: device
 * @sa: the SA; acme_sa_wait_del() has returned
 *
 * Context: process.
 */
void acme_sa_free(struct acme_dev *adev, struct acme_sa *sa)
{
	atomic_dec(&adev->ipsec.num_sas);
	acme_sa_release(sa);
}

/**
 * acme_sa_find() - find an SA that the device names
 * @adev: device
 * @handle: its handle, as the device has it
 *
 * Context: RCU read side.
 * Return: the SA, NULL if it is unknown or its deletion has started.
 */
struct acme_sa *acme_sa_find(struct acme_dev *adev, u32 handle)
{
	struct acme_sa *sa;

	sa = xa_load(&adev->ipsec.sas, handle & ACME_SA_INDEX);
	return sa && sa->handle == handle ? sa : NULL;
}

static void acme_full_caps(struct net_device *netdev,
			   struct xfrm_full_caps *caps)
{
	acme_caps_fill(acme_ipsec_adev(netdev), caps);
}

static int acme_full_state_add(struct net_device *netdev, struct xfrm_state *x,
			       struct netlink_ext_ack *extack)
{
	struct acme_sa *sa;

	sa = acme_sa_add(acme_ipsec_adev(netdev), x, ACME_MODE_FULL, extack);
	if (IS_ERR(sa))
		return PTR_ERR(sa);
	x->full->handle = sa->handle;
	x->full->priv = sa;
	return 0;
}

static int acme_full_state_run(struct net_device *netdev, struct xfrm_state *x,
			       const struct xfrm_full_snapshot *snap)
{
	struct acme_sa *sa = x->full->priv;
	int err;

	sa->epoch = x->full->epoch;
	err = acme_sa_run(acme_ipsec_adev(netdev), sa, snap);
	if (!err)
		sa->stopped = false;
	return err;
}

static int acme_full_state_stop(struct net_device *netdev,
				struct xfrm_state *x,
				struct xfrm_full_snapshot *snap)
{
	struct acme_sa *sa = x->full->priv;
	int err;

	err = acme_sa_stop(acme_ipsec_adev(netdev), sa, snap);
	/* it may have been stopped by a command that was late */
	if (!err || err == -EBUSY)
		sa->stopped = true;
	return err;
}

static int acme_full_state_drain(struct net_device *netdev,
				 struct xfrm_state *x)
{
	return acme_tx_drain(netdev_priv(netdev));
}

static int acme_full_state_update(struct net_device *netdev,
				  struct xfrm_state *x,
				  const struct xfrm_full_update *upd,
				  struct netlink_ext_ack *extack)
{
	return acme_sa_update(acme_ipsec_adev(netdev), x->full->priv, upd,
			      extack);
}

/*
 * Of an SA that lives on in software, packets that the device has decrypted may
 * be in the Rx rings yet, and are as good as any: the driver has to know it until
 * they are through. The device does nothing with it any more.
 */
static void acme_full_state_del(struct net_device *netdev,
				struct xfrm_state *x)
{
	struct acme_sa *sa = x->full->priv;

	if (sa->inbound && sa->stopped &&
	    READ_ONCE(x->full->place) != XFRM_FULL_DEAD)
		return;
	sa->deleted = true;
	acme_sa_del(acme_ipsec_adev(netdev), sa);
}

/* Have all that the device has decrypted with a stopped SA delivered. */
static void acme_sa_finish_rx(struct acme_dev *adev, struct net_device *netdev,
			      const struct acme_sa *sa)
{
	__le32 handle = cpu_to_le32(sa->handle);

	acme_qps_drain_rx(netdev_priv(netdev));
	/* a frame that had no buffer until now comes before the answer */
	acme_adminq_cmd(adev, ACME_OP_SA_QUERY, &handle, sizeof(handle));
	acme_qps_drain_rx(netdev_priv(netdev));
}

static void acme_full_state_free(struct net_device *netdev,
				 struct xfrm_state *x)
{
	struct acme_dev *adev = acme_ipsec_adev(netdev);
	struct acme_sa *sa = x->full->priv;
	struct xfrm_full_stats stats;

	if (!sa->deleted) {
		acme_sa_finish_rx(adev, netdev, sa);
		acme_sa_del(adev, sa);
		/* the receive path and events may have found it before */
		synchronize_net();
	}
	acme_sa_wait_del(adev, sa);
	acme_sa_stats(sa, &stats);
	xfrm_full_last_stats(x, &stats);
	x->full->priv = NULL;
	acme_sa_free(adev, sa);
}

static void acme_full_stats(struct net_device *netdev, struct xfrm_state *x,
			    struct xfrm_full_stats *stats)
{
	acme_sa_stats(x->full->priv, stats);
}

static int acme_full_stats_sync(struct net_device *netdev,
				struct xfrm_state *x,
				struct xfrm_full_snapshot *snap)
{
	return acme_sa_query(acme_ipsec_adev(netdev), x->full->priv, snap);
}

static int acme_full_replay_test_set(struct net_device *netdev,
				     struct xfrm_state *x, u64 seq, u32 bytes)
{
	return acme_sa_replay_test_set(acme_ipsec_adev(netdev), x->full->priv,
				       seq, bytes);
}

static int acme_full_seq_alloc(struct net_device *netdev, struct xfrm_state *x,
			       u32 count, u64 bytes, u64 *first)
{
	return acme_sa_seq_alloc(acme_ipsec_adev(netdev), x->full->priv, count,
				 bytes, first);
}

static const struct xfrmdev_ops acme_xfrmdev_ops = {
	.xdo_dev_state_add = acme_state_add,
	.xdo_dev_state_delete = acme_state_delete,
	.xdo_dev_state_free = acme_state_free,
	.xdo_dev_offload_ok = acme_offload_ok,
	.xdo_dev_state_advance_esn = acme_state_advance_esn,
	.xdo_dev_state_update_stats = acme_state_update_stats,
	.xdo_dev_policy_add = acme_policy_add,
	.xdo_dev_policy_delete = acme_policy_delete,
	.xdo_dev_policy_free = acme_policy_free,
	.xdo_dev_full_caps = acme_full_caps,
	.xdo_dev_full_state_add = acme_full_state_add,
	.xdo_dev_full_state_run = acme_full_state_run,
	.xdo_dev_full_state_stop = acme_full_state_stop,
	.xdo_dev_full_state_drain = acme_full_state_drain,
	.xdo_dev_full_state_update = acme_full_state_update,
	.xdo_dev_full_state_del = acme_full_state_del,
	.xdo_dev_full_state_free = acme_full_state_free,
	.xdo_dev_full_stats = acme_full_stats,
	.xdo_dev_full_stats_sync = acme_full_stats_sync,
	.xdo_dev_full_replay_test_set = acme_full_replay_test_set,
	.xdo_dev_full_seq_alloc = acme_full_seq_alloc,
};

/**
 * acme_ipsec_set_ops() - offer IPsec offload, if the device has it
 * @adev: device
 * @netdev: its interface, not registered yet
 */
void acme_ipsec_set_ops(struct acme_dev *adev, struct net_device *netdev)
{
	if (!(adev->features & ACME_FEATURE_IPSEC))
		return;
	adev->ipsec.netdev = netdev;
	netdev->xfrmdev_ops = &acme_xfrmdev_ops;
	if (!(adev->ipsec.ipsec & ACME_IPSEC_CRYPTO))
		return;
	netdev->features |= NETIF_F_HW_ESP;
	netdev->hw_features |= NETIF_F_HW_ESP;
	netdev->hw_enc_features |= NETIF_F_HW_ESP | NETIF_F_SG |
				   NETIF_F_HIGHDMA;
}

static void acme_ipsec_lost_work(struct work_struct *work)
{
	struct acme_ipsec *ipsec = container_of(work, struct acme_ipsec,
						lost_work);
	struct net_device *netdev = READ_ONCE(ipsec->netdev);

	if (netdev)
		xfrm_full_dev_lost(netdev);
}

/**
 * acme_ipsec_lost() - the device is lost, and the SAs with it
 * @adev: device
 *
 * They expire soon, not now: the caller may be in an operation on one of them.
 *
 * Context: &acme_dev.lost_lock held.
 */
void acme_ipsec_lost(struct acme_dev *adev)
{
	lockdep_assert_held(&adev->lost_lock);

	if (adev->ipsec.netdev)
		queue_work(system_long_wq, &adev->ipsec.lost_work);
}

/**
 * acme_ipsec_unset() - the interface is about to go
 * @adev: device
 */
void acme_ipsec_unset(struct acme_dev *adev)
{
	int sas = atomic_read(&adev->ipsec.num_sas);

	if (sas)
		dev_warn(adev->dev, "the interface goes with %d SAs in it; add new ones, or their policies go on to block\n",
			 sas);

	mutex_lock(&adev->lost_lock);
	WRITE_ONCE(adev->ipsec.netdev, NULL);
	mutex_unlock(&adev->lost_lock);
	flush_work(&adev->ipsec.lost_work);
}

/**
 * acme_ipsec_init() - learn what the device can do, prepare for SAs
 * @adev: device
 *
 * Return: 0 or a negative errno.
 */
int acme_ipsec_init(struct acme_dev *adev)
{
	struct acme_ipsec *ipsec = &adev->ipsec;
	int err;

	xa_init_flags(&ipsec->sas, XA_FLAGS_LOCK_BH);
	spin_lock_init(&ipsec->lock);
	INIT_LIST_HEAD(&ipsec->policies);
	INIT_LIST_HEAD(&ipsec->packet_sas);
	INIT_WORK(&ipsec->lost_work, acme_ipsec_lost_work);
	if (!(adev->features & ACME_FEATURE_IPSEC))
		return 0;

	err = acme_caps_read(adev);
	if (!err)
		err = acme_audit_set(adev);
	if (err)
		return err;
	ipsec->stats_pool = dma_pool_create("acme SA stats", adev->dev,
					    sizeof(struct acme_sa_stats),
					    sizeof(struct acme_sa_stats), 0);
	return ipsec->stats_pool ? 0 : -ENOMEM;
}

void acme_ipsec_cleanup(struct acme_dev *adev)
{
	WARN_ON(!xa_empty(&adev->ipsec.sas));
	xa_destroy(&adev->ipsec.sas);
	/* acme_sa_release_rcu() */
	rcu_barrier();
	dma_pool_destroy(adev->ipsec.stats_pool);
}
