/* SPDX-License-Identifier: GPL-2.0-only */
/* Interrupt vectors. */
#ifndef _ACME_IRQ_H
#define _ACME_IRQ_H

#include <linux/types.h>

struct acme_dev;
struct napi_struct;

/**
 * struct acme_vec - an interrupt vector
 * @adev: its device
 * @irq: Linux interrupt number
 * @count: interrupts seen
 * @napi: what to schedule; NULL while the queue pair is closed
 * @name: in /proc/interrupts
 */
struct acme_vec {
	struct acme_dev *adev;
	int irq;
	unsigned int count;
	struct napi_struct *napi;
	char name[32];
};

int acme_irqs_alloc(struct acme_dev *adev);
void acme_irqs_free(struct acme_dev *adev);
struct acme_vec *acme_irq_queue_vec(struct acme_dev *adev, u16 qid);

#endif /* _ACME_IRQ_H */
