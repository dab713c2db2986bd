// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include "driver.h"

#define AQ_LOG2		4
#define EQ_LOG2		4

u64 host_alloc(struct host *h, u64 len)
{
	u64 addr = (h->next + 63) / 64 * 64;

	h->next = addr + len;
	memset(h->mem + addr, 0, len);
	return addr;
}

static u32 load(const void *p)
{
	return le32_to_cpu(__atomic_load_n((const u32 *)p, __ATOMIC_ACQUIRE));
}

u32 host_reg(const struct host *h, u32 reg)
{
	return load(h->regs + reg);
}

void host_reg_write(struct host *h, u32 reg, u32 value)
{
	__atomic_store_n((u32 *)(h->regs + reg), cpu_to_le32(value),
			 __ATOMIC_RELEASE);
}

static void ring_mgmt(struct host *h)
{
	h->ring(h->ctx, ACME_DB_MGMT);
}

u32 host_reset(struct host *h)
{
	if (!h->aq) {
		h->aq = host_alloc(h, sizeof(struct acme_cmd) << AQ_LOG2);
		h->eq = host_alloc(h, sizeof(struct acme_event) << EQ_LOG2);
	}
	memset(h->mem + h->eq, 0, sizeof(struct acme_event) << EQ_LOG2);
	h->aq_tail = 0;
	h->eq_head = 0;
	host_reg_write(h, ACME_REG_AQ_TAIL, 0);
	host_reg_write(h, ACME_REG_EQ_HEAD, 0);
	host_reg_write(h, ACME_REG_AQ_BASE_LO, h->aq);
	host_reg_write(h, ACME_REG_AQ_BASE_HI, 0);
	host_reg_write(h, ACME_REG_AQ_LOG2, AQ_LOG2);
	host_reg_write(h, ACME_REG_EQ_BASE_LO, h->eq);
	host_reg_write(h, ACME_REG_EQ_BASE_HI, 0);
	host_reg_write(h, ACME_REG_EQ_LOG2, EQ_LOG2);
	host_reg_write(h, ACME_REG_DRV_VERSION, ACME_VERSION);
	host_reg_write(h, ACME_REG_RESET, ++h->resets);
	ring_mgmt(h);
	while (host_reg(h, ACME_REG_RESET_ACK) != h->resets)
		if (!h->wait(h->ctx))
			return 0;
	return host_reg(h, ACME_REG_STATUS);
}

u32 host_admin(struct host *h, u16 opcode, struct acme_cmd *cmd)
{
	u64 addr = h->aq + h->aq_tail % BIT(AQ_LOG2) * sizeof(*cmd);
	struct acme_cmd *slot = (struct acme_cmd *)(h->mem + addr);

	cmd->hdr = (struct acme_cmd_hdr) { .opcode = cpu_to_le16(opcode) };
	*slot = *cmd;
	host_reg_write(h, ACME_REG_AQ_TAIL, ++h->aq_tail);
	ring_mgmt(h);
	while (load(&slot->hdr.status) == ACME_ST_PENDING)
		if (!h->wait(h->ctx))
			return ACME_ST_PENDING;
	*cmd = *slot;
	return le32_to_cpu(cmd->hdr.status);
}

bool host_event(struct host *h, struct acme_event *ev)
{
	u64 addr = h->eq + h->eq_head % BIT(EQ_LOG2) * sizeof(*ev);
	u32 phase = ~(h->eq_head >> EQ_LOG2) & 1;
	struct acme_event *slot = (struct acme_event *)(h->mem + addr);

	if (load(&slot->phase) != phase)
		return false;
	*ev = *slot;
	host_reg_write(h, ACME_REG_EQ_HEAD, ++h->eq_head);
	return true;
}

void host_fill_create(struct host *h, u32 qid, struct acme_cmd *cmd)
{
	struct ring_pair *q = &h->q[qid];

	*q = (struct ring_pair) {
		.tx = host_alloc(h, sizeof(struct acme_tx_desc) << RING_LOG2),
		.tx_head = host_alloc(h, 4),
		.rx = host_alloc(h, sizeof(struct acme_rx_desc) << RING_LOG2),
		.comp = host_alloc(h, sizeof(struct acme_rx_comp) << RING_LOG2),
		.bufs = host_alloc(h, BUF_SIZE << RING_LOG2),
	};
	*cmd = (struct acme_cmd) {
		.queue_create = {
			.qid = cpu_to_le16(qid),
			.vector = cpu_to_le16(qid + 1),
			.tx_log2 = RING_LOG2,
			.rx_log2 = RING_LOG2,
			.tx_base = cpu_to_le64(q->tx),
			.tx_head_addr = cpu_to_le64(q->tx_head),
			.rx_base = cpu_to_le64(q->rx),
			.rx_comp_base = cpu_to_le64(q->comp),
		},
	};
	host_reg_write(h, ACME_REG_QUEUE(qid) + ACME_QREG_TX_TAIL, 0);
	host_reg_write(h, ACME_REG_QUEUE(qid) + ACME_QREG_RX_TAIL, 0);
	host_reg_write(h, ACME_REG_QUEUE(qid) + ACME_QREG_ARM, 0);
}

u32 host_queue_create(struct host *h, u32 qid)
{
	struct acme_cmd cmd;

	host_fill_create(h, qid, &cmd);
	return host_admin(h, ACME_OP_QUEUE_CREATE, &cmd);
}

