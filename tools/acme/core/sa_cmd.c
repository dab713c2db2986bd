// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Admin commands on SAs. */
#include "internal.h"

#define ADD(field)	offsetof(struct acme_cmd, sa_add.field)
#define SA(field)	offsetof(struct acme_cmd, sa.field)

#define KNOWN_FLAGS	(ACME_SA_INBOUND | ACME_SA_TUNNEL | ACME_SA_ESN | \
			 ACME_SA_NO_ECN | ACME_SA_NO_ENCAP_DSCP | \
			 ACME_SA_DECAP_DSCP | ACME_SA_NO_DF)

static u32 check_identity(struct acme_dev *dev,
			  const struct acme_cmd_sa_add *c,
			  struct acme_cmd *rsp)
{
	u32 flags = le32_to_cpu(c->flags);
	u32 mode = flags & ACME_SA_TUNNEL ? ACME_IPSEC_TUNNEL :
					    ACME_IPSEC_TRANSPORT;
	u32 family = c->family == 4 ? ACME_IPSEC_IPV4 : ACME_IPSEC_IPV6;
	u32 caps = dev->cfg.ipsec;
	const struct acme_check checks[] = {
		{ !c->spi, ACME_ST_BAD_PARAM, ADD(spi) },
		{ flags & ~KNOWN_FLAGS, ACME_ST_BAD_PARAM, ADD(flags) },
		{ !(caps & mode), ACME_ST_UNSUPPORTED, ADD(flags) },
		{ flags & ACME_SA_ESN && !(caps & ACME_IPSEC_ESN),
		  ACME_ST_UNSUPPORTED, ADD(flags) },
		{ c->family != 4 && c->family != 6,
		  ACME_ST_BAD_PARAM, ADD(family) },
		{ !(caps & family), ACME_ST_UNSUPPORTED, ADD(family) },
		{ (flags & (ACME_SA_TUNNEL | ACME_SA_INBOUND)) ==
		  ACME_SA_TUNNEL && !c->ttl, ACME_ST_BAD_PARAM, ADD(ttl) },
	};

	return acme_checks(rsp, checks, ARRAY_SIZE(checks));
}

static u32 check_crypto(struct acme_dev *dev, const struct acme_cmd_sa_add *c,
			struct acme_cmd *rsp)
{
	u32 flags = le32_to_cpu(c->flags);
	u32 window = le32_to_cpu(c->window);
	u64 stats = le64_to_cpu(c->stats_addr);
	bool in = flags & ACME_SA_INBOUND;
	const struct acme_check checks[] = {
		{ !acme_aead_supports_alg(c->alg),
		  ACME_ST_UNSUPPORTED, ADD(alg) },
		{ c->key_len > ACME_KEY_MAX, ACME_ST_BAD_PARAM, ADD(key_len) },
		{ !acme_aead_supports_key(c->alg, c->key_len),
		  ACME_ST_UNSUPPORTED, ADD(key_len) },
		{ !acme_aead_supports_icv(c->alg, c->icv_len),
		  ACME_ST_UNSUPPORTED, ADD(icv_len) },
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

static u32 check_selector(const struct acme_cmd_sa_add *c,
			  struct acme_cmd *rsp)
{
	const struct acme_selector *sel = &c->sel;
	bool tunnel = le32_to_cpu(c->flags) & ACME_SA_TUNNEL;
	u8 bits = sel->family == 4 ? 32 : sel->family == 6 ? 128 : 0;
	const struct acme_check checks[] = {
		{ sel->family && !bits, ACME_ST_BAD_PARAM, ADD(sel.family) },
		{ !tunnel && sel->family && sel->family != c->family,
		  ACME_ST_BAD_PARAM, ADD(sel.family) },
		{ sel->prefixlen_s > bits,
		  ACME_ST_BAD_PARAM, ADD(sel.prefixlen_s) },
		{ sel->prefixlen_d > bits,
		  ACME_ST_BAD_PARAM, ADD(sel.prefixlen_d) },
	};

	return acme_checks(rsp, checks, ARRAY_SIZE(checks));
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

	if (status == ACME_ST_OK)
		status = check_crypto(dev, c, rsp);
	if (status == ACME_ST_OK)
		status = check_selector(c, rsp);
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
		.iv_salt = le64_to_cpu(c->iv_salt),
		.sel = c->sel,
		.stats_addr = le64_to_cpu(c->stats_addr),
	};
	memcpy(sa->saddr, c->saddr, alen);
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
	sa = acme_sa_new(&dev->sas, &model);
	acme_sa_stats_write(dev, sa);
	rsp->sa_rsp.handle = cpu_to_le32(sa->handle);
	acme_log(dev, "sa 0x%08x: added, spi 0x%08x, %s", sa->handle, sa->spi,
		 acme_sa_inbound(sa) ? "in" : "out");
	return ACME_ST_OK;
}

static struct acme_sa *find(struct acme_dev *dev, const struct acme_cmd *cmd,
			    struct acme_cmd *rsp, u32 *status)
{
	struct acme_sa *sa = acme_sa_by_handle(&dev->sas,
					       le32_to_cpu(cmd->sa.handle));

	if (!sa)
		*status = acme_refuse(rsp, ACME_ST_NOT_FOUND, SA(handle));
	return sa;
}

u32 acme_cmd_sa_run(struct acme_dev *dev, const struct acme_cmd *cmd,
		    struct acme_cmd *rsp)
{
	const struct acme_sa_snapshot *snap = &cmd->sa.snap;
	u64 seq = le64_to_cpu(snap->seq);
	struct acme_sa *sa;
	u32 status;

	sa = find(dev, cmd, rsp, &status);
	if (!sa)
		return status;
	if (sa->running)
		return acme_refuse(rsp, ACME_ST_BUSY, SA(handle));
	if (seq > acme_sa_seq_max(sa))
		return acme_refuse(rsp, ACME_ST_BAD_PARAM, SA(snap.seq));
	sa->packets = le64_to_cpu(snap->packets);
	sa->bytes = le64_to_cpu(snap->bytes);
	sa->epoch = le16_to_cpu(snap->epoch);
	if (acme_sa_inbound(sa))
		acme_replay_load(&sa->replay, seq, snap->bitmap);
	else
		sa->seq = seq;
	sa->running = true;
	acme_sa_stats_write(dev, sa);
	return ACME_ST_OK;
}

u32 acme_cmd_sa_del(struct acme_dev *dev, const struct acme_cmd *cmd,
		    struct acme_cmd *rsp)
{
	struct acme_sa *sa;
	u32 status;

	sa = find(dev, cmd, rsp, &status);
	if (!sa)
		return status;
	acme_log(dev, "sa 0x%08x: deleted", sa->handle);
	acme_sa_del(&dev->sas, sa);
	return ACME_ST_OK;
}

u32 acme_cmd_sa_query(struct acme_dev *dev, const struct acme_cmd *cmd,
		      struct acme_cmd *rsp)
{
	struct acme_sa_snapshot *snap = &rsp->sa.snap;
	struct acme_sa *sa;
	u32 status;

	sa = find(dev, cmd, rsp, &status);
	if (!sa)
		return status;
	rsp->sa.handle = cmd->sa.handle;
	snap->seq = cpu_to_le64(acme_sa_seq(sa));
	snap->packets = cpu_to_le64(sa->packets);
	snap->bytes = cpu_to_le64(sa->bytes);
	snap->epoch = cpu_to_le16(sa->epoch);
	if (acme_sa_inbound(sa))
		acme_replay_save(&sa->replay, snap->bitmap);
	return ACME_ST_OK;
}
