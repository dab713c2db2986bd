// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * The algorithms of ESP: AES-GCM (RFC 4106), AES-GMAC (RFC 4543) and
 * ChaCha20-Poly1305 (RFC 7634), by the direct interface of ipsec-mb.
 */
#include <stdlib.h>

#include "crypto_impl.h"

#define AES_KEYS	(BIT(2) | BIT(3) | BIT(4))

u8 *acme_crypto_scratch(void)
{
	static __thread u8 scratch[ACME_CRYPTO_MAX + 64];

	return scratch;
}

static void make_nonce(const struct acme_aead *aead, const u8 *iv, u8 *nonce)
{
	memcpy(nonce, aead->salt, SALT_LEN);
	memcpy(nonce + SALT_LEN, iv, ACME_IV_LEN);
}

static void gcm_set_key(struct acme_aead *aead, const u8 *key)
{
	struct gcm_key *k = &aead->gcm;
	IMB_MGR *mgr = aead->mgr;

	switch (aead->key_len) {
	case 16:
		IMB_AES128_GCM_PRE(mgr, key, &k->data);
		k->enc = mgr->gcm128_enc;
		k->dec = mgr->gcm128_dec;
		break;
	case 24:
		IMB_AES192_GCM_PRE(mgr, key, &k->data);
		k->enc = mgr->gcm192_enc;
		k->dec = mgr->gcm192_dec;
		break;
	default:
		IMB_AES256_GCM_PRE(mgr, key, &k->data);
		k->enc = mgr->gcm256_enc;
		k->dec = mgr->gcm256_dec;
	}
}

static void gcm_crypt(struct acme_aead *aead, gcm_fn fn,
		      const struct acme_aead_req *req, u8 *icv)
{
	struct gcm_context_data ctx;
	u8 nonce[NONCE_LEN];

	make_nonce(aead, req->iv, nonce);
	fn(&aead->gcm.data, &ctx, req->dst, req->src, req->len, nonce,
	   req->aad, req->aad_len, icv, aead->icv_len);
}

static void gcm_encrypt(struct acme_aead *aead,
			const struct acme_aead_req *req, u8 *icv)
{
	gcm_crypt(aead, aead->gcm.enc, req, icv);
}

static void gcm_decrypt(struct acme_aead *aead,
			const struct acme_aead_req *req, u8 *icv)
{
	gcm_crypt(aead, aead->gcm.dec, req, icv);
}

/* All is additional data, also the IV (RFC 4543, 3.3). */
static void gmac(struct acme_aead *aead, const struct acme_aead_req *req,
		 u8 *icv)
{
	u8 *data = acme_crypto_scratch();
	struct gcm_context_data ctx;
	u8 nonce[NONCE_LEN];
	u8 none[16] = { };

	memcpy(data, req->aad, req->aad_len);
	memcpy(data + req->aad_len, req->iv, ACME_IV_LEN);
	memcpy(data + req->aad_len + ACME_IV_LEN, req->src, req->len);
	make_nonce(aead, req->iv, nonce);
	aead->gcm.enc(&aead->gcm.data, &ctx, none, none, 0, nonce, data,
		      req->aad_len + ACME_IV_LEN + req->len, icv,
		      aead->icv_len);
	memmove(req->dst, req->src, req->len);
}

static void chacha_set_key(struct acme_aead *aead, const u8 *key)
{
	memcpy(aead->chacha, key, sizeof(aead->chacha));
}

static void chacha_encrypt(struct acme_aead *aead,
			   const struct acme_aead_req *req, u8 *icv)
{
	struct chacha20_poly1305_context_data ctx;
	u8 nonce[NONCE_LEN];

	make_nonce(aead, req->iv, nonce);
	IMB_CHACHA20_POLY1305_INIT(aead->mgr, aead->chacha, &ctx, nonce,
				   req->aad, req->aad_len);
	IMB_CHACHA20_POLY1305_ENC_UPDATE(aead->mgr, aead->chacha, &ctx,
					 req->dst, req->src, req->len);
	IMB_CHACHA20_POLY1305_ENC_FINALIZE(aead->mgr, &ctx, icv,
					   aead->icv_len);
}

static void chacha_decrypt(struct acme_aead *aead,
			   const struct acme_aead_req *req, u8 *icv)
{
	struct chacha20_poly1305_context_data ctx;
	u8 nonce[NONCE_LEN];

	make_nonce(aead, req->iv, nonce);
	IMB_CHACHA20_POLY1305_INIT(aead->mgr, aead->chacha, &ctx, nonce,
				   req->aad, req->aad_len);
	IMB_CHACHA20_POLY1305_DEC_UPDATE(aead->mgr, aead->chacha, &ctx,
					 req->dst, req->src, req->len);
	IMB_CHACHA20_POLY1305_DEC_FINALIZE(aead->mgr, &ctx, icv,
					   aead->icv_len);
}

#define CBC_HMAC(alg_, auth_key_, icv_) { \
	.info = { \
		.alg = alg_, .auth_key_len = auth_key_, .iv_len = 16, \
		.block_len = 16, .random_iv = true, .key_lens = AES_KEYS, \
		.icv_lens = BIT((icv_) / 4), \
	}, \
	.set_key = acme_cbc_set_key, \
	.encrypt = acme_cbc_encrypt, \
	.decrypt = acme_cbc_decrypt, \
}

