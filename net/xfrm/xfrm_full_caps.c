// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IPsec full offload: what a device can do, and whether that is enough.
 *
 * A request is checked here before the driver sees it.  Each refusal says what
 * to change, and points at the attribute that is to blame where there is one.
 */

#include <kunit/visibility.h>
#include <linux/bitops.h>
#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <linux/string.h>
#include <linux/udp.h>
#include <net/netlink.h>
#include <net/xfrm.h>

#include "xfrm_full_core.h"

const struct xfrm_full_alg_name xfrm_full_algs[XFRM_FULL_ALG_MAX] = {
	[XFRM_FULL_AES_GCM] = {
		.aead = "rfc4106(gcm(aes))", .salt_len = 4,
	},
	[XFRM_FULL_AES_GMAC] = {
		.aead = "rfc4543(gcm(aes))", .salt_len = 4,
	},
	[XFRM_FULL_CHACHA20_POLY1305] = {
		.aead = "rfc7539esp(chacha20,poly1305)", .salt_len = 4,
	},
	[XFRM_FULL_AES_CBC_SHA256] = {
		.crypt = "cbc(aes)", .auth = "hmac(sha256)", .auth_key_len = 32,
	},
	[XFRM_FULL_AES_CBC_SHA384] = {
		.crypt = "cbc(aes)", .auth = "hmac(sha384)", .auth_key_len = 48,
	},
	[XFRM_FULL_AES_CBC_SHA512] = {
		.crypt = "cbc(aes)", .auth = "hmac(sha512)", .auth_key_len = 64,
	},
};

/* Of a device whose driver doesn't say. */
static const struct xfrm_full_caps xfrm_full_assumed = {
	.flags = XFRM_OFFLOAD_CAP_TUNNEL | XFRM_OFFLOAD_CAP_TRANSPORT |
		 XFRM_OFFLOAD_CAP_IPV4 | XFRM_OFFLOAD_CAP_IPV6 |
		 XFRM_OFFLOAD_CAP_MIXED | XFRM_OFFLOAD_CAP_ESN |
		 XFRM_OFFLOAD_CAP_UPDATE,
	.window_max = XFRM_FULL_WINDOW_MAX,
	.algs[XFRM_FULL_AES_GCM] = {
		.keys = BIT_ULL(16) | BIT_ULL(24) | BIT_ULL(32),
		.icvs = BIT_ULL(16),
	},
};

/**
 * xfrm_full_dev_caps() - ask a device what it can do
 * @dev: a device that can do full offload
 * @caps: to be filled in
 *
 * Context: RCU read side.
 */
void xfrm_full_dev_caps(struct net_device *dev, struct xfrm_full_caps *caps)
{
	const struct xfrmdev_ops *ops = dev->xfrmdev_ops;

	*caps = xfrm_full_assumed;
	if (ops->xdo_dev_full_caps) {
		memset(caps, 0, sizeof(*caps));
		ops->xdo_dev_full_caps(dev, caps);
	}

	if (!ops->xdo_dev_full_state_stop)
		caps->flags &= ~XFRM_OFFLOAD_CAP_STOP;
	if (!ops->xdo_dev_full_state_update)
		caps->flags &= ~XFRM_OFFLOAD_CAP_UPDATE;
	if (!ops->xdo_dev_full_replay_test_set)
		caps->flags &= ~XFRM_OFFLOAD_CAP_REPLAY_TEST;
	if (!ops->xdo_dev_full_seq_alloc)
		caps->flags &= ~XFRM_OFFLOAD_CAP_SEQ_ALLOC;
	caps->window_max = min_t(u32, caps->window_max, XFRM_FULL_WINDOW_MAX);
}

static bool xfrm_full_is_alg(const struct xfrm_state *x,
			     const struct xfrm_full_alg_name *name)
{
	if (x->aead)
		return name->aead && !strcmp(x->aead->alg_name, name->aead);

	return name->crypt && x->ealg && x->aalg &&
	       !strcmp(x->ealg->alg_name, name->crypt) &&
	       !strcmp(x->aalg->alg_name, name->auth);
}

/**
 * xfrm_full_alg_of() - an SA's algorithm
 * @x: the SA
 *
 * Return: enum xfrm_full_alg, XFRM_FULL_ALG_MAX if it is none of these.
 */
