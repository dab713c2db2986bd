/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* The process around the device: memory, sockets, clock, operator. */
#ifndef _ACME_NIC_H
#define _ACME_NIC_H

#include <stdarg.h>
#include <stdio.h>
#include <sys/types.h>

#include "core/dev.h"

/* loop.c */

/**
 * struct watch - a file descriptor that the loop waits for
 * @fd: descriptor, -1: none
 * @ready: called with the events of epoll
 * @ctx: its argument
 */
struct watch {
	int fd;
	void (*ready)(void *ctx, unsigned int events);
	void *ctx;
};

int loop_init(void);
int loop_add(struct watch *w, unsigned int events);
void loop_change(const struct watch *w, unsigned int events);

/* Forgets and closes the descriptor. */
void loop_close(struct watch *w);

/* Waits for events, at most until @block allows, and dispatches them. */
void loop_wait(bool block);

/* sock.c */

/* Listens on a unix socket, in place of a stale one; -1 with a message. */
int sock_listen(const char *path);
int sock_accept(int listener);

/* log.c */
int log_open(const char *path);
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_vline(const char *fmt, va_list args);
void log_close(void);
/* A message on standard error, as the program's last words. */
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* mem.c */

/**
 * struct guest_mem - the guest's RAM; its physical address is the offset
 * @base: mapping
 * @size: bytes
 */
struct guest_mem {
	u8 *base;
	u64 size;
};

int mem_map(struct guest_mem *mem, const char *path);
void *mem_at(const struct guest_mem *mem, u64 addr, u64 len);
void mem_unmap(struct guest_mem *mem);

/* pcap.c */
struct pcap;

/* Return: NULL with a message when the file can't be written. */
struct pcap *pcap_open(const char *dir, unsigned int port);
void pcap_frame(struct pcap *p, const u8 *frame, size_t len);
void pcap_close(struct pcap *p);

/* profile.c */

/**
 * profile_find() - what an adapter of this name can do
 * @name: profile
 * @cfg: filled in but for the MAC address
 *
 * Return: false when there is no such profile.
 */
bool profile_find(const char *name, struct acme_config *cfg);
void profile_list(FILE *out);

struct nic;

/* ivshmem.c: server of one ivshmem-doorbell function */

#define IVSHMEM_DEV_ID		ACME_PEER_ID
#define IVSHMEM_GUEST_ID	0
#define IVSHMEM_VECTORS_MAX	16

/**
 * struct doorbell - eventfd that the guest rings
 * @watch: in the loop
 * @nic: process
 * @nr: doorbell
 */
struct doorbell {
	struct watch watch;
	struct nic *nic;
	unsigned int nr;
};

/**
 * struct ivshmem - the connection to QEMU
 * @nic: process
 * @listener: waits for QEMU
 * @client: QEMU
 * @shm: BAR 2
 * @regs: its mapping
 * @vectors: doorbells and MSI-X vectors in use
 * @doorbells: guest to device
 * @irqs: device to guest
 */
struct ivshmem {
	struct nic *nic;
	struct watch listener;
	struct watch client;
	int shm;
	u8 *regs;
	unsigned int vectors;
	struct doorbell doorbells[IVSHMEM_VECTORS_MAX];
	int irqs[IVSHMEM_VECTORS_MAX];
};

int ivshmem_init(struct ivshmem *iv, struct nic *nic, const char *path,
		 unsigned int vectors);
void ivshmem_irq(struct ivshmem *iv, unsigned int vector);
void ivshmem_close(struct ivshmem *iv);

/* wire_cut.c: packets that the wire cuts in IP fragments */

#define WIRE_FRAME_MAX	65536
#define WIRE_CUT_PORT	4500	/* of ESP in UDP, RFC 3948 */
#define WIRE_CUT_PIECES	3

/**
 * struct wire_cut - which packets are cut, and the one that is being cut
 * @percent: so many of a hundred
 * @seed: of what is random
 * @frames: how many were cut since the process started
 * @state: of the random numbers
 * @ident: identification of the fragments, odd: an attacker takes even numbers
 * @frame: the whole frame
 * @hdr_len: its bytes in front of what is cut, which each piece repeats
 * @ends: where pieces end, behind @hdr_len
 * @pos: where the next one begins; at the last end there is none
 * @piece: the latest piece
 */
