// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * The control socket. A command is a line; the answer is "ok" or "error: why",
 * then lines of payload, then a line with a single dot.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nic.h"

static void drop(struct ctl_client *c)
{
	loop_close(&c->watch);
	free(c->out);
	c->out = NULL;
	c->len = 0;
}

/* Sends what it can; commands wait until the answer is out. */
static void flush(struct ctl_client *c)
{
	ssize_t n;

	while (c->out && c->out_pos < c->out_len) {
		n = send(c->watch.fd, c->out + c->out_pos,
			 c->out_len - c->out_pos, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			loop_change(&c->watch, EPOLLOUT);
			return;
		}
		if (n < 0) {
			drop(c);
			return;
		}
		c->out_pos += n;
	}
	free(c->out);
	c->out = NULL;
	loop_change(&c->watch, EPOLLIN);
}

static void answer(struct ctl_client *c, char *line)
{
	FILE *out;

	c->out_pos = 0;
	out = open_memstream(&c->out, &c->out_len);
	if (!out) {
		drop(c);
		return;
	}
	ctl_command(c->nic, line, out);
	fputs(".\n", out);
	if (fclose(out)) {
		drop(c);
		return;
	}
	flush(c);
}

/* Executes the lines received so far. */
static void execute(struct ctl_client *c)
{
	char line[CTL_LINE_MAX];
	size_t n;
	char *nl;

	while (c->watch.fd >= 0 && !c->out) {
		nl = memchr(c->line, '\n', c->len);
		if (!nl)
			break;
		n = nl - c->line + 1;
		memcpy(line, c->line, n);
		line[n - 1] = '\0';
		c->len -= n;
		memmove(c->line, c->line + n, c->len);
		answer(c, line);
	}
	if (c->len == sizeof(c->line))
		c->len = 0;
}

static void client_ready(void *ctx, unsigned int events)
{
	struct ctl_client *c = ctx;
	ssize_t n;

	if (events & EPOLLOUT) {
		flush(c);
	} else {
		n = read(c->watch.fd, c->line + c->len,
			 sizeof(c->line) - c->len);
		if (n > 0)
			c->len += n;
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			drop(c);
	}
	execute(c);
}

static struct ctl_client *free_client(struct ctl *ctl)
{
	unsigned int i;

	for (i = 0; i < CTL_CLIENTS; i++)
		if (ctl->clients[i].watch.fd < 0)
			return &ctl->clients[i];
	return NULL;
}

static void listener_ready(void *ctx, unsigned int events)
{
	struct ctl *ctl = ctx;
	int fd = sock_accept(ctl->listener.fd);
	struct ctl_client *c = free_client(ctl);

	(void)events;
	if (fd < 0)
		return;
	if (!c) {
		log_line("ctl: too many clients");
		close(fd);
		return;
	}
	c->watch.fd = fd;
	c->len = 0;
	if (loop_add(&c->watch, EPOLLIN))
		drop(c);
}

int ctl_init(struct ctl *ctl, struct nic *nic, const char *path)
{
	unsigned int i;

	ctl->nic = nic;
	for (i = 0; i < CTL_CLIENTS; i++) {
		ctl->clients[i].nic = nic;
		ctl->clients[i].watch = (struct watch) {
			-1, client_ready, &ctl->clients[i],
		};
	}
	ctl->listener = (struct watch) {
		sock_listen(path), listener_ready, ctl,
	};
	if (ctl->listener.fd < 0)
		return -1;
	return loop_add(&ctl->listener, EPOLLIN);
}

void ctl_close(struct ctl *ctl)
{
	unsigned int i;

	for (i = 0; i < CTL_CLIENTS; i++)
		drop(&ctl->clients[i]);
	loop_close(&ctl->listener);
}
