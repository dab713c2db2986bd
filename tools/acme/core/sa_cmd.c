// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The admin command that installs an SA. */
#include "internal.h"

#define ADD(field)	offsetof(struct acme_cmd, sa_add.field)
#define LIMIT(field)	offsetof(struct acme_limits, field)
#define SEL(field)	offsetof(struct acme_selector, field)

#define KNOWN_FLAGS	(ACME_SA_INBOUND | ACME_SA_TUNNEL | ACME_SA_ESN | \
			 ACME_SA_NO_ECN | ACME_SA_NO_ENCAP_DSCP | \
			 ACME_SA_DECAP_DSCP | ACME_SA_NO_DF | \
			 ACME_SA_DROP_EXC | ACME_SA_CRYPTO)

/* What the device must be able to do for these flags, ACME_IPSEC_*. */
static u32 needs(u32 flags)
{
	u32 caps = flags & ACME_SA_TUNNEL ? ACME_IPSEC_TUNNEL :
					    ACME_IPSEC_TRANSPORT;

	if (flags & ACME_SA_ESN)
		caps |= ACME_IPSEC_ESN;
	if (flags & ACME_SA_CRYPTO)
		caps |= ACME_IPSEC_CRYPTO;
	if (flags & ACME_SA_INBOUND)
		caps |= flags & ACME_SA_DROP_EXC ? ACME_IPSEC_EXC_DROP :
						   ACME_IPSEC_EXC_RAW;
	return caps;
}

static u32 check_identity(struct acme_dev *dev,
			  const struct acme_cmd_sa_add *c,
			  struct acme_cmd *rsp)
{
	u32 flags = le32_to_cpu(c->flags);
	u32 family = c->family == 4 ? ACME_IPSEC_IPV4 : ACME_IPSEC_IPV6;
	u32 caps = dev->cfg.ipsec;
	const struct acme_check checks[] = {
		{ !c->spi, ACME_ST_BAD_PARAM, ADD(spi) },
		{ flags & ~KNOWN_FLAGS, ACME_ST_BAD_PARAM, ADD(flags) },
		{ needs(flags) & ~caps, ACME_ST_UNSUPPORTED, ADD(flags) },
		{ c->family != 4 && c->family != 6,
		  ACME_ST_BAD_PARAM, ADD(family) },
		{ !(caps & family), ACME_ST_UNSUPPORTED, ADD(family) },
		{ (flags & (ACME_SA_TUNNEL | ACME_SA_INBOUND)) ==
		  ACME_SA_TUNNEL && !c->ttl, ACME_ST_BAD_PARAM, ADD(ttl) },
		{ !c->encap_sport && c->encap_dport,
		  ACME_ST_BAD_PARAM, ADD(encap_sport) },
		{ c->encap_sport && !(caps & ACME_IPSEC_UDP_ENCAP),
		  ACME_ST_UNSUPPORTED, ADD(encap_sport) },
		{ c->encap_sport && !c->encap_dport,
		  ACME_ST_BAD_PARAM, ADD(encap_dport) },
	};

	return acme_checks(rsp, checks, ARRAY_SIZE(checks));
}

static u32 check_crypto(struct acme_dev *dev, const struct acme_cmd_sa_add *c,
			struct acme_cmd *rsp)
{
	const struct acme_alg_info *alg = acme_alg_find(c->alg);
	u32 flags = le32_to_cpu(c->flags);
	u32 window = le32_to_cpu(c->window);
	u64 stats = le64_to_cpu(c->stats_addr);
	bool in = flags & ACME_SA_INBOUND;
	bool basic = dev->cfg.basic_crypto;
	const struct acme_check checks[] = {
		{ !alg || (basic && c->alg != ACME_ALG_AES_GCM),
		  ACME_ST_UNSUPPORTED, ADD(alg) },
		{ c->key_len > ACME_KEY_MAX, ACME_ST_BAD_PARAM, ADD(key_len) },
		{ !acme_aead_supports_key(c->alg, c->key_len) ||
		  (basic && c->key_len != ACME_BASIC_KEY),
		  ACME_ST_UNSUPPORTED, ADD(key_len) },
		{ !acme_aead_supports_icv(c->alg, c->icv_len) ||
		  (basic && c->icv_len != ACME_BASIC_ICV),
		  ACME_ST_UNSUPPORTED, ADD(icv_len) },
		{ alg && c->auth_key_len != alg->auth_key_len,
		  ACME_ST_BAD_PARAM, ADD(auth_key_len) },
		{ in && window % 32, ACME_ST_BAD_PARAM, ADD(window) },
		{ in && !window && flags & ACME_SA_ESN,
		  ACME_ST_BAD_PARAM, ADD(window) },
		{ in && window > dev->cfg.max_window,
		  ACME_ST_UNSUPPORTED, ADD(window) },
		{ stats % 64, ACME_ST_BAD_PARAM, ADD(stats_addr) },
		{ !acme_dma_ok(dev, stats, sizeof(struct acme_sa_stats)),
		  ACME_ST_DMA_FAULT, ADD(stats_addr) },
	};

	return acme_checks(rsp, checks, ARRAY_SIZE(checks));
}

