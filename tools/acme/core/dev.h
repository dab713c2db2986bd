/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * The device without its surroundings. Documentation/device-programming.rst
 * says what it does; acme_hw.h what its registers and structures look like.
 *
 * One thread drives it: doorbells are noted, acme_dev_run() does the work,
 * acme_dev_irqs() raises what interrupts are due.
 */
#ifndef _ACME_DEV_H
#define _ACME_DEV_H

#include <stdio.h>

#include "acme_hw.h"
#include "compat.h"
#include "frag.h"
#include "rss.h"
#include "sa.h"

#define ACME_FW_VERSION		"1.0"
#define ACME_RING_LOG2_MAX	12
#define ACME_MTU_MIN		68
#define ACME_MTU_MAX		9000
#define ACME_MTU_DEFAULT	1500
#define ACME_SPEED		10000	/* Mbit/s */
#define ACME_PEER_ID		1	/* the device among ivshmem peers */
#define ACME_RX_PAUSE_NS	(100 * NSEC_PER_MSEC)
#define ACME_NEVER		UINT64_MAX

/* Longest frame plus ESP, outer header and room for vector stores. */
#define ACME_FRAME_ROOM		256
#define ACME_FRAME_MAX		(ACME_TX_MAX_PACKET + 2 * ACME_FRAME_ROOM)

/**
 * struct acme_ops - what the device needs from its surroundings
 * @dma: the host's memory at @addr, NULL unless all of it is there
 * @irq: raise an MSI-X vector
 * @tx_ready: is there room for all segments of one more packet on the wire?
 * @tx: put a frame on the wire
 * @now: monotonic time in ns
 * @random: bytes that nobody can predict
 * @log: a line for the operator
 */
struct acme_ops {
	void *(*dma)(void *ctx, u64 addr, u64 len);
	void (*irq)(void *ctx, unsigned int vector);
	bool (*tx_ready)(void *ctx);
	void (*tx)(void *ctx, const u8 *frame, size_t len);
	u64 (*now)(void *ctx);
	void (*random)(void *ctx, void *buf, size_t len);
	void (*log)(void *ctx, const char *fmt, ...)
		__attribute__((format(printf, 2, 3)));
};

/**
 * struct acme_config - what an adapter is, by profile and command line
 * @profile: name
 * @minor: minor version of the interface
 * @mac: station address
 * @num_queues: queue pairs
 * @max_sas: SAs
 * @max_window: largest replay window
 * @ipsec: ACME_IPSEC_*
 * @limits_out: ACME_LIMIT_* of outbound SAs
 * @limits_in: ACME_LIMIT_* of inbound SAs
 * @handover: ACME_HANDOVER_*
 * @max_policies: policies
 * @basic_crypto: AES-GCM with keys of 128 bits and ICVs of 16 bytes is all
 */
struct acme_config {
	const char *profile;
	u32 minor;
	u8 mac[6];
	u32 num_queues;
	u32 max_sas;
	u32 max_window;
	u32 ipsec;
	u32 limits_out;
	u32 limits_in;
	u32 handover;
	u32 max_policies;
	bool basic_crypto;
};

/* All that the device can do, unless a profile takes it away. */
#define ACME_IPSEC_ALL		(ACME_IPSEC_TUNNEL | ACME_IPSEC_TRANSPORT | \
				 ACME_IPSEC_IPV4 | ACME_IPSEC_IPV6 | \
				 ACME_IPSEC_ESN | ACME_IPSEC_UDP_ENCAP | \
				 ACME_IPSEC_CRYPTO | ACME_IPSEC_EXC_RAW | \
				 ACME_IPSEC_EXC_DROP | ACME_IPSEC_MIXED)
/* The only lengths of @basic_crypto, in bytes. */
#define ACME_BASIC_KEY		16
#define ACME_BASIC_ICV		16

#define ACME_LIMITS_PACKETS	(ACME_LIMIT_SOFT_PACKETS | \
				 ACME_LIMIT_HARD_PACKETS)
#define ACME_LIMITS_BYTES	(ACME_LIMIT_SOFT_BYTES | \
				 ACME_LIMIT_HARD_BYTES)
#define ACME_LIMITS_ALL		(ACME_LIMITS_PACKETS | ACME_LIMITS_BYTES)
#define ACME_HANDOVER_ALL	(ACME_HANDOVER_SNAPSHOT | \
				 ACME_HANDOVER_TEST_SET | \
				 ACME_HANDOVER_SEQ_ALLOC)
