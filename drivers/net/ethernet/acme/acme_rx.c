// SPDX-License-Identifier: GPL-2.0-only
/* Receive. */

#include <linux/etherdevice.h>
#include <net/page_pool/helpers.h>

#include "acme.h"
#include "acme_netdev.h"
#include "acme_queue.h"

/* Fewer free descriptors than this are not worth a doorbell. */
#define ACME_RX_REFILL_BATCH		16

static size_t acme_rx_desc_bytes(const struct acme_rx_ring *rx)
{
	return (rx->mask + 1) * sizeof(*rx->descs);
}

static size_t acme_rx_comp_bytes(const struct acme_rx_ring *rx)
{
	return (rx->mask + 1) * sizeof(*rx->comps);
}

static int acme_rx_alloc_pool(struct acme_qp *qp)
{
	struct acme_rx_ring *rx = &qp->rx;
	struct page_pool_params params = {
		.flags = PP_FLAG_DMA_MAP | PP_FLAG_DMA_SYNC_DEV,
		.pool_size = (rx->mask + 1) * ACME_RX_TRUESIZE / PAGE_SIZE + 1,
		.nid = NUMA_NO_NODE,
		.dev = qp->anet->adev->dev,
		.napi = &qp->napi,
		.netdev = qp->anet->netdev,
		.queue_idx = qp->qid,
		.dma_dir = DMA_FROM_DEVICE,
		.max_len = PAGE_SIZE,
	};

	rx->pool = page_pool_create(&params);
	return PTR_ERR_OR_ZERO(rx->pool);
}

static int acme_rx_alloc_rings(struct acme_qp *qp)
{
	struct device *dev = qp->anet->adev->dev;
	struct acme_rx_ring *rx = &qp->rx;

	rx->bufs = kvcalloc(rx->mask + 1, sizeof(*rx->bufs), GFP_KERNEL);
	if (!rx->bufs)
		return -ENOMEM;
	rx->descs = dma_alloc_coherent(dev, acme_rx_desc_bytes(rx),
				       &rx->desc_dma, GFP_KERNEL);
	if (!rx->descs)
		goto free_bufs;
	rx->comps = dma_alloc_coherent(dev, acme_rx_comp_bytes(rx),
				       &rx->comp_dma, GFP_KERNEL);
	if (!rx->comps)
		goto free_descs;
	return 0;

free_descs:
	dma_free_coherent(dev, acme_rx_desc_bytes(rx), rx->descs,
			  rx->desc_dma);
free_bufs:
	kvfree(rx->bufs);
	return -ENOMEM;
}

static void acme_rx_free_rings(struct acme_qp *qp)
{
	struct device *dev = qp->anet->adev->dev;
	struct acme_rx_ring *rx = &qp->rx;

	dma_free_coherent(dev, acme_rx_comp_bytes(rx), rx->comps,
			  rx->comp_dma);
	dma_free_coherent(dev, acme_rx_desc_bytes(rx), rx->descs,
			  rx->desc_dma);
	kvfree(rx->bufs);
}

/**
 * acme_rx_alloc() - allocate an Rx ring, empty
 * @qp: its queue pair
 * @log2: its size
 *
 * Return: 0 or a negative errno.
 */
int acme_rx_alloc(struct acme_qp *qp, u8 log2)
{
	struct acme_rx_ring *rx = &qp->rx;
	int err;

	rx->log2 = log2;
	rx->mask = BIT(log2) - 1;
	rx->head = 0;
	rx->tail = 0;
	rx->skb = NULL;
	rx->skip = false;

	err = acme_rx_alloc_rings(qp);
	if (err)
		return err;
	err = acme_rx_alloc_pool(qp);
	if (err)
		acme_rx_free_rings(qp);
	return err;
}

static bool acme_rx_refill_one(struct acme_rx_ring *rx)
{
	struct acme_rx_buf *buf = &rx->bufs[rx->tail & rx->mask];
	struct acme_rx_desc *desc = &rx->descs[rx->tail & rx->mask];
	dma_addr_t dma;

	buf->page = page_pool_dev_alloc_frag(rx->pool, &buf->offset,
					     ACME_RX_TRUESIZE);
	if (unlikely(!buf->page))
		return false;

	dma = page_pool_get_dma_addr(buf->page) + buf->offset;
	desc->addr = cpu_to_le64(dma + ACME_RX_HEADROOM);
	desc->len = cpu_to_le32(ACME_RX_BUF_LEN);
	rx->tail++;
	return true;
}