u32 acme_check_limits(struct acme_dev *dev, bool inbound,
		      const struct acme_limits *l, struct acme_cmd *rsp,
		      size_t base)
{
	u32 can = inbound ? dev->cfg.limits_in : dev->cfg.limits_out;
	const struct acme_check checks[] = {
		{ l->soft_packets && !(can & ACME_LIMIT_SOFT_PACKETS),
		  ACME_ST_UNSUPPORTED, base + LIMIT(soft_packets) },
		{ l->hard_packets && !(can & ACME_LIMIT_HARD_PACKETS),
		  ACME_ST_UNSUPPORTED, base + LIMIT(hard_packets) },
		{ l->soft_bytes && !(can & ACME_LIMIT_SOFT_BYTES),
		  ACME_ST_UNSUPPORTED, base + LIMIT(soft_bytes) },
		{ l->hard_bytes && !(can & ACME_LIMIT_HARD_BYTES),
		  ACME_ST_UNSUPPORTED, base + LIMIT(hard_bytes) },
	};

	return acme_checks(rsp, checks, ARRAY_SIZE(checks));
}

u32 acme_check_selector(struct acme_dev *dev, u32 flags, u8 family,
			const struct acme_selector *sel, struct acme_cmd *rsp,
			size_t base)
{
	u8 bits = sel->family == 4 ? 32 : sel->family == 6 ? 128 : 0;
	bool tunnel = flags & ACME_SA_TUNNEL;
	bool mixed = dev->cfg.ipsec & ACME_IPSEC_MIXED;
	const struct acme_check checks[] = {
		{ sel->family && !bits, ACME_ST_BAD_PARAM,
		  base + SEL(family) },
		{ !tunnel && sel->family && sel->family != family,
		  ACME_ST_BAD_PARAM, base + SEL(family) },
		{ tunnel && !(flags & ACME_SA_CRYPTO) && !mixed &&
		  sel->family != family,
		  ACME_ST_UNSUPPORTED, base + SEL(family) },
		{ sel->prefixlen_s > bits,
		  ACME_ST_BAD_PARAM, base + SEL(prefixlen_s) },
		{ sel->prefixlen_d > bits,
		  ACME_ST_BAD_PARAM, base + SEL(prefixlen_d) },
	};

	return acme_checks(rsp, checks, ARRAY_SIZE(checks));
}

struct acme_quota acme_quota_of(const struct acme_limits *l)
{
	return (struct acme_quota) {
		.soft_packets = le64_to_cpu(l->soft_packets),
		.hard_packets = le64_to_cpu(l->hard_packets),
		.soft_bytes = le64_to_cpu(l->soft_bytes),
		.hard_bytes = le64_to_cpu(l->hard_bytes),
	};
}

static u32 check_room(struct acme_dev *dev, const struct acme_cmd_sa_add *c,
		      struct acme_cmd *rsp)
{
	bool in = le32_to_cpu(c->flags) & ACME_SA_INBOUND;

	if (acme_sa_lookup(&dev->sas, in, c->family, c->daddr,
			   be32toh(c->spi)))
		return acme_refuse(rsp, ACME_ST_EXISTS, ADD(spi));
	if (acme_sa_table_full(&dev->sas))
		return ACME_ST_NO_SPACE;
	return ACME_ST_OK;
}

static u32 check_add(struct acme_dev *dev, const struct acme_cmd_sa_add *c,
		     struct acme_cmd *rsp)
{
	u32 status = check_identity(dev, c, rsp);
	u32 flags = le32_to_cpu(c->flags);

	if (status == ACME_ST_OK)
		status = check_crypto(dev, c, rsp);
	if (status == ACME_ST_OK)
		status = acme_check_limits(dev, flags & ACME_SA_INBOUND,
					   &c->limits, rsp, ADD(limits));
	if (status == ACME_ST_OK)
		status = acme_check_selector(dev, flags, c->family, &c->sel,
					     rsp, ADD(sel));
	if (status == ACME_ST_OK)
		status = check_room(dev, c, rsp);
	return status;
}

static void fill(struct acme_sa *sa, const struct acme_cmd_sa_add *c)
{
	u32 alen = c->family == 4 ? 4 : 16;

	*sa = (struct acme_sa) {
		.spi = be32toh(c->spi),
		.flags = le32_to_cpu(c->flags),
		.family = c->family,
		.icv_len = c->icv_len,
		.ttl = c->ttl,
		.alg = acme_alg_find(c->alg),
		.encap_sport = be16toh(c->encap_sport),
		.encap_dport = be16toh(c->encap_dport),
		.map_sport = be16toh(c->encap_sport),
		.iv_salt = le64_to_cpu(c->iv_salt),
		.sel = c->sel,
		.stats_addr = le64_to_cpu(c->stats_addr),
		.quota = acme_quota_of(&c->limits),
	};
	memcpy(sa->saddr, c->saddr, alen);
	memcpy(sa->map_saddr, c->saddr, alen);
	memcpy(sa->daddr, c->daddr, alen);
	sa->replay.window = le32_to_cpu(c->window);
	sa->replay.esn = sa->flags & ACME_SA_ESN;
}

u32 acme_cmd_sa_add(struct acme_dev *dev, const struct acme_cmd *cmd,
		    struct acme_cmd *rsp)
{
	const struct acme_cmd_sa_add *c = &cmd->sa_add;
	u32 status = check_add(dev, c, rsp);
	struct acme_sa model, *sa;

	if (status != ACME_ST_OK)
		return status;
	fill(&model, c);
	model.aead = acme_aead_new(c->alg, c->key, c->key_len, c->salt,
				   c->icv_len);
	if (!model.aead)
		return ACME_ST_INTERNAL;
	acme_aead_auth_key(model.aead, c->auth_key);
	acme_audit_fill(dev, &model);
	sa = acme_sa_new(&dev->sas, &model);
	acme_sa_stats_write(dev, sa);
	rsp->sa_rsp.handle = cpu_to_le32(sa->handle);
	acme_log(dev, "sa 0x%08x: added, spi 0x%08x, %s", sa->handle, sa->spi,
		 acme_sa_inbound(sa) ? "in" : "out");
	return ACME_ST_OK;
}
