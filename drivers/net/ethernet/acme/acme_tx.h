/* SPDX-License-Identifier: GPL-2.0-only */
/* Transmit. */
#ifndef _ACME_TX_H
#define _ACME_TX_H

#include <linux/dma-mapping.h>
#include <linux/netdevice.h>
#include <linux/spinlock.h>
#include <linux/u64_stats_sync.h>

#include "acme_hw.h"

struct acme_net;
struct acme_qp;

/* A ring must hold two packets of ACME_TX_MAX_DESCS. */
#define ACME_TX_MIN_LOG2		6
#define ACME_TX_DEFAULT_LOG2		9

/**
 * struct acme_tx_stats - counters of a Tx ring
 * @packets: packets done; of a TSO packet, its segments
 * @bytes: their bytes
 * @bad_head: heads written by the device that can't be
 * @done_syncp: of these, for reading 64 bits on 32-bit machines
 * @dropped: packets dropped for any reason
 * @tso_packets: packets that the device was to segment
 * @csum_partial: packets whose checksum the device was to fill in
 * @sa_packets: packets that the device was to protect with an SA
 * @sa_dropped: packets that IPsec said to drop
 * @linearized: packets copied because of too many pieces
 * @map_errors: packets dropped because memory could not be mapped
 * @syncp: likewise, of the others
 */
struct acme_tx_stats {
	u64_stats_t packets;
	u64_stats_t bytes;
	u64_stats_t bad_head;
	struct u64_stats_sync done_syncp;

	u64_stats_t dropped;
	u64_stats_t tso_packets;
	u64_stats_t csum_partial;
	u64_stats_t sa_packets;
	u64_stats_t sa_dropped;
	u64_stats_t linearized;
	u64_stats_t map_errors;
	struct u64_stats_sync syncp;
};

/**
 * struct acme_tx_buf - what a Tx descriptor points at
 * @skb: in the first descriptor of a packet; NULL in the others
 * @dma: address of the piece
 * @len: its bytes
 * @descs: descriptors of the packet
 * @segs: frames that it makes
 * @is_page: mapped as a page
 * @wire_bytes: bytes of those frames, without ESP
 */
struct acme_tx_buf {
	struct sk_buff *skb;
	DEFINE_DMA_UNMAP_ADDR(dma);
	u16 len;
	u16 segs;
	u8 descs;
	bool is_page;
	u32 wire_bytes;
};

/**
 * struct acme_tx_ring - Tx ring; counts run freely
 * @descs: descriptors
 * @head_wb: where the device writes the count of descriptors done
 * @bufs: what they point at
 * @dma: address of @descs
 * @head_dma: address of @head_wb
 * @log2: size
 * @mask: size - 1
 * @tail: descriptors filled
 * @kicked: descriptors that the device was told of
 * @clean: descriptors cleaned up
 * @seen: last value of @head_wb
 * @lock: held while all counts start from 0 again
 * @opened: how often they did
 * @stats: counters
 */
struct acme_tx_ring {
	struct acme_tx_desc *descs;
	__le32 *head_wb;
	struct acme_tx_buf *bufs;
	dma_addr_t dma;
	dma_addr_t head_dma;
	u8 log2;
	u32 mask;

	u32 tail ____cacheline_aligned_in_smp;
	u32 kicked;

	u32 clean ____cacheline_aligned_in_smp;
	u32 seen;
	spinlock_t lock;		/* start from 0 */
	u32 opened;

	struct acme_tx_stats stats;
};

/* Has the device written a new head? A wrong one counts once. */
static inline bool acme_tx_pending(const struct acme_tx_ring *tx)
{
	return le32_to_cpu(READ_ONCE(*tx->head_wb)) != tx->seen;
}

int acme_tx_alloc(struct acme_qp *qp, u8 log2);
void acme_tx_free(struct acme_qp *qp);
void acme_tx_clean(struct acme_qp *qp, int budget);
int acme_tx_drain(struct acme_net *anet);
netdev_features_t acme_tx_features_check(struct sk_buff *skb,
					 struct net_device *netdev,
					 netdev_features_t features);
netdev_tx_t acme_tx_xmit(struct sk_buff *skb, struct net_device *netdev);

#endif /* _ACME_TX_H */
