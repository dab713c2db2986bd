// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* epoll. A descriptor closed by one handler may still be in the batch. */
#include <sys/epoll.h>
#include <unistd.h>

#include "nic.h"

#define BATCH	32

static int epoll_fd = -1;
static struct epoll_event batch[BATCH];
static int batch_len;

int loop_init(void)
{
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return epoll_fd < 0 ? -1 : 0;
}

int loop_add(struct watch *w, unsigned int events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, w->fd, &ev);
}

void loop_change(const struct watch *w, unsigned int events)
{
	struct epoll_event ev = { .events = events, .data.ptr = (void *)w };

	epoll_ctl(epoll_fd, EPOLL_CTL_MOD, w->fd, &ev);
}

void loop_close(struct watch *w)
{
	int i;

	if (w->fd < 0)
		return;
	for (i = 0; i < batch_len; i++)
		if (batch[i].data.ptr == w)
			batch[i].data.ptr = NULL;
	close(w->fd);
	w->fd = -1;
}

void loop_wait(bool block)
{
	struct watch *w;
	int i;

	batch_len = epoll_wait(epoll_fd, batch, BATCH, block ? -1 : 0);
	for (i = 0; i < batch_len; i++) {
		w = batch[i].data.ptr;
		if (w)
			w->ready(w->ctx, batch[i].events);
	}
	batch_len = 0;
}