int xfrm_full_alg_of(const struct xfrm_state *x)
{
	int alg;

	for (alg = 0; alg < XFRM_FULL_ALG_MAX; alg++)
		if (xfrm_full_is_alg(x, &xfrm_full_algs[alg]))
			break;

	return alg;
}
EXPORT_SYMBOL_IF_KUNIT(xfrm_full_alg_of);

#define XFRM_FULL_DENY(rq, type, fmt, args...) ({			\
	const struct xfrm_full_request *__rq = (rq);			\
									\
	NL_SET_ERR_MSG_ATTR_FMT(__rq->extack, __rq->attrs[type],	\
				fmt, ##args);				\
	-EOPNOTSUPP;							\
})

static bool xfrm_full_can(const struct xfrm_full_request *rq, u32 flag)
{
	return rq->caps->flags & flag;
}

static int xfrm_full_check_mode(const struct xfrm_full_request *rq)
{
	bool tunnel = rq->x->props.mode == XFRM_MODE_TUNNEL;

	if (xfrm_full_can(rq, tunnel ? XFRM_OFFLOAD_CAP_TUNNEL :
				       XFRM_OFFLOAD_CAP_TRANSPORT))
		return 0;
	return XFRM_FULL_DENY(rq, XFRMA_OFFLOAD_DEV,
			      "Device can't do %s mode; see ip xfrm offload show",
			      tunnel ? "tunnel" : "transport");
}

static int xfrm_full_check_family(const struct xfrm_full_request *rq)
{
	const struct xfrm_state *x = rq->x;
	bool v6 = x->props.family == AF_INET6;

	if (!xfrm_full_can(rq, v6 ? XFRM_OFFLOAD_CAP_IPV6 :
				    XFRM_OFFLOAD_CAP_IPV4))
		return XFRM_FULL_DENY(rq, XFRMA_OFFLOAD_DEV,
				      "Device can't do IPsec over IPv%d; see ip xfrm offload show",
				      v6 ? 6 : 4);

	if (x->props.mode == XFRM_MODE_TUNNEL &&
	    x->sel.family != x->props.family &&
	    !xfrm_full_can(rq, XFRM_OFFLOAD_CAP_MIXED))
		return XFRM_FULL_DENY(rq, XFRMA_OFFLOAD_DEV,
				      "Device can't tunnel the other family; the selector must be IPv%d",
				      v6 ? 6 : 4);
	return 0;
}

static int xfrm_full_check_alg(const struct xfrm_full_request *rq)
{
	const struct xfrm_state *x = rq->x;
	int alg = xfrm_full_alg_of(x);

	if (x->aead) {
		if (alg < XFRM_FULL_ALG_MAX && rq->caps->algs[alg].keys)
			return 0;
		return XFRM_FULL_DENY(rq, XFRMA_ALG_AEAD,
				      "Device can't do %.36s; see ip xfrm offload show",
				      x->aead->alg_name);
	}

	if (!x->ealg || !x->aalg)
		return XFRM_FULL_DENY(rq, x->ealg ? XFRMA_ALG_CRYPT :
						    XFRMA_ALG_AUTH_TRUNC,
				      "Full offload needs both cipher and integrity; add the other, or use an AEAD");
	if (alg < XFRM_FULL_ALG_MAX && rq->caps->algs[alg].keys)
		return 0;
	return XFRM_FULL_DENY(rq, XFRMA_ALG_CRYPT,
			      "Device can't do %.18s with %.12s; see ip xfrm offload show",
			      x->ealg->alg_name, x->aalg->alg_name);
}

static bool xfrm_full_has_len(u64 lens, u32 bits)
{
	u32 len = bits / BITS_PER_BYTE;

	return !(bits % BITS_PER_BYTE) && len < BITS_PER_TYPE(lens) &&
	       lens & BIT_ULL(len);
}

/* "128, 256" */
static const char *xfrm_full_lens(u64 lens, u32 extra, char *buf, int size)
{
	int len, pos = 0;

	buf[0] = '\0';
	for (len = 0; len < BITS_PER_TYPE(lens); len++)
		if (lens & BIT_ULL(len))
			pos += scnprintf(buf + pos, size - pos, "%s%u",
					 pos ? ", " : "",
					 (len + extra) * BITS_PER_BYTE);

	return buf;
}

#define XFRM_FULL_LENS_SIZE	32

