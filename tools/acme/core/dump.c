// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* All state but keys, as text or JSON. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>

#include "internal.h"

/**
 * struct dump - output in progress
 * @out: where to
 * @json: format
 * @depth: of nested objects
 * @first: nothing in this object yet
 */
struct dump {
	FILE *out;
	bool json;
	u32 depth;
	bool first;
};

/* Begins a member; members of lists have no name in JSON. */
static void member(struct dump *d, const char *name)
{
	if (d->json) {
		fprintf(d->out, "%s\n%*s", d->first ? "" : ",", d->depth * 2,
			"");
		if (name)
			fprintf(d->out, "\"%s\": ", name);
	} else {
		fprintf(d->out, "%*s%s:", (d->depth - 1) * 2, "",
			name ? name : "-");
	}
	d->first = false;
}

static void open_with(struct dump *d, const char *name, char bracket)
{
	member(d, name);
	fputc(d->json ? bracket : '\n', d->out);
	d->depth++;
	d->first = true;
}

static void close_with(struct dump *d, char bracket)
{
	d->depth--;
	if (d->json)
		fprintf(d->out, "\n%*s%c", d->depth * 2, "", bracket);
	d->first = false;
}

static void object(struct dump *d, const char *name)
{
	open_with(d, name, '{');
}

static void end(struct dump *d)
{
	close_with(d, '}');
}

static void number(struct dump *d, const char *name, u64 v)
{
	member(d, name);
	fprintf(d->out, d->json ? "%" PRIu64 : " %" PRIu64 "\n", v);
}

static void boolean(struct dump *d, const char *name, bool v)
{
	member(d, name);
	fprintf(d->out, d->json ? "%s" : " %s\n", v ? "true" : "false");
}

static void string(struct dump *d, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void string(struct dump *d, const char *name, const char *fmt, ...)
{
	va_list args;

	member(d, name);
	fputc(d->json ? '"' : ' ', d->out);
	va_start(args, fmt);
	vfprintf(d->out, fmt, args);
	va_end(args);
	fputc(d->json ? '"' : '\n', d->out);
}

static void address(struct dump *d, const char *name, u8 family, const u8 *a)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(family == 4 ? AF_INET : AF_INET6, a, text, sizeof(text));
	string(d, name, "%s", text);
}

static void mac(struct dump *d, const char *name, const u8 *m)
{
	string(d, name, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2],
	       m[3], m[4], m[5]);
}

static void dump_device(const struct acme_dev *dev, struct dump *d)
{
	object(d, "device");
	string(d, "firmware", "%s", ACME_FW_VERSION);
	string(d, "profile", "%s", dev->cfg.profile);
	mac(d, "mac", dev->cfg.mac);
	number(d, "num_queues", dev->cfg.num_queues);
	number(d, "max_sas", dev->cfg.max_sas);
	number(d, "max_window", dev->cfg.max_window);
	string(d, "ipsec", "0x%04x", dev->cfg.ipsec);
	string(d, "limits_out", "0x%02x", dev->cfg.limits_out);
	string(d, "limits_in", "0x%02x", dev->cfg.limits_in);
	string(d, "handover", "0x%02x", dev->cfg.handover);
	number(d, "max_policies", dev->cfg.max_policies);
	end(d);
}

static void dump_registers(const struct acme_dev *dev, struct dump *d)
{
	static const struct {
		const char *name;
		u32 reg;
	} regs[] = {
		{ "magic", ACME_REG_MAGIC },
		{ "version", ACME_REG_VERSION },
		{ "status", ACME_REG_STATUS },
		{ "reset", ACME_REG_RESET },
		{ "reset_ack", ACME_REG_RESET_ACK },
		{ "drv_version", ACME_REG_DRV_VERSION },
		{ "link", ACME_REG_LINK },
		{ "test_cmd", ACME_REG_TEST_CMD },
		{ "test_done", ACME_REG_TEST_DONE },
		{ "test_status", ACME_REG_TEST_STATUS },
		{ "aq_tail", ACME_REG_AQ_TAIL },
		{ "aq_head", ACME_REG_AQ_HEAD },
		{ "eq_head", ACME_REG_EQ_HEAD },
		{ "eq_lost", ACME_REG_EQ_LOST },
	};
	size_t i;

	object(d, "registers");
	for (i = 0; i < ARRAY_SIZE(regs); i++)
		string(d, regs[i].name, "0x%08x",
		       acme_reg_read(dev, regs[i].reg));
	end(d);
}

