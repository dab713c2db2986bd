// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Admin commands on SAs that are installed, and what the host does for them. */
#include "internal.h"

#define SA(field)	offsetof(struct acme_cmd, sa.field)
#define UPDATE(field)	offsetof(struct acme_cmd, sa_update.field)
#define ALLOC(field)	offsetof(struct acme_cmd, seq_alloc.field)
#define TEST(field)	offsetof(struct acme_cmd, replay_test_set.field)

/* Bytes of the longest IP packet. */
#define PACKET_MAX	65535

#define UPDATE_ALL	(ACME_UPDATE_LIMITS | ACME_UPDATE_SELECTOR | \
			 ACME_UPDATE_ENCAP | ACME_UPDATE_TTL)
/* The minor version of the interface that brought it. */
#define UPDATE_SINCE	1

/* The handle stands at the same place in all of these commands. */
static struct acme_sa *find(struct acme_dev *dev, const struct acme_cmd *cmd,
			    struct acme_cmd *rsp, u32 *status)
{
	struct acme_sa *sa = acme_sa_by_handle(&dev->sas,
					       le32_to_cpu(cmd->sa.handle));

	static_assert(SA(handle) == UPDATE(handle), "handle");
	static_assert(SA(handle) == ALLOC(handle), "handle");
	static_assert(SA(handle) == TEST(handle), "handle");
	if (!sa)
		*status = acme_refuse(rsp, ACME_ST_NOT_FOUND, SA(handle));
	return sa;
}

static bool can(const struct acme_dev *dev, u32 handover)
{
	return dev->cfg.handover & handover;
}

/*
 * Would IVs come again that an earlier run had? Epochs never go back, so the
 * latest is the highest, and its last number is known.
 */
static bool epoch_spent(const struct acme_sa *sa, u16 epoch, u64 seq)
{
	return sa->has_run && (epoch < sa->epoch ||
			       (epoch == sa->epoch && seq < sa->seq));
}

static u32 check_run(struct acme_dev *dev, const struct acme_sa *sa,
		     const struct acme_sa_snapshot *snap, struct acme_cmd *rsp)
{
	bool counter_iv = !acme_sa_inbound(sa) && !sa->alg->random_iv;
	u16 epoch = le16_to_cpu(snap->epoch);
	u64 seq = le64_to_cpu(snap->seq);
	const struct acme_check checks[] = {
		{ sa->running, ACME_ST_BUSY, SA(handle) },
		{ seq > acme_sa_seq_max(sa), ACME_ST_BAD_PARAM, SA(snap.seq) },
		{ seq && !can(dev, ACME_HANDOVER_SNAPSHOT),
		  ACME_ST_UNSUPPORTED, SA(snap.seq) },
		{ counter_iv && !epoch, ACME_ST_BAD_PARAM, SA(snap.epoch) },
		{ counter_iv && epoch_spent(sa, epoch, seq),
		  ACME_ST_BAD_PARAM, SA(snap.epoch) },
	};

	return acme_checks(rsp, checks, ARRAY_SIZE(checks));
}

u32 acme_cmd_sa_run(struct acme_dev *dev, const struct acme_cmd *cmd,
		    struct acme_cmd *rsp)
{
	const struct acme_sa_snapshot *snap = &cmd->sa.snap;
	struct acme_sa *sa;
	u32 status;

	sa = find(dev, cmd, rsp, &status);
	if (!sa)
		return status;
	status = check_run(dev, sa, snap, rsp);
	if (status != ACME_ST_OK)
		return status;
	sa->packets = le64_to_cpu(snap->packets);
	sa->bytes = le64_to_cpu(snap->bytes);
	sa->epoch = le16_to_cpu(snap->epoch);
	if (acme_sa_inbound(sa))
		acme_replay_load(&sa->replay, le64_to_cpu(snap->seq),
				 snap->bitmap);
	else
		sa->seq = le64_to_cpu(snap->seq);
	acme_sa_rearm(dev, sa, BIT(ACME_SA_EV_SOFT) | BIT(ACME_SA_EV_HARD) |
			       BIT(ACME_SA_EV_SEQ_END));
	sa->running = true;
	sa->has_run = true;
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

static void snapshot(const struct acme_sa *sa, struct acme_cmd *rsp)
{
	struct acme_sa_snapshot *snap = &rsp->sa.snap;

	rsp->sa.handle = cpu_to_le32(sa->handle);
	snap->seq = cpu_to_le64(acme_sa_seq(sa));
	snap->packets = cpu_to_le64(sa->packets);
	snap->bytes = cpu_to_le64(sa->bytes);
	snap->epoch = cpu_to_le16(sa->epoch);
	if (acme_sa_inbound(sa))
		acme_replay_save(&sa->replay, snap->bitmap);
}

u32 acme_cmd_sa_query(struct acme_dev *dev, const struct acme_cmd *cmd,
		      struct acme_cmd *rsp)
{
	struct acme_sa *sa;
	u32 status;

