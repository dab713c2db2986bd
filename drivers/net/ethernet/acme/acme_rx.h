/* SPDX-License-Identifier: GPL-2.0-only */
/* Receive. */
#ifndef _ACME_RX_H
#define _ACME_RX_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/u64_stats_sync.h>

#include "acme_hw.h"

struct acme_qp;
struct page_pool;

/* A buffer: room for an sk_buff to be built around, half a page. */
#define ACME_RX_TRUESIZE		2048
#define ACME_RX_HEADROOM		(NET_SKB_PAD + NET_IP_ALIGN)
#define ACME_RX_BUF_LEN \
	(SKB_WITH_OVERHEAD(ACME_RX_TRUESIZE) - ACME_RX_HEADROOM)

/* The largest frame fits in the linear part and all fragments. */
#define ACME_RX_MAX_MTU \
	(ACME_RX_BUF_LEN * MAX_SKB_FRAGS)
#define ACME_RX_MIN_LOG2		5
#define ACME_RX_DEFAULT_LOG2		9

/**
 * struct acme_rx_stats - counters of an Rx ring
 * @packets: packets given to the stack
 * @bytes: their bytes
 * @dropped: packets dropped for any reason, closing the queue included
 * @csum_ok: packets whose checksum the device found right
 * @sa_packets: packets that the device decrypted
 * @sa_stale: packets dropped because their SA is gone or unknown
 * @sa_refused: packets that IPsec said to drop, or not for this station
 * @exceptions: ESP packets of an SA that the device left to software
 * @alloc_failed: failures to allocate a buffer or an sk_buff
 * @bad_comp: completions that can't be
 * @syncp: for reading 64 bits on 32-bit machines
 */
struct acme_rx_stats {
	u64_stats_t packets;
	u64_stats_t bytes;
	u64_stats_t dropped;
	u64_stats_t csum_ok;
	u64_stats_t sa_packets;
	u64_stats_t sa_stale;
	u64_stats_t sa_refused;
	u64_stats_t exceptions;
	u64_stats_t alloc_failed;
	u64_stats_t bad_comp;
	struct u64_stats_sync syncp;
};

/**
 * struct acme_rx_buf - a buffer that the device may write to
 * @page: its page
 * @offset: its begin in @page
 */
struct acme_rx_buf {
	struct page *page;
	u32 offset;
};

/**
 * struct acme_rx_ring - Rx ring; counts run freely
 * @descs: descriptors
 * @comps: completions
 * @bufs: buffers
 * @pool: where pages come from
 * @skb: frame whose rest has not come yet
 * @skip: drop the rest of this frame
 * @log2: size
 * @mask: size - 1
 * @tail: buffers given to the device
 * @head: completions consumed
 * @empty: polls that have consumed all there was
 * @desc_dma: address of @descs
 * @comp_dma: address of @comps
 * @stats: counters
 */
struct acme_rx_ring {
	struct acme_rx_desc *descs;
	struct acme_rx_comp *comps;
	struct acme_rx_buf *bufs;
	struct page_pool *pool;
	struct sk_buff *skb;
	bool skip;
	u8 log2;
	u32 mask;
	u32 tail;
	u32 head;
	u32 empty;
	dma_addr_t desc_dma;
	dma_addr_t comp_dma;
	struct acme_rx_stats stats;
};

static inline void acme_rx_count(struct acme_rx_ring *rx, u64_stats_t *counter)
{
	u64_stats_update_begin(&rx->stats.syncp);
	u64_stats_inc(counter);
	u64_stats_update_end(&rx->stats.syncp);
}

int acme_rx_alloc(struct acme_qp *qp, u8 log2);
void acme_rx_free(struct acme_qp *qp);
bool acme_rx_pending(const struct acme_rx_ring *rx);
int acme_rx_poll(struct acme_qp *qp, int budget);

#endif /* _ACME_RX_H */