static void dump_vport(const struct acme_dev *dev, struct dump *d)
{
	object(d, "vport");
	boolean(d, "link", acme_dev_link(dev));
	boolean(d, "carrier", dev->carrier);
	boolean(d, "forced_down", dev->forced_down);
	boolean(d, "enabled", dev->vport_flags & ACME_VPORT_ENABLE);
	boolean(d, "promisc", dev->vport_flags & ACME_VPORT_PROMISC);
	number(d, "mtu", dev->mtu);
	mac(d, "mac", dev->mac);
	boolean(d, "rss", dev->rss.set);
	boolean(d, "rx_waiting", dev->rx.waiting);
	end(d);
}

static void dump_admin(const struct acme_dev *dev, struct dump *d)
{
	const struct acme_admin *a = &dev->admin;

	object(d, "admin");
	number(d, "status", dev->status);
	number(d, "size", a->log2 ? BIT(a->log2) : 0);
	number(d, "head", a->head);
	boolean(d, "halted", a->halted);
	number(d, "event_size", a->eq_log2 ? BIT(a->eq_log2) : 0);
	number(d, "event_tail", a->eq_tail);
	number(d, "events_lost", a->lost);
	boolean(d, "event_halted", a->eq_halted);
	end(d);
}

static void dump_queue(const struct acme_queue *q, u32 qid, struct dump *d)
{
	object(d, NULL);
	number(d, "qid", qid);
	number(d, "vector", q->vector);
	boolean(d, "halted", q->halted);
	boolean(d, "stalled", q->stalled);
	boolean(d, "armed", q->arm != q->raised);
	number(d, "tx_size", BIT(q->log2[ACME_TX]));
	number(d, "tx_head", q->head[ACME_TX]);
	number(d, "tx_tail", q->tail[ACME_TX]);
	number(d, "tx_usecs", q->usecs[ACME_TX]);
	number(d, "tx_packets", q->packets[ACME_TX]);
	number(d, "rx_size", BIT(q->log2[ACME_RX]));
	number(d, "rx_head", q->head[ACME_RX]);
	number(d, "rx_tail", q->tail[ACME_RX]);
	number(d, "rx_usecs", q->usecs[ACME_RX]);
	number(d, "rx_frames", q->packets[ACME_RX]);
	end(d);
}

static void dump_queues(const struct acme_dev *dev, struct dump *d)
{
	u32 i;

	open_with(d, "queues", '[');
	for (i = 0; i < dev->cfg.num_queues; i++)
		if (dev->queues[i].used)
			dump_queue(&dev->queues[i], i, d);
	close_with(d, ']');
}

static void dump_selector(const struct acme_selector *sel, struct dump *d)
{
	object(d, "selector");
	number(d, "family", sel->family);
	address(d, "saddr", sel->family, sel->saddr);
	number(d, "prefixlen_s", sel->prefixlen_s);
	address(d, "daddr", sel->family, sel->daddr);
	number(d, "prefixlen_d", sel->prefixlen_d);
	number(d, "proto", sel->proto);
	number(d, "sport", be16toh(sel->sport));
	number(d, "sport_mask", be16toh(sel->sport_mask));
	number(d, "dport", be16toh(sel->dport));
	number(d, "dport_mask", be16toh(sel->dport_mask));
	end(d);
}

static void dump_quota(const struct acme_quota *q, struct dump *d)
{
	object(d, "limits");
	number(d, "soft_packets", q->soft_packets);
	number(d, "hard_packets", q->hard_packets);
	number(d, "soft_bytes", q->soft_bytes);
	number(d, "hard_bytes", q->hard_bytes);
	end(d);
}

static void dump_encap(const struct acme_sa *sa, struct dump *d)
{
	number(d, "encap_sport", sa->encap_sport);
	number(d, "encap_dport", sa->encap_dport);
	address(d, "map_saddr", sa->family, sa->map_saddr);
	number(d, "map_sport", sa->map_sport);
}

