/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* What the files of the device's core share. */
#ifndef _ACME_INTERNAL_H
#define _ACME_INTERNAL_H

#include "dev.h"

#define acme_log(dev, ...) \
	do { \
		const struct acme_dev *_dev = (dev); \
		_dev->ops->log(_dev->ctx, __VA_ARGS__); \
	} while (0)

/* dma.c: every structure of the host is copied once, then checked. */
bool acme_dma_ok(struct acme_dev *dev, u64 addr, u64 len);
bool acme_dma_read(struct acme_dev *dev, u64 addr, void *buf, u64 len);
bool acme_dma_write(struct acme_dev *dev, u64 addr, const void *buf, u64 len);
/* Writes a word, aligned to 4, after all that was written before. */
bool acme_dma_publish(struct acme_dev *dev, u64 addr, u32 value);

/* regs.c */
u32 acme_reg_read(const struct acme_dev *dev, u32 reg);
u64 acme_reg_read64(const struct acme_dev *dev, u32 reg);
void acme_reg_write(struct acme_dev *dev, u32 reg, u32 value);
void acme_regs_rewrite(struct acme_dev *dev);

/* reset.c, selftest.c: register commands; see ACME_DB_MGMT */
bool acme_reset_run(struct acme_dev *dev);
void acme_reset(struct acme_dev *dev);
void acme_selftest_run(struct acme_dev *dev);

/* admin.c */
void acme_admin_reset(struct acme_dev *dev);
bool acme_admin_run(struct acme_dev *dev);

/**
 * struct acme_check - a reason to refuse a command
 * @bad: it applies
 * @status: enum acme_status
 * @detail: offset of the field in the slot
 */
struct acme_check {
	bool bad;
	u32 status;
	size_t detail;
};

/**
 * acme_checks() - find the first reason to refuse a command
 * @rsp: gets the detail
 * @checks: reasons in order
 * @n: their number
 *
 * Return: its status, or ACME_ST_OK.
 */
u32 acme_checks(struct acme_cmd *rsp, const struct acme_check *checks,
		size_t n);

/* Refuses a command for one field. */
u32 acme_refuse(struct acme_cmd *rsp, u32 status, size_t detail);

/*
 * Commands. @cmd is a copy of the slot, @rsp its answer, zeroed beforehand.
 * They return enum acme_status.
 */
u32 acme_cmd_queue_create(struct acme_dev *dev, const struct acme_cmd *cmd,
			  struct acme_cmd *rsp);
u32 acme_cmd_queue_destroy(struct acme_dev *dev, const struct acme_cmd *cmd,
			   struct acme_cmd *rsp);
u32 acme_cmd_queue_coalesce(struct acme_dev *dev, const struct acme_cmd *cmd,
			    struct acme_cmd *rsp);
u32 acme_cmd_vport_set(struct acme_dev *dev, const struct acme_cmd *cmd,
		       struct acme_cmd *rsp);
u32 acme_cmd_rss_set(struct acme_dev *dev, const struct acme_cmd *cmd,
		     struct acme_cmd *rsp);
u32 acme_cmd_stats_get(struct acme_dev *dev, const struct acme_cmd *cmd,
		       struct acme_cmd *rsp);
u32 acme_cmd_sa_add(struct acme_dev *dev, const struct acme_cmd *cmd,
		    struct acme_cmd *rsp);
u32 acme_cmd_sa_run(struct acme_dev *dev, const struct acme_cmd *cmd,
		    struct acme_cmd *rsp);
u32 acme_cmd_sa_del(struct acme_dev *dev, const struct acme_cmd *cmd,
		    struct acme_cmd *rsp);
u32 acme_cmd_sa_query(struct acme_dev *dev, const struct acme_cmd *cmd,
		      struct acme_cmd *rsp);
u32 acme_cmd_sa_update(struct acme_dev *dev, const struct acme_cmd *cmd,
		       struct acme_cmd *rsp);
u32 acme_cmd_sa_stop(struct acme_dev *dev, const struct acme_cmd *cmd,
		     struct acme_cmd *rsp);
u32 acme_cmd_sa_resume(struct acme_dev *dev, const struct acme_cmd *cmd,
		       struct acme_cmd *rsp);
