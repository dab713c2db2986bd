/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* The ends of an SA, for tests: each is a device of its own. */
#ifndef _ACME_TEST_ENDS_H
#define _ACME_TEST_ENDS_H

#include "mock.h"
#include "core/esp.h"

#define SPI	0xabcd1234
#define IV_SALT	0x1122334455667788ULL

/**
 * struct end - one end of an SA
 * @m: device
 * @handle: of the SA
 * @stats: address of its record
 */
struct end {
	struct mock *m;
	u32 handle;
	u64 stats;
};

/**
 * struct setup - what a case is about
 * @flags: ACME_SA_*, without direction
 * @inner: family of packets
 * @outer: family of the SA
 * @key_len: bytes
 * @seq: to start from
 * @epoch: of IVs
 */
struct setup {
	u32 flags;
	u8 inner;
	u8 outer;
	u8 key_len;
	u64 seq;
	u16 epoch;
};

extern const struct setup tunnel4;
extern const struct setup transport4;

/* Fills in SA_ADD; ACME_SA_INBOUND in @dir or 0. */
void end_fill(struct end *e, struct acme_cmd *cmd, const struct setup *s,
	      u32 dir);

/* Installs and runs the SA of a command. */
void end_install(struct end *e, struct acme_cmd *cmd, const struct setup *s);

/* All of that with a new device. */
struct end end_open(const struct setup *s, u32 dir);

/* Sends a packet by the SA, with ACME_TXD_* in @flags. */
void end_send(struct end *e, const u8 *pkt, u32 len, u16 flags, u16 mss);

/* Receives a frame of the wire; false when none comes up. */
bool end_receive(struct end *e, const u8 *frame, u32 len, struct rx_frame *f);

/* Compares the SA's record. */
void end_check_stats(const struct end *e, u64 packets, u64 bytes, u64 seq);
struct acme_sa_stats end_stats(const struct end *e);

/* An ESP packet in IPv4 with this plaintext, trailer included. */
u32 end_craft(const struct end *e, u8 *frame, u64 seq, const u8 *plain,
	      u32 len);

/* An inner packet and a trailer behind it, for end_craft(): 52 bytes. */
u32 end_plain(u8 *plain);

/* A command on the SA; returns the status. */
u32 end_cmd(const struct end *e, u16 opcode, struct acme_cmd *cmd);

#endif /* _ACME_TEST_ENDS_H */
