/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* What the algorithms share; only they know of ipsec-mb. */
#ifndef _ACME_CRYPTO_IMPL_H
#define _ACME_CRYPTO_IMPL_H

#include <intel-ipsec-mb.h>

#include "crypto.h"

#define NONCE_LEN	12
#define SALT_LEN	4
#define HASH_STATE_MAX	64
#define AES_SCHEDULE	(15 * 16)

typedef void (*gcm_fn)(const struct gcm_key_data *, struct gcm_context_data *,
		       u8 *, const u8 *, u64, const u8 *, const u8 *, u64,
		       u8 *, u64);

/**
 * struct gcm_key - AES-GCM, AES-GMAC
 * @data: expanded
 * @enc: for this length of key
 * @dec: likewise
 */
struct gcm_key {
	struct gcm_key_data data;
	gcm_fn enc;
	gcm_fn dec;
};

/**
 * struct cbc_key - AES-CBC with HMAC
 * @enc: key schedule
 * @dec: likewise
 * @ipad: state of the hash after the key and the inner padding
 * @opad: likewise, the outer
 */
struct cbc_key {
	u8 enc[AES_SCHEDULE] __attribute__((aligned(16)));
	u8 dec[AES_SCHEDULE] __attribute__((aligned(16)));
	u8 ipad[HASH_STATE_MAX] __attribute__((aligned(16)));
	u8 opad[HASH_STATE_MAX] __attribute__((aligned(16)));
};

struct acme_aead {
	union {
		struct gcm_key gcm;
		struct cbc_key cbc;
		u8 chacha[32];
	};
	const struct acme_alg_impl *impl;
	IMB_MGR *mgr;
	u8 salt[SALT_LEN];
	u8 key_len;
	u8 icv_len;
};

/**
 * struct acme_alg_impl - an algorithm
 * @info: what it needs
 * @set_key: expands the cipher key
 * @encrypt: also writes the ICV
 * @decrypt: the same, with the ICV that should be
 */
struct acme_alg_impl {
	struct acme_alg_info info;
	void (*set_key)(struct acme_aead *aead, const u8 *key);
	void (*encrypt)(struct acme_aead *aead,
			const struct acme_aead_req *req, u8 *icv);
	void (*decrypt)(struct acme_aead *aead,
			const struct acme_aead_req *req, u8 *icv);
};

/* Room to put the parts of a packet together; there is one thread. */
u8 *acme_crypto_scratch(void);

/* crypto_cbc.c */
void acme_cbc_set_key(struct acme_aead *aead, const u8 *key);
void acme_cbc_set_auth_key(struct acme_aead *aead, const u8 *key);
/* The integrity algorithm alone, over a message of at least one byte. */
void acme_cbc_hmac(struct acme_aead *aead, const u8 *msg, u32 len, u8 *icv);

void acme_cbc_encrypt(struct acme_aead *aead,
		      const struct acme_aead_req *req, u8 *icv);
void acme_cbc_decrypt(struct acme_aead *aead,
		      const struct acme_aead_req *req, u8 *icv);

#endif /* _ACME_CRYPTO_IMPL_H */
