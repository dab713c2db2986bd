/* SPDX-License-Identifier: GPL-2.0-or-later */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM xfrm_full

#if !defined(_TRACE_XFRM_FULL_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_XFRM_FULL_H

#include <linux/netdevice.h>
#include <linux/tracepoint.h>
#include <net/xfrm_full.h>

#define xfrm_full_show_event(type)					\
	__print_symbolic(type,						\
		{ XFRM_FULL_EVENT_NO_SA,	"no_sa" },		\
		{ XFRM_FULL_EVENT_ICV,		"icv" },		\
		{ XFRM_FULL_EVENT_REPLAY,	"replay" },		\
		{ XFRM_FULL_EVENT_OVERFLOW,	"overflow" },		\
		{ XFRM_FULL_EVENT_SELECTOR,	"selector" },		\
		{ XFRM_FULL_EVENT_POLICY,	"policy" },		\
		{ XFRM_FULL_EVENT_MALFORMED,	"malformed" },		\
		{ XFRM_FULL_EVENT_LOST,		"lost" },		\
		{ XFRM_FULL_EVENT_SOFT,		"soft" },		\
		{ XFRM_FULL_EVENT_HARD,		"hard" },		\
		{ XFRM_FULL_EVENT_MAPPING,	"mapping" })

#define xfrm_full_show_place(place)					\
	__print_symbolic(place,						\
		{ XFRM_FULL_SOFTWARE,		"software" },		\
		{ XFRM_FULL_ARMING,		"arming" },		\
		{ XFRM_FULL_DEVICE,		"device" },		\
		{ XFRM_FULL_DRAINING,		"draining" },		\
		{ XFRM_FULL_SUSPENDED,		"suspended" },		\
		{ XFRM_FULL_DEAD,		"dead" })

/* A transition of the state machine in net/xfrm/xfrm_full.c. */
TRACE_EVENT(xfrm_full_move,

	TP_PROTO(const struct xfrm_full *full, u8 from),

	TP_ARGS(full, from),

	TP_STRUCT__entry(
		__field(int, ifindex)
		__field(u32, spi)
		__field(u16, epoch)
		__field(u8, dir)
		__field(u8, from)
		__field(u8, to)
	),

	TP_fast_assign(
		__entry->ifindex = full->ifindex;
		__entry->spi = ntohl(full->x->id.spi);
		__entry->epoch = full->epoch;
		__entry->dir = full->dir;
		__entry->from = from;
		__entry->to = full->place;
	),

	TP_printk("ifindex=%d spi=0x%08x epoch=%u dir=%s from=%s to=%s",
		  __entry->ifindex, __entry->spi, __entry->epoch,
		  __entry->dir == XFRM_SA_DIR_IN ? "in" : "out",
		  xfrm_full_show_place(__entry->from),
		  xfrm_full_show_place(__entry->to))
);

/* An event of a device that makes sense, as struct xfrm_full_event. */
TRACE_EVENT(xfrm_full_event,

	TP_PROTO(const struct net_device *dev,
		 const struct xfrm_full_event *ev),

	TP_ARGS(dev, ev),

	TP_STRUCT__entry(
		__string(dev, dev->name)
		__field(u8, type)
		__field(u32, spi)
		__field(u64, seq)
		__field(u64, time)
		__field(u64, suppressed)
	),

	TP_fast_assign(
		__assign_str(dev);
		__entry->type = ev->type;
		__entry->spi = ntohl(ev->spi);
		__entry->seq = ev->seq;
		__entry->time = ev->time;
		__entry->suppressed = ev->suppressed;
	),

	TP_printk("dev=%s type=%s spi=0x%08x seq=%llu time=%llu suppressed=%llu",
		  __get_str(dev), xfrm_full_show_event(__entry->type),
		  __entry->spi, __entry->seq, __entry->time,
		  __entry->suppressed)
);

#endif /* _TRACE_XFRM_FULL_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