static const struct acme_alg_impl impls[] = {
	{
		.info = {
			.alg = ACME_ALG_AES_GCM, .salt_len = SALT_LEN,
			.iv_len = ACME_IV_LEN, .block_len = 4,
			.key_lens = AES_KEYS,
			.icv_lens = BIT(2) | BIT(3) | BIT(4),
		},
		.set_key = gcm_set_key,
		.encrypt = gcm_encrypt,
		.decrypt = gcm_decrypt,
	},
	{
		.info = {
			.alg = ACME_ALG_AES_GMAC, .salt_len = SALT_LEN,
			.iv_len = ACME_IV_LEN, .block_len = 4,
			.key_lens = AES_KEYS, .icv_lens = BIT(4),
		},
		.set_key = gcm_set_key,
		.encrypt = gmac,
		.decrypt = gmac,
	},
	{
		.info = {
			.alg = ACME_ALG_CHACHA20_POLY1305,
			.salt_len = SALT_LEN, .iv_len = ACME_IV_LEN,
			.block_len = 4, .key_lens = BIT(4),
			.icv_lens = BIT(4),
		},
		.set_key = chacha_set_key,
		.encrypt = chacha_encrypt,
		.decrypt = chacha_decrypt,
	},
	CBC_HMAC(ACME_ALG_AES_CBC_SHA256, 32, 16),
	CBC_HMAC(ACME_ALG_AES_CBC_SHA384, 48, 24),
	CBC_HMAC(ACME_ALG_AES_CBC_SHA512, 64, 32),
};

static const struct acme_alg_impl *find(u8 alg)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(impls); i++)
		if (impls[i].info.alg == alg)
			return &impls[i];
	return NULL;
}

const struct acme_alg_info *acme_alg_find(u8 alg)
{
	const struct acme_alg_impl *impl = find(alg);

	return impl ? &impl->info : NULL;
}

bool acme_aead_supports_alg(u8 alg)
{
	return find(alg);
}

/* Is bit @len / @unit in @mask? */
static bool in_mask(u32 mask, u8 len, u8 unit)
{
	return !(len % unit) && len / unit < 32 && mask & BIT(len / unit);
}

bool acme_aead_supports_key(u8 alg, u8 key_len)
{
	const struct acme_alg_impl *impl = find(alg);

	return impl && in_mask(impl->info.key_lens, key_len, 8);
}

bool acme_aead_supports_icv(u8 alg, u8 icv_len)
{
	const struct acme_alg_impl *impl = find(alg);

	return impl && in_mask(impl->info.icv_lens, icv_len, 4);
}

static void fill_caps(const struct acme_alg_info *info,
		      struct acme_alg_caps *caps)
{
	*caps = (struct acme_alg_caps) {
		.alg = info->alg,
		.salt_len = info->salt_len,
		.auth_key_len = info->auth_key_len,
		.iv_len = info->iv_len,
		.key_lens = cpu_to_le32(info->key_lens),
		.icv_lens = cpu_to_le32(info->icv_lens),
		.block_len = info->block_len,
	};
}

void acme_aead_caps(struct acme_rsp_caps *caps)
{
	u32 mask = 0;
	size_t i;

	static_assert(ARRAY_SIZE(impls) <= ACME_MAX_ALGS, "too many");
	for (i = 0; i < ARRAY_SIZE(impls); i++) {
		mask |= BIT(impls[i].info.alg);
		fill_caps(&impls[i].info, &caps->alg[i]);
	}
	caps->algs = cpu_to_le32(mask);
	caps->key_lens = cpu_to_le32(AES_KEYS);
	caps->icv_lens = cpu_to_le32(BIT(8) | BIT(12) | BIT(16));
}

/* One manager for the process; each packet is done before the next. */
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
	const struct acme_alg_impl *impl = find(alg);
	IMB_MGR *mgr = manager();
	struct acme_aead *aead;

	if (!mgr || !impl)
		return NULL;
	if (posix_memalign((void **)&aead, 64, sizeof(*aead)))
		return NULL;
	memset(aead, 0, sizeof(*aead));
	aead->impl = impl;
	aead->mgr = mgr;
	aead->key_len = key_len;
	aead->icv_len = icv_len;
	if (impl->info.salt_len)
		memcpy(aead->salt, salt, SALT_LEN);
	impl->set_key(aead, key);
	return aead;
}

void acme_aead_auth_key(struct acme_aead *aead, const u8 *key)
{
	if (aead->impl->info.auth_key_len)
		acme_cbc_set_auth_key(aead, key);
}

void acme_aead_free(struct acme_aead *aead)
{
	if (!aead)
		return;
	imb_clear_mem(aead, sizeof(*aead));
	free(aead);
}

void acme_aead_encrypt(struct acme_aead *aead,
		       const struct acme_aead_req *req)
{
	aead->impl->encrypt(aead, req, req->icv);
}

bool acme_aead_decrypt(struct acme_aead *aead,
		       const struct acme_aead_req *req)
{
	u8 icv[ACME_ICV_MAX];
	u8 diff = 0;
	u32 i;

	aead->impl->decrypt(aead, req, icv);
	for (i = 0; i < aead->icv_len; i++)
		diff |= icv[i] ^ req->icv[i];
	return !diff;
}