#define ACME_AUDIT_ALL		(ACME_AUDIT_NO_SA | ACME_AUDIT_ICV | \
				 ACME_AUDIT_REPLAY | ACME_AUDIT_SEQ | \
				 ACME_AUDIT_SELECTOR | ACME_AUDIT_MALFORMED)
#define ACME_MIN_WINDOW		32

/**
 * enum acme_cmd_action - what befalls a command
 * @ACME_CMD_FINE: nothing
 * @ACME_CMD_REFUSE: it is answered with the status @arg and not executed
 * @ACME_CMD_LATE_BEFORE: it waits @arg milliseconds for its execution
 * @ACME_CMD_LATE_AFTER: it is executed, and waits for its answer
 * @ACME_CMD_LOSE_BEFORE: it is neither executed nor answered
 * @ACME_CMD_LOSE_AFTER: it is executed and not answered
 * @ACME_CMD_KILL_BEFORE: instead, the device dies; see acme_dev_kill()
 * @ACME_CMD_KILL_AFTER: the device dies before it answers
 * @ACME_CMD_RESET_BEFORE: instead, the device loses all state and starts anew
 * @ACME_CMD_RESET_AFTER: it does so before it answers
 * @ACME_CMD_ACTIONS: number of these
 */
enum acme_cmd_action {
	ACME_CMD_FINE,
	ACME_CMD_REFUSE,
	ACME_CMD_LATE_BEFORE,
	ACME_CMD_LATE_AFTER,
	ACME_CMD_LOSE_BEFORE,
	ACME_CMD_LOSE_AFTER,
	ACME_CMD_KILL_BEFORE,
	ACME_CMD_KILL_AFTER,
	ACME_CMD_RESET_BEFORE,
	ACME_CMD_RESET_AFTER,
	ACME_CMD_ACTIONS
};

/**
 * struct acme_cmd_fault - a fault of commands with one opcode
 * @action: enum acme_cmd_action
 * @arg: status or milliseconds
 * @left: so many commands, 0: all
 */
struct acme_cmd_fault {
	u8 action;
	u32 arg;
	u32 left;
};

/* Opcodes are below. */
#define ACME_OP_LIMIT	0x40

/**
 * struct acme_faults - how the device misbehaves on demand
 * @admin_drop: so many commands are swallowed
 * @admin_error: commands are answered so, 0: by the truth
 * @admin_error_op: only these, 0: all
 * @admin_delay_ms: commands wait so long
 * @irq_drop: so many interrupts are swallowed
 * @tx_stall: not 0: packets stay in the transmit rings
 * @dead: the device does nothing at all
 * @killed: it is dead without state, see acme_dev_kill()
 * @cmds: by opcode; goes before @admin_error and @admin_delay_ms
 */
struct acme_faults {
	u32 admin_drop;
	u32 admin_error;
	u32 admin_error_op;
	u32 admin_delay_ms;
	u32 irq_drop;
	u32 tx_stall;
	bool dead;
	bool killed;
	struct acme_cmd_fault cmds[ACME_OP_LIMIT];
};

#define ACME_COUNTERS(X) \
	X(tx_frames) X(tx_bytes) X(tx_bad_desc) X(tx_too_long) \
	X(tx_no_link) X(tx_bad_sa) X(rx_frames) X(rx_bytes) \
	X(rx_filtered) X(rx_disabled) X(rx_no_buffer) X(rx_bad_desc) \
	X(rx_malformed) X(esp_tx_packets) X(esp_tx_bytes) \
	X(esp_tx_selector) X(esp_tx_malformed) X(esp_tx_seq) \
	X(esp_rx_packets) X(esp_rx_bytes) X(esp_rx_no_sa) \
	X(esp_rx_exception) X(esp_rx_replay) X(esp_rx_icv) \
	X(esp_rx_selector) X(esp_rx_malformed) X(irqs) X(esp_rx_dummy) \
	X(esp_tx_limit) X(esp_rx_limit) X(esp_rx_exc_dropped) \
	X(esp_rx_encap) X(esp_tx_crypto) X(esp_rx_crypto) \
	X(esp_rx_crypto_icv) X(esp_tx_seq_alloc) X(esp_rx_test_set) \
	X(audit_suppressed) X(esp_rx_ecn)

struct acme_counters {
#define ACME_COUNTER(name) u64 name;
	ACME_COUNTERS(ACME_COUNTER)
#undef ACME_COUNTER
};

/* Index of per-direction values of a queue pair. */
enum acme_dir { ACME_TX, ACME_RX, ACME_DIRS };

