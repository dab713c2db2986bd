// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: unit tests of the salt that software and device share, and of epochs.
 */

#include <crypto/aead.h>
#include <kunit/test.h>
#include <linux/crypto.h>
#include <linux/scatterlist.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

#define XFRM_FULL_TEST_AD	8
#define XFRM_FULL_TEST_IV	8
#define XFRM_FULL_TEST_TEXT	32
#define XFRM_FULL_TEST_ICV	16
#define XFRM_FULL_TEST_LEN	(XFRM_FULL_TEST_AD + XFRM_FULL_TEST_IV + \
				 XFRM_FULL_TEST_TEXT + XFRM_FULL_TEST_ICV)

static void xfrm_full_test_free_aead(void *aead)
{
	crypto_free_aead(aead);
}

static struct crypto_aead *xfrm_full_test_aead(struct kunit *test,
					       const char *name,
					       unsigned int key_len)
{
	static const u8 key[36] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct crypto_aead *aead;

	aead = crypto_alloc_aead(name, 0, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR(aead));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test,
						  xfrm_full_test_free_aead,
						  aead));
	KUNIT_ASSERT_EQ(test, 0, crypto_aead_setkey(aead, key, key_len));
	KUNIT_ASSERT_EQ(test, 0,
			crypto_aead_setauthsize(aead, XFRM_FULL_TEST_ICV));
	return aead;
}

static struct xfrm_state *xfrm_full_test_sa(struct kunit *test,
					    struct crypto_aead *aead)
{
	struct xfrm_state *x = kunit_kzalloc(test, sizeof(*x), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, x);
	x->data = aead;
	return x;
}

/* The IV that software puts into packet @seq. */
static __be64 xfrm_full_test_iv(struct kunit *test, struct crypto_aead *aead,
				u64 seq)
{
	u8 *buf = kunit_kzalloc(test, XFRM_FULL_TEST_LEN, GFP_KERNEL);
	__be64 *number = kunit_kzalloc(test, sizeof(*number), GFP_KERNEL);
	struct aead_request *req = aead_request_alloc(aead, GFP_KERNEL);
	struct scatterlist sg;
	DECLARE_CRYPTO_WAIT(wait);
	__be64 iv;
	int err;

	KUNIT_ASSERT_NOT_NULL(test, req);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_ASSERT_NOT_NULL(test, number);
	*number = cpu_to_be64(seq);
	sg_init_one(&sg, buf, XFRM_FULL_TEST_LEN);
	aead_request_set_callback(req, CRYPTO_TFM_REQ_MAY_SLEEP,
				  crypto_req_done, &wait);
	aead_request_set_crypt(req, &sg, &sg,
			       XFRM_FULL_TEST_IV + XFRM_FULL_TEST_TEXT,
			       (u8 *)number);
	aead_request_set_ad(req, XFRM_FULL_TEST_AD);
	err = crypto_wait_req(crypto_aead_encrypt(req), &wait);
	aead_request_free(req);
	KUNIT_ASSERT_EQ(test, 0, err);

	memcpy(&iv, buf + XFRM_FULL_TEST_AD, sizeof(iv));
	return iv;
}

/* What makes IVs of software and device differ: seqiv is salt XOR sequence. */
static void xfrm_full_test_salt(struct kunit *test)
{
	static const u64 seqs[] = { 1, 2, U32_MAX, 1ULL << 32, (1ULL << 48) - 1 };
	struct crypto_aead *aead;
	struct xfrm_state *x;
	__be64 salt, iv;
	size_t i;

	aead = xfrm_full_test_aead(test, "seqiv(rfc4106(gcm(aes)))", 20);
	x = xfrm_full_test_sa(test, aead);
	KUNIT_ASSERT_EQ(test, 0, xfrm_full_read_salt(x, &salt));
	for (i = 0; i < ARRAY_SIZE(seqs); i++) {
		iv = xfrm_full_test_iv(test, aead, seqs[i]);
		KUNIT_EXPECT_EQ(test, be64_to_cpu(salt) ^ seqs[i],
				be64_to_cpu(iv));
	}
}

static void xfrm_full_test_salt_stays(struct kunit *test)
{
	struct crypto_aead *aead;
	struct xfrm_state *x;
	__be64 first, again;

	aead = xfrm_full_test_aead(test, "seqiv(rfc4106(gcm(aes)))", 36);
	x = xfrm_full_test_sa(test, aead);
	KUNIT_ASSERT_EQ(test, 0, xfrm_full_read_salt(x, &first));
	xfrm_full_test_iv(test, aead, 1);
	KUNIT_ASSERT_EQ(test, 0, xfrm_full_read_salt(x, &again));
	KUNIT_EXPECT_EQ(test, be64_to_cpu(first), be64_to_cpu(again));
}

/* SAs with the same key, of which one follows the other. */
static void xfrm_full_test_salt_differs(struct kunit *test)
{
	struct crypto_aead *aead;
	__be64 salts[2];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(salts); i++) {
		aead = xfrm_full_test_aead(test, "seqiv(rfc4106(gcm(aes)))",
					   20);
		KUNIT_ASSERT_EQ(test, 0,
				xfrm_full_read_salt(xfrm_full_test_sa(test,
								      aead),
						    &salts[i]));
	}
	KUNIT_EXPECT_NE(test, be64_to_cpu(salts[0]), be64_to_cpu(salts[1]));
}

static void xfrm_full_test_long_iv(struct kunit *test)
{
	struct crypto_aead *aead = xfrm_full_test_aead(test, "gcm(aes)", 16);
	__be64 salt;

	KUNIT_EXPECT_EQ(test, -EINVAL,
			xfrm_full_read_salt(xfrm_full_test_sa(test, aead),
					    &salt));
}

/* Software has epoch 0, and no epoch comes twice. */
static void xfrm_full_test_epochs(struct kunit *test)
{
	struct xfrm_full *full = kunit_kzalloc(test, sizeof(*full), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, full);
	KUNIT_EXPECT_EQ(test, 0, xfrm_full_next_epoch(full, NULL));
	KUNIT_EXPECT_EQ(test, 1, full->epoch);
	full->epoch = U16_MAX - 1;
	KUNIT_EXPECT_EQ(test, -EOVERFLOW,
			xfrm_full_check_epochs(full, 2, NULL));
	KUNIT_EXPECT_EQ(test, 0, xfrm_full_next_epoch(full, NULL));
	KUNIT_EXPECT_EQ(test, U16_MAX, full->epoch);
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, xfrm_full_next_epoch(full, NULL));
	KUNIT_EXPECT_EQ(test, U16_MAX, full->epoch);
}

static struct kunit_case xfrm_full_iv_cases[] = {
	KUNIT_CASE(xfrm_full_test_salt),
	KUNIT_CASE(xfrm_full_test_salt_stays),
	KUNIT_CASE(xfrm_full_test_salt_differs),
	KUNIT_CASE(xfrm_full_test_long_iv),
	KUNIT_CASE(xfrm_full_test_epochs),
	{}
};

static struct kunit_suite xfrm_full_iv_suite = {
	.name = "xfrm_full_iv",
	.test_cases = xfrm_full_iv_cases,
};

kunit_test_suite(xfrm_full_iv_suite);

MODULE_DESCRIPTION("KUnit tests of the salt that IPsec full offload uses");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING);
