// SPDX-License-Identifier: GPL-2.0-only
/* Transmit. */

#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jiffies.h>
#include <linux/sizes.h>
#include <linux/tcp.h>
#include <net/netdev_queues.h>

#include "acme.h"
#include "acme_netdev.h"
#include "acme_queue.h"

/* The length of a piece has 16 bits in the descriptor. */
#define ACME_TX_MAX_PIECE		SZ_32K
#define ACME_TX_WAKE			(2 * ACME_TX_MAX_DESCS)
#define ACME_TX_DRAIN_POLL_US		50
#define ACME_TX_DRAIN_TIMEOUT		(2 * HZ)

/* For the transmitting side; the cleaning side has a syncp of its own. */
static void acme_tx_count(struct acme_tx_ring *tx, u64_stats_t *counter)
{
	u64_stats_update_begin(&tx->stats.syncp);
	u64_stats_inc(counter);
	u64_stats_update_end(&tx->stats.syncp);
}

static size_t acme_tx_ring_bytes(const struct acme_tx_ring *tx)
{
	return (tx->mask + 1) * sizeof(*tx->descs);
}

/* The head stands behind the descriptors. */
static size_t acme_tx_alloc_bytes(const struct acme_tx_ring *tx)
{
	return acme_tx_ring_bytes(tx) + SMP_CACHE_BYTES;
}

static void acme_tx_restart(struct acme_tx_ring *tx)
{
	spin_lock(&tx->lock);
	tx->opened++;
	tx->tail = 0;
	tx->kicked = 0;
	tx->clean = 0;
	tx->seen = 0;
	spin_unlock(&tx->lock);
}

/**
 * acme_tx_alloc() - allocate a Tx ring
 * @qp: its queue pair
 * @log2: its size
 *
 * Return: 0 or -ENOMEM.
 */
int acme_tx_alloc(struct acme_qp *qp, u8 log2)
{
	struct acme_tx_ring *tx = &qp->tx;

	tx->log2 = log2;
	tx->mask = BIT(log2) - 1;
	acme_tx_restart(tx);

	tx->bufs = kvcalloc(tx->mask + 1, sizeof(*tx->bufs), GFP_KERNEL);
	if (!tx->bufs)
		return -ENOMEM;
	tx->descs = dma_alloc_coherent(qp->anet->adev->dev,
				       acme_tx_alloc_bytes(tx), &tx->dma,
				       GFP_KERNEL);
	if (!tx->descs) {
		kvfree(tx->bufs);
		tx->bufs = NULL;
		return -ENOMEM;
	}
	tx->head_wb = (void *)tx->descs + acme_tx_ring_bytes(tx);
	tx->head_dma = tx->dma + acme_tx_ring_bytes(tx);
	return 0;
}

static struct netdev_queue *acme_tx_txq(const struct acme_qp *qp)
{
	return netdev_get_tx_queue(qp->anet->netdev, qp->qid);
}

static u32 acme_tx_unused(const struct acme_tx_ring *tx)
{
	return tx->mask + 1 - (READ_ONCE(tx->tail) - READ_ONCE(tx->clean));
}

static void acme_tx_unmap(struct device *dev, struct acme_tx_buf *buf)
{
	if (buf->is_page)
		dma_unmap_page(dev, dma_unmap_addr(buf, dma), buf->len,
			       DMA_TO_DEVICE);
	else
		dma_unmap_single(dev, dma_unmap_addr(buf, dma), buf->len,
				 DMA_TO_DEVICE);
}

static void acme_tx_unmap_range(struct acme_qp *qp, u32 from, u32 to)
{
	struct acme_tx_ring *tx = &qp->tx;

	for (; from != to; from++)
		acme_tx_unmap(qp->anet->adev->dev, &tx->bufs[from & tx->mask]);
}

struct acme_tx_done {
	u32 packets;
	u32 skb_bytes;
	u32 frames;
	u32 frame_bytes;
};

/* Clean the packets that end before @head. */
static void acme_tx_clean_to(struct acme_qp *qp, u32 head, int budget,
			     struct acme_tx_done *done)
{
	struct acme_tx_ring *tx = &qp->tx;
	u32 clean = tx->clean;
	struct acme_tx_buf *buf;