u32 acme_cmd_seq_alloc(struct acme_dev *dev, const struct acme_cmd *cmd,
		       struct acme_cmd *rsp);
u32 acme_cmd_replay_test_set(struct acme_dev *dev, const struct acme_cmd *cmd,
			     struct acme_cmd *rsp);

/* sa_cmd.c: what SA_ADD and SA_UPDATE check alike */

/**
 * acme_check_limits() - can the device enforce these limits?
 * @dev: device
 * @inbound: direction of the SA
 * @l: limits
 * @rsp: gets the detail
 * @base: offset of @l in the slot
 *
 * Return: enum acme_status.
 */
u32 acme_check_limits(struct acme_dev *dev, bool inbound,
		      const struct acme_limits *l, struct acme_cmd *rsp,
		      size_t base);

/**
 * acme_check_selector() - can an SA have a selector?
 * @dev: device
 * @flags: ACME_SA_* of the SA
 * @family: of the SA, 4 or 6
 * @sel: selector
 * @rsp: gets the detail
 * @base: offset of @sel in the slot
 *
 * Return: enum acme_status.
 */
u32 acme_check_selector(struct acme_dev *dev, u32 flags, u8 family,
			const struct acme_selector *sel, struct acme_cmd *rsp,
			size_t base);
struct acme_quota acme_quota_of(const struct acme_limits *l);

/* event.c */
void acme_event(struct acme_dev *dev, u16 type, u32 arg0, u32 arg1);

/* Writes an event but for its phase; false when there is no room. */
bool acme_event_post(struct acme_dev *dev, const struct acme_event *ev);
/* The same; when there is no room it is counted as lost. */
bool acme_event_or_lose(struct acme_dev *dev, const struct acme_event *ev);

/* sa_event.c: events that are never lost */
void acme_sa_raise(struct acme_dev *dev, struct acme_sa *sa,
		   enum acme_sa_event what, u32 arg);
/* The same, unless it was raised since acme_sa_rearm(). */
void acme_sa_raise_once(struct acme_dev *dev, struct acme_sa *sa,
			enum acme_sa_event what, u32 arg);
/* These events may be raised anew; what waits of them is forgotten. */
void acme_sa_rearm(struct acme_dev *dev, struct acme_sa *sa, u32 events);
/* Writes what waits, as far as there is room. */
void acme_sa_events_flush(struct acme_dev *dev);

/**
 * acme_sa_quota_ok() - may the SA protect more?
 * @dev: device
 * @sa: SA; raises the events of limits that are met
 * @packets: how many
 * @bytes: of them together
 *
 * Return: no hard limit is met by any of them.
 */
bool acme_sa_quota_ok(struct acme_dev *dev, struct acme_sa *sa, u32 packets,
		      u64 bytes);

/* audit.c */

/**
 * struct acme_suspect - what an audit event tells about a packet
 * @family: of the addresses, 0: nothing was recorded
 * @inbound: direction
 * @has_seq: @seq is known
 * @seq: sequence number
 * @spi: SPI, host order
 * @saddr: outer source
 * @daddr: outer destination
 * @sport: of ESP in UDP
 * @dport: likewise
 * @flow_label: of the outer IPv6 header, host order
 * @data_len: bytes in @data
 * @data: first bytes of the packet
 */
struct acme_suspect {
	u8 family;
	bool inbound;
	bool has_seq;
	u64 seq;
	u32 spi;
	u8 saddr[16];
	u8 daddr[16];
	u16 sport;
	u16 dport;
	u32 flow_label;
	u32 data_len;
	u8 data[ACME_CAPTURE_MAX];
};

/* Records a received packet before it is changed, if events are wanted. */
void acme_suspect_in(struct acme_dev *dev, struct acme_suspect *s,
		     const struct acme_ip *ip);
void acme_suspect_out(struct acme_dev *dev, struct acme_suspect *s,
		      const struct acme_sa *sa, const u8 *l3, u32 len);
void acme_audit(struct acme_dev *dev, struct acme_sa *sa, u16 type,
		const struct acme_suspect *s);
