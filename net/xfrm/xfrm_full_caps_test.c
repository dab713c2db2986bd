// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: unit tests of what a device's capabilities allow, and of
 * what a refusal says and blames.
 */

#include <kunit/test.h>
#include <linux/netlink.h>
#include <linux/udp.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

#define XFRM_FULL_TEST_KEY	64

/**
 * struct xfrm_full_caps_test - what every test has
 * @x: an SA that the device can take
 * @encap: for @x
 * @esn: for @x
 * @caps: of a device that can do everything
 * @attr: an attribute of each kind
 * @attrs: the attributes of the request: all
 * @extack: what a refusal said
 * @rq: the request
 */
struct xfrm_full_caps_test {
	struct xfrm_state		*x;
	struct xfrm_encap_tmpl		encap;
	struct xfrm_replay_state_esn	esn;
	struct xfrm_full_caps		caps;
	struct nlattr			attr[XFRMA_MAX + 1];
	struct nlattr			*attrs[XFRMA_MAX + 1];
	struct netlink_ext_ack		extack;
	struct xfrm_full_request	rq;
};

static void xfrm_full_test_use_aead(struct kunit *test, struct xfrm_state *x,
				    const char *name, int key, int icv)
{
	struct xfrm_algo_aead *aead;

	aead = kunit_kzalloc(test, sizeof(*aead) + XFRM_FULL_TEST_KEY,
			     GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, aead);
	strscpy(aead->alg_name, name);
	aead->alg_key_len = key;
	aead->alg_icv_len = icv;
	x->aead = aead;
}

static void xfrm_full_test_use_cbc(struct kunit *test, struct xfrm_state *x,
				   const char *name, int key, int icv)
{
	struct xfrm_algo_auth *aalg;
	struct xfrm_algo *ealg;

	ealg = kunit_kzalloc(test, sizeof(*ealg) + XFRM_FULL_TEST_KEY,
			     GFP_KERNEL);
	aalg = kunit_kzalloc(test, sizeof(*aalg) + XFRM_FULL_TEST_KEY,
			     GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ealg);
	KUNIT_ASSERT_NOT_NULL(test, aalg);
	strscpy(ealg->alg_name, "cbc(aes)");
	ealg->alg_key_len = 256;
	strscpy(aalg->alg_name, name);
	aalg->alg_key_len = key;
	aalg->alg_trunc_len = icv;
	x->aead = NULL;
	x->ealg = ealg;
	x->aalg = aalg;
}

static int xfrm_full_caps_test_init(struct kunit *test)
{
	static const struct xfrm_lifetime_cfg unlimited = {
		.soft_byte_limit = XFRM_INF,
		.hard_byte_limit = XFRM_INF,
		.soft_packet_limit = XFRM_INF,
		.hard_packet_limit = XFRM_INF,
	};
	struct xfrm_full_caps_test *t;
	int i;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->x = kunit_kzalloc(test, sizeof(*t->x), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->x);
	test->priv = t;

	t->x->props.mode = XFRM_MODE_TUNNEL;
	t->x->props.family = AF_INET;
	t->x->sel.family = AF_INET6;
	t->x->lft = unlimited;
	xfrm_full_test_use_aead(test, t->x, "rfc4106(gcm(aes))", 288, 128);

	t->caps.flags = ~0;
	t->caps.window_min = 32;
	t->caps.window_max = 1024;
	for (i = 0; i < XFRM_FULL_ALG_MAX; i++) {
		t->caps.algs[i].keys = BIT_ULL(16) | BIT_ULL(32);
		t->caps.algs[i].icvs = BIT_ULL(8) | BIT_ULL(16) | BIT_ULL(24);
	}

	for (i = 0; i <= XFRMA_MAX; i++)
		t->attrs[i] = &t->attr[i];
	t->rq.x = t->x;
	t->rq.caps = &t->caps;
	t->rq.attrs = t->attrs;
	t->rq.extack = &t->extack;
	t->rq.dir = XFRM_SA_DIR_OUT;
	return 0;
}