/**
 * struct acme_queue - queue pair
 * @used: created
 * @halted: its indices were inconsistent; only destruction helps
 * @stalled: a frame waited in vain for a buffer; the next does not wait
 * @raised: value of ACME_QREG_ARM at the last interrupt
 * @arm: last value of the register
 * @vector: MSI-X
 * @log2: ring sizes
 * @tx_base: Tx ring
 * @tx_head_addr: count of descriptors done, in the host's memory
 * @rx_base: Rx ring
 * @rx_comp_base: Rx completion ring
 * @usecs: longest delay of an interrupt
 * @head: descriptors done
 * @tail: descriptors posted, as last read and checked
 * @tx_skip: the rest of a packet that is too long is passed over
 * @since: when the oldest work without an interrupt was done, ACME_NEVER: none
 * @packets: Tx packets fetched, Rx frames delivered
 */
struct acme_queue {
	bool used;
	bool halted;
	bool stalled;
	bool tx_skip;
	u32 arm;
	u32 raised;
	u16 vector;
	u8 log2[ACME_DIRS];
	u64 tx_base;
	u64 tx_head_addr;
	u64 rx_base;
	u64 rx_comp_base;
	u32 usecs[ACME_DIRS];
	u32 head[ACME_DIRS];
	u32 tail[ACME_DIRS];
	u64 since[ACME_DIRS];
	u64 packets[ACME_DIRS];
};

/**
 * enum acme_stage - how far the command at the head is
 * @ACME_STAGE_POSTED: it is in the queue, if there is one
 * @ACME_STAGE_FETCHED: it has been read
 * @ACME_STAGE_EXECUTED: its answer is known
 */
enum acme_stage {
	ACME_STAGE_POSTED,
	ACME_STAGE_FETCHED,
	ACME_STAGE_EXECUTED,
};

/**
 * struct acme_admin - admin and event queue
 * @base: admin queue
 * @log2: its size, 0: no queues
 * @head: commands answered
 * @halted: the tail was inconsistent
 * @stage: of the command at the head
 * @fault: what befalls it
 * @cmd: the command
 * @answer: its answer
 * @status: likewise
 * @answer_at: it goes on then, ACME_NEVER: it does not wait
 * @eq_base: event queue
 * @eq_log2: its size
 * @eq_tail: events written
 * @eq_halted: the head was inconsistent
 * @lost: events dropped
 * @retry_at: when to look again for room for events of SAs, ACME_NEVER: none
 *	waits
 * @irq: vector ACME_VEC_MGMT is due
 */
struct acme_admin {
	u64 base;
	u32 log2;
	u32 head;
	bool halted;
	enum acme_stage stage;
	struct acme_cmd_fault fault;
	struct acme_cmd cmd;
	struct acme_cmd answer;
	u32 status;
	u64 answer_at;
	u64 eq_base;
	u32 eq_log2;
	u32 eq_tail;
	bool eq_halted;
	u32 lost;
	u64 retry_at;
	bool irq;
};

/**
 * struct acme_audit - audit events
 * @events: ACME_AUDIT_*
 * @capture: bytes of packets
 * @sa_rate: events of an SA in a second
 * @sa_burst: events of an SA at once
 * @no_sa_rate: likewise of packets without an SA
 * @no_sa_burst: likewise
 * @bucket: of these
 */
struct acme_audit {
	u32 events;
	u32 capture;
	u32 sa_rate;
	u32 sa_burst;
	u32 no_sa_rate;
	u32 no_sa_burst;
	struct acme_bucket bucket;
};

/**
 * struct acme_rx - frame on its way to the host
 * @data: its first byte in @buf
 * @len: bytes
 * @waiting: no buffer yet
 * @until: dropped then
 * @qid: queue pair
 * @sa: handle, with ACME_RXC_SA
 * @hash: with ACME_RXC_HASH
 * @flags: ACME_RXC_*
 * @exc: enum acme_exc, with ACME_RXC_EXC
 * @buf: memory
 */
struct acme_rx {
	u8 *data;
	u32 len;
	bool waiting;
	u64 until;
	u16 qid;
	u32 sa;
	u32 hash;
	u16 flags;
	u8 exc;
	u8 buf[ACME_FRAME_MAX];
};

/**
 * struct acme_dev - the device
 * @ops: surroundings
 * @ctx: their argument
 * @regs: BAR 2; the host may write all of it at any time
 * @cfg: what the adapter is
 * @faults: how it misbehaves
 * @now: monotonic time of this run
 * @real_offset: what makes it real time
 * @status: ACME_STATUS_*
 * @reset_ack: last reset done
 * @test_done: last test command done
 * @doorbells: bit n: doorbell n rang
 * @carrier: the wire is connected
 * @forced_down: the operator took the link down
 * @vport_flags: ACME_VPORT_*
 * @mtu: largest L3 packet
 * @mac: station address
 * @ip_id: of outer IPv4 headers
 * @admin: admin and event queue
 * @queues: by number
 * @rss: distribution
 * @sas: SAs
 * @audit: audit events
 * @frags: packets that are dropped fragment by fragment
 * @count: since the device started
 * @executed: commands since then, by opcode
 * @rx: the frame in reception
 * @pkt: packet as fetched from a Tx ring
 * @seg: a segment of it
 * @out: ESP packet
 */
