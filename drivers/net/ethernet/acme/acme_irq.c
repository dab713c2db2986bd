// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupt vectors: vector 0 for management, vector 1 + q for queue pair q.
 *
 * Handlers stay while the driver is bound; a queue pair that opens hooks its
 * NAPI context in.
 */

#include <linux/cpumask.h>
#include <linux/interrupt.h>
#include <linux/slab.h>

#include "acme.h"

static irqreturn_t acme_irq_mgmt(int irq, void *data)
{
	struct acme_vec *vec = data;

	WRITE_ONCE(vec->count, vec->count + 1);
	acme_adminq_process(vec->adev);
	acme_eventq_process(vec->adev);
	return IRQ_HANDLED;
}

static irqreturn_t acme_irq_queue(int irq, void *data)
{
	struct acme_vec *vec = data;
	struct napi_struct *napi;

	WRITE_ONCE(vec->count, vec->count + 1);
	napi = READ_ONCE(vec->napi);
	if (napi)
		napi_schedule_irqoff(napi);
	return IRQ_HANDLED;
}

static int acme_irq_request_mgmt(struct acme_vec *vec)
{
	snprintf(vec->name, sizeof(vec->name), "acme-%s-mgmt",
		 pci_name(vec->adev->pdev));
	return request_threaded_irq(vec->irq, NULL, acme_irq_mgmt,
				    IRQF_ONESHOT, vec->name, vec);
}

static int acme_irq_request_queue(struct acme_vec *vec, u16 qid)
{
	int node = dev_to_node(vec->adev->dev);
	int err;

	snprintf(vec->name, sizeof(vec->name), "acme-%s-q%u",
		 pci_name(vec->adev->pdev), qid);
	err = request_irq(vec->irq, acme_irq_queue, 0, vec->name, vec);
	if (err)
		return err;

	irq_set_affinity_and_hint(vec->irq,
				  cpumask_of(cpumask_local_spread(qid, node)));
	return 0;
}

static int acme_irq_request(struct acme_dev *adev, u16 index)
{
	struct acme_vec *vec = &adev->vecs[index];

	vec->adev = adev;
	vec->irq = pci_irq_vector(adev->pdev, index);
	if (index == ACME_VEC_MGMT)
		return acme_irq_request_mgmt(vec);
	return acme_irq_request_queue(vec, index - 1);
}

static void acme_irq_release(struct acme_vec *vec)
{
	irq_update_affinity_hint(vec->irq, NULL);
	free_irq(vec->irq, vec);
}

/*
 * The platform may grant more vectors than it can deliver, and say so only
 * when a handler is installed. One queue pair is enough to work with.
 */
static int acme_irqs_request(struct acme_dev *adev, int granted)
{
	int i, err = 0;

	for (i = 0; i < granted; i++) {
		err = acme_irq_request(adev, i);
		if (err)
			break;
	}
	adev->num_vecs = i;
	if (i >= 2) {
		if (err)
			dev_info(adev->dev,
				 "%d of %d interrupts available (error %d), using %d queue pairs\n",
				 i, granted, err, i - 1);
		return 0;
	}

	while (i--)
		acme_irq_release(&adev->vecs[i]);
	return err;
}

static int acme_irqs_wanted(struct acme_dev *adev)
{
	u32 queues = readl(adev->regs + ACME_REG_NUM_QUEUES);
	u32 vectors = readl(adev->regs + ACME_REG_NUM_VECTORS);

	return min3(queues, vectors - 1, (u32)ACME_MAX_QUEUES) + 1;
}

/**
 * acme_irqs_alloc() - get the vectors and install their handlers
 * @adev: device; num_qps is set to the queue pairs that got a vector
 *
 * Return: 0 or a negative errno.
 */
int acme_irqs_alloc(struct acme_dev *adev)
{
	int granted, err;

	granted = pci_alloc_irq_vectors(adev->pdev, 2, acme_irqs_wanted(adev),
					PCI_IRQ_MSIX);
	if (granted < 0)
		return granted;

	adev->vecs = kcalloc(granted, sizeof(*adev->vecs), GFP_KERNEL);
	if (!adev->vecs) {
		err = -ENOMEM;
		goto free_vectors;
	}

	err = acme_irqs_request(adev, granted);
	if (err)
		goto free_vecs;

	adev->num_qps = adev->num_vecs - 1;
	return 0;

free_vecs:
	kfree(adev->vecs);
free_vectors:
	pci_free_irq_vectors(adev->pdev);
	return err;
}

void acme_irqs_free(struct acme_dev *adev)
{
	int i;

	for (i = 0; i < adev->num_vecs; i++)
		acme_irq_release(&adev->vecs[i]);
	kfree(adev->vecs);
	pci_free_irq_vectors(adev->pdev);
}

struct acme_vec *acme_irq_queue_vec(struct acme_dev *adev, u16 qid)
{
	return &adev->vecs[1 + qid];
}
