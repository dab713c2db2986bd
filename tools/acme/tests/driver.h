/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* A driver for tests: it may be wrong on purpose. */
#ifndef _ACME_TEST_DRIVER_H
#define _ACME_TEST_DRIVER_H

#include "core/dev.h"

#define RING_LOG2	6
#define RING_SIZE	BIT(RING_LOG2)
#define BUF_SIZE	2048U
#define HOST_QUEUES	4

/**
 * struct ring_pair - the host's view of a queue pair
 * @tx: Tx ring
 * @tx_head: written by the device
 * @rx: Rx ring
 * @comp: completions
 * @bufs: buffer n belongs to entry n
 * @tx_tail: descriptors posted
 * @rx_tail: buffers posted
 * @rx_head: completions consumed
 */
struct ring_pair {
	u64 tx;
	u64 tx_head;
	u64 rx;
	u64 comp;
	u64 bufs;
	u32 tx_tail;
	u32 rx_tail;
	u32 rx_head;
};

/**
 * struct host - the host's side of a device
 * @mem: memory
 * @size: its bytes
 * @next: first free byte
 * @regs: BAR 2
 * @ring: rings a doorbell
 * @wait: waits for the device to go on; false: too long
 * @ctx: their argument
 * @aq: admin queue
 * @aq_tail: commands posted
 * @eq: event queue
 * @eq_head: events consumed
 * @resets: resets so far
 * @q: queue pairs
 */
struct host {
	u8 *mem;
	u64 size;
	u64 next;
	u8 *regs;
	void (*ring)(void *ctx, unsigned int doorbell);
	bool (*wait)(void *ctx);
	void *ctx;
	u64 aq;
	u32 aq_tail;
	u64 eq;
	u32 eq_head;
	u32 resets;
	struct ring_pair q[HOST_QUEUES];
};

/* A received frame. */
struct rx_frame {
	u8 data[16384];
	u32 len;
	u32 flags;
	u32 sa;
	u32 hash;
	u8 exc;
};

u64 host_alloc(struct host *h, u64 len);
u32 host_reg(const struct host *h, u32 reg);
void host_reg_write(struct host *h, u32 reg, u32 value);

/* Return: the status register. */
u32 host_reset(struct host *h);

/* Return: status; @cmd is the answer. */
u32 host_admin(struct host *h, u16 opcode, struct acme_cmd *cmd);

/* Takes the next event; false when there is none. */
bool host_event(struct host *h, struct acme_event *ev);
void host_fill_create(struct host *h, u32 qid, struct acme_cmd *cmd);
u32 host_queue_create(struct host *h, u32 qid);
u32 host_vport(struct host *h, u32 flags, u32 mtu, const u8 *mac);

/* Posts a descriptor without ringing. */
void host_tx_desc(struct host *h, u32 qid, const struct acme_tx_desc *d);
void host_tx_ring(struct host *h, u32 qid);

/* Sends a frame by one descriptor; @d: options, or NULL. */
void host_tx(struct host *h, u32 qid, const u8 *frame, u32 len,
	     const struct acme_tx_desc *d);
void host_rx_post(struct host *h, u32 qid, u32 n);
bool host_rx(struct host *h, u32 qid, struct rx_frame *f);

/* An SA that protects everything: the key is 1, 2, 3 and so on. */
void host_fill_sa(struct host *h, struct acme_cmd *cmd, u32 flags, u8 family,
		  u32 spi);

/* Return: handle, 0 when it was refused. */
u32 host_sa_add(struct host *h, struct acme_cmd *cmd);
u32 host_sa_run(struct host *h, u32 handle, u64 seq, u16 epoch);
void host_sa_stats(struct host *h, u64 addr, struct acme_sa_stats *stats);

#endif /* _ACME_TEST_DRIVER_H */