static void xfrm_full_test_algs(struct kunit *test)
{
	struct xfrm_full_caps_test *t = test->priv;
	struct xfrm_state *x = t->x;

	KUNIT_EXPECT_EQ(test, XFRM_FULL_AES_GCM, xfrm_full_alg_of(x));
	xfrm_full_test_use_aead(test, x, "rfc4543(gcm(aes))", 160, 128);
	KUNIT_EXPECT_EQ(test, XFRM_FULL_AES_GMAC, xfrm_full_alg_of(x));
	xfrm_full_test_use_aead(test, x, "rfc7539esp(chacha20,poly1305)", 288,
				128);
	KUNIT_EXPECT_EQ(test, XFRM_FULL_CHACHA20_POLY1305, xfrm_full_alg_of(x));
	xfrm_full_test_use_aead(test, x, "rfc4309(ccm(aes))", 288, 128);
	KUNIT_EXPECT_EQ(test, XFRM_FULL_ALG_MAX, xfrm_full_alg_of(x));
	xfrm_full_test_use_cbc(test, x, "hmac(sha256)", 256, 128);
	KUNIT_EXPECT_EQ(test, XFRM_FULL_AES_CBC_SHA256, xfrm_full_alg_of(x));
	xfrm_full_test_use_cbc(test, x, "hmac(sha384)", 384, 192);
	KUNIT_EXPECT_EQ(test, XFRM_FULL_AES_CBC_SHA384, xfrm_full_alg_of(x));
	KUNIT_EXPECT_EQ(test, 0, xfrm_full_check_caps(&t->rq));
	xfrm_full_test_use_cbc(test, x, "hmac(sha512)", 512, 192);
	KUNIT_EXPECT_EQ(test, XFRM_FULL_AES_CBC_SHA512, xfrm_full_alg_of(x));
	xfrm_full_test_use_cbc(test, x, "hmac(sha1)", 160, 96);
	KUNIT_EXPECT_EQ(test, XFRM_FULL_ALG_MAX, xfrm_full_alg_of(x));
	x->aalg = NULL;
	KUNIT_EXPECT_EQ(test, XFRM_FULL_ALG_MAX, xfrm_full_alg_of(x));
}

static void xfrm_full_test_able(struct kunit *test)
{
	struct xfrm_full_caps_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, 0, xfrm_full_check_caps(&t->rq));
	t->rq.dir = XFRM_SA_DIR_IN;
	t->x->props.mode = XFRM_MODE_TRANSPORT;
	t->x->props.family = AF_INET6;
	t->x->props.flags = XFRM_STATE_ESN;
	t->x->replay_esn = &t->esn;
	t->x->encap = &t->encap;
	t->encap.encap_type = UDP_ENCAP_ESPINUDP;
	t->esn.replay_window = 1024;
	t->esn.seq = 7;
	t->x->lft.hard_byte_limit = 1;
	KUNIT_EXPECT_EQ(test, 0, xfrm_full_check_caps(&t->rq));
	KUNIT_EXPECT_NULL(test, t->extack._msg);
}

static void xfrm_full_lack_mode(struct kunit *test,
				struct xfrm_full_caps_test *t)
{
	t->caps.flags &= ~XFRM_OFFLOAD_CAP_TUNNEL;
}

static void xfrm_full_lack_family(struct kunit *test,
				  struct xfrm_full_caps_test *t)
{
	t->caps.flags &= ~XFRM_OFFLOAD_CAP_IPV4;
}

static void xfrm_full_lack_mixed(struct kunit *test,
				 struct xfrm_full_caps_test *t)
{
	t->caps.flags &= ~XFRM_OFFLOAD_CAP_MIXED;
}

static void xfrm_full_lack_alg(struct kunit *test,
			       struct xfrm_full_caps_test *t)
{
	t->caps.algs[XFRM_FULL_AES_GCM].keys = 0;
}