u32 host_vport(struct host *h, u32 flags, u32 mtu, const u8 *mac)
{
	struct acme_cmd cmd = {
		.vport_set = {
			.flags = cpu_to_le32(flags),
			.mtu = cpu_to_le32(mtu),
		},
	};

	memcpy(cmd.vport_set.mac, mac, 6);
	return host_admin(h, ACME_OP_VPORT_SET, &cmd);
}

void host_tx_desc(struct host *h, u32 qid, const struct acme_tx_desc *d)
{
	struct ring_pair *q = &h->q[qid];

	memcpy(h->mem + q->tx + q->tx_tail % RING_SIZE * sizeof(*d), d,
	       sizeof(*d));
	q->tx_tail++;
}

void host_tx_ring(struct host *h, u32 qid)
{
	host_reg_write(h, ACME_REG_QUEUE(qid) + ACME_QREG_TX_TAIL,
		       h->q[qid].tx_tail);
	h->ring(h->ctx, ACME_DB_QUEUE(qid));
}

void host_tx(struct host *h, u32 qid, const u8 *frame, u32 len,
	     const struct acme_tx_desc *d)
{
	struct acme_tx_desc desc = { };
	u64 addr = h->size - 131072;

	if (d)
		desc = *d;
	memcpy(h->mem + addr, frame, len);
	desc.flags |= cpu_to_le16(ACME_TXD_EOP);
	desc.addr = cpu_to_le64(addr);
	desc.len = cpu_to_le16(len);
	host_tx_desc(h, qid, &desc);
	host_tx_ring(h, qid);
}

void host_rx_post(struct host *h, u32 qid, u32 n)
{
	struct ring_pair *q = &h->q[qid];
	struct acme_rx_desc d = { .len = cpu_to_le32(BUF_SIZE) };
	u32 i;

	while (n--) {
		i = q->rx_tail++ % RING_SIZE;
		d.addr = cpu_to_le64(q->bufs + i * BUF_SIZE);
		memcpy(h->mem + q->rx + i * sizeof(d), &d, sizeof(d));
	}
	host_reg_write(h, ACME_REG_QUEUE(qid) + ACME_QREG_RX_TAIL,
		       q->rx_tail);
	h->ring(h->ctx, ACME_DB_QUEUE(qid));
}

static bool next_comp(struct host *h, struct ring_pair *q,
		      struct acme_rx_comp *comp)
{
	u64 addr = q->comp + q->rx_head % RING_SIZE * sizeof(*comp);
	struct acme_rx_comp *slot = (struct acme_rx_comp *)(h->mem + addr);

	if (load(&slot->phase) != (~(q->rx_head >> RING_LOG2) & 1))
		return false;
	*comp = *slot;
	return true;
}

bool host_rx(struct host *h, u32 qid, struct rx_frame *f)
{
	struct ring_pair *q = &h->q[qid];
	struct acme_rx_comp comp;
	u32 len;

	f->len = 0;
	do {
		if (!next_comp(h, q, &comp))
			return false;
		len = le16_to_cpu(comp.len);
		memcpy(f->data + f->len,
		       h->mem + q->bufs + q->rx_head % RING_SIZE * BUF_SIZE,
		       len);
		f->len += len;
		q->rx_head++;
	} while (!(le16_to_cpu(comp.flags) & ACME_RXC_EOP));
	f->flags = le16_to_cpu(comp.flags);
	f->sa = le32_to_cpu(comp.sa);
	f->hash = le32_to_cpu(comp.hash);
	f->exc = comp.exc;
	return true;
}

void host_fill_sa(struct host *h, struct acme_cmd *cmd, u32 flags, u8 family,
		  u32 spi)
{
	struct acme_cmd_sa_add *c = &cmd->sa_add;
	u32 alen = family == 4 ? 4 : 16;
	u32 i;

	*cmd = (struct acme_cmd) { };
	c->spi = htobe32(spi);
	c->flags = cpu_to_le32(flags);
	for (i = 0; i < alen; i++) {
		c->saddr[i] = 10 + i;
		c->daddr[i] = 20 + i;
	}
	c->family = family;
	c->alg = ACME_ALG_AES_GCM;
	c->key_len = 16;
	c->icv_len = 16;
	c->ttl = 64;
	c->window = cpu_to_le32(64);
	for (i = 0; i < c->key_len; i++)
		c->key[i] = i + 1;
	memcpy(c->salt, "salt", 4);
	c->iv_salt = cpu_to_le64(0x1122334455667788);
	c->stats_addr = cpu_to_le64(host_alloc(h,
					       sizeof(struct acme_sa_stats)));
}

u32 host_sa_add(struct host *h, struct acme_cmd *cmd)
{
	if (host_admin(h, ACME_OP_SA_ADD, cmd) != ACME_ST_OK)
		return 0;
	return le32_to_cpu(cmd->sa_rsp.handle);
}

u32 host_sa_run(struct host *h, u32 handle, u64 seq, u16 epoch)
{
	struct acme_cmd cmd = {
		.sa = {
			.handle = cpu_to_le32(handle),
			.snap.seq = cpu_to_le64(seq),
			.snap.epoch = cpu_to_le16(epoch),
		},
	};

	return host_admin(h, ACME_OP_SA_RUN, &cmd);
}

void host_sa_stats(struct host *h, u64 addr, struct acme_sa_stats *stats)
{
	memcpy(stats, h->mem + addr, sizeof(*stats));
}
