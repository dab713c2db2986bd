// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The event queue. */
#include "internal.h"

static void lose(struct acme_dev *dev)
{
	acme_reg_write(dev, ACME_REG_EQ_LOST, ++dev->admin.lost);
}

static bool has_room(struct acme_dev *dev)
{
	struct acme_admin *a = &dev->admin;
	u32 used = a->eq_tail - acme_reg_read(dev, ACME_REG_EQ_HEAD);

	if (used > BIT(a->eq_log2)) {
		a->eq_halted = true;
		dev->status |= ACME_STATUS_BAD_QUEUE;
		acme_reg_write(dev, ACME_REG_STATUS, dev->status);
		acme_log(dev, "event queue: head is ahead of tail");
		return false;
	}
	return used < BIT(a->eq_log2);
}

bool acme_event_post(struct acme_dev *dev, const struct acme_event *ev)
{
	u32 size = offsetof(struct acme_event, phase);
	struct acme_admin *a = &dev->admin;
	u64 addr;

	if (dev->faults.dead || !a->eq_log2 || a->eq_halted || !has_room(dev))
		return false;
	addr = a->eq_base + (a->eq_tail % BIT(a->eq_log2)) * sizeof(*ev);
	acme_dma_write(dev, addr, ev, size);
	acme_dma_publish(dev, addr + size, ~(a->eq_tail >> a->eq_log2) & 1);
	a->eq_tail++;
	a->irq = true;
	return true;
}

bool acme_event_or_lose(struct acme_dev *dev, const struct acme_event *ev)
{
	if (acme_event_post(dev, ev))
		return true;
	if (dev->admin.eq_log2)
		lose(dev);
	return false;
}

void acme_event(struct acme_dev *dev, u16 type, u32 arg0, u32 arg1)
{
	const struct acme_event ev = {
		.type = cpu_to_le16(type),
		.arg = { cpu_to_le32(arg0), cpu_to_le32(arg1) },
	};

	acme_event_or_lose(dev, &ev);
}
