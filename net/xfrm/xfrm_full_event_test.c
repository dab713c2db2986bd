// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: unit tests of events without an SA, and of those that make no
 * sense.  The rest needs SAs in a device.
 */

#include <kunit/test.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <net/ip.h>
#include <net/net_namespace.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

/**
 * struct xfrm_full_event_case - an event, and what it counts
 * @name: of the case
 * @ev: the event
 * @mib: the counter
 * @adds: how much it counts
 */
struct xfrm_full_event_case {
	const char		*name;
	struct xfrm_full_event	ev;
	int			mib;
	unsigned long		adds;
};

static const struct xfrm_full_event_case xfrm_full_event_cases[] = {
	{
		.name = "inbound, discarded by policy",
		.ev = {
			.type = XFRM_FULL_EVENT_POLICY,
			.dir = XFRM_SA_DIR_IN,
			.family = AF_INET,
		},
		.mib = LINUX_MIB_XFRMINPOLBLOCK,
		.adds = 1,
	}, {
		.name = "outbound, discarded by policy, others suppressed",
		.ev = {
			.type = XFRM_FULL_EVENT_POLICY,
			.dir = XFRM_SA_DIR_OUT,
			.family = AF_INET6,
			.suppressed = 4,
		},
		.mib = LINUX_MIB_XFRMOUTPOLBLOCK,
		.adds = 5,
	}, {
		.name = "no SA",
		.ev = {
			.type = XFRM_FULL_EVENT_NO_SA,
			.dir = XFRM_SA_DIR_IN,
			.family = AF_INET,
			.spi = cpu_to_be32(4711),
			.suppressed = 1,
		},
		.mib = LINUX_MIB_XFRMINNOSTATES,
		.adds = 2,
	}, {
		.name = "events were lost",
		.ev = { .type = XFRM_FULL_EVENT_LOST, .suppressed = 7 },
		.mib = LINUX_MIB_XFRMFULLEVENTERROR,
		.adds = 0,
	}, {
		.name = "of an SA that is none",
		.ev = { .type = XFRM_FULL_EVENT_ICV, .family = AF_INET },
		.mib = LINUX_MIB_XFRMFULLEVENTERROR,
		.adds = 1,
	}, {
		.name = "an unknown type",
		.ev = { .type = XFRM_FULL_EVENT_MAX },
		.mib = LINUX_MIB_XFRMFULLEVENTERROR,
		.adds = 1,
	}, {
		.name = "an unknown direction",
		.ev = {
			.type = XFRM_FULL_EVENT_POLICY,
			.dir = XFRM_SA_DIR_OUT + 1,
		},
		.mib = LINUX_MIB_XFRMFULLEVENTERROR,
		.adds = 1,
	}, {
		.name = "an unknown family",
		.ev = { .type = XFRM_FULL_EVENT_LOST, .family = AF_UNIX },
		.mib = LINUX_MIB_XFRMFULLEVENTERROR,
		.adds = 1,
	}, {
		.name = "a length without bytes",
		.ev = { .type = XFRM_FULL_EVENT_LOST, .data_len = 1 },
		.mib = LINUX_MIB_XFRMFULLEVENTERROR,
		.adds = 1,
	}, {
		.name = "too many bytes",
		.ev = {
			.type = XFRM_FULL_EVENT_LOST,
			.data = "x",
			.data_len = XFRM_FULL_EVENT_DATA_MAX + 1,
		},
		.mib = LINUX_MIB_XFRMFULLEVENTERROR,
		.adds = 1,
	},
};

static void xfrm_full_event_case_name(const struct xfrm_full_event_case *c,
				      char *name)
{
	strscpy(name, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(xfrm_full_event_cases, xfrm_full_event_cases,
		  xfrm_full_event_case_name);

static unsigned long xfrm_full_test_mib(int mib)
{
	return snmp_fold_field(init_net.mib.xfrm_statistics, mib);
}

static void xfrm_full_test_counts(struct kunit *test)
{
	const struct xfrm_full_event_case *c = test->param_value;
	struct net_device *dev;
	unsigned long before;

	dev = kunit_kzalloc(test, sizeof(*dev), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, dev);
	dev_net_set(dev, &init_net);
	strscpy(dev->name, "kunit");

	before = xfrm_full_test_mib(c->mib);
	rcu_read_lock();
	xfrm_full_event(dev, &c->ev);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, before + c->adds, xfrm_full_test_mib(c->mib));
}

static struct kunit_case xfrm_full_event_test_cases[] = {
	KUNIT_CASE_PARAM(xfrm_full_test_counts,
			 xfrm_full_event_cases_gen_params),
	{}
};

static struct kunit_suite xfrm_full_event_suite = {
	.name = "xfrm_full_event",
	.test_cases = xfrm_full_event_test_cases,
};

kunit_test_suite(xfrm_full_event_suite);

MODULE_DESCRIPTION("KUnit tests of what devices with IPsec full offload report");
MODULE_LICENSE("GPL");