	while (clean != head) {
		buf = &tx->bufs[clean & tx->mask];
		if (buf->descs > head - clean)
			break;
		acme_tx_unmap_range(qp, clean, clean + buf->descs);
		clean += buf->descs;
		done->packets++;
		done->skb_bytes += buf->skb->len;
		done->frames += buf->segs;
		done->frame_bytes += buf->wire_bytes;
		napi_consume_skb(buf->skb, budget);
		buf->skb = NULL;
	}
	WRITE_ONCE(tx->clean, clean);
}

/* Read the head. One that is not between clean and tail is not believed. */
static bool acme_tx_read_head(struct acme_qp *qp, u32 *head)
{
	struct acme_tx_ring *tx = &qp->tx;
	u32 tail;

	*head = le32_to_cpu(READ_ONCE(*tx->head_wb));
	if (*head == tx->seen)
		return false;
	tx->seen = *head;
	/* what was sent before is seen to be sent */
	dma_rmb();
	/* the tail is read after the head, pairs with its release */
	tail = smp_load_acquire(&tx->tail);
	if (*head - tx->clean <= tail - tx->clean)
		return true;

	u64_stats_update_begin(&tx->stats.done_syncp);
	u64_stats_inc(&tx->stats.bad_head);
	u64_stats_update_end(&tx->stats.done_syncp);
	net_err_ratelimited("%s: Tx queue %u: head %u is not between %u and %u\n",
			    qp->anet->netdev->name, qp->qid, *head, tx->clean,
			    tail);
	return false;
}

/* Clean and count what the device is done with; false if there is no news. */
static bool acme_tx_take_done(struct acme_qp *qp, int budget,
			      struct acme_tx_done *done)
{
	struct acme_tx_stats *stats = &qp->tx.stats;
	u32 head;

	if (!acme_tx_read_head(qp, &head))
		return false;

	acme_tx_clean_to(qp, head, budget, done);
	u64_stats_update_begin(&stats->done_syncp);
	u64_stats_add(&stats->packets, done->frames);
	u64_stats_add(&stats->bytes, done->frame_bytes);
	u64_stats_update_end(&stats->done_syncp);
	return true;
}

/**
 * acme_tx_clean() - free the packets that the device is done with
 * @qp: queue pair
 * @budget: of NAPI
 *
 * Context: NAPI poll.
 */
void acme_tx_clean(struct acme_qp *qp, int budget)
{
	struct acme_tx_done done = {};

	if (!acme_tx_take_done(qp, budget, &done))
		return;
	netif_txq_completed_wake(acme_tx_txq(qp), done.packets, done.skb_bytes,
				 acme_tx_unused(&qp->tx), ACME_TX_WAKE);
}

static void acme_tx_drop_all(struct acme_qp *qp)
{
	struct acme_tx_ring *tx = &qp->tx;
	struct acme_tx_buf *buf;

	while (tx->clean != tx->tail) {
		buf = &tx->bufs[tx->clean & tx->mask];
		acme_tx_unmap_range(qp, tx->clean, tx->clean + buf->descs);
		dev_kfree_skb_any(buf->skb);
		acme_tx_count(tx, &tx->stats.dropped);
		WRITE_ONCE(tx->clean, tx->clean + buf->descs);
	}
}

/**
 * acme_tx_free() - free a Tx ring with all packets in it
 * @qp: its queue pair, no longer known to the device
 *
 * What the device has sent since the last poll counts as sent.
 *
 * Context: process.
 */
void acme_tx_free(struct acme_qp *qp)
{
	struct acme_tx_ring *tx = &qp->tx;
	struct acme_tx_done done = {};

	/* as in NAPI poll: nobody on this CPU may wait for the counters */
	local_bh_disable();
	acme_tx_take_done(qp, 0, &done);
	acme_tx_drop_all(qp);
	local_bh_enable();
	netdev_tx_reset_queue(acme_tx_txq(qp));
	dma_free_coherent(qp->anet->adev->dev, acme_tx_alloc_bytes(tx),
			  tx->descs, tx->dma);
	kvfree(tx->bufs);
	tx->bufs = NULL;
}

/**
 * struct acme_tx_mark - a place in a Tx ring
 * @opened: as in &struct acme_tx_ring
 * @tail: likewise
 */
struct acme_tx_mark {
	u32 opened;
	u32 tail;
};

