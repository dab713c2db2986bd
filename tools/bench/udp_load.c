// SPDX-License-Identifier: GPL-2.0
/*
 * UDP packets of one size, as many as asked for, between marks for the counting
 * plugin.
 *
 *   udp_load serve ADDRESS			at the peer
 *   udp_load transmit FROM TO SIZE COUNT...	here: sends COUNT packets
 *   udp_load receive FROM TO SIZE COUNT...	here: has the peer send COUNT
 *
 * Each COUNT is measured once, in this order, and none of its packets may get
 * lost. Packets to PORT_SINK only count at the peer; requests to PORT_CONTROL
 * are answered with the number of packets that arrived since the last one, or,
 * if they ask for packets, with these.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mark.h"

#define PORT_CONTROL	4711
#define PORT_SINK	4712
#define MAX_SIZE	65000
#define SETTLE_US	2000
#define SETTLE_TRIES	1000
#define TIMEOUT_MS	5000
#define BUFFER_BYTES	(64 << 20)

struct request {
	uint32_t count;		/* packets wanted, 0: tell what arrived */
	uint32_t size;
};

static char payload[MAX_SIZE];

static struct sockaddr_in to_sockaddr(const char *text, uint16_t port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };

	addr.sin_port = htons(port);
	if (inet_pton(AF_INET, text, &addr.sin_addr) != 1)
		errx(2, "%s: not an IPv4 address", text);
	return addr;
}

static int bound_socket(const char *text, uint16_t port)
{
	struct sockaddr_in addr = to_sockaddr(text, port);
	int bytes = BUFFER_BYTES;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		err(1, "%s", text);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		err(1, "SO_RCVBUFFORCE");
	return fd;
}

static int connected_socket(const char *from, const char *to, uint16_t port)
{
	struct sockaddr_in addr = to_sockaddr(to, port);
	int fd = bound_socket(from, 0);

	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		err(1, "%s", to);
	return fd;
}

static bool readable(int fd, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, timeout_ms) > 0;
}

/* Takes what has arrived so far. */
static uint32_t drain(int fd)
{
	uint32_t n = 0;

	while (recv(fd, payload, sizeof(payload), MSG_DONTWAIT) >= 0)
		n++;
	return n;
}

static void answer(int control, const struct request *req, uint32_t *arrived,
		   struct sockaddr_in *to)
{
	struct request told = { .count = *arrived };
	uint32_t i;

	if (!req->count) {
		*arrived = 0;
		sendto(control, &told, sizeof(told), 0, (struct sockaddr *)to,
		       sizeof(*to));
		return;
	}
	for (i = 0; i < req->count; i++)
		sendto(control, payload, req->size, 0, (struct sockaddr *)to,
		       sizeof(*to));
}

static void serve(const char *text)
{
	int control = bound_socket(text, PORT_CONTROL);
	int sink = bound_socket(text, PORT_SINK);
	struct pollfd pfds[] = {
		{ .fd = control, .events = POLLIN },
		{ .fd = sink, .events = POLLIN },
	};
	struct sockaddr_in from;
	uint32_t arrived = 0;
	struct request req;
	socklen_t len;

	puts("ready");
	fflush(stdout);
	while (poll(pfds, 2, -1) > 0) {
		arrived += drain(sink);
		len = sizeof(from);
		if ((pfds[0].revents & POLLIN) &&
		    recvfrom(control, &req, sizeof(req), 0,
			     (struct sockaddr *)&from, &len) == sizeof(req) &&
		    req.size <= MAX_SIZE)
			answer(control, &req, &arrived, &from);
	}
}

/* What has arrived at the peer since it was last asked. */
static uint32_t ask_arrived(int control)
{
	struct request req = {}, told = {};

	if (send(control, &req, sizeof(req), 0) != sizeof(req))
		err(1, "control");
	if (!readable(control, TIMEOUT_MS) ||
	    recv(control, &told, sizeof(told), 0) != sizeof(told))
		errx(1, "the peer does not answer");
	return told.count;
}

/* Waits until the NIC has given all packets back. */
static void wait_until_sent(int fd)
{
	int pending = 1, tries = SETTLE_TRIES;

	while (!ioctl(fd, SIOCOUTQ, &pending) && pending && tries--)
		usleep(SETTLE_US);
	if (pending)
		errx(1, "%d bytes were not sent", pending);
}

static void transmit(int control, const char *from, const char *to,
		     uint32_t size, uint32_t count)
{
	int fd = connected_socket(from, to, PORT_SINK);
	uint32_t arrived = 0, i;
	int tries;

	ask_arrived(control);
	mark_begin();
	for (i = 0; i < count; i++)
		if (send(fd, payload, size, 0) != (ssize_t)size)
			err(1, "send");
	wait_until_sent(fd);
	mark_end();
	for (tries = SETTLE_TRIES; arrived < count && tries; tries--) {
		usleep(SETTLE_US);
		arrived += ask_arrived(control);
	}
	close(fd);
	if (arrived != count)
		errx(1, "%u of %u packets arrived at the peer", arrived, count);
}

static void receive(int control, uint32_t size, uint32_t count)
{
	struct request req = { .count = count, .size = size };
	uint32_t arrived = 0;

	drain(control);
	mark_begin();
	if (send(control, &req, sizeof(req), 0) != sizeof(req))
		err(1, "control");
	while (arrived < count && readable(control, TIMEOUT_MS))
		arrived += drain(control);
	mark_end();
	if (arrived != count)
		errx(1, "%u of %u packets arrived here", arrived, count);
}

static void measure(int argc, char **argv)
{
	bool out = !strcmp(argv[1], "transmit");
	int control = connected_socket(argv[2], argv[3], PORT_CONTROL);
	uint32_t size = strtoul(argv[4], NULL, 10);
	int i;

	if (size > MAX_SIZE)
		errx(2, "at most %d bytes", MAX_SIZE);
	for (i = 5; i < argc; i++) {
		uint32_t count = strtoul(argv[i], NULL, 10);

		if (out)
			transmit(control, argv[2], argv[3], size, count);
		else
			receive(control, size, count);
	}
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "serve"))
		serve(argv[2]);
	else if (argc > 5 && (!strcmp(argv[1], "transmit") ||
			      !strcmp(argv[1], "receive")))
		measure(argc, argv);
	else
		errx(2, "usage: udp_load serve ADDRESS\n"
		     "       udp_load transmit|receive FROM TO SIZE COUNT...");
	return 0;
}