static void xfrm_full_lack_cbc(struct kunit *test,
			       struct xfrm_full_caps_test *t)
{
	xfrm_full_test_use_cbc(test, t->x, "hmac(md5)", 128, 96);
}

static void xfrm_full_lack_integrity(struct kunit *test,
				     struct xfrm_full_caps_test *t)
{
	xfrm_full_test_use_cbc(test, t->x, "hmac(sha256)", 256, 128);
	t->x->aalg = NULL;
}

static void xfrm_full_lack_key(struct kunit *test,
			       struct xfrm_full_caps_test *t)
{
	t->x->aead->alg_key_len = 224;
}

static void xfrm_full_lack_salt(struct kunit *test,
				struct xfrm_full_caps_test *t)
{
	t->x->aead->alg_key_len = 24;
}

static void xfrm_full_lack_auth_key(struct kunit *test,
				    struct xfrm_full_caps_test *t)
{
	xfrm_full_test_use_cbc(test, t->x, "hmac(sha256)", 128, 128);
}

static void xfrm_full_lack_icv(struct kunit *test,
			       struct xfrm_full_caps_test *t)
{
	t->x->aead->alg_icv_len = 96;
}

static void xfrm_full_lack_esn(struct kunit *test,
			       struct xfrm_full_caps_test *t)
{
	t->x->props.flags = XFRM_STATE_ESN;
	t->caps.flags &= ~XFRM_OFFLOAD_CAP_ESN;
}

static void xfrm_full_lack_large_window(struct kunit *test,
					struct xfrm_full_caps_test *t)
{
	t->rq.dir = XFRM_SA_DIR_IN;
	t->x->replay_esn = &t->esn;
	t->esn.replay_window = 1056;
}

static void xfrm_full_lack_small_window(struct kunit *test,
					struct xfrm_full_caps_test *t)
{
	t->rq.dir = XFRM_SA_DIR_IN;
	t->x->props.replay_window = 31;
}

static void xfrm_full_lack_udp(struct kunit *test,
			       struct xfrm_full_caps_test *t)
{
	t->x->encap = &t->encap;
	t->encap.encap_type = UDP_ENCAP_ESPINUDP;
	t->caps.flags &= ~XFRM_OFFLOAD_CAP_UDP_ENCAP;
}

static void xfrm_full_lack_tcp(struct kunit *test,
			       struct xfrm_full_caps_test *t)
{
	t->x->encap = &t->encap;
	t->encap.encap_type = TCP_ENCAP_ESPINTCP;
}

static void xfrm_full_lack_limit_out(struct kunit *test,
				     struct xfrm_full_caps_test *t)
{
	t->x->lft.soft_byte_limit = 1;
	t->caps.flags &= ~XFRM_OFFLOAD_CAP_OUT_SOFT_BYTES;
}

static void xfrm_full_lack_limit_in(struct kunit *test,
				    struct xfrm_full_caps_test *t)
{
	t->rq.dir = XFRM_SA_DIR_IN;
	t->x->lft.hard_packet_limit = 1;
	t->caps.flags &= ~XFRM_OFFLOAD_CAP_IN_HARD_PACKETS;
}

static void xfrm_full_lack_start(struct kunit *test,
				 struct xfrm_full_caps_test *t)
{
	t->x->replay.oseq = 1;
	t->caps.flags &= ~XFRM_OFFLOAD_CAP_START;
}

