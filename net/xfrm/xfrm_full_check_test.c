// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: unit tests of what is refused, and with which words.
 */

#include <kunit/test.h>
#include <linux/etherdevice.h>
#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <net/netlink.h>
#include <net/net_namespace.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

#define XFRM_FULL_TEST_REFUSAL	"Full offload doesn't support "

/**
 * struct xfrm_full_test - what every test has
 * @dev: a registered device that can do full offload
 * @x: an SA that can be offloaded
 * @xp: a policy that can be offloaded
 * @xuo: a request for it
 * @attr: the same as an attribute
 * @attrs: and with the others
 * @others: attributes to be pointed at, without content
 * @extack: what the refusal said
 */
struct xfrm_full_test {
	struct net_device		*dev;
	struct xfrm_state		*x;
	struct xfrm_policy		*xp;
	struct xfrm_user_offload	xuo;
	struct {
		struct nlattr			head;
		struct xfrm_user_offload	xuo;
	} attr;
	struct nlattr			*attrs[XFRMA_MAX + 1];
	struct nlattr			others[XFRMA_MAX + 1];
	struct netlink_ext_ack		extack;
};

static netdev_tx_t xfrm_full_test_xmit(struct sk_buff *skb,
				       struct net_device *dev)
{
	kfree_skb(skb);
	return NETDEV_TX_OK;
}

static int xfrm_full_test_add(struct net_device *dev, struct xfrm_state *x,
			      struct netlink_ext_ack *extack)
{
	return 0;
}

static int xfrm_full_test_run(struct net_device *dev, struct xfrm_state *x,
			      const struct xfrm_full_snapshot *snap)
{
	return 0;
}

static int xfrm_full_test_sync(struct net_device *dev, struct xfrm_state *x,
			       struct xfrm_full_snapshot *snap)
{
	return 0;
}

static void xfrm_full_test_del(struct net_device *dev, struct xfrm_state *x)
{
}

static void xfrm_full_test_stats(struct net_device *dev, struct xfrm_state *x,
				 struct xfrm_full_stats *stats)
{
}

static const struct net_device_ops xfrm_full_test_ndo = {
	.ndo_start_xmit = xfrm_full_test_xmit,
};

static const struct xfrmdev_ops xfrm_full_test_ops = {
	.xdo_dev_full_state_add = xfrm_full_test_add,
	.xdo_dev_full_state_run = xfrm_full_test_run,
	.xdo_dev_full_state_del = xfrm_full_test_del,
	.xdo_dev_full_state_free = xfrm_full_test_del,
	.xdo_dev_full_stats = xfrm_full_test_stats,
	.xdo_dev_full_stats_sync = xfrm_full_test_sync,
};

static int xfrm_full_test_dev(struct kunit *test, struct xfrm_full_test *t)
{
	int err;

	t->dev = alloc_netdev(0, "xfulltest%d", NET_NAME_ENUM, ether_setup);
	if (!t->dev)
		return -ENOMEM;

	t->dev->netdev_ops = &xfrm_full_test_ndo;
	t->dev->xfrmdev_ops = &xfrm_full_test_ops;
	netif_keep_dst(t->dev);
	err = register_netdev(t->dev);
	if (err) {
		free_netdev(t->dev);
		t->dev = NULL;
	}

	return err;
}

static void xfrm_full_test_describe(struct kunit *test,
				    struct xfrm_full_test *t)
{
	struct xfrm_lifetime_cfg unlimited = {
		.soft_byte_limit = XFRM_INF,
		.hard_byte_limit = XFRM_INF,
		.soft_packet_limit = XFRM_INF,
		.hard_packet_limit = XFRM_INF,
	};

	t->x->id.proto = IPPROTO_ESP;
	t->x->props.mode = XFRM_MODE_TUNNEL;
	t->x->props.family = AF_INET;
	t->x->sel.family = AF_INET;
	t->x->aead = kunit_kzalloc(test, sizeof(*t->x->aead), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->x->aead);
	strscpy(t->x->aead->alg_name, "rfc4106(gcm(aes))");
	t->x->aead->alg_key_len = 160;
	t->x->aead->alg_icv_len = 128;
	t->x->lft = unlimited;
	t->x->pcpu_num = UINT_MAX;

