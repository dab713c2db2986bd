// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: XFRM_MSG_GETOFFLOAD tells what devices can do.
 */

#include <linux/bitops.h>
#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <net/netlink.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

/* All lengths that a mask of BIT_ULL(bytes) can name. */
#define XFRM_FULL_MAX_LENS	64

static int xfrm_full_put_lens(struct sk_buff *skb, int type, u64 lens)
{
	u16 bits[XFRM_FULL_MAX_LENS];
	int len, n = 0;

	for (len = 1; len < BITS_PER_TYPE(lens); len++)
		if (lens & BIT_ULL(len))
			bits[n++] = len * BITS_PER_BYTE;

	return nla_put(skb, type, n * sizeof(bits[0]), bits);
}

static int xfrm_full_put_name(struct sk_buff *skb, int type, const char *name)
{
	return name ? nla_put_string(skb, type, name) : 0;
}

static int xfrm_full_put_alg(struct sk_buff *skb,
			     const struct xfrm_full_alg_name *name,
			     const struct xfrm_full_alg_caps *caps)
{
	struct nlattr *nest;

	nest = nla_nest_start(skb, XFRM_OFFLOADA_ALG);
	if (!nest)
		return -EMSGSIZE;

	if (xfrm_full_put_name(skb, XFRM_OFFLOAD_ALGA_AEAD, name->aead) ||
	    xfrm_full_put_name(skb, XFRM_OFFLOAD_ALGA_CRYPT, name->crypt) ||
	    xfrm_full_put_name(skb, XFRM_OFFLOAD_ALGA_AUTH, name->auth) ||
	    xfrm_full_put_lens(skb, XFRM_OFFLOAD_ALGA_KEYS, caps->keys) ||
	    xfrm_full_put_lens(skb, XFRM_OFFLOAD_ALGA_ICVS, caps->icvs))
		return -EMSGSIZE;

	nla_nest_end(skb, nest);
	return 0;
}

static int xfrm_full_put_caps(struct sk_buff *skb,
			      const struct xfrm_full_caps *caps)
{
	int i;

	if (nla_put_u32(skb, XFRM_OFFLOADA_CAPS, caps->flags) ||
	    nla_put_u32(skb, XFRM_OFFLOADA_WINDOW_MIN, caps->window_min) ||
	    nla_put_u32(skb, XFRM_OFFLOADA_WINDOW_MAX, caps->window_max) ||
	    nla_put_u32(skb, XFRM_OFFLOADA_STATES, caps->states) ||
	    nla_put_u32(skb, XFRM_OFFLOADA_STATES_MAX, caps->states_max) ||
	    nla_put_u32(skb, XFRM_OFFLOADA_POLICIES, caps->policies) ||
	    nla_put_u32(skb, XFRM_OFFLOADA_POLICIES_MAX, caps->policies_max))
		return -EMSGSIZE;

	for (i = 0; i < XFRM_FULL_ALG_MAX; i++)
		if (caps->algs[i].keys &&
		    xfrm_full_put_alg(skb, &xfrm_full_algs[i], &caps->algs[i]))
			return -EMSGSIZE;

	return 0;
}

/**
 * xfrm_full_compat() - give a message to 32-bit listeners, too
 * @skb: the message's buffer
 * @nlh: the message, complete
 *
 * Return: 0, or a negative errno.
 */
int xfrm_full_compat(struct sk_buff *skb, const struct nlmsghdr *nlh)
{
	struct xfrm_translator *xtr = xfrm_get_translator();
	int err = 0;

	if (xtr) {
		err = xtr->alloc_compat(skb, nlh);
		xfrm_put_translator(xtr);
	}

	return err;
}

static int xfrm_full_put_dev(struct sk_buff *skb, struct net_device *dev,
			     const struct sk_buff *req, u32 seq, int flags)
{
	struct xfrm_user_offload_dev *head;
	struct xfrm_full_caps caps;
	struct nlmsghdr *nlh;
	int err;

	nlh = nlmsg_put(skb, NETLINK_CB(req).portid, seq, XFRM_MSG_NEWOFFLOAD,
			sizeof(*head), flags);
	if (!nlh)
		return -EMSGSIZE;

	head = nlmsg_data(nlh);
	head->ifindex = dev->ifindex;
	xfrm_full_dev_caps(dev, &caps);
	err = xfrm_full_put_caps(skb, &caps);
	if (err) {
		nlmsg_cancel(skb, nlh);
		return err;
	}

	nlmsg_end(skb, nlh);
	err = xfrm_full_compat(skb, nlh);
	if (err)
		nlmsg_cancel(skb, nlh);
	return err;
}

static int xfrm_full_answer(struct sk_buff *answer, struct sk_buff *req,
			    const struct nlmsghdr *nlh,
			    struct netlink_ext_ack *extack)
{
	const struct xfrm_user_offload_dev *head = nlmsg_data(nlh);
	struct net *net = sock_net(req->sk);
	struct net_device *dev;
	int err;

	rcu_read_lock();
	dev = xfrm_full_dev_rcu(net, head->ifindex, extack);
	if (IS_ERR(dev))
		err = PTR_ERR(dev);
	else
		err = xfrm_full_put_dev(answer, dev, req, nlh->nlmsg_seq, 0);
	rcu_read_unlock();

	return err;
}

/**
 * xfrm_full_get_offload() - XFRM_MSG_GETOFFLOAD for one device
 * @skb: the request
 * @nlh: its header
 * @attrs: its attributes
 * @extack: says what is wrong
 *
 * Context: process.
 * Return: 0, or a negative errno.
 */
int xfrm_full_get_offload(struct sk_buff *skb, struct nlmsghdr *nlh,
			  struct nlattr **attrs, struct netlink_ext_ack *extack)
{
	struct net *net = sock_net(skb->sk);
	struct sk_buff *answer;
	int err;

	answer = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!answer)
		return -ENOMEM;

	err = xfrm_full_answer(answer, skb, nlh, extack);
	if (err) {
		kfree_skb(answer);
		return err;
	}

	return nlmsg_unicast(net->xfrm.nlsk_stash, answer,
			     NETLINK_CB(skb).portid);
}

/**
 * xfrm_full_dump_offload() - XFRM_MSG_GETOFFLOAD for all devices
 * @skb: the answer
 * @cb: where the dump is
 *
 * Context: process.
 * Return: see netlink_dump_start().
 */
int xfrm_full_dump_offload(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct {
		unsigned long ifindex;
	} *ctx = (void *)cb->ctx;
	struct net *net = sock_net(skb->sk);
	struct net_device *dev;
	int err = 0;

	rcu_read_lock();
	for_each_netdev_dump(net, dev, ctx->ifindex) {
		if (!xfrm_full_capable(dev))
			continue;
		err = xfrm_full_put_dev(skb, dev, cb->skb, cb->nlh->nlmsg_seq,
					NLM_F_MULTI);
		if (err)
			break;
	}
	rcu_read_unlock();

	return err;
}
