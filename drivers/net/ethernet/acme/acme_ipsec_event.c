// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPsec: what the device reports about SAs and packets.
 *
 * The event is a copy, so that the device can't change what was checked. An
 * event may be about an SA that has been deleted since: it is counted, as one
 * about an SA that never was. All others go to XFRM.
 */

#include <linux/rcupdate.h>

#include "acme.h"
#include "acme_ipsec_sa.h"

/* So many events a second, and at once, of an SA, and of all without one. */
#define ACME_AUDIT_RATE			10
#define ACME_AUDIT_BURST		20

/*
 * Not asked for: packets without SA go to software, which tells of those that
 * have none there either; and the end of sequence numbers has an event that is
 * never lost.
 */
#define ACME_AUDIT_WANTED \
	(ACME_AUDIT_ICV | ACME_AUDIT_REPLAY | ACME_AUDIT_SELECTOR | \
	 ACME_AUDIT_MALFORMED)

/* Directions that an event can have. */
#define ACME_EVENT_IN			BIT(0)
#define ACME_EVENT_OUT			BIT(1)
#define ACME_EVENT_ANY			(ACME_EVENT_IN | ACME_EVENT_OUT)

/**
 * struct acme_event_info - a type of events
 * @hw: enum acme_event_type
 * @full: enum xfrm_full_event_type
 * @dirs: ACME_EVENT_*
 * @counters: packets, bytes and seq are those of the SA
 */
struct acme_event_info {
	u16 hw;
	u8 full;
	u8 dirs;
	bool counters;
};

static const struct acme_event_info acme_event_infos[] = {
	{ ACME_EV_SA_SOFT, XFRM_FULL_EVENT_SOFT, ACME_EVENT_ANY, true },
	{ ACME_EV_SA_HARD, XFRM_FULL_EVENT_HARD, ACME_EVENT_ANY, true },
	{ ACME_EV_SA_SEQ_END, XFRM_FULL_EVENT_OVERFLOW, ACME_EVENT_OUT, true },
	{ ACME_EV_SA_MAPPING, XFRM_FULL_EVENT_MAPPING, ACME_EVENT_IN, true },
	{ ACME_EV_AUDIT_ICV, XFRM_FULL_EVENT_ICV, ACME_EVENT_IN },
	{ ACME_EV_AUDIT_REPLAY, XFRM_FULL_EVENT_REPLAY, ACME_EVENT_IN },
	{ ACME_EV_AUDIT_SELECTOR, XFRM_FULL_EVENT_SELECTOR, ACME_EVENT_ANY },
	{ ACME_EV_AUDIT_MALFORMED, XFRM_FULL_EVENT_MALFORMED, ACME_EVENT_ANY },
};

static const struct acme_event_info *acme_event_info(u16 hw)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(acme_event_infos); i++)
		if (acme_event_infos[i].hw == hw)
			return &acme_event_infos[i];
	return NULL;
}

static u8 acme_event_dir(const struct acme_event *hw)
{
	return hw->flags & ACME_EVF_INBOUND ? ACME_EVENT_IN : ACME_EVENT_OUT;
}

static bool acme_event_valid(const struct acme_event *hw,
			     const struct acme_event_info *info)
{
	if (!info || hw->vport || !hw->sa || !(info->dirs & acme_event_dir(hw)))
		return false;
	if (hw->data_len > sizeof(hw->data))
		return false;
	if (hw->family != 0 && hw->family != 4 && hw->family != 6)
		return false;
	/* the new address and port are what it is about */
	return hw->type != cpu_to_le16(ACME_EV_SA_MAPPING) ||
	       (hw->family && hw->sport);
}

static void acme_event_fill_addrs(const struct acme_event *hw,
				  struct xfrm_full_event *ev)
{
	if (!hw->family)
		return;
	ev->family = hw->family == 6 ? AF_INET6 : AF_INET;
	memcpy(&ev->saddr, hw->saddr, sizeof(ev->saddr));
	memcpy(&ev->daddr, hw->daddr, sizeof(ev->daddr));
}

