/* SPDX-License-Identifier: GPL-2.0-only */
/* Queue pairs: a Tx and an Rx ring with one interrupt vector and NAPI. */
#ifndef _ACME_QUEUE_H
#define _ACME_QUEUE_H

#include <linux/netdevice.h>

#include "acme_rx.h"
#include "acme_tx.h"

#define ACME_RING_MAX_LOG2		12

struct acme_net;

/**
 * struct acme_qp - queue pair
 * @anet: its interface
 * @napi: NAPI context
 * @regs: its registers
 * @qid: its number
 * @arm: value of ACME_QREG_ARM
 * @tx: Tx ring
 * @rx: Rx ring
 */
struct acme_qp {
	struct acme_net *anet;
	struct napi_struct napi;
	void __iomem *regs;
	u16 qid;
	u32 arm;
	struct acme_tx_ring tx;
	struct acme_rx_ring rx;
};

void acme_qp_init(struct acme_net *anet, u16 qid);
int acme_qp_open(struct acme_qp *qp);
void acme_qp_stop(struct acme_qp *qp);
void acme_qp_close(struct acme_qp *qp);
int acme_qp_coalesce(struct acme_qp *qp, u32 tx_usecs, u32 rx_usecs);
void acme_qp_doorbell(struct acme_qp *qp);
void acme_qps_drain_rx(struct acme_net *anet);

#endif /* _ACME_QUEUE_H */