static void dump_sa(const struct acme_sa *sa, struct dump *d)
{
	object(d, NULL);
	string(d, "handle", "0x%08x", sa->handle);
	string(d, "spi", "0x%08x", sa->spi);
	string(d, "dir", "%s", acme_sa_inbound(sa) ? "in" : "out");
	string(d, "mode", "%s",
	       sa->flags & ACME_SA_TUNNEL ? "tunnel" : "transport");
	string(d, "state", "%s", sa->running ? "running" : "stopped");
	address(d, "saddr", sa->family, sa->saddr);
	address(d, "daddr", sa->family, sa->daddr);
	string(d, "flags", "0x%02x", sa->flags);
	number(d, "alg", sa->alg->alg);
	number(d, "icv_len", sa->icv_len);
	dump_encap(sa, d);
	number(d, "window", sa->replay.window);
	number(d, "seq", acme_sa_seq(sa));
	number(d, "epoch", sa->epoch);
	number(d, "packets", sa->packets);
	number(d, "bytes", sa->bytes);
	number(d, "first_used", sa->first_used);
	number(d, "last_used", sa->last_used);
#define ACME_DUMP(field) number(d, #field, sa->field);
	ACME_SA_DROPS(ACME_DUMP)
#undef ACME_DUMP
	string(d, "events_told", "0x%02x", sa->told);
	string(d, "events_pending", "0x%02x", sa->pending);
	dump_quota(&sa->quota, d);
	dump_selector(&sa->sel, d);
	end(d);
}

static void dump_audit(const struct acme_dev *dev, struct dump *d)
{
	const struct acme_audit *a = &dev->audit;

	object(d, "audit");
	string(d, "events", "0x%02x", a->events);
	number(d, "capture", a->capture);
	number(d, "sa_rate", a->sa_rate);
	number(d, "sa_burst", a->sa_burst);
	number(d, "no_sa_rate", a->no_sa_rate);
	number(d, "no_sa_burst", a->no_sa_burst);
	end(d);
}

static void dump_sas(const struct acme_dev *dev, struct dump *d)
{
	u32 i;

	open_with(d, "sas", '[');
	for (i = 0; i < dev->sas.size; i++)
		if (dev->sas.sas[i].used)
			dump_sa(&dev->sas.sas[i], d);
	close_with(d, ']');
}

static void dump_counters(const struct acme_dev *dev, struct dump *d)
{
	object(d, "counters");
#define ACME_DUMP(name) number(d, #name, dev->count.name);
	ACME_COUNTERS(ACME_DUMP)
#undef ACME_DUMP
	end(d);
}

static void dump_commands(const struct acme_dev *dev, struct dump *d)
{
	const char *name;
	u16 op;

	object(d, "commands");
	for (op = 0; op < ACME_OP_LIMIT; op++) {
		name = acme_cmd_name(op);
		if (name)
			number(d, name, dev->executed[op]);
	}
	end(d);
}

static void dump_faults(const struct acme_dev *dev, struct dump *d)
{
	const struct acme_faults *f = &dev->faults;

	object(d, "faults");
	number(d, "admin_drop", f->admin_drop);
	number(d, "admin_error", f->admin_error);
	number(d, "admin_error_op", f->admin_error_op);
	number(d, "admin_delay_ms", f->admin_delay_ms);
	number(d, "irq_drop", f->irq_drop);
	number(d, "tx_stall", f->tx_stall);
	boolean(d, "dead", f->dead);
	boolean(d, "killed", f->killed);
	end(d);
}

static void dump_wire(const struct acme_number *n, struct dump *d)
{
	object(d, "wire");
	for (; n->name; n++)
		number(d, n->name, n->value);
	end(d);
}

void acme_dev_dump(const struct acme_dev *dev, const struct acme_number *wire,
		   FILE *out, bool json)
{
	struct dump d = { .out = out, .json = json, .depth = 1,
			  .first = true };

	if (json)
		fputc('{', out);
	dump_device(dev, &d);
	dump_registers(dev, &d);
	dump_vport(dev, &d);
	dump_admin(dev, &d);
	dump_queues(dev, &d);
	dump_audit(dev, &d);
	number(&d, "num_sas", dev->sas.count);
	dump_sas(dev, &d);
	dump_counters(dev, &d);
	dump_commands(dev, &d);
	dump_faults(dev, &d);
	dump_wire(wire, &d);
	if (json)
		fputs("\n}\n", out);
}

void acme_dev_stats(const struct acme_dev *dev, FILE *out)
{
#define ACME_PRINT(name) \
	fprintf(out, "%s %" PRIu64 "\n", #name, dev->count.name);
	ACME_COUNTERS(ACME_PRINT)
#undef ACME_PRINT
}
