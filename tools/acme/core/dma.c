// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The host's memory. */
#include "internal.h"

bool acme_dma_ok(struct acme_dev *dev, u64 addr, u64 len)
{
	return dev->ops->dma(dev->ctx, addr, len);
}

bool acme_dma_read(struct acme_dev *dev, u64 addr, void *buf, u64 len)
{
	const void *p = dev->ops->dma(dev->ctx, addr, len);

	if (!p)
		return false;
	memcpy(buf, p, len);
	return true;
}

bool acme_dma_write(struct acme_dev *dev, u64 addr, const void *buf, u64 len)
{
	void *p = dev->ops->dma(dev->ctx, addr, len);

	if (!p)
		return false;
	memcpy(p, buf, len);
	return true;
}

bool acme_dma_publish(struct acme_dev *dev, u64 addr, u32 value)
{
	u32 *p = dev->ops->dma(dev->ctx, addr, sizeof(value));

	if (!p)
		return false;
	__atomic_store_n(p, cpu_to_le32(value), __ATOMIC_RELEASE);
	return true;
}