struct acme_dev {
	const struct acme_ops *ops;
	void *ctx;
	u8 *regs;
	struct acme_config cfg;
	struct acme_faults faults;
	u64 now;
	u64 real_offset;
	u32 status;
	u32 reset_ack;
	u32 test_done;
	u32 doorbells;
	bool carrier;
	bool forced_down;
	u32 vport_flags;
	u32 mtu;
	u8 mac[6];
	u16 ip_id;
	struct acme_admin admin;
	struct acme_queue queues[ACME_MAX_QUEUES];
	struct acme_rss rss;
	struct acme_sa_table sas;
	struct acme_audit audit;
	struct acme_frags frags;
	struct acme_counters count;
	u64 executed[ACME_OP_LIMIT];
	struct acme_rx rx;
	u8 pkt[ACME_FRAME_MAX];
	u8 seg[ACME_FRAME_MAX];
	u8 out[ACME_FRAME_MAX];
};

/**
 * acme_dev_new() - power on
 * @cfg: copied
 * @ops: surroundings
 * @ctx: their argument
 * @regs: ACME_REGS_SIZE bytes
 *
 * Return: the device, NULL without memory.
 */
struct acme_dev *acme_dev_new(const struct acme_config *cfg,
			      const struct acme_ops *ops, void *ctx, u8 *regs);
void acme_dev_free(struct acme_dev *dev);

/* The host went away: forget its queues and SAs. */
void acme_dev_unplug(struct acme_dev *dev);

/* Doorbell @n rang: acme_dev_run() sees to it. */
void acme_dev_doorbell(struct acme_dev *dev, unsigned int n);

/**
 * acme_dev_run() - do what doorbells and time ask for
 * @dev: device
 *
 * Return: is there more to do at once?
 */
bool acme_dev_run(struct acme_dev *dev);

/* Raises the interrupts that are due. */
void acme_dev_irqs(struct acme_dev *dev);

/* When acme_dev_run() is needed without a doorbell, or ACME_NEVER. */
u64 acme_dev_next(const struct acme_dev *dev);

/* Does the device take frames? Else it has one that waits for a buffer. */
bool acme_dev_rx_ready(const struct acme_dev *dev);

/**
 * acme_dev_rx() - a frame from the wire
 * @dev: device; takes frames
 * @frame: Ethernet frame without FCS
 * @len: its bytes
 */
void acme_dev_rx(struct acme_dev *dev, const u8 *frame, size_t len);

/* The wire was connected or lost. */
void acme_dev_carrier(struct acme_dev *dev, bool on);

/* The operator forces the link down, or lets it be. */
void acme_dev_force_down(struct acme_dev *dev, bool down);

bool acme_dev_link(const struct acme_dev *dev);

/**
 * acme_dev_set_faults() - misbehave so from now on
 * @dev: device
 * @faults: copied
 *
 * Frames are dropped, not received, while the device is dead. One that was
 * killed and is no more starts as after power on.
 */
void acme_dev_set_faults(struct acme_dev *dev,
			 const struct acme_faults *faults);

/**
 * acme_dev_kill() - die: all state is gone, registers stay as they are
 * @dev: device
 *
 * To the host it is what a crash of firmware or of this process is.
 */
void acme_dev_kill(struct acme_dev *dev);

/* Return: the opcode of that name in any case, 0 when there is none. */
u16 acme_cmd_opcode(const char *name);

/* Return: the name of an opcode, NULL when it is none. */
const char *acme_cmd_name(u16 opcode);

/**
 * struct acme_number - a number that the surroundings have to tell
 * @name: NULL: there are no more
 * @value: its value
 */
struct acme_number {
	const char *name;
	u64 value;
};

/**
 * acme_dev_dump() - all state but keys
 * @dev: device
 * @wire: what there is to tell of the wire
 * @out: where to
 * @json: JSON instead of indented text
 */
void acme_dev_dump(const struct acme_dev *dev, const struct acme_number *wire,
		   FILE *out, bool json);

/* The counters, one "name value" in a line. */
void acme_dev_stats(const struct acme_dev *dev, FILE *out);

#endif /* _ACME_DEV_H */
