// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPsec: may an SA be added? Each check says what to change. What XFRM checks
 * by itself for full offload is checked here for the other two.
 */

#include <linux/bitops.h>
#include <linux/netlink.h>

#include "acme.h"
#include "acme_ipsec_sa.h"

#define ACME_XFRM_FLAGS \
	(XFRM_STATE_NOECN | XFRM_STATE_DECAP_DSCP | XFRM_STATE_NOPMTUDISC | \
	 XFRM_STATE_AF_UNSPEC | XFRM_STATE_ESN)

/* Bytes of the cipher key without salt. */
u32 acme_sa_key_len(const struct acme_sa *sa)
{
	const struct acme_cipher *cipher = acme_cipher(sa->alg);
	const struct xfrm_state *x = sa->x;

	if (cipher->aead)
		return x->aead->alg_key_len / BITS_PER_BYTE - cipher->salt_len;
	return x->ealg->alg_key_len / BITS_PER_BYTE;
}

u32 acme_sa_icv_len(const struct acme_sa *sa)
{
	const struct xfrm_state *x = sa->x;

	if (acme_cipher(sa->alg)->aead)
		return x->aead->alg_icv_len / BITS_PER_BYTE;
	return x->aalg->alg_trunc_len / BITS_PER_BYTE;
}

static bool acme_bit_set(u64 mask, u32 bit)
{
	return bit < 64 && mask & BIT_ULL(bit);
}

static u32 acme_top_bits(u64 bytes)
{
	return (fls64(bytes) - 1) * BITS_PER_BYTE;
}

static int acme_check_device(struct acme_dev *adev, struct acme_sa *sa,
			     struct netlink_ext_ack *extack)
{
	if (!acme_dev_is_lost(adev))
		return 0;
	NL_SET_ERR_MSG_MOD(extack, "the device is lost; bind its driver anew");
	return -EIO;
}

static int acme_check_proto(struct acme_dev *adev, struct acme_sa *sa,
			    struct netlink_ext_ack *extack)
{
	if (sa->x->id.proto == IPPROTO_ESP)
		return 0;
	NL_SET_ERR_MSG_MOD(extack, "this device can't do AH or IPComp; use proto esp");
	return -EOPNOTSUPP;
}

static int acme_check_mode(struct acme_dev *adev, struct acme_sa *sa,
			   struct netlink_ext_ack *extack)
{
	u8 mode = sa->x->props.mode;
	u32 bit = acme_sa_tunnel(sa) ? ACME_IPSEC_TUNNEL : ACME_IPSEC_TRANSPORT;

	if (mode != XFRM_MODE_TUNNEL && mode != XFRM_MODE_TRANSPORT) {
		NL_SET_ERR_MSG_MOD(extack, "the mode is unsupported; use mode tunnel or transport");
		return -EOPNOTSUPP;
	}
	if (adev->ipsec.ipsec & bit)
		return 0;
	NL_SET_ERR_MSG_FMT_MOD(extack, "this device can't do %s mode",
			       acme_sa_tunnel(sa) ? "tunnel" : "transport");
	return -EOPNOTSUPP;
}

static int acme_check_family(struct acme_dev *adev, struct acme_sa *sa,
			     struct netlink_ext_ack *extack)
{
	bool v6 = sa->x->props.family == AF_INET6;
	u32 bit = v6 ? ACME_IPSEC_IPV6 : ACME_IPSEC_IPV4;

	if (adev->ipsec.ipsec & bit)
		return 0;
	NL_SET_ERR_MSG_FMT_MOD(extack, "this device can't do IPsec over IPv%d",
			       v6 ? 6 : 4);
	return -EOPNOTSUPP;
}

static bool acme_cipher_is(const struct acme_cipher *cipher,
			   const struct xfrm_state *x)
{
	if (cipher->aead)
		return x->aead && !strcmp(x->aead->alg_name, cipher->aead);
	return x->ealg && !strcmp(x->ealg->alg_name, cipher->crypt) &&
	       x->aalg && !strcmp(x->aalg->alg_name, cipher->auth);
}

static const char *acme_alg_name(const struct xfrm_state *x)
{
	if (x->aead)
		return x->aead->alg_name;
	if (x->ealg && x->aalg)
		return "this pair of enc and auth";
	return "no aead";
}

static int acme_check_alg(struct acme_dev *adev, struct acme_sa *sa,
			  struct netlink_ext_ack *extack)
{
	enum xfrm_full_alg alg;