void acme_audit_reset(struct acme_dev *dev);
/* A new SA may have as many events at once as any. */
void acme_audit_fill(struct acme_dev *dev, struct acme_sa *sa);
u32 acme_cmd_audit_set(struct acme_dev *dev, const struct acme_cmd *cmd,
		       struct acme_cmd *rsp);

/* irq.c */
void acme_irq(struct acme_dev *dev, unsigned int vector);
void acme_queue_work_done(struct acme_dev *dev, struct acme_queue *q,
			  enum acme_dir dir);
u64 acme_queue_irq_at(const struct acme_queue *q);

/* queue.c */
void acme_queue_error(struct acme_dev *dev, struct acme_queue *q, u32 status);
void acme_queues_reset(struct acme_dev *dev);

/* Reads the registers of a queue pair after its doorbell. */
void acme_queue_update(struct acme_dev *dev, struct acme_queue *q);

/* queue_tx.c: returns whether more can be done at once */
bool acme_txq_run(struct acme_dev *dev, struct acme_queue *q);

/* queue_rx.c */
void acme_rx_deliver(struct acme_dev *dev);
void acme_rx_retry(struct acme_dev *dev);

/* vport.c */
void acme_vport_reset(struct acme_dev *dev);

/* sa_stats.c: brings the SA's record in the host's memory up to date */
void acme_sa_stats_write(struct acme_dev *dev, struct acme_sa *sa);
void acme_sa_account(struct acme_dev *dev, struct acme_sa *sa, u64 bytes);

/**
 * acme_sa_drop() - count a packet that an SA dropped
 * @dev: device
 * @sa: SA
 * @dev_counter: in @dev->count
 * @sa_counter: in @sa
 */
void acme_sa_drop(struct acme_dev *dev, struct acme_sa *sa, u64 *dev_counter,
		  u64 *sa_counter);

/**
 * acme_esp_out_check() - is a packet one that the SA protects?
 * @dev: device
 * @sa: outbound SA
 * @pkt: Ethernet frame with the inner packet
 * @len: its bytes
 *
 * Return: false when it was dropped and counted.
 */
bool acme_esp_out_check(struct acme_dev *dev, struct acme_sa *sa,
			const u8 *pkt, u32 len);

/**
 * acme_esp_out() - encapsulate and encrypt
 * @dev: device
 * @sa: outbound SA
 * @pkt: Ethernet frame that passed acme_esp_out_check(), or a segment of
 *	such; ACME_FRAME_ROOM bytes behind it are overwritten
 * @len: its bytes
 * @out: ACME_FRAME_MAX bytes
 *
 * Return: bytes in @out, 0 when the packet was dropped and counted.
 */
u32 acme_esp_out(struct acme_dev *dev, struct acme_sa *sa, u8 *pkt, u32 len,
		 u8 *out);

/**
 * acme_esp_crypto_out() - encrypt an ESP packet in place
 * @dev: device
 * @sa: outbound SA with ACME_SA_CRYPTO
 * @pkt: Ethernet frame
 * @len: its bytes
 * @start: offset of the ESP header
 * @seq_hi: upper half of the sequence number
 *
 * Return: bytes of the frame, 0 when the packet was dropped and counted.
 */
u32 acme_esp_crypto_out(struct acme_dev *dev, struct acme_sa *sa, u8 *pkt,
			u32 len, u32 start, u32 seq_hi);

/**
 * acme_esp_crypto_in() - decrypt an ESP packet in place
 * @dev: device
 * @sa: inbound SA with ACME_SA_CRYPTO
 * @rx: its frame
 * @esp: ESP header in it
 * @len: bytes from there to the end of the ICV
 */
void acme_esp_crypto_in(struct acme_dev *dev, struct acme_sa *sa,
			struct acme_rx *rx, u8 *esp, u32 len);

/**
 * acme_esp_in() - decrypt and decapsulate, if the packet is ESP
 * @dev: device
 * @rx: frame with an IP packet, changed when it is decrypted
 * @ip: that packet
 *
 * Return: false when it was dropped and counted; true when it goes to the
 * host, decrypted or as it came.
 */
bool acme_esp_in(struct acme_dev *dev, struct acme_rx *rx,
		 const struct acme_ip *ip);

#endif /* _ACME_INTERNAL_H */
