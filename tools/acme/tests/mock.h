/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* A device with mocked surroundings, and a host that drives it. */
#ifndef _ACME_TEST_MOCK_H
#define _ACME_TEST_MOCK_H

/* cmocka wants these four first. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "driver.h"

#define MOCK_MEM	(4U << 20)
#define MOCK_FRAMES	8192

/**
 * struct mock - all of it
 * @host: driver
 * @dev: device
 * @mem: host memory
 * @regs: BAR 2
 * @now: time
 * @rng: state of the random source
 * @irqs: interrupts raised, by vector
 * @wire_full: the wire takes nothing
 * @frames: frames sent
 * @num_frames: how many
 */
struct mock {
	struct host host;
	struct acme_dev *dev;
	u8 *mem;
	u8 regs[ACME_REGS_SIZE] __attribute__((aligned(64)));
	u64 now;
	u64 rng;
	u32 irqs[16];
	bool wire_full;
	struct {
		u8 *data;
		u32 len;
	} frames[MOCK_FRAMES];
	u32 num_frames;
};

extern const u8 mock_mac[6];
extern const struct acme_config mock_config;

/* A device as after power on; its link is up. */
struct mock *mock_new(const struct acme_config *cfg);

/* The same after reset, enabled, with queue pair 0 and its buffers. */
struct mock *mock_ready(const struct acme_config *cfg);
void mock_free(struct mock *m);

/* Lets the device work until it has nothing to do. */
void mock_run(struct mock *m);
void mock_forget_frames(struct mock *m);

/* A frame from the wire. */
void mock_wire(struct mock *m, const u8 *frame, u32 len);

/**
 * mock_packet() - make an Ethernet frame to the device's station
 * @buf: room
 * @family: 4 or 6
 * @proto: PROTO_UDP or PROTO_TCP: with a header and right checksum
 * @payload: bytes after the transport header
 *
 * Return: bytes of the frame.
 */
u32 mock_packet(u8 *buf, u8 family, u8 proto, u32 payload);

/* A reproducible random number; the seed is printed by the caller. */
u32 mock_random(u64 *state);

/* Decodes hex; returns the bytes. */
u32 mock_hex(const char *hex, u8 *out);

#endif /* _ACME_TEST_MOCK_H */