	sa = find(dev, cmd, rsp, &status);
	if (!sa)
		return status;
	snapshot(sa, rsp);
	return ACME_ST_OK;
}

u32 acme_cmd_sa_stop(struct acme_dev *dev, const struct acme_cmd *cmd,
		     struct acme_cmd *rsp)
{
	struct acme_sa *sa;
	u32 status;

	sa = find(dev, cmd, rsp, &status);
	if (!sa)
		return status;
	if (!sa->running)
		return acme_refuse(rsp, ACME_ST_BUSY, SA(handle));
	if (!can(dev, ACME_HANDOVER_SNAPSHOT))
		return acme_refuse(rsp, ACME_ST_UNSUPPORTED, SA(handle));
	sa->running = false;
	snapshot(sa, rsp);
	return ACME_ST_OK;
}

u32 acme_cmd_sa_resume(struct acme_dev *dev, const struct acme_cmd *cmd,
		       struct acme_cmd *rsp)
{
	struct acme_sa *sa;
	u32 status;

	sa = find(dev, cmd, rsp, &status);
	if (!sa)
		return status;
	if (sa->running || !sa->has_run)
		return acme_refuse(rsp, ACME_ST_BUSY, SA(handle));
	sa->running = true;
	return ACME_ST_OK;
}

static u32 check_update(struct acme_dev *dev, const struct acme_sa *sa,
			const struct acme_cmd_sa_update *c,
			struct acme_cmd *rsp)
{
	u32 what = le32_to_cpu(c->what);
	bool encap = what & ACME_UPDATE_ENCAP;
	const struct acme_check checks[] = {
		{ !what || what & ~UPDATE_ALL,
		  ACME_ST_BAD_PARAM, UPDATE(what) },
		{ encap && !c->encap_sport,
		  ACME_ST_BAD_PARAM, UPDATE(encap_sport) },
		{ encap && !sa->encap_sport,
		  ACME_ST_UNSUPPORTED, UPDATE(encap_sport) },
		{ encap && !c->encap_dport,
		  ACME_ST_BAD_PARAM, UPDATE(encap_dport) },
		{ what & ACME_UPDATE_TTL && !c->ttl,
		  ACME_ST_BAD_PARAM, UPDATE(ttl) },
	};
	u32 status = acme_checks(rsp, checks, ARRAY_SIZE(checks));

	if (status == ACME_ST_OK && what & ACME_UPDATE_LIMITS)
		status = acme_check_limits(dev, acme_sa_inbound(sa),
					   &c->limits, rsp, UPDATE(limits));
	if (status == ACME_ST_OK && what & ACME_UPDATE_SELECTOR)
		status = acme_check_selector(dev, sa->flags, sa->family,
					     &c->sel, rsp, UPDATE(sel));
	return status;
}

u32 acme_cmd_sa_update(struct acme_dev *dev, const struct acme_cmd *cmd,
		       struct acme_cmd *rsp)
{
	const struct acme_cmd_sa_update *c = &cmd->sa_update;
	u32 what = le32_to_cpu(c->what);
	struct acme_sa *sa;
	u32 status;

