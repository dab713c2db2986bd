// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Transmission: from descriptors to frames on the wire. */
#include "internal.h"

#define TX_BUDGET	64

static bool read_desc(struct acme_dev *dev, const struct acme_queue *q, u32 n,
		      struct acme_tx_desc *d)
{
	u32 index = n % BIT(q->log2[ACME_TX]);

	return acme_dma_read(dev, q->tx_base + (u64)index * sizeof(*d), d,
			     sizeof(*d));
}

/* Appends what a descriptor points to; @len becomes 0 when it is invalid. */
static bool append(struct acme_dev *dev, const struct acme_tx_desc *d,
		   u32 *len)
{
	u16 n = le16_to_cpu(d->len);

	if (!n || n > ACME_TX_MAX_PACKET - *len)
		return false;
	if (!acme_dma_read(dev, le64_to_cpu(d->addr), dev->pkt + *len, n))
		return false;
	*len += n;
	return true;
}

/**
 * struct acme_txp - a packet fetched from a Tx ring
 * @first: its first descriptor
 * @count: descriptors
 * @len: bytes in @dev->pkt
 * @bad: a descriptor is invalid
 */
struct acme_txp {
	struct acme_tx_desc first;
	u32 count;
	u32 len;
	bool bad;
};

/* Return: false when the descriptors end before the packet does. */
static bool fetch(struct acme_dev *dev, const struct acme_queue *q,
		  struct acme_txp *p)
{
	u32 posted = q->tail[ACME_TX] - q->head[ACME_TX];
	struct acme_tx_desc d;

	p->count = 0;
	p->len = 0;
	p->bad = q->tx_skip;
	while (p->count < posted && p->count < ACME_TX_MAX_DESCS) {
		if (!read_desc(dev, q, q->head[ACME_TX] + p->count, &d))
			return false;
		if (!p->count)
			p->first = d;
		p->count++;
		if (!p->bad)
			p->bad = !append(dev, &d, &p->len);
		if (le16_to_cpu(d.flags) & ACME_TXD_EOP)
			return true;
	}
	return false;
}

static bool fits_mtu(const struct acme_dev *dev, const u8 *frame, u32 len)
{
	u32 l2 = ETH_HDR_LEN;

	if (get_be16(frame + 12) == ETHERTYPE_VLAN)
		l2 += VLAN_TAG_LEN;
	return len <= l2 + dev->mtu;
}

static void to_wire(struct acme_dev *dev, const u8 *frame, u32 len)
{
	dev->count.tx_frames++;
	dev->count.tx_bytes += len;
	dev->ops->tx(dev->ctx, frame, len);
}

static void emit(struct acme_dev *dev, struct acme_sa *sa, u8 *frame, u32 len)
{
	if (sa) {
		len = acme_esp_out(dev, sa, frame, len, dev->out);
		if (!len)
			return;
		frame = dev->out;
	} else if (!fits_mtu(dev, frame, len)) {
		dev->count.tx_too_long++;
		return;
	}
	to_wire(dev, frame, len);
}

/* A packet that the host has made ESP. */
static bool emit_esp(struct acme_dev *dev, struct acme_sa *sa,
		     const struct acme_txp *p)
{
	u32 len;

	if (le16_to_cpu(p->first.flags) & (ACME_TXD_TSO | ACME_TXD_CSUM))
		return false;
	len = acme_esp_crypto_out(dev, sa, dev->pkt, p->len,
				  le16_to_cpu(p->first.esp_start),
				  le32_to_cpu(p->first.seq_hi));
	if (len)
		to_wire(dev, dev->pkt, len);
	return true;
}

static bool emit_segments(struct acme_dev *dev, struct acme_sa *sa,
			  const struct acme_txp *p)
{
	struct acme_tso tso;
	u32 len;

	if (!acme_tso_init(&tso, dev->pkt, p->len,
			   le16_to_cpu(p->first.hdr_len),
			   le16_to_cpu(p->first.csum_start),
			   le16_to_cpu(p->first.mss)))
		return false;
	while ((len = acme_tso_next(&tso, dev->seg)))
		emit(dev, sa, dev->seg, len);
	return true;
}