	t->xp->xfrm_nr = 1;
	t->xp->xfrm_vec[0].id.proto = IPPROTO_ESP;
	t->xp->xfrm_vec[0].mode = XFRM_MODE_TUNNEL;

	t->xuo.ifindex = t->dev->ifindex;
	t->xuo.flags = XFRM_OFFLOAD_FULL;
}

static int xfrm_full_test_init(struct kunit *test)
{
	struct xfrm_full_test *t;
	int err;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->x = kunit_kzalloc(test, sizeof(*t->x), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->x);
	t->xp = kunit_kzalloc(test, sizeof(*t->xp), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->xp);

	err = xfrm_full_test_dev(test, t);
	if (err)
		return err;

	xfrm_full_test_describe(test, t);
	return 0;
}

static void xfrm_full_test_exit(struct kunit *test)
{
	struct xfrm_full_test *t = test->priv;

	kfree(t->xp->full);
	if (!t->dev)
		return;
	unregister_netdev(t->dev);
	free_netdev(t->dev);
}

static struct nlattr **xfrm_full_test_attrs(struct xfrm_full_test *t)
{
	t->attr.head.nla_len = nla_attr_size(sizeof(t->xuo));
	t->attr.xuo = t->xuo;
	t->attrs[XFRMA_OFFLOAD_DEV] = &t->attr.head;
	t->extack = (struct netlink_ext_ack) {};
	return t->attrs;
}

static int xfrm_full_test_state(struct xfrm_full_test *t)
{
	struct nlattr **attrs = xfrm_full_test_attrs(t);
	u32 idle;

	return xfrm_full_check_state(&init_net, t->x, attrs, &idle,
				     &t->extack);
}

static int xfrm_full_test_policy(struct xfrm_full_test *t)
{
	struct nlattr **attrs = xfrm_full_test_attrs(t);

	return xfrm_full_policy_init(&init_net, t->xp, attrs, &t->extack);
}

static void xfrm_full_test_accepts(struct kunit *test)
{
	struct xfrm_full_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, 0, xfrm_full_test_state(t));
	t->x->props.mode = XFRM_MODE_TRANSPORT;
	t->xuo.flags |= XFRM_OFFLOAD_INBOUND;
	KUNIT_EXPECT_EQ(test, 0, xfrm_full_test_state(t));
	KUNIT_EXPECT_NULL(test, t->extack._msg);
}

static void xfrm_full_test_accepts_policy(struct kunit *test)
{
	struct xfrm_full_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, 0, xfrm_full_test_policy(t));
	KUNIT_ASSERT_NOT_NULL(test, t->xp->full);
	KUNIT_EXPECT_EQ(test, t->dev->ifindex, t->xp->full->ifindex);
}

static void xfrm_full_test_unknown_device(struct kunit *test)
{
	struct xfrm_full_test *t = test->priv;

	t->xuo.ifindex = INT_MAX;
	KUNIT_EXPECT_EQ(test, -ENODEV, xfrm_full_test_state(t));
	KUNIT_EXPECT_NOT_NULL(test, t->extack._msg);
	KUNIT_EXPECT_NOT_NULL(test, t->extack.bad_attr);
	KUNIT_EXPECT_EQ(test, -ENODEV, xfrm_full_test_policy(t));
	KUNIT_EXPECT_PTR_EQ(test, &t->attr.head, t->extack.bad_attr);
	KUNIT_EXPECT_NULL(test, t->xp->full);
}

static void xfrm_full_test_plain_device(struct kunit *test)
{
	struct xfrm_full_test *t = test->priv;

	t->dev->xfrmdev_ops = NULL;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, xfrm_full_test_state(t));
	KUNIT_EXPECT_NOT_NULL(test, t->extack._msg);
	KUNIT_EXPECT_NOT_NULL(test, t->extack.bad_attr);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, xfrm_full_test_policy(t));
	KUNIT_EXPECT_PTR_EQ(test, &t->attr.head, t->extack.bad_attr);
}