struct wire_cut {
	u32 percent;
	u32 seed;
	u64 frames;
	u64 state;
	u32 ident;
	u32 hdr_len;
	u32 ends[WIRE_CUT_PIECES];
	u32 pos;
	u8 frame[WIRE_FRAME_MAX];
	u8 piece[WIRE_FRAME_MAX];
};

/* From here on; @percent of 0 ends it. What was cut already stays cut. */
void wire_cut_set(struct wire_cut *c, u32 percent, u32 seed);

/**
 * wire_cut_begin() - may a frame pass, or is it cut?
 * @c: state; there is no piece left of the frame before
 * @frame: Ethernet, of any content
 * @len: its bytes
 *
 * Return: true if it is cut: wire_cut_next() has the pieces.
 */
bool wire_cut_begin(struct wire_cut *c, const u8 *frame, size_t len);

/**
 * wire_cut_next() - the next piece of the frame that is being cut
 * @c: state
 *
 * Return: its bytes in @c->piece, 0 when there is none.
 */
size_t wire_cut_next(struct wire_cut *c);

/* The rest of the frame is lost. */
void wire_cut_forget(struct wire_cut *c);

/* wire.c: Ethernet over a unix stream, as QEMU's -netdev stream has it */

#define WIRE_LEN_FIELD	4
#define WIRE_IN_SIZE	(256 * 1024)
/* Below this the wire has room for one more packet of whatever segments. */
#define WIRE_OUT_HIGH	(256 * 1024)
#define WIRE_OUT_SIZE	(WIRE_OUT_HIGH + 4 * 1024 * 1024)

/**
 * struct wire - the wire of a port
 * @nic: process
 * @listener: waits for the other end
 * @peer: the other end
 * @paused: the device takes no frames, so nothing is read
 * @blocked: the socket is full
 * @in_pos: first byte of @in not yet given to the device
 * @in_len: bytes in @in
 * @out_pos: first byte of @out not yet sent
 * @out_len: bytes in @out
 * @pcap: capture, or NULL
 * @cut: what befalls received packets
 * @in: received
 * @out: to send
 */
struct wire {
	struct nic *nic;
	struct watch listener;
	struct watch peer;
	bool paused;
	bool blocked;
	size_t in_pos;
	size_t in_len;
	size_t out_pos;
	size_t out_len;
	struct pcap *pcap;
	struct wire_cut cut;
	u8 in[WIRE_IN_SIZE];
	u8 out[WIRE_OUT_SIZE];
};

int wire_init(struct wire *w, struct nic *nic, const char *path,
	      struct pcap *pcap);
bool wire_tx_ready(const struct wire *w);
void wire_tx(struct wire *w, const u8 *frame, size_t len);

/* Gives received frames to the device; true when there are more. */
bool wire_rx(struct wire *w);
void wire_flush(struct wire *w);
void wire_close(struct wire *w);

/* ctl.c: the operator's socket */

#define CTL_CLIENTS	8
#define CTL_LINE_MAX	1024

/**
 * struct ctl_client - one that sends commands
 * @watch: in the loop
 * @nic: process
 * @line: command in reception
 * @len: its bytes
 * @out: answer, or NULL
 * @out_len: its bytes
 * @out_pos: how many are sent
 */
struct ctl_client {
	struct watch watch;
	struct nic *nic;
	char line[CTL_LINE_MAX];
	size_t len;
	char *out;
	size_t out_len;
	size_t out_pos;
};

struct ctl {
	struct nic *nic;
	struct watch listener;
	struct ctl_client clients[CTL_CLIENTS];
};

int ctl_init(struct ctl *ctl, struct nic *nic, const char *path);
void ctl_close(struct ctl *ctl);

/* ctl_cmd.c: writes the whole answer to a command line */
void ctl_command(struct nic *nic, char *line, FILE *out);

/**
 * struct nic - the process
 * @mem: guest RAM
 * @iv: ivshmem server
 * @wire: of port 0
 * @ctl: operator
 * @dev: device
 * @timer: timerfd for @dev
 * @signals: signalfd
 * @once: end with the first connection
 * @stop: end now
 */
struct nic {
	struct guest_mem mem;
	struct ivshmem iv;
	struct wire wire;
	struct ctl ctl;
	struct acme_dev *dev;
	struct watch timer;
	struct watch signals;
	bool once;
	bool stop;
};

#endif /* _ACME_NIC_H */
