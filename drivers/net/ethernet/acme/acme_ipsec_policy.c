// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPsec: outbound policies of packet offload.
 *
 * With packet offload a packet comes to the driver without a word about its SA:
 * the policy says which. Devices made for this have steering tables; here the
 * driver looks through a list, in the order of priority, for each packet that
 * has no other SA. Inbound policies need nothing: XFRM takes the device's word.
 *
 * Both lists are read under RCU.
 */

#include <linux/rculist.h>
#include <linux/slab.h>
#include <net/xfrm.h>

#include "acme.h"
#include "acme_ipsec_sa.h"

/**
 * struct acme_policy - an outbound policy
 * @node: entry in the list
 * @sel: its packets
 * @priority: smaller comes first
 * @block: drop them
 * @protect: they need an SA; without this and @block they pass as they are
 * @tmpl: the SA that they need
 * @rcu: for freeing
 */
struct acme_policy {
	struct list_head node;
	struct xfrm_selector sel;
	u32 priority;
	bool block;
	bool protect;
	struct xfrm_tmpl tmpl;
	struct rcu_head rcu;
};

static bool acme_policy_match4(const struct xfrm_selector *sel,
			       const struct flowi *fl)
{
	const struct flowi4 *fl4 = &fl->u.ip4;

	return addr4_match(fl4->daddr, sel->daddr.a4, sel->prefixlen_d) &&
	       addr4_match(fl4->saddr, sel->saddr.a4, sel->prefixlen_s) &&
	       !((xfrm_flowi_dport(fl, &fl4->uli) ^ sel->dport) &
		 sel->dport_mask) &&
	       !((xfrm_flowi_sport(fl, &fl4->uli) ^ sel->sport) &
		 sel->sport_mask) &&
	       (!sel->proto || fl4->flowi4_proto == sel->proto);
}

static bool acme_policy_match6(const struct xfrm_selector *sel,
			       const struct flowi *fl)
{
	const struct flowi6 *fl6 = &fl->u.ip6;

	return addr_match(&fl6->daddr, &sel->daddr, sel->prefixlen_d) &&
	       addr_match(&fl6->saddr, &sel->saddr, sel->prefixlen_s) &&
	       !((xfrm_flowi_dport(fl, &fl6->uli) ^ sel->dport) &
		 sel->dport_mask) &&
	       !((xfrm_flowi_sport(fl, &fl6->uli) ^ sel->sport) &
		 sel->sport_mask) &&
	       (!sel->proto || fl6->flowi6_proto == sel->proto);
}

static bool acme_policy_match(const struct acme_policy *pol,
			      const struct flowi *fl, u16 family)
{
	if (family != pol->sel.family && pol->sel.family != AF_UNSPEC)
		return false;
	return family == AF_INET ? acme_policy_match4(&pol->sel, fl) :
				   acme_policy_match6(&pol->sel, fl);
}

static const struct acme_policy *
acme_policy_find(struct acme_dev *adev, const struct flowi *fl, u16 family)
{
	const struct acme_policy *pol;

	list_for_each_entry_rcu(pol, &adev->ipsec.policies, node)
		if (acme_policy_match(pol, fl, family))
			return pol;
	return NULL;
}

static bool acme_policy_wants(const struct acme_policy *pol,
			      const struct xfrm_state *x,
			      const struct flowi *fl, u16 family)
{
	const struct xfrm_tmpl *tmpl = &pol->tmpl;
	const xfrm_address_t *saddr, *daddr;

	if (tmpl->mode != x->props.mode || tmpl->reqid != x->props.reqid)
		return false;
	if (tmpl->mode == XFRM_MODE_TUNNEL) {
		family = tmpl->encap_family;
		saddr = &tmpl->saddr;
		daddr = &tmpl->id.daddr;
	} else if (family == AF_INET) {
		saddr = (const xfrm_address_t *)&fl->u.ip4.saddr;
		daddr = (const xfrm_address_t *)&fl->u.ip4.daddr;
	} else {
		saddr = (const xfrm_address_t *)&fl->u.ip6.saddr;
		daddr = (const xfrm_address_t *)&fl->u.ip6.daddr;
	}
	return family == x->props.family &&
	       xfrm_addr_equal(daddr, &x->id.daddr, family) &&
	       xfrm_addr_equal(saddr, &x->props.saddr, family);
}

static int acme_policy_set_sa(struct acme_dev *adev,
			      const struct acme_policy *pol,
			      const struct flowi *fl, u16 family,
			      struct acme_tx_sa *tx)
{
	const struct acme_sa *sa;

	list_for_each_entry_rcu(sa, &adev->ipsec.packet_sas, node) {
		if (!acme_policy_wants(pol, sa->x, fl, family))
			continue;
		tx->flags = ACME_TXD_SA;
		tx->handle = sa->handle;
		return 0;
	}
	return -ENOENT;
}

/**
 * acme_policy_tx() - what the policies say about a packet
 * @adev: device
 * @skb: packet
 * @tx: filled in
 *
 * Context: ndo_start_xmit().
 * Return: 0, or a negative errno if the packet must be dropped.
 */