/* It would send packets in clear, without the dst that names the SA. */
static void xfrm_full_test_dst_release(struct kunit *test)
{
	struct xfrm_full_test *t = test->priv;

	t->dev->priv_flags |= IFF_XMIT_DST_RELEASE;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, xfrm_full_test_state(t));
	KUNIT_EXPECT_NOT_NULL(test, t->extack._msg);
}

static void xfrm_full_test_full_and_packet(struct kunit *test)
{
	struct xfrm_full_test *t = test->priv;

	t->xuo.flags |= XFRM_OFFLOAD_PACKET;
	KUNIT_EXPECT_EQ(test, -EINVAL, xfrm_full_test_state(t));
	KUNIT_EXPECT_NOT_NULL(test, t->extack._msg);
	KUNIT_EXPECT_NOT_NULL(test, t->extack.bad_attr);
	KUNIT_EXPECT_EQ(test, -EINVAL, xfrm_full_test_policy(t));
	KUNIT_EXPECT_PTR_EQ(test, &t->attr.head, t->extack.bad_attr);
}

static void xfrm_full_test_direction(struct kunit *test)
{
	struct xfrm_full_test *t = test->priv;

	t->x->dir = XFRM_SA_DIR_IN;
	KUNIT_EXPECT_EQ(test, -EINVAL, xfrm_full_test_state(t));
	KUNIT_EXPECT_NOT_NULL(test, t->extack._msg);
	t->xuo.flags |= XFRM_OFFLOAD_INBOUND;
	KUNIT_EXPECT_EQ(test, 0, xfrm_full_test_state(t));
}

static void xfrm_full_spoil_proto(struct xfrm_full_test *t)
{
	t->x->id.proto = IPPROTO_AH;
}

static void xfrm_full_spoil_mode(struct xfrm_full_test *t)
{
	t->x->props.mode = XFRM_MODE_BEET;
}

static void xfrm_full_spoil_mode_iptfs(struct xfrm_full_test *t)
{
	t->x->props.mode = 5;
}

static void xfrm_full_spoil_tfc(struct xfrm_full_test *t)
{
	t->x->tfcpad = 1400;
}

static void xfrm_full_spoil_wrap(struct xfrm_full_test *t)
{
	t->x->props.extra_flags |= XFRM_SA_XFLAG_OSEQ_MAY_WRAP;
}

static void xfrm_full_spoil_wildcard(struct xfrm_full_test *t)
{
	t->x->props.flags |= XFRM_STATE_WILDRECV;
}

static void xfrm_full_spoil_pcpu(struct xfrm_full_test *t)
{
	t->x->pcpu_num = 0;
}

static void xfrm_full_spoil_tmpl_none(struct xfrm_full_test *t)
{
	t->xp->xfrm_nr = 0;
}

static void xfrm_full_spoil_tmpl_several(struct xfrm_full_test *t)
{
	t->xp->xfrm_nr = 2;
}

static void xfrm_full_spoil_tmpl_proto(struct xfrm_full_test *t)
{
	t->xp->xfrm_vec[0].id.proto = IPPROTO_COMP;
}

static void xfrm_full_spoil_tmpl_optional(struct xfrm_full_test *t)
{
	t->xp->xfrm_vec[0].optional = 1;
}

static void xfrm_full_spoil_type(struct xfrm_full_test *t)
{
	t->xp->type = XFRM_POLICY_TYPE_SUB;
}

static void xfrm_full_spoil_policy_if_id(struct xfrm_full_test *t)
{
	t->xp->if_id = 7;
}

struct xfrm_full_refusal {
	const char *what;
	void (*spoil)(struct xfrm_full_test *t);
	int (*request)(struct xfrm_full_test *t);
	int blames;
};

