/* SPDX-License-Identifier: GPL-2.0-only */
/* The device's test registers. */
#ifndef _ACME_SELFTEST_H
#define _ACME_SELFTEST_H

struct acme_dev;

int acme_selftest_registers(struct acme_dev *adev);
int acme_selftest_irqs(struct acme_dev *adev);
int acme_selftest_dma(struct acme_dev *adev);
const char *acme_selftest_probe(struct acme_dev *adev);

#endif /* _ACME_SELFTEST_H */