	for (alg = 0; alg < XFRM_FULL_ALG_MAX; alg++) {
		if (adev->ipsec.caps.algs[alg].keys &&
		    acme_cipher_is(acme_cipher(alg), sa->x)) {
			sa->alg = alg;
			return 0;
		}
	}
	NL_SET_ERR_MSG_FMT_MOD(extack, "%.30s is unsupported; use aead %s",
			       acme_alg_name(sa->x),
			       acme_cipher(XFRM_FULL_AES_GCM)->aead);
	return -EOPNOTSUPP;
}

static int acme_check_icv(struct acme_dev *adev, struct acme_sa *sa,
			  struct netlink_ext_ack *extack)
{
	u64 icvs = adev->ipsec.caps.algs[sa->alg].icvs;

	if (acme_bit_set(icvs, acme_sa_icv_len(sa)))
		return 0;
	NL_SET_ERR_MSG_FMT_MOD(extack,
			       "an ICV of %u bits is unsupported; use %u",
			       acme_sa_icv_len(sa) * BITS_PER_BYTE,
			       acme_top_bits(icvs));
	return -EOPNOTSUPP;
}

static int acme_check_key(struct acme_dev *adev, struct acme_sa *sa,
			  struct netlink_ext_ack *extack)
{
	u64 keys = adev->ipsec.caps.algs[sa->alg].keys;
	u32 salt = acme_cipher(sa->alg)->salt_len * BITS_PER_BYTE;
	u32 len = acme_sa_key_len(sa);

	if (acme_bit_set(keys, len))
		return 0;
	NL_SET_ERR_MSG_FMT_MOD(extack,
			       "a key of %u bits is unsupported; use %u%s",
			       len * BITS_PER_BYTE + salt,
			       acme_top_bits(keys) + salt,
			       salt ? ", with salt" : "");
	return -EOPNOTSUPP;
}

static int acme_check_auth_key(struct acme_dev *adev, struct acme_sa *sa,
			       struct netlink_ext_ack *extack)
{
	u32 bits = acme_cipher(sa->alg)->auth_key_len * BITS_PER_BYTE;

	if (!bits || sa->x->aalg->alg_key_len == bits)
		return 0;
	NL_SET_ERR_MSG_FMT_MOD(extack,
			       "an auth key of %u bits is unsupported; use %u",
			       sa->x->aalg->alg_key_len, bits);
	return -EOPNOTSUPP;
}

static int acme_check_window(struct acme_dev *adev, struct acme_sa *sa,
			     struct netlink_ext_ack *extack)
{
	u32 max = adev->ipsec.caps.window_max;
	u32 window = acme_sa_window(sa);

	if (!sa->inbound)
		return 0;
	if (window > max) {
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "replay window %u is too large; use at most %u",
				       window, max);
		return -EINVAL;
	}
	if (window % 32) {
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "replay window %u is unsupported; use a multiple of 32",
				       window);
		return -EINVAL;
	}
	return 0;
}

static int acme_check_esn(struct acme_dev *adev, struct acme_sa *sa,
			  struct netlink_ext_ack *extack)
{
	if (!(sa->x->props.flags & XFRM_STATE_ESN))
		return 0;
	if (!(adev->ipsec.ipsec & ACME_IPSEC_ESN)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "this device can't do ESN; leave out flag esn");
		return -EOPNOTSUPP;
	}
	if (sa->inbound && !acme_sa_window(sa)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "ESN needs a replay window; give replay-window");
		return -EINVAL;
	}
	return 0;
}

static const char *acme_flag_name(u32 flags)
{
	if (flags & XFRM_STATE_ICMP)
		return "icmp";
	if (flags & XFRM_STATE_ALIGN4)
		return "align4";
	if (flags & XFRM_STATE_WILDRECV)
		return "wildrecv";
	return "that is unknown";
}

static int acme_check_flags(struct acme_dev *adev, struct acme_sa *sa,
			    struct netlink_ext_ack *extack)
{
	u32 flags = sa->x->props.flags & ~ACME_XFRM_FLAGS;
	u32 extra = sa->x->props.extra_flags & ~XFRM_SA_XFLAG_DONT_ENCAP_DSCP;

	if (flags) {
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "flag %s is unsupported; leave it out",
				       acme_flag_name(flags));
		return -EOPNOTSUPP;
	}
	if (extra) {
		NL_SET_ERR_MSG_FMT_MOD(extack,
				       "extra flags 0x%x are unsupported; leave them out",
				       extra);
		return -EOPNOTSUPP;
	}
	return 0;
}

static int acme_check_encap(struct acme_dev *adev, struct acme_sa *sa,
			    struct netlink_ext_ack *extack)
{
	const struct xfrm_encap_tmpl *encap = sa->x->encap;