static void acme_event_fill(const struct acme_event *hw,
			    const struct acme_event_info *info,
			    struct xfrm_full_event *ev)
{
	ev->type = info->full;
	ev->dir = hw->flags & ACME_EVF_INBOUND ? XFRM_SA_DIR_IN :
						 XFRM_SA_DIR_OUT;
	ev->time = le64_to_cpu(hw->time_ns);
	if (hw->flags & ACME_EVF_SEQ)
		ev->seq = le64_to_cpu(hw->seq);
	ev->suppressed = le32_to_cpu(hw->suppressed);
	ev->spi = hw->spi;
	ev->flowlabel = hw->flow_label;
	ev->sport = hw->sport;
	if (hw->data_len) {
		ev->data = hw->data;
		ev->data_len = hw->data_len;
	}
	acme_event_fill_addrs(hw, ev);
}

/* The counters of that moment; drops are those of now. */
static void acme_event_stats(struct acme_sa *sa, const struct acme_event *hw,
			     struct xfrm_full_stats *stats)
{
	acme_sa_stats(sa, stats);
	stats->packets = le64_to_cpu(hw->packets);
	stats->bytes = le64_to_cpu(hw->bytes);
	stats->seq = le64_to_cpu(hw->seq);
}

static void acme_event_deliver(struct net_device *netdev, struct acme_sa *sa,
			       const struct acme_event *hw,
			       const struct acme_event_info *info)
{
	struct xfrm_full_event ev = { .x = sa->x };
	struct xfrm_full_stats stats;

	acme_event_fill(hw, info, &ev);
	if (info->counters) {
		acme_event_stats(sa, hw, &stats);
		ev.stats = &stats;
	}
	xfrm_full_event(netdev, &ev);
}

/* False if it can't be about this SA. */
static bool acme_event_to_sa(struct net_device *netdev, struct acme_sa *sa,
			     const struct acme_event *hw,
			     const struct acme_event_info *info)
{
	if (sa->inbound != (acme_event_dir(hw) == ACME_EVENT_IN))
		return false;
	if (sa->mode == ACME_MODE_FULL)
		acme_event_deliver(netdev, sa, hw, info);
	else
		acme_offload_event(sa);
	return true;
}

/**
 * acme_ipsec_event() - handle an event about an SA or a packet of it
 * @adev: device
 * @hw: the event, a copy
 *
 * Context: interrupt thread of vector 0.
 * Return: false if it makes no sense.
 */
bool acme_ipsec_event(struct acme_dev *adev, const struct acme_event *hw)
{
	const struct acme_event_info *info;
	struct net_device *netdev = READ_ONCE(adev->netdev);
	struct acme_sa *sa;
	bool valid = true;

	info = acme_event_info(le16_to_cpu(hw->type));
	if (!acme_event_valid(hw, info))
		return false;
	if (!netdev)
		return true;

	rcu_read_lock();
	sa = acme_sa_find(adev, le32_to_cpu(hw->sa));
	if (sa)
		valid = acme_event_to_sa(netdev, sa, hw, info);
	else
		adev->eventq.stale++;
	rcu_read_unlock();
	return valid;
}

/**
 * acme_ipsec_events_lost() - the device had no room for events
 * @adev: device
 * @lost: how many
 *
 * Context: interrupt thread of vector 0.
 */
void acme_ipsec_events_lost(struct acme_dev *adev, u32 lost)
{
	struct net_device *netdev = READ_ONCE(adev->netdev);
	struct xfrm_full_event ev = {
		.type = XFRM_FULL_EVENT_LOST,
		.suppressed = lost,
	};

	if (!netdev || !adev->ipsec.audit)
		return;
	rcu_read_lock();
	xfrm_full_event(netdev, &ev);
	rcu_read_unlock();
}

/**
 * acme_audit_set() - choose the audit events
 * @adev: device
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno.
 */
int acme_audit_set(struct acme_dev *adev)
{
	struct acme_cmd_audit_set params = {
		.events = cpu_to_le32(adev->ipsec.audit & ACME_AUDIT_WANTED),
		.capture = cpu_to_le32(adev->ipsec.max_capture),
		.sa_rate = cpu_to_le32(ACME_AUDIT_RATE),
		.sa_burst = cpu_to_le32(ACME_AUDIT_BURST),
		.no_sa_rate = cpu_to_le32(ACME_AUDIT_RATE),
		.no_sa_burst = cpu_to_le32(ACME_AUDIT_BURST),
	};

	BUILD_BUG_ON(ACME_CAPTURE_MAX > XFRM_FULL_EVENT_DATA_MAX);

	if (!adev->ipsec.audit)
		return 0;
	return acme_adminq_cmd(adev, ACME_OP_AUDIT_SET, &params,
			       sizeof(params));
}