	if (dev->cfg.minor < UPDATE_SINCE)
		return acme_refuse(rsp, ACME_ST_BAD_OPCODE,
				   offsetof(struct acme_cmd, hdr.opcode));
	sa = find(dev, cmd, rsp, &status);
	if (!sa)
		return status;
	status = check_update(dev, sa, c, rsp);
	if (status != ACME_ST_OK)
		return status;
	if (what & ACME_UPDATE_LIMITS) {
		sa->quota = acme_quota_of(&c->limits);
		acme_sa_rearm(dev, sa, BIT(ACME_SA_EV_SOFT) |
				       BIT(ACME_SA_EV_HARD));
	}
	if (what & ACME_UPDATE_SELECTOR)
		sa->sel = c->sel;
	if (what & ACME_UPDATE_ENCAP)
		acme_sa_set_ports(&dev->sas, sa, be16toh(c->encap_sport),
				  be16toh(c->encap_dport));
	if (what & ACME_UPDATE_TTL)
		sa->ttl = c->ttl;
	return ACME_ST_OK;
}

/* Is the SA one that the host may act for? */
static u32 check_host(struct acme_dev *dev, const struct acme_sa *sa,
		      bool inbound, u32 handover, struct acme_cmd *rsp)
{
	const struct acme_check checks[] = {
		{ acme_sa_inbound(sa) != inbound,
		  ACME_ST_BAD_PARAM, SA(handle) },
		{ !sa->running, ACME_ST_BUSY, SA(handle) },
		{ !can(dev, handover), ACME_ST_UNSUPPORTED, SA(handle) },
	};

	return acme_checks(rsp, checks, ARRAY_SIZE(checks));
}

static u32 host_drop(struct acme_dev *dev, struct acme_sa *sa, u64 *counter,
		     u32 status)
{
	++*counter;
	acme_sa_stats_write(dev, sa);
	return status;
}

static void host_account(struct acme_dev *dev, struct acme_sa *sa, u32 packets,
			 u64 bytes)
{
	sa->packets += packets - 1;
	acme_sa_account(dev, sa, bytes);
}

static u32 alloc_seq(struct acme_dev *dev, struct acme_sa *sa, u32 count,
		     u64 bytes)
{
	if (!acme_sa_quota_ok(dev, sa, count, bytes))
		return host_drop(dev, sa, &sa->drop_limit, ACME_ST_QUOTA);
	if (count > acme_sa_seq_max(sa) - sa->seq) {
		if (sa->seq == acme_sa_seq_max(sa))
			acme_sa_raise_once(dev, sa, ACME_SA_EV_SEQ_END, 0);
		return host_drop(dev, sa, &sa->drop_seq, ACME_ST_SEQ_END);
	}
	sa->seq += count;
	dev->count.esp_tx_seq_alloc += count;
	host_account(dev, sa, count, bytes);
	return ACME_ST_OK;
}

u32 acme_cmd_seq_alloc(struct acme_dev *dev, const struct acme_cmd *cmd,
		       struct acme_cmd *rsp)
{
	u32 count = le32_to_cpu(cmd->seq_alloc.count);
	u64 bytes = le64_to_cpu(cmd->seq_alloc.bytes);
	struct acme_sa *sa;
	u32 status;
	u64 first;

	sa = find(dev, cmd, rsp, &status);
	if (!sa)
		return status;
	status = check_host(dev, sa, false, ACME_HANDOVER_SEQ_ALLOC, rsp);
	if (status != ACME_ST_OK)
		return status;
	if (!count)
		return acme_refuse(rsp, ACME_ST_BAD_PARAM, ALLOC(count));
	if (bytes > (u64)count * PACKET_MAX)
		return acme_refuse(rsp, ACME_ST_BAD_PARAM, ALLOC(bytes));
	first = sa->seq + 1;
	status = alloc_seq(dev, sa, count, bytes);
	if (status != ACME_ST_OK)
		return status;
	rsp->seq_rsp.first = cpu_to_le64(first);
	rsp->seq_rsp.epoch = cpu_to_le16(sa->epoch);
	return ACME_ST_OK;
}

static u32 test_set(struct acme_dev *dev, struct acme_sa *sa, u64 seq,
		    u64 bytes)
{
	struct acme_replay *r = &sa->replay;

	if (!acme_replay_check(r, seq))
		return host_drop(dev, sa, &sa->drop_replay,
				 acme_replay_left(r, seq) ? ACME_ST_LEFT :
							    ACME_ST_SEEN);
	if (!acme_sa_quota_ok(dev, sa, 1, bytes))
		return host_drop(dev, sa, &sa->drop_limit, ACME_ST_QUOTA);
	acme_replay_commit(r, seq);
	dev->count.esp_rx_test_set++;
	host_account(dev, sa, 1, bytes);
	return ACME_ST_OK;
}

u32 acme_cmd_replay_test_set(struct acme_dev *dev, const struct acme_cmd *cmd,
			     struct acme_cmd *rsp)
{
	u64 bytes = le64_to_cpu(cmd->replay_test_set.bytes);
	u64 seq = le64_to_cpu(cmd->replay_test_set.seq);
	struct acme_sa *sa;
	u32 status;

	sa = find(dev, cmd, rsp, &status);
	if (!sa)
		return status;
	status = check_host(dev, sa, true, ACME_HANDOVER_TEST_SET, rsp);
	if (status != ACME_ST_OK)
		return status;
	if (seq > acme_sa_seq_max(sa))
		return acme_refuse(rsp, ACME_ST_BAD_PARAM, TEST(seq));
	if (bytes > PACKET_MAX)
		return acme_refuse(rsp, ACME_ST_BAD_PARAM, TEST(bytes));
	return test_set(dev, sa, seq, bytes);
}
