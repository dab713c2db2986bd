// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* AES-CBC (RFC 3602) with HMAC-SHA-2 (RFC 4868), by jobs of ipsec-mb. */
#include "crypto_impl.h"

#define BLOCK_MAX	128
#define SEQ_LEN		4
#define ESP_HDR		8

/**
 * struct hmac - an integrity algorithm
 * @alg: which
 * @hash: of ipsec-mb
 * @block: bytes that the hash takes at once
 */
struct hmac {
	u8 alg;
	IMB_HASH_ALG hash;
	u32 block;
};

static const struct hmac hmacs[] = {
	{ ACME_ALG_AES_CBC_SHA256, IMB_AUTH_HMAC_SHA_256, 64 },
	{ ACME_ALG_AES_CBC_SHA384, IMB_AUTH_HMAC_SHA_384, 128 },
	{ ACME_ALG_AES_CBC_SHA512, IMB_AUTH_HMAC_SHA_512, 128 },
};

static const struct hmac *hmac_of(const struct acme_aead *aead)
{
	return &hmacs[aead->impl->info.alg - ACME_ALG_AES_CBC_SHA256];
}

static void one_block(const struct acme_aead *aead, const u8 *block, u8 *state)
{
	switch (hmac_of(aead)->hash) {
	case IMB_AUTH_HMAC_SHA_256:
		IMB_SHA256_ONE_BLOCK(aead->mgr, block, state);
		break;
	case IMB_AUTH_HMAC_SHA_384:
		IMB_SHA384_ONE_BLOCK(aead->mgr, block, state);
		break;
	default:
		IMB_SHA512_ONE_BLOCK(aead->mgr, block, state);
	}
}

static void pad_key(const struct acme_aead *aead, const u8 *key, u8 pad,
		    u8 *state)
{
	u8 len = aead->impl->info.auth_key_len;
	u8 block[BLOCK_MAX];
	u32 i;

	memset(block, pad, sizeof(block));
	for (i = 0; i < len; i++)
		block[i] ^= key[i];
	one_block(aead, block, state);
	explicit_bzero(block, sizeof(block));
}

void acme_cbc_set_key(struct acme_aead *aead, const u8 *key)
{
	struct cbc_key *k = &aead->cbc;

	switch (aead->key_len) {
	case 16:
		IMB_AES_KEYEXP_128(aead->mgr, key, k->enc, k->dec);
		break;
	case 24:
		IMB_AES_KEYEXP_192(aead->mgr, key, k->enc, k->dec);
		break;
	default:
		IMB_AES_KEYEXP_256(aead->mgr, key, k->enc, k->dec);
	}
}

void acme_cbc_set_auth_key(struct acme_aead *aead, const u8 *key)
{
	pad_key(aead, key, 0x36, aead->cbc.ipad);
	pad_key(aead, key, 0x5c, aead->cbc.opad);
}

/* Does one job, filled in but for what is the same for all. */
static void do_job(struct acme_aead *aead, const IMB_JOB *model)
{
	IMB_JOB *job = IMB_GET_NEXT_JOB(aead->mgr);

	*job = *model;
	job->chain_order = IMB_ORDER_CIPHER_HASH;
	if (!IMB_SUBMIT_JOB(aead->mgr))
		IMB_FLUSH_JOB(aead->mgr);
}

static void cipher(struct acme_aead *aead, const struct acme_aead_req *req,
		   IMB_CIPHER_DIRECTION dir)
{
	const IMB_JOB job = {
		.enc_keys = aead->cbc.enc,
		.dec_keys = aead->cbc.dec,
		.key_len_in_bytes = aead->key_len,
		.src = req->src,
		.dst = req->dst,
		.msg_len_to_cipher_in_bytes = req->len,
		.iv = req->iv,
		.iv_len_in_bytes = ACME_IV_MAX,
		.cipher_mode = IMB_CIPHER_CBC,
		.cipher_direction = dir,
		.hash_alg = IMB_AUTH_NULL,
	};

	do_job(aead, &job);
}

void acme_cbc_hmac(struct acme_aead *aead, const u8 *msg, u32 len, u8 *icv)
{
	const IMB_JOB job = {
		.src = msg,
		.msg_len_to_hash_in_bytes = len,
		.auth_tag_output = icv,
		.auth_tag_output_len_in_bytes = aead->icv_len,
		.u.HMAC._hashed_auth_key_xor_ipad = aead->cbc.ipad,
		.u.HMAC._hashed_auth_key_xor_opad = aead->cbc.opad,
		.cipher_mode = IMB_CIPHER_NULL,
		.cipher_direction = IMB_DIR_ENCRYPT,
		.hash_alg = hmac_of(aead)->hash,
	};

	do_job(aead, &job);
}

/*
 * Over the packet from the SPI on, and the upper half of a 64-bit sequence
 * number after it (RFC 4303, 2.2.1 and 2.8).
 */
static void hmac(struct acme_aead *aead, const struct acme_aead_req *req,
		 const u8 *text, u8 *icv)
{
	u8 *msg = acme_crypto_scratch();
	u32 len = ESP_HDR + ACME_IV_MAX + req->len;

	memcpy(msg, req->aad, SEQ_LEN);
	memcpy(msg + SEQ_LEN, req->aad + req->aad_len - SEQ_LEN, SEQ_LEN);
	memcpy(msg + ESP_HDR, req->iv, ACME_IV_MAX);
	memcpy(msg + ESP_HDR + ACME_IV_MAX, text, req->len);
	memcpy(msg + len, req->aad + SEQ_LEN, req->aad_len - ESP_HDR);
	acme_cbc_hmac(aead, msg, len + req->aad_len - ESP_HDR, icv);
}

void acme_cbc_encrypt(struct acme_aead *aead,
		      const struct acme_aead_req *req, u8 *icv)
{
	cipher(aead, req, IMB_DIR_ENCRYPT);
	hmac(aead, req, req->dst, icv);
}

void acme_cbc_decrypt(struct acme_aead *aead,
		      const struct acme_aead_req *req, u8 *icv)
{
	hmac(aead, req, req->src, icv);
	cipher(aead, req, IMB_DIR_DECRYPT);
}
