/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* The algorithms behind one small interface. */
#ifndef _ACME_CRYPTO_H
#define _ACME_CRYPTO_H

#include "acme_hw.h"
#include "compat.h"

#define ACME_IV_LEN	8	/* of a counter */
#define ACME_IV_MAX	16
#define ACME_ICV_MAX	32
#define ACME_BLOCK_MAX	16

/* Longest text that an algorithm takes. */
#define ACME_CRYPTO_MAX	(ACME_TX_MAX_PACKET + 256)

struct acme_aead;

/**
 * struct acme_alg_info - what an algorithm needs
 * @alg: enum acme_alg
 * @salt_len: bytes of salt
 * @auth_key_len: bytes of the integrity key, 0 if it has none
 * @iv_len: bytes of IV in the packet
 * @block_len: texts are multiples of this
 * @random_iv: the IV must not be a counter
 * @key_lens: bit n: cipher key of 8 * n bytes
 * @icv_lens: bit n: ICV of 4 * n bytes
 */
struct acme_alg_info {
	u8 alg;
	u8 salt_len;
	u8 auth_key_len;
	u8 iv_len;
	u8 block_len;
	bool random_iv;
	u32 key_lens;
	u32 icv_lens;
};

/**
 * struct acme_aead_req - one packet
 * @iv: as in the packet
 * @aad: SPI and sequence number, 8 bytes or, with 64-bit numbers, 12: HMAC
 *	takes the upper half from there to the end
 * @aad_len: its bytes
 * @src: input without ICV
 * @dst: output; may be @src
 * @len: bytes of both, at most ACME_CRYPTO_MAX
 * @icv: written when encrypting, compared when decrypting
 */
struct acme_aead_req {
	const u8 *iv;
	const u8 *aad;
	u32 aad_len;
	const u8 *src;
	u8 *dst;
	u32 len;
	u8 *icv;
};

/* Return: NULL when there is no such algorithm. */
const struct acme_alg_info *acme_alg_find(u8 alg);

/* Is there such an algorithm, and does it take such a key and ICV? */
bool acme_aead_supports_alg(u8 alg);
bool acme_aead_supports_key(u8 alg, u8 key_len);
bool acme_aead_supports_icv(u8 alg, u8 icv_len);

/* Fills in what all algorithms of this build support. */
void acme_aead_caps(struct acme_rsp_caps *caps);

/**
 * acme_aead_new() - expand a key
 * @alg: enum acme_alg, supported
 * @key: cipher key
 * @key_len: its bytes, supported
 * @salt: of the nonce, 4 bytes; not looked at without salt
 * @icv_len: supported
 *
 * Return: the key, NULL without memory.
 */
struct acme_aead *acme_aead_new(u8 alg, const u8 *key, u8 key_len,
				const u8 *salt, u8 icv_len);

/* Sets the integrity key, for algorithms that have one, before first use. */
void acme_aead_auth_key(struct acme_aead *aead, const u8 *key);

/* Clears the key, then frees it. */
void acme_aead_free(struct acme_aead *aead);

void acme_aead_encrypt(struct acme_aead *aead,
		       const struct acme_aead_req *req);

/* Return: is the ICV right? If not, @req->dst holds nothing of use. */
bool acme_aead_decrypt(struct acme_aead *aead,
		       const struct acme_aead_req *req);

#endif /* _ACME_CRYPTO_H */