	if (!encap)
		return 0;
	if (!(adev->ipsec.ipsec & ACME_IPSEC_UDP_ENCAP)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "this device can't do UDP encapsulation; leave out encap");
		return -EOPNOTSUPP;
	}
	if (encap->encap_type != UDP_ENCAP_ESPINUDP) {
		NL_SET_ERR_MSG_MOD(extack,
				   "the encapsulation is unsupported; use encap espinudp");
		return -EOPNOTSUPP;
	}
	if (!encap->encap_sport || !encap->encap_dport) {
		NL_SET_ERR_MSG_MOD(extack,
				   "port 0 can't be used for UDP encapsulation");
		return -EINVAL;
	}
	return 0;
}

/**
 * acme_limits_check() - can the device have these limits?
 * @lft: limits
 * @extack: says what to change
 *
 * To the device a limit of 0 is none.
 *
 * Return: 0 or a negative errno.
 */
int acme_limits_check(const struct xfrm_lifetime_cfg *lft,
		      struct netlink_ext_ack *extack)
{
	if (lft->soft_packet_limit && lft->hard_packet_limit &&
	    lft->soft_byte_limit && lft->hard_byte_limit)
		return 0;
	NL_SET_ERR_MSG_MOD(extack,
			   "a limit of 0 packets or bytes is unsupported; leave it out or use at least 1");
	return -EINVAL;
}

static int acme_check_limits(struct acme_dev *adev, struct acme_sa *sa,
			     struct netlink_ext_ack *extack)
{
	if (sa->mode == ACME_MODE_CRYPTO)
		return 0;
	return acme_limits_check(&sa->x->lft, extack);
}

/**
 * acme_selector_check() - can an SA have this selector?
 * @adev: device
 * @sa: the SA
 * @sel: selector
 * @extack: says what to change
 *
 * Return: 0 or a negative errno.
 */
int acme_selector_check(struct acme_dev *adev, const struct acme_sa *sa,
			const struct xfrm_selector *sel,
			struct netlink_ext_ack *extack)
{
	if (sel->ifindex) {
		NL_SET_ERR_MSG_MOD(extack,
				   "a selector with an interface is not supported; leave out dev");
		return -EOPNOTSUPP;
	}
	if (sel->family == AF_UNSPEC &&
	    (sel->prefixlen_s || sel->prefixlen_d)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "a selector for both families can't have addresses; leave out flag af-unspec");
		return -EINVAL;
	}
	if (!acme_sa_tunnel(sa) && sel->family != AF_UNSPEC &&
	    sel->family != sa->x->props.family) {
		NL_SET_ERR_MSG_MOD(extack,
				   "in transport mode the selector must have the SA's family");
		return -EINVAL;
	}
	if (acme_sa_tunnel(sa) && sel->family != sa->x->props.family &&
	    !(adev->ipsec.ipsec & ACME_IPSEC_MIXED)) {
		NL_SET_ERR_MSG_MOD(extack,
				   "this device can't tunnel the other family; the selector must have the SA's");
		return -EOPNOTSUPP;
	}
	return 0;
}

static int acme_check_selector(struct acme_dev *adev, struct acme_sa *sa,
			       struct netlink_ext_ack *extack)
{
	if (sa->mode == ACME_MODE_CRYPTO)
		return 0;
	return acme_selector_check(adev, sa, &sa->x->sel, extack);
}

static int acme_check_addrs(struct acme_dev *adev, struct acme_sa *sa,
			    struct netlink_ext_ack *extack)
{
	if (sa->inbound || !acme_sa_tunnel(sa) ||
	    !xfrm_addr_any(&sa->x->props.saddr, sa->x->props.family))
		return 0;
	NL_SET_ERR_MSG_MOD(extack,
			   "an outbound tunnel needs a source address; give src");
	return -EINVAL;
}

typedef int (*acme_check_fn)(struct acme_dev *adev, struct acme_sa *sa,
			     struct netlink_ext_ack *extack);

static const acme_check_fn acme_checks[] = {
	acme_check_device,
	acme_check_proto,
	acme_check_mode,
	acme_check_family,
	acme_check_alg,
	acme_check_icv,
	acme_check_key,
	acme_check_auth_key,
	acme_check_window,
	acme_check_esn,
	acme_check_flags,
	acme_check_encap,
	acme_check_limits,
	acme_check_selector,
	acme_check_addrs,
};

/**
 * acme_sa_check() - may this SA be added?
 * @adev: device
 * @sa: the SA; its algorithm is found out
 * @extack: says what to change
 *
 * Return: 0 or a negative errno.
 */
int acme_sa_check(struct acme_dev *adev, struct acme_sa *sa,
		  struct netlink_ext_ack *extack)
{
	int i, err = 0;

	for (i = 0; i < ARRAY_SIZE(acme_checks) && !err; i++)
		err = acme_checks[i](adev, sa, extack);
	return err;
}
