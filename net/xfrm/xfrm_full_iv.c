// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: one function for the IVs of software and device.
 *
 * AES-GCM and its relatives break when an IV repeats under a key.  Software
 * takes the 64-bit sequence number XOR a random salt (crypto/seqiv.c).  A
 * device uses the same salt, with the number of its arming in the top 16 bits
 * of the sequence number, where software has zeros.
 */

#include <crypto/aead.h>
#include <kunit/visibility.h>
#include <linux/crypto.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

/* SPI and sequence number, the additional data of ESP without ESN. */
#define XFRM_FULL_AD_LEN	8
#define XFRM_FULL_IV_LEN	8
#define XFRM_FULL_TEXT_LEN	16

static int xfrm_full_encrypt_zeros(struct aead_request *req, u8 *buf,
				   unsigned int len, u8 *seq)
{
	struct scatterlist sg;
	DECLARE_CRYPTO_WAIT(wait);

	sg_init_one(&sg, buf, len);
	aead_request_set_callback(req, CRYPTO_TFM_REQ_MAY_BACKLOG |
				  CRYPTO_TFM_REQ_MAY_SLEEP,
				  crypto_req_done, &wait);
	aead_request_set_crypt(req, &sg, &sg,
			       XFRM_FULL_IV_LEN + XFRM_FULL_TEXT_LEN, seq);
	aead_request_set_ad(req, XFRM_FULL_AD_LEN);

	return crypto_wait_req(crypto_aead_encrypt(req), &wait);
}

/**
 * xfrm_full_read_salt() - learn the salt that software has for its IVs
 * @x: an outbound SA whose IV is a counter
 * @salt: set to the salt
 *
 * The salt belongs to a generic template that has no accessor, but the IV that
 * it makes of sequence number 0 is the salt.  ESP never sends that number.
 *
 * Context: process, may sleep.
 * Return: 0, or a negative errno.
 */
int xfrm_full_read_salt(struct xfrm_state *x, __be64 *salt)
{
	struct crypto_aead *aead = x->data;
	unsigned int len = XFRM_FULL_AD_LEN + XFRM_FULL_IV_LEN +
			   XFRM_FULL_TEXT_LEN + crypto_aead_authsize(aead);
	struct aead_request *req;
	u8 *buf, *seq;
	int err;

	if (crypto_aead_ivsize(aead) != XFRM_FULL_IV_LEN)
		return -EINVAL;

	req = aead_request_alloc(aead, GFP_KERNEL);
	buf = kzalloc(len, GFP_KERNEL);
	seq = kzalloc(XFRM_FULL_IV_LEN, GFP_KERNEL);
	err = -ENOMEM;
	if (!req || !buf || !seq)
		goto out;

	err = xfrm_full_encrypt_zeros(req, buf, len, seq);
	if (!err)
		memcpy(salt, buf + XFRM_FULL_AD_LEN, XFRM_FULL_IV_LEN);
out:
	kfree(seq);
	kfree_sensitive(buf);
	aead_request_free(req);
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(xfrm_full_read_salt);

/**
 * xfrm_full_check_epochs() - may devices get an SA so often yet?
 * @full: the SA's full offload
 * @n: how often
 * @extack: says what is wrong
 *
 * Context: xfrm_full.mutex held.
 * Return: 0, or -EOVERFLOW.
 */
int xfrm_full_check_epochs(const struct xfrm_full *full, unsigned int n,
			   struct netlink_ext_ack *extack)
{
	if (n <= U16_MAX - full->epoch)
		return 0;

	NL_SET_ERR_MSG(extack,
		       "A device got the SA too often: negotiate a new one");
	return -EOVERFLOW;
}
EXPORT_SYMBOL_IF_KUNIT(xfrm_full_check_epochs);

/**
 * xfrm_full_next_epoch() - a device is about to get an SA once more
 * @full: the SA's full offload
 * @extack: says what is wrong
 *
 * An epoch that was tried is used up: nobody knows what the device did.
 *
 * Context: xfrm_full.mutex held.
 * Return: 0, or -EOVERFLOW.
 */
int xfrm_full_next_epoch(struct xfrm_full *full, struct netlink_ext_ack *extack)
{
	int err;

	err = xfrm_full_check_epochs(full, 1, extack);
	if (!err)
		full->epoch++;
	return err;
}
EXPORT_SYMBOL_IF_KUNIT(xfrm_full_next_epoch);
