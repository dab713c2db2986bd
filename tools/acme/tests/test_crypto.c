// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Known answers for the cipher and for the authenticated ESP fields. */
#include "mock.h"
#include "core/esp.h"
#include "gcm_vectors.h"

#define MAX	1024
#define CHACHA	ACME_ALG_CHACHA20_POLY1305
#define SHA384	ACME_ALG_AES_CBC_SHA384

static void check(struct acme_aead *aead, struct acme_aead_req *req,
		  const u8 *plain, const u8 *cipher, u32 len)
{
	u8 out[MAX], icv[ACME_ICV_MAX];

	req->src = plain;
	req->dst = out;
	req->len = len;
	req->icv = icv;
	acme_aead_encrypt(aead, req);
	assert_memory_equal(out, cipher, len);
	assert_memory_equal(icv, cipher + len, 16);
	req->src = cipher;
	memcpy(icv, cipher + len, 16);
	assert_true(acme_aead_decrypt(aead, req));
	assert_memory_equal(out, plain, len);
	icv[len % 16] ^= 1;
	assert_false(acme_aead_decrypt(aead, req));
}

static void esp_case(const struct esp_vector *v)
{
	u8 key[32], salt[4], want[12], iv[8], plain[MAX], cipher[MAX], aad[12];
	u32 key_len = mock_hex(v->key, key);
	u32 aad_len = mock_hex(v->aad, want);
	u32 len = mock_hex(v->plain, plain);
	struct acme_sa sa = { .spi = get_be32(want) };
	struct acme_aead_req req = { .iv = iv, .aad = aad };
	struct acme_aead *aead;
	u64 seq = get_be32(want + 4);

	if (aad_len == 12) {
		sa.flags = ACME_SA_ESN;
		seq = seq << 32 | get_be32(want + 8);
	}
	mock_hex(v->salt, salt);
	mock_hex(v->iv, iv);
	assert_int_equal(mock_hex(v->cipher, cipher), len + 16);
	req.aad_len = acme_esp_aad(&sa, seq, aad);
	assert_int_equal(req.aad_len, aad_len);
	assert_memory_equal(aad, want, aad_len);
	aead = acme_aead_new(ACME_ALG_AES_GCM, key, key_len, salt, 16);
	check(aead, &req, plain, cipher, len);
	acme_aead_free(aead);
}

static void test_esp_vectors(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(esp_vectors); i++)
		esp_case(&esp_vectors[i]);
}

static void test_gcm_vectors(void **state)
{
	u8 key[32], nonce[12], aad[64], plain[MAX], cipher[MAX];
	struct acme_aead_req req = { .iv = nonce + 4, .aad = aad };
	const struct gcm_vector *v;
	struct acme_aead *aead;
	size_t i;
	u32 len;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(gcm_vectors); i++) {
		v = &gcm_vectors[i];
		mock_hex(v->nonce, nonce);
		req.aad_len = mock_hex(v->aad, aad);
		len = mock_hex(v->plain, plain);
		mock_hex(v->cipher, cipher);
		aead = acme_aead_new(ACME_ALG_AES_GCM, key,
				     mock_hex(v->key, key), nonce, 16);
		check(aead, &req, plain, cipher, len);
		acme_aead_free(aead);
	}
}

static void test_support(void **state)
{
	u8 len;

	(void)state;
	assert_true(acme_aead_supports_alg(ACME_ALG_AES_GCM));
	assert_false(acme_aead_supports_alg(0));
	assert_false(acme_aead_supports_alg(ACME_ALG_AES_CBC_SHA512 + 1));
	for (len = 0; len < 255; len++) {
		assert_int_equal(acme_aead_supports_key(ACME_ALG_AES_GCM, len),
				 len == 16 || len == 24 || len == 32);
		assert_int_equal(acme_aead_supports_icv(ACME_ALG_AES_GCM, len),
				 len == 8 || len == 12 || len == 16);
		assert_int_equal(acme_aead_supports_key(CHACHA, len),
				 len == 32);
		assert_int_equal(acme_aead_supports_icv(ACME_ALG_AES_GMAC,
							len), len == 16);
		assert_int_equal(acme_aead_supports_icv(SHA384, len),
				 len == 24);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_esp_vectors),
		cmocka_unit_test(test_gcm_vectors),
		cmocka_unit_test(test_support),
	};

	return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}