static int xfrm_full_check_key(const struct xfrm_full_request *rq)
{
	const struct xfrm_state *x = rq->x;
	const struct xfrm_full_alg_name *name;
	char buf[XFRM_FULL_LENS_SIZE];
	u32 bits, salt;
	u64 keys;

	name = &xfrm_full_algs[xfrm_full_alg_of(x)];
	keys = rq->caps->algs[xfrm_full_alg_of(x)].keys;
	bits = x->aead ? x->aead->alg_key_len : x->ealg->alg_key_len;
	salt = name->salt_len * BITS_PER_BYTE;

	if (bits < salt || !xfrm_full_has_len(keys, bits - salt))
		return XFRM_FULL_DENY(rq, x->aead ? XFRMA_ALG_AEAD :
						    XFRMA_ALG_CRYPT,
				      "A key of %u bits is unsupported; use %s",
				      bits, xfrm_full_lens(keys, name->salt_len,
							   buf, sizeof(buf)));

	if (x->aalg && x->aalg->alg_key_len != name->auth_key_len * 8)
		return XFRM_FULL_DENY(rq, XFRMA_ALG_AUTH_TRUNC,
				      "An integrity key of %u bits is unsupported; use %u",
				      x->aalg->alg_key_len,
				      name->auth_key_len * 8);
	return 0;
}

static int xfrm_full_check_icv(const struct xfrm_full_request *rq)
{
	u64 icvs = rq->caps->algs[xfrm_full_alg_of(rq->x)].icvs;
	const struct xfrm_state *x = rq->x;
	char buf[XFRM_FULL_LENS_SIZE];
	u32 bits;

	bits = x->aead ? x->aead->alg_icv_len : x->aalg->alg_trunc_len;
	if (xfrm_full_has_len(icvs, bits))
		return 0;
	return XFRM_FULL_DENY(rq, x->aead ? XFRMA_ALG_AEAD :
					    XFRMA_ALG_AUTH_TRUNC,
			      "An ICV of %u bits is unsupported; use %s", bits,
			      xfrm_full_lens(icvs, 0, buf, sizeof(buf)));
}

static int xfrm_full_check_esn(const struct xfrm_full_request *rq)
{
	if (!(rq->x->props.flags & XFRM_STATE_ESN) ||
	    xfrm_full_can(rq, XFRM_OFFLOAD_CAP_ESN))
		return 0;
	return XFRM_FULL_DENY(rq, XFRMA_REPLAY_ESN_VAL,
			      "Device can't do ESN; leave out flag esn");
}

static int xfrm_full_check_window(const struct xfrm_full_request *rq)
{
	const struct xfrm_full_caps *caps = rq->caps;
	u32 window = rq->x->replay_esn ? rq->x->replay_esn->replay_window :
					 rq->x->props.replay_window;

	if (rq->dir != XFRM_SA_DIR_IN || !window)
		return 0;
	if (window > caps->window_max)
		return XFRM_FULL_DENY(rq, XFRMA_REPLAY_ESN_VAL,
				      "Replay window %u is too large; use at most %u",
				      window, caps->window_max);
	if (window < caps->window_min)
		return XFRM_FULL_DENY(rq, XFRMA_REPLAY_ESN_VAL,
				      "Replay window %u is too small; use at least %u",
				      window, caps->window_min);
	return 0;
}

static int xfrm_full_check_encap(const struct xfrm_full_request *rq)
{
	const struct xfrm_encap_tmpl *encap = rq->x->encap;

	if (!encap)
		return 0;
	if (encap->encap_type != UDP_ENCAP_ESPINUDP)
		return XFRM_FULL_DENY(rq, XFRMA_ENCAP,
				      "Full offload doesn't support this encapsulation; use espinudp");
	if (!xfrm_full_can(rq, XFRM_OFFLOAD_CAP_UDP_ENCAP))
		return XFRM_FULL_DENY(rq, XFRMA_ENCAP,
				      "Device can't do UDP encapsulation; leave out encap");
	return 0;
}

static const struct {
	u32 out, in;
	const char *name;
} xfrm_full_limits[] = {
	{ XFRM_OFFLOAD_CAP_OUT_SOFT_PACKETS, XFRM_OFFLOAD_CAP_IN_SOFT_PACKETS,
	  "soft packet" },
	{ XFRM_OFFLOAD_CAP_OUT_HARD_PACKETS, XFRM_OFFLOAD_CAP_IN_HARD_PACKETS,
	  "hard packet" },
	{ XFRM_OFFLOAD_CAP_OUT_SOFT_BYTES, XFRM_OFFLOAD_CAP_IN_SOFT_BYTES,
	  "soft byte" },
	{ XFRM_OFFLOAD_CAP_OUT_HARD_BYTES, XFRM_OFFLOAD_CAP_IN_HARD_BYTES,
	  "hard byte" },
};