int acme_policy_tx(struct acme_dev *adev, struct sk_buff *skb,
		   struct acme_tx_sa *tx)
{
	const struct acme_policy *pol;
	struct flowi fl = {};
	int err = 0;
	u16 family;

	if (skb->protocol == htons(ETH_P_IP))
		family = AF_INET;
	else if (skb->protocol == htons(ETH_P_IPV6))
		family = AF_INET6;
	else
		return 0;
	if (xfrm_decode_session(dev_net(skb->dev), skb, &fl, family))
		return -EINVAL;

	rcu_read_lock();
	pol = acme_policy_find(adev, &fl, family);
	if (pol && pol->block)
		err = -EPERM;
	else if (pol && pol->protect)
		err = acme_policy_set_sa(adev, pol, &fl, family, tx);
	rcu_read_unlock();
	return err;
}

/**
 * acme_policy_add_sa() - let policies find an SA
 * @adev: device
 * @sa: the SA; nothing is done if it has no packet offload or is inbound
 *
 * The latest SA that suits a policy is taken.
 */
void acme_policy_add_sa(struct acme_dev *adev, struct acme_sa *sa)
{
	INIT_LIST_HEAD(&sa->node);
	if (sa->mode != ACME_MODE_PACKET || sa->inbound)
		return;
	spin_lock_bh(&adev->ipsec.lock);
	list_add_rcu(&sa->node, &adev->ipsec.packet_sas);
	spin_unlock_bh(&adev->ipsec.lock);
}

/**
 * acme_policy_del_sa() - undo acme_policy_add_sa()
 * @adev: device
 * @sa: the SA
 */
void acme_policy_del_sa(struct acme_dev *adev, struct acme_sa *sa)
{
	if (sa->mode != ACME_MODE_PACKET || sa->inbound)
		return;
	spin_lock_bh(&adev->ipsec.lock);
	list_del_rcu(&sa->node);
	spin_unlock_bh(&adev->ipsec.lock);
}

static int acme_policy_check(const struct xfrm_policy *xp,
			     struct netlink_ext_ack *extack)
{
	if (xp->xdo.dir == XFRM_DEV_OFFLOAD_FWD) {
		NL_SET_ERR_MSG_MOD(extack,
				   "forward policies can't be offloaded; leave out offload");
		return -EOPNOTSUPP;
	}
	if (xp->type != XFRM_POLICY_TYPE_MAIN) {
		NL_SET_ERR_MSG_MOD(extack,
				   "sub-policies can't be offloaded; use ptype main");
		return -EOPNOTSUPP;
	}
	if (xp->xfrm_nr > 1) {
		NL_SET_ERR_MSG_MOD(extack,
				   "a policy with several templates can't be offloaded; use one");
		return -EOPNOTSUPP;
	}
	if (xp->selector.ifindex) {
		NL_SET_ERR_MSG_MOD(extack,
				   "a selector with an interface is not supported; leave out dev");
		return -EOPNOTSUPP;
	}
	return 0;
}

static void acme_policy_insert(struct acme_ipsec *ipsec,
			       struct acme_policy *new)
{
	struct acme_policy *pol;

	spin_lock_bh(&ipsec->lock);
	list_for_each_entry(pol, &ipsec->policies, node)
		if (pol->priority > new->priority)
			break;
	list_add_tail_rcu(&new->node, &pol->node);
	spin_unlock_bh(&ipsec->lock);
}

/**
 * acme_policy_add() - xdo_dev_policy_add
 * @xp: policy
 * @extack: says why not
 *
 * Return: 0 or a negative errno.
 */
int acme_policy_add(struct xfrm_policy *xp, struct netlink_ext_ack *extack)
{
	struct acme_dev *adev = acme_ipsec_adev(xp->xdo.dev);
	struct acme_policy *pol;
	int err;

	err = acme_policy_check(xp, extack);
	if (err || xp->xdo.dir != XFRM_DEV_OFFLOAD_OUT)
		return err;
	pol = kzalloc(sizeof(*pol), GFP_KERNEL);
	if (!pol)
		return -ENOMEM;
	pol->sel = xp->selector;
	pol->priority = xp->priority;
	pol->block = xp->action == XFRM_POLICY_BLOCK;
	pol->protect = xp->xfrm_nr;
	pol->tmpl = xp->xfrm_vec[0];
	acme_policy_insert(&adev->ipsec, pol);
	xp->xdo.offload_handle = (unsigned long)pol;
	return 0;
}

/**
 * acme_policy_delete() - xdo_dev_policy_delete
 * @xp: policy
 */
void acme_policy_delete(struct xfrm_policy *xp)
{
	struct acme_policy *pol = (struct acme_policy *)xp->xdo.offload_handle;
	struct acme_dev *adev = acme_ipsec_adev(xp->xdo.dev);

	if (!pol)
		return;
	xp->xdo.offload_handle = 0;
	spin_lock_bh(&adev->ipsec.lock);
	list_del_rcu(&pol->node);
	spin_unlock_bh(&adev->ipsec.lock);
	kfree_rcu(pol, rcu);
}

/**
 * acme_policy_free() - xdo_dev_policy_free
 * @xp: policy, perhaps never deleted
 */
void acme_policy_free(struct xfrm_policy *xp)
{
	acme_policy_delete(xp);
}