static void acme_tx_mark(struct acme_tx_ring *tx, struct acme_tx_mark *mark)
{
	spin_lock(&tx->lock);
	mark->opened = tx->opened;
	mark->tail = READ_ONCE(tx->tail);
	spin_unlock(&tx->lock);
}

/* A ring that was closed since has no packet of before. */
static bool acme_tx_passed(struct acme_tx_ring *tx,
			   const struct acme_tx_mark *mark)
{
	bool passed;

	spin_lock(&tx->lock);
	passed = tx->opened != mark->opened ||
		 (s32)(READ_ONCE(tx->clean) - mark->tail) >= 0;
	spin_unlock(&tx->lock);
	return passed;
}

static int acme_tx_drain_ring(struct acme_net *anet,
			      struct acme_tx_ring *tx,
			      const struct acme_tx_mark *mark,
			      unsigned long until)
{
	while (!acme_tx_passed(tx, mark)) {
		if (acme_dev_is_lost(anet->adev))
			return -EIO;
		if (time_after(jiffies, until))
			return -ETIMEDOUT;
		fsleep(ACME_TX_DRAIN_POLL_US);
	}
	return 0;
}

/**
 * acme_tx_drain() - wait until all packets posted so far have left
 * @anet: interface
 *
 * Those that are posted meanwhile are not waited for. Queues may be closed
 * and opened at the same time: RTNL is not taken.
 *
 * Context: process, may sleep.
 * Return: 0, -EIO if the device is lost, or -ETIMEDOUT after two seconds.
 */
int acme_tx_drain(struct acme_net *anet)
{
	unsigned long until = jiffies + ACME_TX_DRAIN_TIMEOUT;
	struct acme_tx_mark marks[ACME_MAX_QUEUES];
	int i, err = 0;

	for (i = 0; i < anet->adev->num_qps; i++)
		acme_tx_mark(&anet->qps[i].tx, &marks[i]);
	for (i = 0; i < anet->adev->num_qps && !err; i++)
		err = acme_tx_drain_ring(anet, &anet->qps[i].tx, &marks[i],
					 until);
	return err;
}

static void acme_tx_kick(struct acme_qp *qp)
{
	struct acme_tx_ring *tx = &qp->tx;

	if (tx->kicked == tx->tail)
		return;
	tx->kicked = tx->tail;
	/* the device sees the descriptors before it sees the tail */
	dma_wmb();
	writel(tx->tail, qp->regs + ACME_QREG_TX_TAIL);
	acme_qp_doorbell(qp);
}

static u32 acme_tx_pieces(u32 len)
{
	return DIV_ROUND_UP(len, ACME_TX_MAX_PIECE);
}

static u32 acme_tx_descs_needed(const struct sk_buff *skb)
{
	u32 i, n = acme_tx_pieces(skb_headlen(skb));

	for (i = 0; i < skb_shinfo(skb)->nr_frags; i++)
		n += acme_tx_pieces(skb_frag_size(&skb_shinfo(skb)->frags[i]));
	return n;
}

/* Make a piece of mapped memory the next descriptor. */
static void acme_tx_fill(struct acme_tx_ring *tx, u32 *tail, dma_addr_t dma,
			 u32 len, bool is_page)
{
	u32 slot = (*tail)++ & tx->mask;
	struct acme_tx_desc *desc = &tx->descs[slot];
	struct acme_tx_buf *buf = &tx->bufs[slot];

	memset(buf, 0, sizeof(*buf));
	dma_unmap_addr_set(buf, dma, dma);
	buf->len = len;
	buf->is_page = is_page;
	memset(desc, 0, sizeof(*desc));
	desc->addr = cpu_to_le64(dma);
	desc->len = cpu_to_le16(len);
}

static int acme_tx_map_frag(struct acme_qp *qp, const skb_frag_t *frag,
			    u32 *tail)
{
	struct device *dev = qp->anet->adev->dev;
	u32 offset, len;
	dma_addr_t dma;

	for (offset = 0; offset < skb_frag_size(frag); offset += len) {
		len = min_t(u32, skb_frag_size(frag) - offset,
			    ACME_TX_MAX_PIECE);
		dma = skb_frag_dma_map(dev, frag, offset, len, DMA_TO_DEVICE);
		if (dma_mapping_error(dev, dma))
			return -ENOMEM;
		acme_tx_fill(&qp->tx, tail, dma, len, true);
	}
	return 0;
}

