// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Auditable events (RFC 4303, 4.4.2), and the buckets that bound their rate. */
#include "esp.h"
#include "internal.h"

#define AUDIT(field)	offsetof(struct acme_cmd, audit_set.field)

/* What a bucket counts in: so a rate per second is one per nanosecond. */
#define TOKEN		NSEC_PER_SEC

/* Is there a token? Takes it. */
static bool take(struct acme_bucket *b, u64 now, u32 rate, u32 burst)
{
	u64 full = burst * TOKEN;
	u64 missing = full - b->tokens;
	u64 passed = now - b->at;

	b->at = now;
	if (passed >= missing / rate + 1)
		b->tokens = full;
	else
		b->tokens += passed * rate;
	if (b->tokens > full)
		b->tokens = full;
	if (b->tokens < TOKEN)
		return false;
	b->tokens -= TOKEN;
	return true;
}

static bool wanted(const struct acme_dev *dev, u16 type)
{
	return dev->audit.events & BIT(type - ACME_EV_AUDIT_NO_SA);
}

static void capture(const struct acme_dev *dev, struct acme_suspect *s,
		    const u8 *l3, u32 len)
{
	s->data_len = min(len, dev->audit.capture);
	memcpy(s->data, l3, s->data_len);
}

static void esp_fields(struct acme_suspect *s, const struct acme_ip *ip)
{
	const u8 *esp = ip->hdr + ip->hlen;
	u32 len = ip->len - ip->hlen;

	if (ip->proto == PROTO_UDP && len >= UDP_HDR_LEN) {
		s->sport = get_be16(esp);
		s->dport = get_be16(esp + 2);
		esp += UDP_HDR_LEN;
		len -= UDP_HDR_LEN;
	}
	if (len < ESP_HDR_LEN)
		return;
	s->spi = get_be32(esp);
	s->seq = get_be32(esp + 4);
	s->has_seq = true;
}

void acme_suspect_in(struct acme_dev *dev, struct acme_suspect *s,
		     const struct acme_ip *ip)
{
	u32 alen = acme_ip_alen(ip);

	s->family = 0;
	if (!dev->audit.events)
		return;
	*s = (struct acme_suspect) { .family = ip->family, .inbound = true };
	memcpy(s->saddr, acme_ip_saddr(ip), alen);
	memcpy(s->daddr, acme_ip_daddr(ip), alen);
	if (ip->family == 6)
		s->flow_label = get_be32(ip->hdr) & IPV6_LABEL_MASK;
	esp_fields(s, ip);
	capture(dev, s, ip->hdr, ip->len);
}

void acme_suspect_out(struct acme_dev *dev, struct acme_suspect *s,
		      const struct acme_sa *sa, const u8 *l3, u32 len)
{
	s->family = 0;
	if (!dev->audit.events)
		return;
	*s = (struct acme_suspect) {
		.family = sa->family, .spi = sa->spi,
		.sport = sa->encap_sport, .dport = sa->encap_dport,
		.seq = sa->seq, .has_seq = true,
	};
	memcpy(s->saddr, sa->saddr, sizeof(s->saddr));
	memcpy(s->daddr, sa->daddr, sizeof(s->daddr));
	if (len > ETH_HDR_LEN)
		capture(dev, s, l3, len - ETH_HDR_LEN);
}

static struct acme_event make_event(struct acme_dev *dev,
				    const struct acme_sa *sa, u16 type,
				    const struct acme_suspect *s)
{
	struct acme_event ev = {
		.type = cpu_to_le16(type),
		.time_ns = cpu_to_le64(dev->now + dev->real_offset),
		.seq = cpu_to_le64(s->seq),
		.spi = htobe32(s->spi),
		.family = s->family,
		.flags = (s->inbound ? ACME_EVF_INBOUND : 0) |
			 (s->has_seq ? ACME_EVF_SEQ : 0),
		.data_len = s->data_len,
		.sport = htobe16(s->sport),
		.dport = htobe16(s->dport),
		.flow_label = htobe32(s->flow_label),
	};

	if (sa) {
		ev.sa = cpu_to_le32(sa->handle);
		ev.packets = cpu_to_le64(sa->packets);
		ev.bytes = cpu_to_le64(sa->bytes);
	}
	memcpy(ev.saddr, s->saddr, sizeof(ev.saddr));
	memcpy(ev.daddr, s->daddr, sizeof(ev.daddr));
	memcpy(ev.data, s->data, s->data_len);
	return ev;
}

