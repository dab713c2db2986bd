// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Events of SAs that are never lost. Each waits as a note in its SA until the
 * ring has room; SAs with notes are in a list, first come first served.
 */
#include "internal.h"

#define RETRY_NS	NSEC_PER_MSEC

static struct acme_event make_event(const struct acme_sa *sa, u32 what)
{
	const struct acme_sa_note *n = &sa->notes[what];
	struct acme_event ev = {
		.type = cpu_to_le16(ACME_EV_SA_SOFT + what),
		.sa = cpu_to_le32(sa->handle),
		.arg = { cpu_to_le32(n->arg) },
		.time_ns = cpu_to_le64(n->time),
		.packets = cpu_to_le64(n->packets),
		.bytes = cpu_to_le64(n->bytes),
		.seq = cpu_to_le64(n->seq),
		.spi = htobe32(sa->spi),
		.family = sa->family,
		.flags = ACME_EVF_SEQ,
		.sport = htobe16(sa->map_sport),
		.dport = htobe16(sa->encap_dport),
	};

	if (acme_sa_inbound(sa))
		ev.flags |= ACME_EVF_INBOUND;
	memcpy(ev.saddr, sa->map_saddr, sizeof(ev.saddr));
	memcpy(ev.daddr, sa->daddr, sizeof(ev.daddr));
	return ev;
}

/* Return: is nothing left to write? */
static bool flush_sa(struct acme_dev *dev, struct acme_sa *sa)
{
	struct acme_event ev;
	u32 what;

	for (what = 0; what < ACME_SA_EVENTS; what++) {
		if (!(sa->pending & BIT(what)))
			continue;
		ev = make_event(sa, what);
		if (!acme_event_post(dev, &ev))
			return false;
		sa->pending &= ~BIT(what);
	}
	return true;
}

void acme_sa_events_flush(struct acme_dev *dev)
{
	struct acme_sa_table *t = &dev->sas;
	struct acme_sa *sa;

	dev->admin.retry_at = ACME_NEVER;
	while (t->pending >= 0) {
		sa = &t->sas[t->pending];
		if (!flush_sa(dev, sa)) {
			if (!dev->admin.eq_halted)
				dev->admin.retry_at = dev->now + RETRY_NS;
			return;
		}
		acme_sa_unpend(t, sa);
	}
}

void acme_sa_raise(struct acme_dev *dev, struct acme_sa *sa,
		   enum acme_sa_event what, u32 arg)
{
	sa->notes[what] = (struct acme_sa_note) {
		.arg = arg,
		.time = dev->now + dev->real_offset,
		.packets = sa->packets,
		.bytes = sa->bytes,
		.seq = acme_sa_seq(sa),
	};
	if (!sa->pending)
		acme_sa_pend(&dev->sas, sa);
	sa->pending |= BIT(what);
	acme_sa_events_flush(dev);
}

void acme_sa_raise_once(struct acme_dev *dev, struct acme_sa *sa,
			enum acme_sa_event what, u32 arg)
{
	if (sa->told & BIT(what))
		return;
	sa->told |= BIT(what);
	acme_sa_raise(dev, sa, what, arg);
}

void acme_sa_rearm(struct acme_dev *dev, struct acme_sa *sa, u32 events)
{
	sa->told &= ~events;
	if (!sa->pending)
		return;
	sa->pending &= ~events;
	if (!sa->pending)
		acme_sa_unpend(&dev->sas, sa);
}

static bool met(u64 counter, u64 limit)
{
	return limit && counter >= limit;
}

/* Limits that a packet meets which finds these counters. */
static u32 limits_met(const struct acme_quota *q, u64 packets, u64 bytes)
{
	return (met(packets, q->soft_packets) ? ACME_LIMIT_SOFT_PACKETS : 0) |
	       (met(packets, q->hard_packets) ? ACME_LIMIT_HARD_PACKETS : 0) |
	       (met(bytes, q->soft_bytes) ? ACME_LIMIT_SOFT_BYTES : 0) |
	       (met(bytes, q->hard_bytes) ? ACME_LIMIT_HARD_BYTES : 0);
}

static u64 add_sat(u64 a, u64 b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

bool acme_sa_quota_ok(struct acme_dev *dev, struct acme_sa *sa, u32 packets,
		      u64 bytes)
{
	const u32 all_hard = ACME_LIMIT_HARD_PACKETS | ACME_LIMIT_HARD_BYTES;
	u32 first = limits_met(&sa->quota, sa->packets, sa->bytes);
	u32 last = limits_met(&sa->quota, add_sat(sa->packets, packets - 1),
			      add_sat(sa->bytes, bytes - bytes / packets));
	u32 hard = first & all_hard;
	u32 soft = last & ~all_hard;

	if (hard)
		acme_sa_raise_once(dev, sa, ACME_SA_EV_HARD, hard);
	if (last & all_hard)
		return false;
	if (soft)
		acme_sa_raise_once(dev, sa, ACME_SA_EV_SOFT, soft);
	return true;
}
