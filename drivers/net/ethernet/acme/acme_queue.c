// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queue pairs: a Tx and an Rx ring with one interrupt vector and NAPI.
 *
 * The device raises the interrupt when it has written completions and
 * ACME_QREG_ARM differs from its value at the last interrupt. So a poll that
 * found all there is writes a new value and looks once more: what the device
 * wrote before it saw the new value has no interrupt of its own. The value is taken
 * while NAPI is ours: another poll may come and go before it is written, and it
 * must not be the one that was written then.
 */

#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>

#include "acme.h"
#include "acme_netdev.h"
#include "acme_queue.h"

#define ACME_RX_DRAIN_POLL_US		50
#define ACME_RX_DRAIN_TIMEOUT		HZ

void acme_qp_doorbell(struct acme_qp *qp)
{
	acme_ring_doorbell(qp->anet->adev, ACME_DB_QUEUE(qp->qid));
}

static void acme_qp_arm(struct acme_qp *qp, u32 arm)
{
	writel(arm, qp->regs + ACME_QREG_ARM);
	/* the device writes completions, then reads ARM; here the reverse */
	mb();
	if (acme_tx_pending(&qp->tx) || acme_rx_pending(&qp->rx))
		napi_schedule(&qp->napi);
}

static int acme_qp_poll(struct napi_struct *napi, int budget)
{
	struct acme_qp *qp = container_of(napi, struct acme_qp, napi);
	int work = 0;
	u32 arm;

	acme_tx_clean(qp, budget);
	if (budget)
		work = acme_rx_poll(qp, budget);
	if (work >= budget)
		return budget;

	arm = ++qp->arm;
	if (napi_complete_done(napi, work))
		acme_qp_arm(qp, arm);
	return work;
}

/**
 * acme_qp_init() - prepare a closed queue pair
 * @anet: interface
 * @qid: number of the queue pair
 */
void acme_qp_init(struct acme_net *anet, u16 qid)
{
	struct acme_qp *qp = &anet->qps[qid];

	qp->anet = anet;
	qp->qid = qid;
	qp->regs = anet->adev->regs + ACME_REG_QUEUE(qid);
	spin_lock_init(&qp->tx.lock);
	u64_stats_init(&qp->tx.stats.done_syncp);
	u64_stats_init(&qp->tx.stats.syncp);
	u64_stats_init(&qp->rx.stats.syncp);
}

static int acme_qp_create(struct acme_qp *qp)
{
	struct acme_net *anet = qp->anet;
	struct acme_cmd_queue_create params = {
		.qid = cpu_to_le16(qp->qid),
		.vector = cpu_to_le16(1 + qp->qid),
		.tx_log2 = qp->tx.log2,
		.rx_log2 = qp->rx.log2,
		.tx_base = cpu_to_le64(qp->tx.dma),
		.tx_head_addr = cpu_to_le64(qp->tx.head_dma),
		.rx_base = cpu_to_le64(qp->rx.desc_dma),
		.rx_comp_base = cpu_to_le64(qp->rx.comp_dma),
		.tx_usecs = cpu_to_le32(anet->tx_usecs),
		.rx_usecs = cpu_to_le32(anet->rx_usecs),
	};

	qp->arm = 0;
	writel(0, qp->regs + ACME_QREG_TX_TAIL);
	writel(0, qp->regs + ACME_QREG_RX_TAIL);
	writel(0, qp->regs + ACME_QREG_ARM);
	return acme_adminq_cmd(anet->adev, ACME_OP_QUEUE_CREATE, &params,
			       sizeof(params));
}

/* The rings may be freed afterwards, whatever the device answers. */
static void acme_qp_destroy(struct acme_qp *qp)
{
	struct acme_cmd_queue params = { .qid = cpu_to_le16(qp->qid) };
	struct acme_dev *adev = qp->anet->adev;

	if (acme_adminq_cmd(adev, ACME_OP_QUEUE_DESTROY, &params,
			    sizeof(params)))
		acme_dev_lost(adev, "a queue can't be destroyed");
}

static void acme_qp_set_napi(struct acme_qp *qp, struct napi_struct *napi)
{
	struct net_device *netdev = qp->anet->netdev;

	netif_queue_set_napi(netdev, qp->qid, NETDEV_QUEUE_TYPE_RX, napi);
	netif_queue_set_napi(netdev, qp->qid, NETDEV_QUEUE_TYPE_TX, napi);
}

static void acme_qp_start(struct acme_qp *qp)
{
	struct acme_vec *vec = acme_irq_queue_vec(qp->anet->adev, qp->qid);

	netif_napi_set_irq(&qp->napi, vec->irq);
	acme_qp_set_napi(qp, &qp->napi);
	napi_enable(&qp->napi);
	WRITE_ONCE(vec->napi, &qp->napi);

	/* fills the ring, arms the interrupt */
	local_bh_disable();
	napi_schedule(&qp->napi);
	local_bh_enable();
}

/**
 * acme_qp_stop() - stop polling
 * @qp: open queue pair
 *
 * Nothing wakes its Tx queue afterwards.
 *
 * Context: RTNL.
 */
