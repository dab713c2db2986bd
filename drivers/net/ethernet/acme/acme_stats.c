// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters of the device, read by a command. Who can't sleep gets the values of
 * the last reading.
 */

#include <linux/dma-mapping.h>

#include "acme.h"

int acme_stats_alloc(struct acme_dev *adev)
{
	struct acme_hw_stats *stats = &adev->hw_stats;

	mutex_init(&stats->lock);
	stats->buf = dma_alloc_coherent(adev->dev, sizeof(*stats->buf),
					&stats->dma, GFP_KERNEL);
	return stats->buf ? 0 : -ENOMEM;
}

void acme_stats_free(struct acme_dev *adev)
{
	struct acme_hw_stats *stats = &adev->hw_stats;

	dma_free_coherent(adev->dev, sizeof(*stats->buf), stats->buf,
			  stats->dma);
}

static void acme_stats_copy(struct acme_hw_stats *stats)
{
	const __le64 *hw = (const __le64 *)stats->buf;
	int i;

	for (i = 0; i < ACME_HW_STATS; i++)
		WRITE_ONCE(stats->values[i], le64_to_cpu(READ_ONCE(hw[i])));
}

/**
 * acme_stats_refresh() - read the device's counters
 * @adev: device
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno.
 */
int acme_stats_refresh(struct acme_dev *adev)
{
	struct acme_hw_stats *stats = &adev->hw_stats;
	struct acme_cmd_stats_get params = {
		.addr = cpu_to_le64(stats->dma),
		.len = cpu_to_le32(sizeof(*stats->buf)),
	};
	int err;

	mutex_lock(&stats->lock);
	err = acme_adminq_cmd(adev, ACME_OP_STATS_GET, &params, sizeof(params));
	if (!err)
		acme_stats_copy(stats);
	mutex_unlock(&stats->lock);
	return err;
}