static bool fill_csum(struct acme_dev *dev, const struct acme_txp *p)
{
	u16 flags = le16_to_cpu(p->first.flags);

	if (!(flags & ACME_TXD_CSUM) || flags & (ACME_TXD_TSO | ACME_TXD_ESP))
		return true;
	return acme_csum_fill(dev->pkt, p->len,
			      le16_to_cpu(p->first.csum_start),
			      le16_to_cpu(p->first.csum_offset));
}

static bool emit_packet(struct acme_dev *dev, struct acme_sa *sa,
			const struct acme_txp *p)
{
	u16 flags = le16_to_cpu(p->first.flags);

	if (flags & ACME_TXD_ESP)
		return emit_esp(dev, sa, p);
	if (flags & ACME_TXD_TSO)
		return emit_segments(dev, sa, p);
	emit(dev, sa, dev->pkt, p->len);
	return true;
}

static struct acme_sa *tx_sa(struct acme_dev *dev,
			     const struct acme_tx_desc *d)
{
	bool crypto = le16_to_cpu(d->flags) & ACME_TXD_ESP;
	struct acme_sa *sa = acme_sa_by_handle(&dev->sas,
					       le32_to_cpu(d->sa));

	if (!sa || !sa->running || acme_sa_inbound(sa))
		return NULL;
	return !(sa->flags & ACME_SA_CRYPTO) == !crypto ? sa : NULL;
}

static void send(struct acme_dev *dev, const struct acme_txp *p)
{
	u16 flags = le16_to_cpu(p->first.flags);
	struct acme_sa *sa = NULL;

	if (p->bad || p->len < ETH_HDR_LEN) {
		dev->count.tx_bad_desc++;
		return;
	}
	if (!acme_dev_link(dev)) {
		dev->count.tx_no_link++;
		return;
	}
	if (flags & (ACME_TXD_SA | ACME_TXD_ESP)) {
		sa = tx_sa(dev, &p->first);
		if (!sa) {
			dev->count.tx_bad_sa++;
			return;
		}
	}
	/* it can go anywhere, so what the SA checks is what comes of it */
	if (!fill_csum(dev, p)) {
		dev->count.tx_bad_desc++;
		return;
	}
	if (sa && !(flags & ACME_TXD_ESP) &&
	    !acme_esp_out_check(dev, sa, dev->pkt, p->len))
		return;
	if (!emit_packet(dev, sa, p))
		dev->count.tx_bad_desc++;
}

/* Takes one packet from the ring; false when no whole packet is there. */
static bool tx_one(struct acme_dev *dev, struct acme_queue *q)
{
	struct acme_txp p;

	if (fetch(dev, q, &p)) {
		if (!q->tx_skip)
			send(dev, &p);
		q->tx_skip = false;
	} else if (p.count == ACME_TX_MAX_DESCS) {
		if (!q->tx_skip)
			dev->count.tx_bad_desc++;
		q->tx_skip = true;
	} else {
		return false;
	}
	q->head[ACME_TX] += p.count;
	q->packets[ACME_TX]++;
	return true;
}

bool acme_txq_run(struct acme_dev *dev, struct acme_queue *q)
{
	u32 head = q->head[ACME_TX];
	u32 budget = TX_BUDGET;
	bool more = false;

	while (q->head[ACME_TX] != q->tail[ACME_TX]) {
		if (dev->faults.tx_stall || !dev->ops->tx_ready(dev->ctx))
			break;
		if (!budget--) {
			more = true;
			break;
		}
		if (!tx_one(dev, q))
			break;
	}
	if (head == q->head[ACME_TX])
		return more;
	acme_dma_publish(dev, q->tx_head_addr, q->head[ACME_TX]);
	acme_queue_work_done(dev, q, ACME_TX);
	return more;
}
