/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* What the files of the device's core share. */
#ifndef _ACME_INTERNAL_H
#define _ACME_INTERNAL_H

#include "dev.h"

#define acme_log(dev, ...) \
	((dev)->ops->log((dev)->ctx, __VA_ARGS__))

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

/* event.c */
void acme_event(struct acme_dev *dev, u16 type, u32 arg0, u32 arg1);

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
void acme_sa_account(struct acme_dev *dev, struct acme_sa *sa, u32 bytes);

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
 * acme_esp_in() - decrypt and decapsulate
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