static void suppress(struct acme_dev *dev, struct acme_sa *sa,
		     struct acme_bucket *b)
{
	b->suppressed++;
	dev->count.audit_suppressed++;
	if (!sa)
		return;
	sa->audit_suppressed++;
	acme_sa_stats_write(dev, sa);
}

void acme_audit(struct acme_dev *dev, struct acme_sa *sa, u16 type,
		const struct acme_suspect *s)
{
	struct acme_audit *a = &dev->audit;
	struct acme_bucket *b = sa ? &sa->bucket : &a->bucket;
	struct acme_event ev;

	if (!wanted(dev, type) || !s->family)
		return;
	if (!take(b, dev->now, sa ? a->sa_rate : a->no_sa_rate,
		  sa ? a->sa_burst : a->no_sa_burst)) {
		suppress(dev, sa, b);
		return;
	}
	ev = make_event(dev, sa, type, s);
	ev.suppressed = cpu_to_le32(b->suppressed);
	if (acme_event_or_lose(dev, &ev))
		b->suppressed = 0;
}

void acme_audit_reset(struct acme_dev *dev)
{
	dev->audit = (struct acme_audit) { };
}

static bool rate_ok(__le32 rate)
{
	u32 n = le32_to_cpu(rate);

	return n && n <= ACME_AUDIT_MAX_RATE;
}

static u32 check(const struct acme_cmd_audit_set *c, struct acme_cmd *rsp)
{
	bool any = c->events;
	const struct acme_check checks[] = {
		{ le32_to_cpu(c->events) & ~ACME_AUDIT_ALL,
		  ACME_ST_BAD_PARAM, AUDIT(events) },
		{ any && le32_to_cpu(c->capture) > ACME_CAPTURE_MAX,
		  ACME_ST_BAD_PARAM, AUDIT(capture) },
		{ any && !rate_ok(c->sa_rate),
		  ACME_ST_BAD_PARAM, AUDIT(sa_rate) },
		{ any && !rate_ok(c->sa_burst),
		  ACME_ST_BAD_PARAM, AUDIT(sa_burst) },
		{ any && !rate_ok(c->no_sa_rate),
		  ACME_ST_BAD_PARAM, AUDIT(no_sa_rate) },
		{ any && !rate_ok(c->no_sa_burst),
		  ACME_ST_BAD_PARAM, AUDIT(no_sa_burst) },
	};

	return acme_checks(rsp, checks, ARRAY_SIZE(checks));
}

void acme_audit_fill(struct acme_dev *dev, struct acme_sa *sa)
{
	sa->bucket.tokens = dev->audit.sa_burst * TOKEN;
	sa->bucket.at = dev->now;
}

static void fill_buckets(struct acme_dev *dev)
{
	struct acme_sa_table *t = &dev->sas;
	u32 i;

	dev->audit.bucket.tokens = dev->audit.no_sa_burst * TOKEN;
	dev->audit.bucket.at = dev->now;
	for (i = 0; i < t->fresh; i++)
		acme_audit_fill(dev, &t->sas[i]);
}

u32 acme_cmd_audit_set(struct acme_dev *dev, const struct acme_cmd *cmd,
		       struct acme_cmd *rsp)
{
	const struct acme_cmd_audit_set *c = &cmd->audit_set;
	struct acme_audit *a = &dev->audit;
	u32 status = check(c, rsp);

	if (status != ACME_ST_OK)
		return status;
	a->events = le32_to_cpu(c->events);
	a->capture = le32_to_cpu(c->capture);
	a->sa_rate = le32_to_cpu(c->sa_rate);
	a->sa_burst = le32_to_cpu(c->sa_burst);
	a->no_sa_rate = le32_to_cpu(c->no_sa_rate);
	a->no_sa_burst = le32_to_cpu(c->no_sa_burst);
	fill_buckets(dev);
	return ACME_ST_OK;
}
