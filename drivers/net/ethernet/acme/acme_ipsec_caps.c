// SPDX-License-Identifier: GPL-2.0-only
/* IPsec: what the device can do. */

#include <linux/io.h>

#include "acme.h"
#include "acme_ipsec_sa.h"

#define ACME_AEAD_SALT_LEN		4

static const struct acme_cipher acme_ciphers[XFRM_FULL_ALG_MAX] = {
	[XFRM_FULL_AES_GCM] = {
		.hw = ACME_ALG_AES_GCM,
		.aead = "rfc4106(gcm(aes))",
		.salt_len = ACME_AEAD_SALT_LEN,
	},
	[XFRM_FULL_AES_GMAC] = {
		.hw = ACME_ALG_AES_GMAC,
		.aead = "rfc4543(gcm(aes))",
		.salt_len = ACME_AEAD_SALT_LEN,
	},
	[XFRM_FULL_CHACHA20_POLY1305] = {
		.hw = ACME_ALG_CHACHA20_POLY1305,
		.aead = "rfc7539esp(chacha20,poly1305)",
		.salt_len = ACME_AEAD_SALT_LEN,
	},
	[XFRM_FULL_AES_CBC_SHA256] = {
		.hw = ACME_ALG_AES_CBC_SHA256,
		.crypt = "cbc(aes)",
		.auth = "hmac(sha256)",
		.auth_key_len = 32,
	},
	[XFRM_FULL_AES_CBC_SHA384] = {
		.hw = ACME_ALG_AES_CBC_SHA384,
		.crypt = "cbc(aes)",
		.auth = "hmac(sha384)",
		.auth_key_len = 48,
	},
	[XFRM_FULL_AES_CBC_SHA512] = {
		.hw = ACME_ALG_AES_CBC_SHA512,
		.crypt = "cbc(aes)",
		.auth = "hmac(sha512)",
		.auth_key_len = 64,
	},
};

/**
 * acme_cipher() - an algorithm
 * @alg: enum xfrm_full_alg
 *
 * Return: what the driver knows about it.
 */
const struct acme_cipher *acme_cipher(enum xfrm_full_alg alg)
{
	return &acme_ciphers[alg];
}

/**
 * struct acme_caps_bit - a bit of the device and what it is to XFRM
 * @hw: of the device
 * @full: XFRM_OFFLOAD_CAP_*
 */
struct acme_caps_bit {
	u32 hw;
	u32 full;
};

static const struct acme_caps_bit acme_ipsec_bits[] = {
	{ ACME_IPSEC_TUNNEL, XFRM_OFFLOAD_CAP_TUNNEL },
	{ ACME_IPSEC_TRANSPORT, XFRM_OFFLOAD_CAP_TRANSPORT },
	{ ACME_IPSEC_IPV4, XFRM_OFFLOAD_CAP_IPV4 },
	{ ACME_IPSEC_IPV6, XFRM_OFFLOAD_CAP_IPV6 },
	{ ACME_IPSEC_MIXED, XFRM_OFFLOAD_CAP_MIXED },
	{ ACME_IPSEC_UDP_ENCAP, XFRM_OFFLOAD_CAP_UDP_ENCAP },
	{ ACME_IPSEC_ESN, XFRM_OFFLOAD_CAP_ESN },
	{ ACME_IPSEC_EXC_DROP, XFRM_OFFLOAD_CAP_DROP_ONLY },
	{ ACME_IPSEC_BOND, XFRM_OFFLOAD_CAP_BOND },
	{ }
};

static const struct acme_caps_bit acme_limits_out_bits[] = {
	{ ACME_LIMIT_SOFT_PACKETS, XFRM_OFFLOAD_CAP_OUT_SOFT_PACKETS },
	{ ACME_LIMIT_HARD_PACKETS, XFRM_OFFLOAD_CAP_OUT_HARD_PACKETS },
	{ ACME_LIMIT_SOFT_BYTES, XFRM_OFFLOAD_CAP_OUT_SOFT_BYTES },
	{ ACME_LIMIT_HARD_BYTES, XFRM_OFFLOAD_CAP_OUT_HARD_BYTES },
	{ }
};

static const struct acme_caps_bit acme_limits_in_bits[] = {
	{ ACME_LIMIT_SOFT_PACKETS, XFRM_OFFLOAD_CAP_IN_SOFT_PACKETS },
	{ ACME_LIMIT_HARD_PACKETS, XFRM_OFFLOAD_CAP_IN_HARD_PACKETS },
	{ ACME_LIMIT_SOFT_BYTES, XFRM_OFFLOAD_CAP_IN_SOFT_BYTES },
	{ ACME_LIMIT_HARD_BYTES, XFRM_OFFLOAD_CAP_IN_HARD_BYTES },
	{ }
};

static const struct acme_caps_bit acme_handover_bits[] = {
	{ ACME_HANDOVER_SNAPSHOT,
	  XFRM_OFFLOAD_CAP_START | XFRM_OFFLOAD_CAP_STOP },
	{ ACME_HANDOVER_TEST_SET, XFRM_OFFLOAD_CAP_REPLAY_TEST },
	{ ACME_HANDOVER_SEQ_ALLOC, XFRM_OFFLOAD_CAP_SEQ_ALLOC },
	{ }
};

static u32 acme_caps_map(__le32 hw, const struct acme_caps_bit *bit)
{
	u32 full = 0;

	for (; bit->hw; bit++)
		if (le32_to_cpu(hw) & bit->hw)
			full |= bit->full;
	return full;
}

/* Interface 1.1 brought SA_UPDATE and what else is not told by a bit. */
static bool acme_caps_can_update(struct acme_dev *adev)
{
	return (readl(adev->regs + ACME_REG_VERSION) & 0xffff) >= 1;
}

