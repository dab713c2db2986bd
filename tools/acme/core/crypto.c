// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* AES-GCM as in RFC 4106, by the direct interface of ipsec-mb. */
#include <intel-ipsec-mb.h>
#include <stdlib.h>

#include "crypto.h"

#define GCM_NONCE_LEN	12
#define GCM_SALT_LEN	4

typedef void (*gcm_fn)(const struct gcm_key_data *, struct gcm_context_data *,
		       u8 *, const u8 *, u64, const u8 *, const u8 *, u64,
		       u8 *, u64);

struct acme_aead {
	struct gcm_key_data key;
	gcm_fn enc;
	gcm_fn dec;
	u8 salt[GCM_SALT_LEN];
	u8 icv_len;
};

static const struct {
	u8 alg;
	u64 key_lens;
	u32 icv_lens;
} algs[] = {
	{ ACME_ALG_AES_GCM, 1ULL << 16 | 1ULL << 32, BIT(16) },
};

static int find_alg(u8 alg)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(algs); i++)
		if (algs[i].alg == alg)
			return i;
	return -1;
}

bool acme_aead_supports_alg(u8 alg)
{
	return find_alg(alg) >= 0;
}

bool acme_aead_supports_key(u8 alg, u8 key_len)
{
	int i = find_alg(alg);

	return i >= 0 && key_len < 64 && algs[i].key_lens >> key_len & 1;
}

bool acme_aead_supports_icv(u8 alg, u8 icv_len)
{
	int i = find_alg(alg);

	return i >= 0 && icv_len < 32 && algs[i].icv_lens >> icv_len & 1;
}

void acme_aead_caps(struct acme_rsp_caps *caps)
{
	u32 mask = 0, icvs = 0, keys = 0;
	unsigned int i, len;

	for (i = 0; i < ARRAY_SIZE(algs); i++) {
		mask |= BIT(algs[i].alg);
		icvs |= algs[i].icv_lens;
		for (len = 0; len < 64; len += 8)
			if (algs[i].key_lens >> len & 1)
				keys |= BIT(len / 8);
	}
	caps->algs = cpu_to_le32(mask);
	caps->icv_lens = cpu_to_le32(icvs);
	caps->key_lens = cpu_to_le32(keys);
}

/* One manager for the process: it holds nothing but function pointers. */
static IMB_MGR *manager(void)
{
	static IMB_MGR *mgr;

	if (!mgr) {
		mgr = alloc_mb_mgr(0);
		if (mgr)
			init_mb_mgr_auto(mgr, NULL);
	}
	return mgr;
}

struct acme_aead *acme_aead_new(u8 alg, const u8 *key, u8 key_len,
				const u8 *salt, u8 icv_len)
{
	IMB_MGR *mgr = manager();
	struct acme_aead *aead;

	(void)alg;
	if (!mgr)
		return NULL;
	if (posix_memalign((void **)&aead, 64, sizeof(*aead)))
		return NULL;
	memset(aead, 0, sizeof(*aead));
	memcpy(aead->salt, salt, GCM_SALT_LEN);
	aead->icv_len = icv_len;
	if (key_len == 16) {
		IMB_AES128_GCM_PRE(mgr, key, &aead->key);
		aead->enc = mgr->gcm128_enc;
		aead->dec = mgr->gcm128_dec;
	} else {
		IMB_AES256_GCM_PRE(mgr, key, &aead->key);
		aead->enc = mgr->gcm256_enc;
		aead->dec = mgr->gcm256_dec;
	}
	return aead;
}

void acme_aead_free(struct acme_aead *aead)
{
	if (!aead)
		return;
	imb_clear_mem(aead, sizeof(*aead));
	free(aead);
}

static void make_nonce(const struct acme_aead *aead, const u8 *iv, u8 *nonce)
{
	memcpy(nonce, aead->salt, GCM_SALT_LEN);
	memcpy(nonce + GCM_SALT_LEN, iv, ACME_IV_LEN);
}

void acme_aead_encrypt(struct acme_aead *aead,
		       const struct acme_aead_req *req)
{
	struct gcm_context_data ctx;
	u8 nonce[GCM_NONCE_LEN];

	make_nonce(aead, req->iv, nonce);
	aead->enc(&aead->key, &ctx, req->dst, req->src, req->len, nonce,
		  req->aad, req->aad_len, req->icv, aead->icv_len);
}

bool acme_aead_decrypt(struct acme_aead *aead,
		       const struct acme_aead_req *req)
{
	struct gcm_context_data ctx;
	u8 nonce[GCM_NONCE_LEN];
	u8 icv[ACME_ICV_MAX];
	u8 diff = 0;
	u32 i;

	make_nonce(aead, req->iv, nonce);
	aead->dec(&aead->key, &ctx, req->dst, req->src, req->len, nonce,
		  req->aad, req->aad_len, icv, aead->icv_len);
	for (i = 0; i < aead->icv_len; i++)
		diff |= icv[i] ^ req->icv[i];
	return !diff;
}