/* Give the device buffers. False if it has none and none could be had. */
static bool acme_rx_refill(struct acme_qp *qp)
{
	struct acme_rx_ring *rx = &qp->rx;
	u32 n = rx->mask + 1 - (rx->tail - rx->head);

	if (n < ACME_RX_REFILL_BATCH)
		return true;

	while (n && acme_rx_refill_one(rx))
		n--;
	if (n)
		acme_rx_count(rx, &rx->stats.alloc_failed);
	/* the device sees the descriptors before it sees the tail */
	dma_wmb();
	writel(rx->tail, qp->regs + ACME_QREG_RX_TAIL);
	acme_qp_doorbell(qp);
	return rx->tail != rx->head;
}

static struct acme_rx_comp *acme_rx_next(const struct acme_rx_ring *rx)
{
	return &rx->comps[rx->head & rx->mask];
}

/**
 * acme_rx_pending() - has the device written a completion?
 * @rx: Rx ring
 *
 * Return: true if so. A completion for a buffer that the device does not have
 * is none.
 */
bool acme_rx_pending(const struct acme_rx_ring *rx)
{
	u32 phase = !(rx->head >> rx->log2 & 1);

	return rx->head != rx->tail &&
	       le32_to_cpu(READ_ONCE(acme_rx_next(rx)->phase)) == phase;
}

static void acme_rx_drop_frame(struct acme_rx_ring *rx)
{
	dev_kfree_skb_any(rx->skb);
	rx->skb = NULL;
	acme_rx_count(rx, &rx->stats.dropped);
}

/* Drop the frames that nobody has polled, and one whose rest is missing. */
static void acme_rx_drop_pending(struct acme_rx_ring *rx)
{
	bool begun = rx->skb;
	bool eop;

	while (acme_rx_pending(rx)) {
		/* the rest of the completion was written before the phase */
		dma_rmb();
		eop = le16_to_cpu(READ_ONCE(acme_rx_next(rx)->flags)) &
		      ACME_RXC_EOP;
		page_pool_put_full_page(rx->pool,
					rx->bufs[rx->head & rx->mask].page,
					false);
		WRITE_ONCE(rx->head, rx->head + 1);
		if (eop && !rx->skip)
			acme_rx_drop_frame(rx);
		begun = !eop && !rx->skip;
		rx->skip = rx->skip && !eop;
	}
	if (begun)
		acme_rx_drop_frame(rx);
}

/**
 * acme_rx_free() - free an Rx ring with all buffers in it
 * @qp: its queue pair, no longer known to the device
 *
 * Context: process.
 */
void acme_rx_free(struct acme_qp *qp)
{
	struct acme_rx_ring *rx = &qp->rx;

	/* as in NAPI poll: nobody on this CPU may wait for the counters */
	local_bh_disable();
	acme_rx_drop_pending(rx);
	local_bh_enable();
	for (; rx->head != rx->tail; rx->head++)
		page_pool_put_full_page(rx->pool,
					rx->bufs[rx->head & rx->mask].page,
					false);
	page_pool_destroy(rx->pool);
	acme_rx_free_rings(qp);
}

/* The first buffer of a frame becomes the linear part. */
static bool acme_rx_first(struct acme_rx_ring *rx, struct acme_rx_buf *buf,
			  u32 len)
{
	struct sk_buff *skb;

	skb = napi_build_skb(page_address(buf->page) + buf->offset,
			     ACME_RX_TRUESIZE);
	if (unlikely(!skb)) {
		acme_rx_count(rx, &rx->stats.alloc_failed);
		return false;
	}
	skb_mark_for_recycle(skb);
	skb_reserve(skb, ACME_RX_HEADROOM);
	__skb_put(skb, len);
	rx->skb = skb;
	return true;
}

static bool acme_rx_more(struct acme_rx_ring *rx, struct acme_rx_buf *buf,
			 u32 len)
{
	u32 nr_frags = skb_shinfo(rx->skb)->nr_frags;

	/* it lies behind the buffer, where the device could write */
	if (unlikely(nr_frags >= MAX_SKB_FRAGS)) {
		acme_rx_count(rx, &rx->stats.bad_comp);
		return false;
	}
	skb_add_rx_frag(rx->skb, nr_frags, buf->page,
			buf->offset + ACME_RX_HEADROOM, len, ACME_RX_TRUESIZE);
	return true;
}

/* Add a buffer to the frame; false if the frame is to be dropped. */
static bool acme_rx_add(struct acme_rx_ring *rx, struct acme_rx_buf *buf,
			u32 len)
{
	u32 min_len = rx->skb ? 1 : ETH_HLEN;

	if (unlikely(len < min_len || len > ACME_RX_BUF_LEN)) {
		acme_rx_count(rx, &rx->stats.bad_comp);
		return false;
	}
	page_pool_dma_sync_for_cpu(rx->pool, buf->page,
				   buf->offset + ACME_RX_HEADROOM, len);
	if (rx->skb)
		return acme_rx_more(rx, buf, len);
	return acme_rx_first(rx, buf, len);
}