static int acme_tx_map_head(struct acme_qp *qp, const struct sk_buff *skb,
			    u32 *tail)
{
	struct device *dev = qp->anet->adev->dev;
	u32 offset, len;
	dma_addr_t dma;

	for (offset = 0; offset < skb_headlen(skb); offset += len) {
		len = min_t(u32, skb_headlen(skb) - offset, ACME_TX_MAX_PIECE);
		dma = dma_map_single(dev, skb->data + offset, len,
				     DMA_TO_DEVICE);
		if (dma_mapping_error(dev, dma))
			return -ENOMEM;
		acme_tx_fill(&qp->tx, tail, dma, len, false);
	}
	return 0;
}

/* Map the packet and fill its descriptors, up to the new @tail. */
static int acme_tx_map(struct acme_qp *qp, const struct sk_buff *skb,
		       u32 *tail)
{
	int i, err;

	*tail = qp->tx.tail;
	err = acme_tx_map_head(qp, skb, tail);
	for (i = 0; i < skb_shinfo(skb)->nr_frags && !err; i++)
		err = acme_tx_map_frag(qp, &skb_shinfo(skb)->frags[i], tail);
	if (err)
		acme_tx_unmap_range(qp, qp->tx.tail, *tail);
	return err;
}

/* Without IP options always less than ACME_TSO_MAX_HDR. */
static u32 acme_tx_hdr_len(const struct sk_buff *skb)
{
	return skb_transport_offset(skb) + tcp_hdrlen(skb);
}

/*
 * The device computes the pseudo header of TCP from the addresses in the IP
 * header, which are not those of the ends with a source route or a routing
 * header. So it gets neither options nor extension headers; nor is there a tag.
 */
static bool acme_tx_can_tso(const struct sk_buff *skb)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	u32 l3_len = shinfo->gso_type & SKB_GSO_TCPV6 ? sizeof(struct ipv6hdr) :
							sizeof(struct iphdr);

	return skb_transport_offset(skb) == ETH_HLEN + l3_len &&
	       shinfo->gso_size >= ACME_TSO_MIN_MSS;
}

/**
 * acme_tx_features_check() - ndo_features_check
 * @skb: packet
 * @netdev: interface
 * @features: what the stack would like the device to do
 *
 * Return: what the device can do of it.
 */
netdev_features_t acme_tx_features_check(struct sk_buff *skb,
					 struct net_device *netdev,
					 netdev_features_t features)
{
	if (skb_is_gso(skb) && !acme_tx_can_tso(skb))
		features &= ~NETIF_F_GSO_MASK;
	return features;
}

/* What stands in the first descriptor of a packet. */
static void acme_tx_describe(struct acme_qp *qp, const struct sk_buff *skb,
			     struct acme_tx_buf *buf, struct acme_tx_desc *desc)
{
	u16 flags = 0;

	buf->segs = 1;
	buf->wire_bytes = skb->len;
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		flags |= ACME_TXD_CSUM;
		desc->csum_start = cpu_to_le16(skb_checksum_start_offset(skb));
		desc->csum_offset = cpu_to_le16(skb->csum_offset);
		acme_tx_count(&qp->tx, &qp->tx.stats.csum_partial);
	}
	if (skb_is_gso(skb)) {
		flags |= ACME_TXD_TSO;
		desc->mss = cpu_to_le16(skb_shinfo(skb)->gso_size);
		desc->hdr_len = cpu_to_le16(acme_tx_hdr_len(skb));
		buf->segs = skb_shinfo(skb)->gso_segs;
		buf->wire_bytes += (buf->segs - 1) * acme_tx_hdr_len(skb);
		acme_tx_count(&qp->tx, &qp->tx.stats.tso_packets);
	}
	desc->flags |= cpu_to_le16(flags);
}

static void acme_tx_set_sa(struct acme_qp *qp, struct acme_tx_desc *desc,
			   const struct acme_tx_sa *sa)
{
	if (!sa->flags)
		return;
	desc->flags |= cpu_to_le16(sa->flags);
	desc->sa = cpu_to_le32(sa->handle);
	desc->esp_start = cpu_to_le16(sa->esp_start);
	desc->seq_hi = cpu_to_le32(sa->seq_hi);
	acme_tx_count(&qp->tx, &qp->tx.stats.sa_packets);
}