void acme_qp_stop(struct acme_qp *qp)
{
	struct acme_vec *vec = acme_irq_queue_vec(qp->anet->adev, qp->qid);

	WRITE_ONCE(vec->napi, NULL);
	synchronize_irq(vec->irq);
	napi_disable(&qp->napi);
	acme_qp_set_napi(qp, NULL);
}

/**
 * acme_qp_open() - allocate the rings, create the queue pair, start polling
 * @qp: queue pair
 *
 * Context: RTNL.
 * Return: 0 or a negative errno.
 */
int acme_qp_open(struct acme_qp *qp)
{
	struct acme_net *anet = qp->anet;
	int err;

	netif_napi_add(anet->netdev, &qp->napi, acme_qp_poll);
	err = acme_tx_alloc(qp, anet->tx_log2);
	if (err)
		goto del_napi;
	err = acme_rx_alloc(qp, anet->rx_log2);
	if (err)
		goto free_tx;
	err = acme_qp_create(qp);
	if (err)
		goto free_rx;
	acme_qp_start(qp);
	return 0;

free_rx:
	/* the device may have learnt of the rings before it was lost */
	if (err == -EIO)
		acme_dev_lost(anet->adev, "a queue can't be created");
	acme_rx_free(qp);
free_tx:
	acme_tx_free(qp);
del_napi:
	netif_napi_del(&qp->napi);
	return err;
}

/**
 * acme_qp_close() - destroy the queue pair, free the rings
 * @qp: open queue pair, stopped, as is its Tx queue
 *
 * Context: RTNL.
 */
void acme_qp_close(struct acme_qp *qp)
{
	acme_qp_destroy(qp);
	acme_rx_free(qp);
	acme_tx_free(qp);
	netif_napi_del(&qp->napi);
}

/**
 * acme_qp_coalesce() - set the moderation of an open queue pair
 * @qp: queue pair
 * @tx_usecs: longest delay of an interrupt for Tx
 * @rx_usecs: longest delay of an interrupt for Rx
 *
 * Return: 0 or a negative errno.
 */
int acme_qp_coalesce(struct acme_qp *qp, u32 tx_usecs, u32 rx_usecs)
{
	struct acme_cmd_queue params = {
		.qid = cpu_to_le16(qp->qid),
		.tx_usecs = cpu_to_le32(tx_usecs),
		.rx_usecs = cpu_to_le32(rx_usecs),
	};

	return acme_adminq_cmd(qp->anet->adev, ACME_OP_QUEUE_COALESCE, &params,
			       sizeof(params));
}

/**
 * struct acme_rx_mark - how far an Rx ring was
 * @head: as in &struct acme_rx_ring
 * @empty: likewise
 * @size: completions that may have been there
 */
struct acme_rx_mark {
	u32 head;
	u32 empty;
	u32 size;
};

static void acme_qp_rx_mark(const struct acme_qp *qp,
			    struct acme_rx_mark *mark)
{
	mark->head = READ_ONCE(qp->rx.head);
	mark->empty = READ_ONCE(qp->rx.empty);
	mark->size = READ_ONCE(qp->rx.mask) + 1;
}

/*
 * Of two polls that found the end of the ring the second began after the mark.
 * A queue pair that is or was closed has nothing of before.
 */
static bool acme_qp_rx_passed(const struct acme_qp *qp,
			      const struct acme_rx_mark *mark)
{
	struct acme_vec *vec = acme_irq_queue_vec(qp->anet->adev, qp->qid);

	return !READ_ONCE(vec->napi) ||
	       READ_ONCE(qp->rx.empty) - mark->empty >= 2 ||
	       READ_ONCE(qp->rx.head) - mark->head >= mark->size;
}

/* As the interrupt does; netif_napi_del() waits for who is in here. */
static void acme_qp_poll_now(struct acme_qp *qp)
{
	struct acme_vec *vec = acme_irq_queue_vec(qp->anet->adev, qp->qid);
	struct napi_struct *napi;

	local_bh_disable();
	napi = READ_ONCE(vec->napi);
	if (napi)
		napi_schedule(napi);
	local_bh_enable();
}

/**
 * acme_qps_drain_rx() - wait until all that the device has received is delivered
 * @anet: interface
 *
 * Frames that it receives meanwhile are not waited for, nor is it waited for
 * longer than a second. Queues may be closed and opened at the same time: RTNL
 * is not taken.
 *
 * Context: process, may sleep.
 */
void acme_qps_drain_rx(struct acme_net *anet)
{
	unsigned long until = jiffies + ACME_RX_DRAIN_TIMEOUT;
	struct acme_rx_mark marks[ACME_MAX_QUEUES];
	int i;

	for (i = 0; i < anet->adev->num_qps; i++)
		acme_qp_rx_mark(&anet->qps[i], &marks[i]);
	for (i = 0; i < anet->adev->num_qps; i++) {
		while (!acme_qp_rx_passed(&anet->qps[i], &marks[i]) &&
		       time_before(jiffies, until)) {
			acme_qp_poll_now(&anet->qps[i]);
			fsleep(ACME_RX_DRAIN_POLL_US);
		}
	}
}