static void acme_rx_set_hash(struct sk_buff *skb, u16 flags, u32 hash)
{
	if (!(skb->dev->features & NETIF_F_RXHASH) ||
	    !(flags & ACME_RXC_HASH))
		return;

	skb_set_hash(skb, hash, flags & ACME_RXC_HASH_L4 ? PKT_HASH_TYPE_L4 :
							   PKT_HASH_TYPE_L3);
}

static void acme_rx_set_csum(struct acme_rx_ring *rx, struct sk_buff *skb,
			     u16 flags)
{
	if (!(skb->dev->features & NETIF_F_RXCSUM) ||
	    !(flags & ACME_RXC_CSUM_OK))
		return;

	skb->ip_summed = CHECKSUM_UNNECESSARY;
	acme_rx_count(rx, &rx->stats.csum_ok);
}

/* A packet whose SA can't be told must not pass as cleartext. */
static bool acme_rx_set_sa(struct acme_qp *qp, struct sk_buff *skb, u32 handle,
			   u16 flags)
{
	struct acme_rx_ring *rx = &qp->rx;

	if (flags & ACME_RXC_EXC)
		acme_rx_count(rx, &rx->stats.exceptions);
	if (!(flags & (ACME_RXC_SA | ACME_RXC_CRYPTO)))
		return true;
	switch (acme_ipsec_rx(qp->anet->adev, skb, handle, flags)) {
	case 0:
		acme_rx_count(rx, &rx->stats.sa_packets);
		return true;
	case -ENOENT:
		acme_rx_count(rx, &rx->stats.sa_stale);
		return false;
	default:
		acme_rx_count(rx, &rx->stats.sa_refused);
		return false;
	}
}

/* The frame is complete: to the stack. */
static void acme_rx_deliver(struct acme_qp *qp, const struct acme_rx_comp *comp,
			    u16 flags)
{
	struct acme_rx_ring *rx = &qp->rx;
	struct sk_buff *skb = rx->skb;
	u32 bytes = skb->len;

	skb->protocol = eth_type_trans(skb, qp->anet->netdev);
	skb_record_rx_queue(skb, qp->qid);
	acme_rx_set_hash(skb, flags, le32_to_cpu(READ_ONCE(comp->hash)));
	acme_rx_set_csum(rx, skb, flags);
	if (!acme_rx_set_sa(qp, skb, le32_to_cpu(READ_ONCE(comp->sa)), flags)) {
		acme_rx_drop_frame(rx);
		return;
	}

	u64_stats_update_begin(&rx->stats.syncp);
	u64_stats_inc(&rx->stats.packets);
	u64_stats_add(&rx->stats.bytes, bytes);
	u64_stats_update_end(&rx->stats.syncp);
	rx->skb = NULL;
	napi_gro_receive(&qp->napi, skb);
}

/* Consume a completion; true if it ended a frame. */
static bool acme_rx_consume(struct acme_qp *qp)
{
	struct acme_rx_ring *rx = &qp->rx;
	struct acme_rx_buf *buf = &rx->bufs[rx->head & rx->mask];
	struct acme_rx_comp *comp = acme_rx_next(rx);
	u16 flags = le16_to_cpu(READ_ONCE(comp->flags));
	bool eop = flags & ACME_RXC_EOP;

	if (rx->skip ||
	    !acme_rx_add(rx, buf, le16_to_cpu(READ_ONCE(comp->len)))) {
		page_pool_put_full_page(rx->pool, buf->page, true);
		if (!rx->skip)
			acme_rx_drop_frame(rx);
		rx->skip = !eop;
	} else if (eop) {
		acme_rx_deliver(qp, comp, flags);
	}
	/* pairs with acme_qp_rx_passed() */
	WRITE_ONCE(rx->head, rx->head + 1);
	return eop;
}

/**
 * acme_rx_poll() - take received frames, give new buffers
 * @qp: queue pair
 * @budget: of NAPI
 *
 * Context: NAPI poll.
 * Return: frames taken, or @budget if there is more to do.
 */
int acme_rx_poll(struct acme_qp *qp, int budget)
{
	struct acme_rx_ring *rx = &qp->rx;
	int work = 0;

	while (work < budget && acme_rx_pending(rx)) {
		/* the rest of the completion was written before the phase */
		dma_rmb();
		work += acme_rx_consume(qp);
	}
	if (work < budget)
		WRITE_ONCE(rx->empty, rx->empty + 1);

	return acme_rx_refill(qp) ? work : budget;
}