/* The packet is in the ring: account for it, tell the device. */
static void acme_tx_commit(struct acme_qp *qp, struct sk_buff *skb, u32 tail)
{
	struct netdev_queue *txq = acme_tx_txq(qp);
	struct acme_tx_ring *tx = &qp->tx;
	bool kick;

	tx->descs[(tail - 1) & tx->mask].flags |= cpu_to_le16(ACME_TXD_EOP);
	skb_tx_timestamp(skb);
	kick = __netdev_tx_sent_queue(txq, skb->len, netdev_xmit_more());
	/* pairs with acme_tx_read_head(): whoever sees the tail sees bufs */
	smp_store_release(&tx->tail, tail);
	if (!netif_txq_maybe_stop(txq, acme_tx_unused(tx), ACME_TX_MAX_DESCS,
				  ACME_TX_WAKE))
		kick = true;
	if (kick)
		acme_tx_kick(qp);
}

static int acme_tx_limit_descs(struct acme_qp *qp, struct sk_buff *skb)
{
	if (likely(acme_tx_descs_needed(skb) <= ACME_TX_MAX_DESCS))
		return 0;

	acme_tx_count(&qp->tx, &qp->tx.stats.linearized);
	return skb_linearize(skb);
}

static int acme_tx_protect(struct acme_qp *qp, struct sk_buff *skb,
			   struct acme_tx_sa *sa)
{
	int err = acme_ipsec_tx(qp->anet->adev, skb, qp->anet->netdev, sa);

	if (unlikely(err && err != -EINPROGRESS))
		acme_tx_count(&qp->tx, &qp->tx.stats.sa_dropped);
	return err;
}

static int acme_tx_send(struct acme_qp *qp, struct sk_buff *skb)
{
	struct acme_tx_ring *tx = &qp->tx;
	struct acme_tx_desc *desc;
	struct acme_tx_buf *buf;
	struct acme_tx_sa sa;
	u32 tail;
	int err;

	err = acme_tx_protect(qp, skb, &sa);
	if (unlikely(err))
		return err;
	err = acme_tx_limit_descs(qp, skb);
	if (unlikely(err))
		return err;
	err = acme_tx_map(qp, skb, &tail);
	if (unlikely(err)) {
		acme_tx_count(tx, &tx->stats.map_errors);
		return err;
	}

	buf = &tx->bufs[tx->tail & tx->mask];
	desc = &tx->descs[tx->tail & tx->mask];
	buf->skb = skb;
	buf->descs = tail - tx->tail;
	acme_tx_describe(qp, skb, buf, desc);
	acme_tx_set_sa(qp, desc, &sa);
	acme_tx_commit(qp, skb, tail);
	return 0;
}

/* The packet is not in the ring; with -EINPROGRESS it is XFRM's now. */
static void acme_tx_unsent(struct acme_qp *qp, struct sk_buff *skb, int err)
{
	if (err != -EINPROGRESS) {
		acme_tx_count(&qp->tx, &qp->tx.stats.dropped);
		dev_kfree_skb_any(skb);
	}
	/* it may have been the last of a batch */
	if (!netdev_xmit_more())
		acme_tx_kick(qp);
}

/**
 * acme_tx_xmit() - ndo_start_xmit
 * @skb: packet
 * @netdev: interface
 *
 * Return: NETDEV_TX_OK, or NETDEV_TX_BUSY if the ring is unexpectedly full.
 */
netdev_tx_t acme_tx_xmit(struct sk_buff *skb, struct net_device *netdev)
{
	struct acme_net *anet = netdev_priv(netdev);
	struct acme_qp *qp = &anet->qps[skb_get_queue_mapping(skb)];
	int err;

	/* who has chosen this queue may be late: now there are fewer */
	if (unlikely(!qp->tx.bufs)) {
		acme_tx_unsent(qp, skb, -ENETDOWN);
		return NETDEV_TX_OK;
	}
	if (unlikely(!netif_txq_maybe_stop(acme_tx_txq(qp),
					   acme_tx_unused(&qp->tx),
					   ACME_TX_MAX_DESCS, ACME_TX_WAKE))) {
		acme_tx_kick(qp);
		return NETDEV_TX_BUSY;
	}

	err = acme_dev_is_lost(anet->adev) ? -EIO : acme_tx_send(qp, skb);
	if (unlikely(err))
		acme_tx_unsent(qp, skb, err);
	return NETDEV_TX_OK;
}