static const struct xfrm_full_lack {
	const char *says;
	int blames;
	void (*spoil)(struct kunit *test, struct xfrm_full_caps_test *t);
} xfrm_full_lacks[] = {
	{ "Device can't do tunnel mode; see ip xfrm offload show", XFRMA_OFFLOAD_DEV,
	  xfrm_full_lack_mode },
	{ "Device can't do IPsec over IPv4; see ip xfrm offload show", XFRMA_OFFLOAD_DEV,
	  xfrm_full_lack_family },
	{ "Device can't tunnel the other family; the selector must be IPv4",
	  XFRMA_OFFLOAD_DEV, xfrm_full_lack_mixed },
	{ "Device can't do rfc4106(gcm(aes)); see ip xfrm offload show", XFRMA_ALG_AEAD,
	  xfrm_full_lack_alg },
	{ "Device can't do cbc(aes) with hmac(md5); see ip xfrm offload show", XFRMA_ALG_CRYPT,
	  xfrm_full_lack_cbc },
	{ "Full offload needs both cipher and integrity; add the other, or use an AEAD",
	  XFRMA_ALG_CRYPT, xfrm_full_lack_integrity },
	{ "A key of 224 bits is unsupported; use 160, 288", XFRMA_ALG_AEAD,
	  xfrm_full_lack_key },
	{ "A key of 24 bits is unsupported; use 160, 288", XFRMA_ALG_AEAD,
	  xfrm_full_lack_salt },
	{ "An integrity key of 128 bits is unsupported; use 256",
	  XFRMA_ALG_AUTH_TRUNC, xfrm_full_lack_auth_key },
	{ "An ICV of 96 bits is unsupported; use 64, 128, 192",
	  XFRMA_ALG_AEAD, xfrm_full_lack_icv },
	{ "Device can't do ESN; leave out flag esn", XFRMA_REPLAY_ESN_VAL,
	  xfrm_full_lack_esn },
	{ "Replay window 1056 is too large; use at most 1024",
	  XFRMA_REPLAY_ESN_VAL, xfrm_full_lack_large_window },
	{ "Replay window 31 is too small; use at least 32",
	  XFRMA_REPLAY_ESN_VAL, xfrm_full_lack_small_window },
	{ "Device can't do UDP encapsulation; leave out encap", XFRMA_ENCAP,
	  xfrm_full_lack_udp },
	{ "Full offload doesn't support this encapsulation; use espinudp",
	  XFRMA_ENCAP, xfrm_full_lack_tcp },
	{ "Device can't enforce a soft byte limit of outbound SAs; leave it out",
	  XFRMA_OFFLOAD_DEV, xfrm_full_lack_limit_out },
	{ "Device can't enforce a hard packet limit of inbound SAs; leave it out",
	  XFRMA_OFFLOAD_DEV, xfrm_full_lack_limit_in },
	{ "Device can't take an SA that doesn't start at sequence number 0; add another",
	  XFRMA_REPLAY_VAL, xfrm_full_lack_start },
};

static void xfrm_full_lack_name(const struct xfrm_full_lack *lack, char *name)
{
	strscpy(name, lack->says, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(xfrm_full_lacks, xfrm_full_lacks, xfrm_full_lack_name);

static void xfrm_full_test_lacks(struct kunit *test)
{
	const struct xfrm_full_lack *lack = test->param_value;
	struct xfrm_full_caps_test *t = test->priv;

	lack->spoil(test, t);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, xfrm_full_check_caps(&t->rq));
	KUNIT_ASSERT_NOT_NULL(test, t->extack._msg);
	KUNIT_EXPECT_STREQ(test, lack->says, t->extack._msg);
	KUNIT_EXPECT_PTR_EQ(test, &t->attr[lack->blames], t->extack.bad_attr);
}

static struct kunit_case xfrm_full_caps_cases[] = {
	KUNIT_CASE(xfrm_full_test_algs),
	KUNIT_CASE(xfrm_full_test_able),
	KUNIT_CASE_PARAM(xfrm_full_test_lacks, xfrm_full_lacks_gen_params),
	{}
};

static struct kunit_suite xfrm_full_caps_suite = {
	.name = "xfrm_full_caps",
	.init = xfrm_full_caps_test_init,
	.test_cases = xfrm_full_caps_cases,
};

kunit_test_suite(xfrm_full_caps_suite);

MODULE_DESCRIPTION("KUnit tests of devices' capabilities for full offload");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