static u32 acme_caps_flags(struct acme_dev *adev,
			   const struct acme_rsp_caps *rsp)
{
	u32 flags = 0;

	flags |= acme_caps_map(rsp->ipsec, acme_ipsec_bits);
	flags |= acme_caps_map(rsp->limits_out, acme_limits_out_bits);
	flags |= acme_caps_map(rsp->limits_in, acme_limits_in_bits);
	flags |= acme_caps_map(rsp->handover, acme_handover_bits);
	if (rsp->audit)
		flags |= XFRM_OFFLOAD_CAP_EVENTS;
	if (acme_caps_can_update(adev))
		flags |= XFRM_OFFLOAD_CAP_UPDATE;
	return flags;
}

/* Bit n of @mask becomes bit n * @unit. */
static u64 acme_caps_bytes(u32 mask, u32 unit, u32 max)
{
	u64 bytes = 0;
	u32 n;

	for (n = 1; n * unit <= max; n++)
		if (mask & BIT(n))
			bytes |= BIT_ULL(n * unit);
	return bytes;
}

/*
 * An algorithm whose salt or integrity key differs from what the RFCs have is
 * none that XFRM could ask for.
 */
static void acme_caps_alg(struct acme_ipsec *ipsec,
			  const struct acme_alg_caps *hw)
{
	enum xfrm_full_alg alg;

	for (alg = 0; alg < XFRM_FULL_ALG_MAX; alg++) {
		if (acme_ciphers[alg].hw != hw->alg ||
		    acme_ciphers[alg].salt_len != hw->salt_len ||
		    acme_ciphers[alg].auth_key_len != hw->auth_key_len)
			continue;
		ipsec->caps.algs[alg].keys =
			acme_caps_bytes(le32_to_cpu(hw->key_lens), 8,
					ACME_KEY_MAX);
		ipsec->caps.algs[alg].icvs =
			acme_caps_bytes(le32_to_cpu(hw->icv_lens), 4,
					ACME_AUTH_KEY_MAX / 2);
	}
}

/* Interface 1.0 had AES-GCM only and no list. */
static void acme_caps_gcm(struct acme_ipsec *ipsec,
			  const struct acme_rsp_caps *rsp)
{
	struct xfrm_full_alg_caps *gcm = &ipsec->caps.algs[XFRM_FULL_AES_GCM];

	gcm->keys = acme_caps_bytes(le32_to_cpu(rsp->key_lens), 8,
				    ACME_KEY_MAX);
	gcm->icvs = acme_caps_bytes(le32_to_cpu(rsp->icv_lens), 1, 31);
}

static void acme_caps_algs(struct acme_ipsec *ipsec,
			   const struct acme_rsp_caps *rsp)
{
	int i;

	if (!rsp->alg[0].alg)
		acme_caps_gcm(ipsec, rsp);
	for (i = 0; i < ACME_MAX_ALGS && rsp->alg[i].alg; i++)
		acme_caps_alg(ipsec, &rsp->alg[i]);
}

static int acme_caps_get(struct acme_dev *adev, struct acme_rsp_caps *rsp)
{
	struct acme_aq_req req = {
		.opcode = ACME_OP_GET_CAPS,
		.rsp = rsp,
		.rsp_len = sizeof(*rsp),
	};

	return acme_adminq_exec(adev, &req);
}

static void acme_caps_set_use(struct acme_ipsec *ipsec,
			      const struct acme_rsp_caps *rsp)
{
	WRITE_ONCE(ipsec->caps.policies, le32_to_cpu(rsp->num_policies));
}

/**
 * acme_caps_read() - ask the device what it can do
 * @adev: device
 *
 * Context: process, may sleep; before the interface is registered.
 * Return: 0 or a negative errno.
 */
int acme_caps_read(struct acme_dev *adev)
{
	struct acme_ipsec *ipsec = &adev->ipsec;
	struct xfrm_full_caps *caps = &ipsec->caps;
	struct acme_rsp_caps rsp;
	int err;

	err = acme_caps_get(adev, &rsp);
	if (err)
		return err;

	ipsec->ipsec = le32_to_cpu(rsp.ipsec);
	ipsec->audit = le32_to_cpu(rsp.audit);
	ipsec->max_capture = min_t(u32, le32_to_cpu(rsp.max_capture),
				   ACME_CAPTURE_MAX);
	caps->flags = acme_caps_flags(adev, &rsp);
	caps->window_min = le32_to_cpu(rsp.min_window);
	caps->window_max = min_t(u32, le32_to_cpu(rsp.max_window),
				 ACME_WINDOW_MAX);
	caps->states_max = le32_to_cpu(rsp.max_sas);
	caps->policies_max = le32_to_cpu(rsp.max_policies);
	acme_caps_algs(ipsec, &rsp);
	acme_caps_set_use(ipsec, &rsp);
	return 0;
}

/**
 * acme_ipsec_refresh() - ask the device how much of it is in use
 * @adev: device
 *
 * Context: process, may sleep.
 */
void acme_ipsec_refresh(struct acme_dev *adev)
{
	struct acme_rsp_caps rsp;

	if (adev->ipsec.ipsec && !acme_caps_get(adev, &rsp))
		acme_caps_set_use(&adev->ipsec, &rsp);
}

/**
 * acme_caps_fill() - tell XFRM what the device can do
 * @adev: device
 * @caps: filled in
 *
 * Context: any.
 */
void acme_caps_fill(struct acme_dev *adev, struct xfrm_full_caps *caps)
{
	const struct acme_ipsec *ipsec = &adev->ipsec;

	*caps = ipsec->caps;
	caps->states = atomic_read(&ipsec->num_sas);
	caps->policies = READ_ONCE(ipsec->caps.policies);
}