static const struct xfrm_full_refusal xfrm_full_refusals[] = {
	{ "AH; use ESP", xfrm_full_spoil_proto, xfrm_full_test_state,
	  XFRMA_OFFLOAD_DEV },
	{ "BEET mode; use tunnel or transport", xfrm_full_spoil_mode,
	  xfrm_full_test_state, XFRMA_OFFLOAD_DEV },
	{ "IP-TFS; use mode tunnel", xfrm_full_spoil_mode_iptfs,
	  xfrm_full_test_state, XFRMA_OFFLOAD_DEV },
	{ "TFC padding; leave it out", xfrm_full_spoil_tfc,
	  xfrm_full_test_state, XFRMA_TFCPAD },
	{ "oseq-may-wrap; leave it out", xfrm_full_spoil_wrap,
	  xfrm_full_test_state, XFRMA_SA_EXTRA_FLAGS },
	{ "wildcard receive; leave out wildrecv", xfrm_full_spoil_wildcard,
	  xfrm_full_test_state, XFRMA_OFFLOAD_DEV },
	{ "per-CPU SAs; leave out the CPU", xfrm_full_spoil_pcpu,
	  xfrm_full_test_state, XFRMA_SA_PCPU },
	{ "policies without a template; add one", xfrm_full_spoil_tmpl_none,
	  xfrm_full_test_policy, XFRMA_OFFLOAD_DEV },
	{ "policies with several templates; use one", xfrm_full_spoil_tmpl_several,
	  xfrm_full_test_policy, XFRMA_TMPL },
	{ "IPComp; use ESP", xfrm_full_spoil_tmpl_proto, xfrm_full_test_policy,
	  XFRMA_TMPL },
	{ "optional templates; use level required", xfrm_full_spoil_tmpl_optional,
	  xfrm_full_test_policy, XFRMA_TMPL },
	{ "sub-policies; use type main", xfrm_full_spoil_type, xfrm_full_test_policy,
	  XFRMA_POLICY_TYPE },
	{ "interface ids; leave them out", xfrm_full_spoil_policy_if_id,
	  xfrm_full_test_policy, XFRMA_IF_ID },
};

static void xfrm_full_refusal_name(const struct xfrm_full_refusal *refusal,
				   char *name)
{
	snprintf(name, KUNIT_PARAM_DESC_SIZE, "%s", refusal->what);
}

KUNIT_ARRAY_PARAM(xfrm_full_refusals, xfrm_full_refusals,
		  xfrm_full_refusal_name);

static void xfrm_full_test_refuses(struct kunit *test)
{
	const struct xfrm_full_refusal *refusal = test->param_value;
	struct xfrm_full_test *t = test->priv;
	size_t len = strlen(XFRM_FULL_TEST_REFUSAL);

	refusal->spoil(t);
	if (refusal->blames != XFRMA_OFFLOAD_DEV)
		t->attrs[refusal->blames] = &t->others[refusal->blames];
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, refusal->request(t));
	KUNIT_ASSERT_NOT_NULL(test, t->extack._msg);
	KUNIT_ASSERT_GT(test, strlen(t->extack._msg), len);
	KUNIT_EXPECT_STREQ(test, refusal->what, t->extack._msg + len);
	KUNIT_EXPECT_PTR_EQ(test, t->attrs[refusal->blames],
			    t->extack.bad_attr);
	KUNIT_EXPECT_NULL(test, t->xp->full);
}

static struct kunit_case xfrm_full_check_cases[] = {
	KUNIT_CASE(xfrm_full_test_accepts),
	KUNIT_CASE(xfrm_full_test_accepts_policy),
	KUNIT_CASE(xfrm_full_test_unknown_device),
	KUNIT_CASE(xfrm_full_test_plain_device),
	KUNIT_CASE(xfrm_full_test_dst_release),
	KUNIT_CASE(xfrm_full_test_full_and_packet),
	KUNIT_CASE(xfrm_full_test_direction),
	KUNIT_CASE_PARAM(xfrm_full_test_refuses, xfrm_full_refusals_gen_params),
	{}
};

static struct kunit_suite xfrm_full_check_suite = {
	.name = "xfrm_full_check",
	.init = xfrm_full_test_init,
	.exit = xfrm_full_test_exit,
	.test_cases = xfrm_full_check_cases,
};

kunit_test_suite(xfrm_full_check_suite);

MODULE_DESCRIPTION("KUnit tests of what IPsec full offload refuses");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
