/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* The ciphers behind one small interface. */
#ifndef _ACME_CRYPTO_H
#define _ACME_CRYPTO_H

#include "acme_hw.h"
#include "compat.h"

#define ACME_IV_LEN	8
#define ACME_ICV_MAX	16

struct acme_aead;

/**
 * struct acme_aead_req - one packet
 * @iv: as in the packet, ACME_IV_LEN bytes
 * @aad: additional authenticated data
 * @aad_len: its bytes
 * @src: input without ICV
 * @dst: output; may be @src
 * @len: bytes of both
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
 * @salt: of the nonce, 4 bytes
 * @icv_len: supported
 *
 * Return: the key, NULL without memory.
 */
struct acme_aead *acme_aead_new(u8 alg, const u8 *key, u8 key_len,
				const u8 *salt, u8 icv_len);

/* Clears the key, then frees it. */
void acme_aead_free(struct acme_aead *aead);

void acme_aead_encrypt(struct acme_aead *aead,
		       const struct acme_aead_req *req);

/* Return: is the ICV right? If not, @req->dst holds nothing of use. */
bool acme_aead_decrypt(struct acme_aead *aead,
		       const struct acme_aead_req *req);

#endif /* _ACME_CRYPTO_H */