static int xfrm_full_check_limits(const struct xfrm_full_request *rq)
{
	const struct xfrm_lifetime_cfg *lft = &rq->x->lft;
	const u64 limits[] = {
		lft->soft_packet_limit, lft->hard_packet_limit,
		lft->soft_byte_limit, lft->hard_byte_limit,
	};
	bool in = rq->dir == XFRM_SA_DIR_IN;
	int i;

	BUILD_BUG_ON(ARRAY_SIZE(limits) != ARRAY_SIZE(xfrm_full_limits));
	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		if (limits[i] == XFRM_INF ||
		    xfrm_full_can(rq, in ? xfrm_full_limits[i].in :
					   xfrm_full_limits[i].out))
			continue;
		return XFRM_FULL_DENY(rq, XFRMA_OFFLOAD_DEV,
				      "Device can't enforce a %s limit of %s SAs; leave it out",
				      xfrm_full_limits[i].name,
				      in ? "inbound" : "outbound");
	}
	return 0;
}

static bool xfrm_full_starts_fresh(const struct xfrm_state *x)
{
	const struct xfrm_replay_state_esn *esn = x->replay_esn;

	if (x->curlft.packets || x->curlft.bytes)
		return false;
	if (!esn)
		return !x->replay.seq && !x->replay.oseq && !x->replay.bitmap;

	return !esn->seq && !esn->seq_hi && !esn->oseq && !esn->oseq_hi &&
	       !memchr_inv(esn->bmp, 0, esn->bmp_len * sizeof(__u32));
}

/**
 * xfrm_full_can_start() - may a device get an SA as it is by now?
 * @can: what the device can do, XFRM_OFFLOAD_CAP_*
 * @x: the SA
 *
 * Context: any; lasts while nobody uses the SA, under x->lock.
 * Return: false if the SA has carried packets and the device starts at zero only.
 */
bool xfrm_full_can_start(u32 can, const struct xfrm_state *x)
{
	return can & XFRM_OFFLOAD_CAP_START || xfrm_full_starts_fresh(x);
}

/* Is the SA in the device already, and won't start there again? */
static bool xfrm_full_is_there(const struct xfrm_full_request *rq)
{
	const struct xfrm_user_offload *xuo;

	if (!rq->x->full)
		return false;

	xuo = nla_data(rq->attrs[XFRMA_OFFLOAD_DEV]);
	return xfrm_full_stays(rq->x->full, xuo->ifindex, xuo->flags);
}

static int xfrm_full_check_start(const struct xfrm_full_request *rq)
{
	if (xfrm_full_can_start(rq->caps->flags, rq->x) ||
	    xfrm_full_is_there(rq))
		return 0;
	return XFRM_FULL_DENY(rq, rq->x->replay_esn ? XFRMA_REPLAY_ESN_VAL :
						      XFRMA_REPLAY_VAL,
			      XFRM_FULL_NO_START);
}

static int (*const xfrm_full_checks[])(const struct xfrm_full_request *) = {
	xfrm_full_check_mode,
	xfrm_full_check_family,
	xfrm_full_check_alg,
	xfrm_full_check_key,
	xfrm_full_check_icv,
	xfrm_full_check_esn,
	xfrm_full_check_window,
	xfrm_full_check_encap,
	xfrm_full_check_limits,
	xfrm_full_check_start,
};

/**
 * xfrm_full_check_changes() - can a device have what may change of a live SA?
 * @rq: the request, with the SA as it is to be: limits and selector
 *
 * Return: 0, or -EOPNOTSUPP.
 */
int xfrm_full_check_changes(const struct xfrm_full_request *rq)
{
	return xfrm_full_check_family(rq) ? : xfrm_full_check_limits(rq);
}

/**
 * xfrm_full_check_caps() - is a device able to do what an SA needs?
 * @rq: the request
 *
 * Return: 0, or a negative errno.
 */
int xfrm_full_check_caps(const struct xfrm_full_request *rq)
{
	int i, err = 0;

	for (i = 0; i < ARRAY_SIZE(xfrm_full_checks) && !err; i++)
		err = xfrm_full_checks[i](rq);

	return err;
}
EXPORT_SYMBOL_IF_KUNIT(xfrm_full_check_caps);
